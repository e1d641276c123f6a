/*
 * Draws the guarded cards into a directory (`make pictures`):
 *
 *     build/release/tests/render/cards DIRECTORY
 */
#include "render/render.h"
#include "tests/render/cases.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static bool write_card(const char *directory, const struct card_case *card)
{
    struct picture picture = card->draw();
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", directory, card->file);
    FILE *file = fopen(path, "wb");
    const bool written = file && fwrite(picture.bytes, 1, picture.len, file) == picture.len;
    if ((file && fclose(file) != 0) || !written) {
        perror(path);
        return false;
    }
    printf("%s, %zu bytes\n", path, picture.len);
    free(picture.bytes);
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    if (!render_init("render/fonts.conf"))
        return 1;
    bool done = true;
    for (const struct card_case *card = CARD_CASES; card->file; card++)
        done = write_card(argv[1], card) && done;
    render_finish();
    return done ? 0 : 1;
}
