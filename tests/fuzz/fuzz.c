#include "tests/fuzz/fuzz.h"

#include "infra/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_broken(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

bool fuzz_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

void fuzz_hold_text(const char *s)
{
    hold(s == NULL || utf8_valid(s, strlen(s)));
}

/* Memory: AddressSanitizer's, where it is linked ------------------------------------------------------------ */

int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *)) __attribute__((weak));
size_t __sanitizer_get_allocated_size(const volatile void *p) __attribute__((weak));

static bool watching;
static size_t held, peak;

static void on_malloc(const volatile void *p, size_t n)
{
    (void)p;
    held += n;
    if (watching && held > peak)
        peak = held;
}

/* What was there before the watch began may go in it. */
static void on_free(const volatile void *p)
{
    const size_t n = p != NULL ? __sanitizer_get_allocated_size(p) : 0;
    held -= n < held ? n : held;
}

void fuzz_memory_watch(void)
{
    static bool installed;
    if (!installed && __sanitizer_install_malloc_and_free_hooks != NULL)
        __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    installed = watching = true;
    held = peak = 0;
}

size_t fuzz_memory_peak(void)
{
    watching = false;
    return peak;
}
