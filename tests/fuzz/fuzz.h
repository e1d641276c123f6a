/*
 * Fuzzing: each target in this folder is one file and takes bytes as they come from outside. `make fuzz` builds them with
 * clang's libFuzzer and sanitizers and feeds them for a while; `make test` replays what is in corpus/<target>, as
 * `make asan` does. What must be true of whatever comes out is said with hold().
 *
 * A finding is repeated with `build/fuzz/tests/fuzz/<target> FILE`, mended with a test beside the others, and its file
 * kept in corpus/<target>. Seeds that reach more than those in the tree are taken over with
 * `build/fuzz/tests/fuzz/<target> -merge=1 tests/fuzz/corpus/<target> build/fuzz/corpus/<target>`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The target: 0, or -1 where the bytes are of no use and are not to be kept. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Ends the process with words where it is not true. */
#define hold(condition) ((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))
void fuzz_broken(const char *what, const char *file, int line) __attribute__((noreturn));

/* Both NULL, or equal. */
bool fuzz_same(const char *a, const char *b);
/* A string that came out of outside bytes: NULL, or UTF-8. */
void fuzz_hold_text(const char *s);

/* Between the two calls, the most memory that was held at once and not before, in bytes; 0 without AddressSanitizer. Only
 * one thread may allocate meanwhile. */
void fuzz_memory_watch(void);
size_t fuzz_memory_peak(void);
