#include "infra/sandbox/multipart.h"

#include "infra/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BOUNDARY = 70 };

void multipart_finish(struct multipart *form)
{
    for (size_t i = 0; i < form->n; i++) {
        free(form->parts[i].name);
        free(form->parts[i].filename);
        free(form->parts[i].content_type);
    }
    *form = (struct multipart){0};
}

const struct multipart_part *multipart_find(const struct multipart *form, const char *name)
{
    for (size_t i = 0; i < form->n; i++)
        if (strcmp(form->parts[i].name, name) == 0)
            return &form->parts[i];
    return NULL;
}

/* A parameter of a header's value, name="x" or name=x. The caller frees; NULL: it has none. */
static char *parameter(const char *value, const char *name)
{
    const size_t name_len = strlen(name);
    for (const char *at = value; (at = strchr(at, ';')) != NULL;) {
        at += 1 + strspn(at + 1, " \t");
        if (strncasecmp(at, name, name_len) != 0 || at[name_len] != '=')
            continue;
        const char *const start = at + name_len + 1;
        return start[0] == '"' ? mem_strndup(start + 1, strcspn(start + 1, "\""))
                               : mem_strndup(start, strcspn(start, "; \t"));
    }
    return NULL;
}

/* One header line of a part. */
static void read_header(struct multipart_part *part, const char *line)
{
    static const char disposition[] = "content-disposition:", type[] = "content-type:";
    if (strncasecmp(line, disposition, sizeof(disposition) - 1) == 0 && part->name == NULL) {
        part->name = parameter(line, "name");
        part->filename = parameter(line, "filename");
    } else if (strncasecmp(line, type, sizeof(type) - 1) == 0 && part->content_type == NULL) {
        const char *const value = line + sizeof(type) - 1;
        part->content_type = mem_strdup(value + strspn(value, " \t"));
    }
}

/* The headers from at to the empty line; what follows it, or NULL where there is none. */
static const char *read_headers(struct multipart_part *part, const char *at, const char *end)
{
    for (;;) {
        const char *const eol = memmem(at, (size_t)(end - at), "\r\n", 2);
        if (eol == NULL)
            return NULL;
        if (eol == at)
            return eol + 2;
        char *const line = mem_strndup(at, (size_t)(eol - at));
        read_header(part, line);
        free(line);
        at = eol + 2;
    }
}

/* The part that begins at *at, behind its boundary's line; *at then stands behind the next boundary. */
static const char *read_part(struct multipart *out, const char **at, const char *end, const char *delimiter)
{
    if (out->n == MULTIPART_MAX_PARTS)
        return "too many parts";
    struct multipart_part *const part = &out->parts[out->n++];
    part->data = read_headers(part, *at, end);
    if (part->name == NULL)
        part->name = mem_strdup("");
    if (part->data == NULL || part->name[0] == '\0')
        return "a part without a name";
    const char *const next = memmem(part->data, (size_t)(end - part->data), delimiter, strlen(delimiter));
    if (next == NULL)
        return "the last boundary is missing";
    part->len = (size_t)(next - part->data);
    *at = next + strlen(delimiter);
    return NULL;
}

static const char *read_parts(struct multipart *out, const char *body, size_t len, const char *boundary)
{
    char delimiter[MAX_BOUNDARY +
                   8]; /* the first stands at the very beginning, without the line's end before it */
    snprintf(delimiter, sizeof(delimiter), "\r\n--%s", boundary);
    const char *const end = body + len;
    if (len < strlen(delimiter) || memcmp(body, delimiter + 2, strlen(delimiter + 2)) != 0)
        return "the body does not begin with the boundary";
    const char *at = body + strlen(delimiter + 2);
    while (end - at >= 2 && memcmp(at, "\r\n", 2) == 0) {
        at += 2;
        const char *const why = read_part(out, &at, end, delimiter);
        if (why != NULL)
            return why;
    }
    return end - at >= 2 && memcmp(at, "--", 2) == 0 ? NULL : "a boundary is malformed";
}

const char *multipart_parse(const char *content_type, const char *body, size_t len, struct multipart *out)
{
    *out = (struct multipart){0};
    char *const boundary = parameter(content_type, "boundary");
    const char *why = "the boundary is missing or too long";
    if (boundary != NULL && boundary[0] != '\0' && strlen(boundary) <= MAX_BOUNDARY)
        why = read_parts(out, body, len, boundary);
    free(boundary);
    if (why != NULL)
        multipart_finish(out);
    return why;
}
