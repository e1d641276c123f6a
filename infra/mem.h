/* Memory that cannot fail: out of memory ends the process, so that the error paths left are real ones. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* n zeroed bytes. The caller frees with free(). */
void *mem_alloc(size_t n) __attribute__((malloc, returns_nonnull));
/* As realloc(); the new part is not zeroed. */
void *mem_realloc(void *p, size_t n) __attribute__((returns_nonnull));
/* A NUL-terminated copy of the first n bytes of s. The caller frees. */
char *mem_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
/* A copy of s, or NULL for NULL. The caller frees. */
char *mem_strdup(const char *s);

/* Bytes that grow. {0} is an empty one. data is NUL-terminated once anything was appended (the NUL is not in len). */
struct buffer {
    char *data;
    size_t len;
    size_t capacity;
};

void buffer_append(struct buffer *buffer, const void *bytes, size_t n);
void buffer_append_string(struct buffer *buffer, const char *s);
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Drops the first n bytes. */
void buffer_consume(struct buffer *buffer, size_t n);
/* Drops the ends of lines that it ends with, as libpq's words do. */
void buffer_chomp(struct buffer *buffer);
/* Frees the bytes; the struct is an empty buffer again. */
void buffer_finish(struct buffer *buffer);
