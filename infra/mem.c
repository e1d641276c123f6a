#include "infra/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(void)
{
    fputs("out of memory\n", stderr);
    abort();
}

void *mem_alloc(size_t n)
{
    void *const p = calloc(1, n > 0 ? n : 1);
    if (p == NULL)
        out_of_memory();
    return p;
}

void *mem_realloc(void *p, size_t n)
{
    void *const grown = realloc(p, n > 0 ? n : 1);
    if (grown == NULL)
        out_of_memory();
    return grown;
}

char *mem_strndup(const char *s, size_t n)
{
    char *const copy = mem_alloc(n + 1);
    memcpy(copy, s, n);
    return copy;
}

char *mem_strdup(const char *s)
{
    return s == NULL ? NULL : mem_strndup(s, strlen(s));
}

static void reserve(struct buffer *buffer, size_t more)
{
    if (more > SIZE_MAX / 2 - buffer->len)
        out_of_memory();
    const size_t needed = buffer->len + more + 1;
    if (needed <= buffer->capacity)
        return;
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : 64;
    while (capacity < needed)
        capacity *= 2;
    buffer->data = mem_realloc(buffer->data, capacity);
    buffer->capacity = capacity;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t n)
{
    reserve(buffer, n);
    if (n > 0)
        memcpy(buffer->data + buffer->len, bytes, n);
    buffer->len += n;
    buffer->data[buffer->len] = '\0';
}

void buffer_append_string(struct buffer *buffer, const char *s)
{
    buffer_append(buffer, s, strlen(s));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        abort();
    reserve(buffer, (size_t)n);
    va_start(args, format);
    vsnprintf(buffer->data + buffer->len, (size_t)n + 1, format, args);
    va_end(args);
    buffer->len += (size_t)n;
}

void buffer_consume(struct buffer *buffer, size_t n)
{
    if (n == 0)
        return;
    memmove(buffer->data, buffer->data + n, buffer->len - n + 1);
    buffer->len -= n;
}

void buffer_chomp(struct buffer *buffer)
{
    while (buffer->len > 0 && buffer->data[buffer->len - 1] == '\n')
        buffer->data[--buffer->len] = '\0';
}

void buffer_finish(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}
