#include "infra/sandbox/picture_size.h"

#include <string.h>

static int big_endian(const unsigned char *bytes, int n)
{
    unsigned value = 0;
    for (int i = 0; i < n; i++)
        value = value << 8 | bytes[i];
    return (int)(value & 0x7fffffff);
}

static bool png_size(const unsigned char *bytes, size_t n, int *width, int *height)
{
    static const unsigned char signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    if (n < 24 || memcmp(bytes, signature, sizeof(signature)) != 0)
        return false;
    *width = big_endian(bytes + 16, 4);
    *height = big_endian(bytes + 20, 4);
    return true;
}

/* The frame header is the segment FFC0 to FFCF, but not C4 (Huffman), C8 (reserved) and CC (arithmetic coding).
 */
static bool jpeg_size(const unsigned char *bytes, size_t n, int *width, int *height)
{
    if (n < 4 || bytes[0] != 0xff || bytes[1] != 0xd8)
        return false;
    for (size_t at = 2; at + 9 < n && bytes[at] == 0xff;) {
        const int marker = bytes[at + 1];
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
            *height = big_endian(bytes + at + 5, 2);
            *width = big_endian(bytes + at + 7, 2);
            return true;
        }
        at += 2 + (size_t)big_endian(bytes + at + 2, 2);
    }
    return false;
}

bool picture_size(const unsigned char *bytes, size_t n, int *width, int *height)
{
    return png_size(bytes, n, width, height) || jpeg_size(bytes, n, width, height);
}
