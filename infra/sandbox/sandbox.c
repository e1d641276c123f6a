#include "infra/sandbox/sandbox.h"

#include "infra/clock.h"
#include "infra/sandbox/api.h"
#include "infra/sandbox/cdn.h"
#include "infra/sandbox/control.h"
#include "infra/sandbox/gateway.h"
#include "infra/sandbox/page.h"
#include "infra/sandbox/server.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool begins(const char *path, const char *prefix)
{
    return strncmp(path, prefix, strlen(prefix)) == 0;
}

/* "/gateway" and "/gateway/": clients append "/?v=10" to the url they were given. */
static bool is_gateway(const char *path)
{
    return strcmp(path, "/gateway") == 0 || strcmp(path, "/gateway/") == 0 || strcmp(path, "/resume") == 0 ||
           strcmp(path, "/resume/") == 0;
}

void sandbox_route(struct sandbox *sandbox, struct request *request)
{
    if (begins(request->path, "/api/"))
        api_handle(sandbox, request);
    else if (is_gateway(request->path))
        gateway_accept(sandbox->gateway, request);
    else if (!request->tls && begins(request->path, "/control/"))
        control_handle(sandbox, request);
    else if (!request->tls && page_is(request->path))
        page_handle(sandbox, request);
    else
        cdn_handle(sandbox, request);
}

/* 42 bits of milliseconds since 2015, then a counter that keeps ids of one millisecond apart and in order. */
uint64_t sandbox_snowflake(void)
{
    static uint64_t last;
    const uint64_t now = (uint64_t)(clock_wall_ms() - 1420070400000) << 22;
    last = now > last ? now : last + 1;
    return last;
}

void sandbox_random_hex(char *out, int n)
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < n; i++)
        out[i] = digits[randombytes_uniform(16)];
    out[n] = '\0';
}

const char *sandbox_iso_time(int64_t ms)
{
    static char text[40];
    const time_t seconds = ms / 1000;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char day[24];
    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, sizeof(text), "%s.%06d+00:00", day, (int)(ms % 1000) * 1000);
    return text;
}
