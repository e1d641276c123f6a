#include "infra/sandbox/huge_png.h"

#include "infra/mem.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { SIDE = 20000, ROW = 1 + SIDE / 8 }; /* one bit a pixel, behind the filter's byte */

static void append_u32(struct buffer *out, unsigned value)
{
    const unsigned char bytes[] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                                   (unsigned char)(value >> 8), (unsigned char)value};
    buffer_append(out, bytes, 4);
}

static void append_chunk(struct buffer *out, const char *type, const void *data, size_t len)
{
    append_u32(out, (unsigned)len);
    const size_t start = out->len;
    buffer_append(out, type, 4);
    buffer_append(out, data, len);
    append_u32(out, (unsigned)crc32(0, (const unsigned char *)out->data + start, (unsigned)(out->len - start)));
}

void huge_png(struct buffer *png)
{
    static const unsigned char header[] = {SIDE >> 24,
                                           SIDE >> 16 & 0xff,
                                           SIDE >> 8 & 0xff,
                                           SIDE & 0xff,
                                           SIDE >> 24,
                                           SIDE >> 16 & 0xff,
                                           SIDE >> 8 & 0xff,
                                           SIDE & 0xff,
                                           1,
                                           0,
                                           0,
                                           0,
                                           0};
    const size_t raw_len = (size_t)SIDE * ROW;
    unsigned char *const raw = mem_alloc(raw_len); /* zeros: black, no filter */
    unsigned long packed_len = compressBound(raw_len);
    unsigned char *const packed = mem_alloc(packed_len);
    compress2(packed, &packed_len, raw, raw_len, Z_BEST_SPEED);
    buffer_append(png, "\x89PNG\r\n\x1a\n", 8);
    append_chunk(png, "IHDR", header, sizeof(header));
    append_chunk(png, "IDAT", packed, packed_len);
    append_chunk(png, "IEND", "", 0);
    free(packed);
    free(raw);
}
