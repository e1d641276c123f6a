#include "infra/utf8.h"

#include "infra/mem.h"

#include <stddef.h>
#include <string.h>

/* Bytes of the well-formed character that s begins with, 0 where it begins with none (RFC 3629, section 4). */
static size_t sequence(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    const unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    const size_t n = s[0] >= 0xc2 && s[0] <= 0xdf   ? 2
                     : (s[0] & 0xf0) == 0xe0        ? 3
                     : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                                    : 0;
    if (n == 0 || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    return n;
}

bool utf8_valid(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    while (*p != '\0') {
        const size_t n = sequence(p);
        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

char *utf8_repair(const char *s)
{
    char *const out = mem_alloc(3 * strlen(s) + 1);
    const unsigned char *p = (const unsigned char *)s;
    size_t used = 0;
    while (*p != '\0') {
        const size_t n = sequence(p);
        memcpy(out + used, n > 0 ? (const char *)p : "\xef\xbf\xbd", n > 0 ? n : 3);
        used += n > 0 ? n : 3;
        p += n > 0 ? n : 1;
    }
    return out;
}
