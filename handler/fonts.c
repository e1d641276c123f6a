#include "handler/fonts.h"

#include "render/render.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As in the source tree, and as `make install` or a package puts it. */
static const char *const names[] = {"/render/fonts.conf", "/share/vcledger/fonts.conf"};

enum { MAX_NAME = 32 };

/* In the program's folder or one of those above it. */
bool fonts_init(void)
{
    char path[PATH_MAX + MAX_NAME];
    const ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    path[n > 0 ? n : 0] = '\0';
    for (char *slash; (slash = strrchr(path, '/')) != NULL; *slash = '\0') {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            snprintf(slash, MAX_NAME, "%s", names[i]);
            if (access(path, R_OK) == 0)
                return render_init(path);
        }
    }
    return render_init("/usr/share/vcledger/fonts.conf");
}
