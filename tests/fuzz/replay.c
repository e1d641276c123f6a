/* Gives a target every file of the folders that are named, once: its main where it is not linked with libFuzzer. */
#include "infra/mem.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In memory of exactly its size, so that a byte too far is seen. */
static void replay(const char *path)
{
    FILE *const file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    struct buffer content = {0};
    char bytes[4096];
    for (size_t n; (n = fread(bytes, 1, sizeof(bytes), file)) > 0;)
        buffer_append(&content, bytes, n);
    fclose(file);
    uint8_t *const exact = mem_alloc(content.len);
    if (content.len > 0)
        memcpy(exact, content.data, content.len);
    printf("%s\n", path);
    fflush(stdout); /* the last one named is the one that failed */
    LLVMFuzzerTestOneInput(exact, content.len);
    free(exact);
    buffer_finish(&content);
}

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    int n_files = 0;
    for (int i = 1; i < argc; i++) {
        struct dirent **entries;
        const int n = scandir(argv[i], &entries, is_file, alphasort);
        for (int k = 0; k < n; k++) {
            struct buffer path = {0};
            buffer_printf(&path, "%s/%s", argv[i], entries[k]->d_name);
            replay(path.data);
            buffer_finish(&path);
            free(entries[k]);
            n_files++;
        }
        if (n >= 0)
            free(entries);
    }
    printf("%d inputs\n", n_files);
    return n_files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
