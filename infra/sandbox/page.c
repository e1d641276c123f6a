#include "infra/sandbox/page.h"

#include "infra/mem.h"
#include "infra/sandbox/sandbox.h"
#include "infra/sandbox/server.h"

#include <stdio.h>
#include <string.h>

static const char folder[] = "/page/";

bool page_is(const char *path)
{
    return strcmp(path, "/") == 0 || strncmp(path, folder, sizeof(folder) - 1) == 0;
}

static const char *type_of(const char *name)
{
    const char *const dot = strrchr(name, '.');
    if (dot == NULL)
        return NULL;
    if (strcmp(dot, ".html") == 0)
        return "text/html; charset=utf-8";
    if (strcmp(dot, ".css") == 0)
        return "text/css; charset=utf-8";
    return strcmp(dot, ".js") == 0 ? "text/javascript; charset=utf-8" : NULL;
}

/* A plain name, so that nothing outside the folder can be asked for. */
static bool is_plain(const char *name)
{
    return name[0] != '.' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz_-.")] == '\0';
}

static bool read_file(const char *path, struct buffer *out)
{
    FILE *const file = fopen(path, "re");
    if (file == NULL)
        return false;
    char piece[4096];
    for (size_t n; (n = fread(piece, 1, sizeof(piece), file)) > 0;)
        buffer_append(out, piece, n);
    fclose(file);
    return true;
}

void page_handle(const struct sandbox *sandbox, struct request *request)
{
    const char *const name =
        strcmp(request->path, "/") == 0 ? "index.html" : request->path + sizeof(folder) - 1;
    const char *const type = type_of(name);
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", sandbox->page_dir, name);
    struct buffer text = {0};
    if (type == NULL || !is_plain(name) || !read_file(path, &text)) {
        request_answer(request, 404, NULL, NULL, 0);
        return;
    }
    request_add_header(request, "Content-Security-Policy", "default-src 'self'");
    request_add_header(request, "Cache-Control", "no-cache");
    request_answer(request, 200, type, text.data, text.len);
    buffer_finish(&text);
}
