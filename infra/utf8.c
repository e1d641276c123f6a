#include "infra/utf8.h"

#include "infra/mem.h"

#include <stddef.h>
#include <string.h>

/* Bytes of the well-formed character that s begins with, of n bytes; 0 where it begins with none (RFC 3629, section 4). */
static size_t sequence(const unsigned char *s, size_t n)
{
    if (s[0] < 0x80)
        return 1;
    const unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    const size_t length = s[0] >= 0xc2 && s[0] <= 0xdf   ? 2
                          : (s[0] & 0xf0) == 0xe0        ? 3
                          : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                                         : 0;
    if (length == 0 || length > n || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    return length;
}

/* Most text is ASCII: so many bytes of s are for certain, looked at eight at a time. */
static size_t ascii_run(const unsigned char *s, size_t n)
{
    size_t i = 0;
    for (uint64_t eight; n - i >= sizeof(eight); i += sizeof(eight)) {
        memcpy(&eight, s + i, sizeof(eight));
        if ((eight & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    return i;
}

bool utf8_valid(const char *bytes, size_t n)
{
    const unsigned char *const s = (const unsigned char *)bytes;
    for (size_t i = ascii_run(s, n); i < n; i += ascii_run(s + i, n - i)) {
        const size_t length = sequence(s + i, n - i);
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

char *utf8_repair(const char *s)
{
    const size_t len = strlen(s);
    if (utf8_valid(s, len))
        return mem_strndup(s, len);
    char *const out = mem_alloc(3 * len + 1);
    size_t used = 0;
    for (size_t i = 0; i < len;) {
        const size_t length = sequence((const unsigned char *)s + i, len - i);
        memcpy(out + used, length > 0 ? s + i : "\xef\xbf\xbd", length > 0 ? length : 3);
        used += length > 0 ? length : 3;
        i += length > 0 ? length : 1;
    }
    return out;
}
