/* multipart/form-data (RFC 7578), as a whole body in memory. Pure. */
#pragma once

#include <stddef.h>

/* payload_json, ten files, and one to see that there are too many. */
enum { MULTIPART_MAX_PARTS = 12 };

struct multipart_part {
    char *name;
    char *filename;     /* NULL: an ordinary field */
    char *content_type; /* NULL: none given */
    const char *data;   /* in the body */
    size_t len;
};

struct multipart {
    struct multipart_part parts[MULTIPART_MAX_PARTS];
    size_t n;
};

/* content_type is the request's header, with the boundary. NULL, or in words what is wrong; *out is then empty.
 */
const char *multipart_parse(const char *content_type, const char *body, size_t len, struct multipart *out);
void multipart_finish(struct multipart *form);
/* NULL where there is none of that name. */
const struct multipart_part *multipart_find(const struct multipart *form, const char *name);
