/* The local Discord: plays Discord for people without an account and for the tests. See sandbox.h. */
#include "infra/clock.h"
#include "infra/config.h"
#include "infra/discord.h"
#include "infra/http_client.h"
#include "infra/log.h"
#include "infra/loop.h"
#include "infra/mem.h"
#include "infra/sandbox/cast.h"
#include "infra/sandbox/command.h"
#include "infra/sandbox/gateway.h"
#include "infra/sandbox/interaction.h"
#include "infra/sandbox/journal.h"
#include "infra/sandbox/message.h"
#include "infra/sandbox/parked.h"
#include "infra/sandbox/sandbox.h"
#include "infra/sandbox/server.h"
#include "infra/sandbox/tls.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

struct settings {
    struct config_address plain, tls;
    const char *dir;
    const char *cast; /* path of cast.json, or NULL: look for it */
    const char *handler_url;
    const char *ca_file; /* the handler's certificate is held against it; NULL: the system's */
};

static bool read_settings(struct settings *settings)
{
    config_load();
    config_log_level();
    config_address("SANDBOX_LISTEN", "127.0.0.1:8090", &settings->plain);
    config_address("SANDBOX_TLS_LISTEN", "127.0.0.1:8443", &settings->tls);
    settings->dir = config_string("SANDBOX_DIR", NULL);
    settings->cast = config_optional("SANDBOX_CAST");
    settings->handler_url = config_string("HANDLER_URL", "http://127.0.0.1:8080/interactions");
    settings->ca_file = config_optional("TLS_CA_FILE");
    return config_check("sandbox");
}

static char *format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

static char *format(const char *pattern, ...)
{
    char *text;
    va_list args;
    va_start(args, pattern);
    if (vasprintf(&text, pattern, args) < 0)
        abort();
    va_end(args);
    return text;
}

/* The source tree is a parent of the program's folder, whatever the flavour: build/sandbox, build/asan/sandbox.
 */
static char *find_cast(void)
{
    char exe[4096];
    const ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    exe[n > 0 ? n : 0] = '\0';
    for (char *slash; (slash = strrchr(exe, '/')) != NULL;) {
        *slash = '\0';
        char *const path = format("%s/infra/sandbox/cast.json", exe);
        if (access(path, R_OK) == 0)
            return path;
        free(path);
    }
    return mem_strdup("infra/sandbox/cast.json");
}

/* Keys ----------------------------------------------------------------------------------------------------- */

static bool load_seed(const char *path, unsigned char *seed)
{
    FILE *const file = fopen(path, "re");
    if (file == NULL)
        return false;
    const bool good = fread(seed, 1, 32, file) == 32;
    fclose(file);
    return good;
}

static bool save_seed(const char *path, const unsigned char *seed)
{
    FILE *const file = fopen(path, "we");
    if (file == NULL)
        return false;
    fchmod(fileno(file), 0600);
    const bool good = fwrite(seed, 1, 32, file) == 32;
    return fclose(file) == 0 && good;
}

/* The key is kept, and the token follows from it: what ran against this sandbox yesterday still may. */
static bool make_keys(struct sandbox *sandbox, const char *dir)
{
    char *const path = format("%s/seed", dir);
    bool good = load_seed(path, sandbox->seed);
    if (!good) {
        randombytes_buf(sandbox->seed, sizeof(sandbox->seed));
        good = save_seed(path, sandbox->seed);
    }
    if (!good)
        log_error("seed_unwritable", "path=%s error=%s", log_quote(path), log_quote(strerror(errno)));
    free(path);

    unsigned char public_key[32], secret_key[64], token[20];
    crypto_sign_seed_keypair(public_key, secret_key, sandbox->seed);
    sodium_bin2hex(sandbox->public_key, sizeof(sandbox->public_key), public_key, sizeof(public_key));
    crypto_generichash(token, sizeof(token), sandbox->seed, sizeof(sandbox->seed), NULL, 0);
    char hex[41];
    sodium_bin2hex(hex, sizeof(hex), token, sizeof(token));
    sandbox->token = format("sandbox.%s", hex);
    return good;
}

/* What the other programs need to know --------------------------------------------------------------------- */

static bool write_env(const struct sandbox *sandbox, const char *dir, const char *ca_path, int plain_port)
{
    char *const path = format("%s/sandbox.env", dir);
    char *const draft = format("%s/sandbox.env.new", dir);
    char seed[65];
    sodium_bin2hex(seed, sizeof(seed), sandbox->seed, sizeof(sandbox->seed));
    FILE *const file = fopen(draft, "we");
    bool good = file != NULL;
    if (good) {
        fprintf(file, "DISCORD_APPLICATION_ID=%" PRIu64 "\n", sandbox->cast->application_id);
        fprintf(file, "DISCORD_PUBLIC_KEY=%s\n", sandbox->public_key);
        fprintf(file, "DISCORD_TOKEN=%s\n", sandbox->token);
        fprintf(file, "DISCORD_API_URL=%s/api/v10\n", sandbox->cdn_url);
        fprintf(file, "DISCORD_CDN_URL=%s\n", sandbox->cdn_url);
        fprintf(file, "TLS_CA_FILE=%s\n", ca_path);
        fprintf(file, "SANDBOX_URL=http://127.0.0.1:%d\n", plain_port);
        fprintf(file, "SANDBOX_SEED=%s\n", seed);
        good = fclose(file) == 0 && rename(draft, path) == 0;
    }
    if (!good)
        log_error("env_unwritable", "path=%s error=%s", log_quote(path), log_quote(strerror(errno)));
    free(path);
    free(draft);
    return good;
}

/* Running -------------------------------------------------------------------------------------------------- */

static void on_request(void *arg, struct request *request)
{
    sandbox_route(arg, request);
}

static void on_signal(void *arg, unsigned events)
{
    (void)events;
    server_stop(arg);
}

static struct loop_watch *stop_on_signals(struct loop *loop, struct server *server)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    return loop_watch(loop, signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK), LOOP_READ, on_signal, server);
}

static bool listen_on_both(struct sandbox *sandbox, struct server *server, const struct settings *settings)
{
    char *const dir = realpath(settings->dir, NULL);
    char *const ca_path = format("%s/ca.pem", dir);
    SSL_CTX *const tls = tls_create(dir, ca_path);
    const int tls_port = tls != NULL ? server_listen(server, &settings->tls, tls) : 0;
    const int plain_port = tls_port != 0 ? server_listen(server, &settings->plain, NULL) : 0;
    bool good = plain_port != 0;
    if (good) {
        sandbox->cdn_url = format("https://localhost:%d", tls_port);
        sandbox->gateway_url = format("wss://localhost:%d/gateway", tls_port);
        sandbox->resume_url = format("wss://127.0.0.1:%d/resume", tls_port);
        good = write_env(sandbox, dir, ca_path, plain_port);
        log_info("sandbox_ready", "url=http://127.0.0.1:%d api=%s/api/v10", plain_port, sandbox->cdn_url);
    }
    free(ca_path);
    free(dir);
    return good;
}

int main(void)
{
    struct settings settings;
    log_set_program("sandbox");
    if (!read_settings(&settings) || sodium_init() < 0)
        return 1;
    if (mkdir(settings.dir, 0700) != 0 && errno != EEXIST) {
        log_error("dir_unusable", "path=%s error=%s", log_quote(settings.dir), log_quote(strerror(errno)));
        return 1;
    }
    static struct sandbox sandbox;
    char *const cast_path = settings.cast != NULL ? mem_strdup(settings.cast) : find_cast();
    char *const slash = strrchr(cast_path, '/');
    sandbox.page_dir =
        format("%.*s/page", slash != NULL ? (int)(slash - cast_path) : 1, slash != NULL ? cast_path : ".");
    sandbox.cast = cast_load(cast_path);
    free(cast_path);
    if (sandbox.cast == NULL || !make_keys(&sandbox, settings.dir))
        return 1;
    sandbox.handler_url = mem_strdup(settings.handler_url);
    faults_reset(&sandbox.faults);
    sandbox.loop = loop_create();
    sandbox.journal = journal_create();
    sandbox.parked = parked_create(sandbox.loop, &sandbox);
    sandbox.gateway = gateway_create(&sandbox);
    sandbox.messages = messages_create();
    sandbox.interactions = interactions_create();
    sandbox.commands = commands_create();
    const struct http_client_config client = {.ca_file = settings.ca_file,
                                              .user_agent = "Discord-Interactions/1.0 (+https://discord.com)"};
    sandbox.client = http_client_create(sandbox.loop, &client);
    static struct server *server; /* static: what is still held at the end can be reached, for leak checks */
    server = server_create(sandbox.loop, on_request, &sandbox);
    struct loop_watch *const signals = stop_on_signals(sandbox.loop, server);
    if (!listen_on_both(&sandbox, server, &settings))
        return 1;
    server_run(server);
    loop_unwatch(signals);
    log_info("sandbox_stopped", "requests=%" PRId64, journal_last(sandbox.journal));
    return 0; /* connections and memory end with the process */
}
