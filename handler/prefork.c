#include "handler/prefork.h"

#include "infra/clock.h"
#include "infra/log.h"
#include "infra/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PAUSE_MS = 1000, /* before a worker that died young is followed by another */
    YOUNG_MS = 10000,
    STOP_PATIENCE_MS = 20000,
    CANNOT_SERVE = 78, /* EX_CONFIG of sysexits.h */
};

struct worker {
    pid_t pid; /* 0: none, the next one starts at start_ms */
    int64_t start_ms;
    uint64_t incarnation;
};

/* A ring in memory that the workers share; 0: not filled yet. */
struct prefork_graves {
    atomic_uint_fast64_t incarnations[PREFORK_MAX_DEAD];
    size_t next; /* the parent's */
};

struct prefork {
    struct worker *workers;
    int n;
    struct prefork_graves *graves;
    bool (*work)(const struct prefork_worker *self, void *arg);
    void (*on_stop)(void *arg);
    void *arg;
    sigset_t signals; /* those the parent waits for */
    int64_t kill_ms;  /* when the last patience is over; 0 while nobody is to stop */
    int exit_code;
};

static uint64_t random_incarnation(void)
{
    uint64_t incarnation;
    if (getrandom(&incarnation, sizeof(incarnation), 0) != (ssize_t)sizeof(incarnation))
        abort(); /* never for so few bytes */
    return incarnation >> 1;
}

static void start_worker(struct prefork *prefork, int index)
{
    struct worker *const worker = &prefork->workers[index];
    const pid_t parent = getpid();
    worker->start_ms = clock_monotonic_ms();
    worker->incarnation = random_incarnation();
    worker->pid = fork();
    if (worker->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            exit(EXIT_FAILURE); /* it died before we could ask to be told */
        const struct prefork_worker self = {
            .index = index, .n = prefork->n, .incarnation = worker->incarnation, .graves = prefork->graves};
        exit(prefork->work(&self, prefork->arg) ? EXIT_SUCCESS : CANNOT_SERVE);
    }
    if (worker->pid < 0) {
        log_error("fork_failed", "worker=%d errno=%d", index, errno);
        worker->pid = 0;
        worker->start_ms += PAUSE_MS;
    }
}

static void signal_workers(const struct prefork *prefork, int signal)
{
    for (int i = 0; i < prefork->n; i++) {
        if (prefork->workers[i].pid != 0)
            kill(prefork->workers[i].pid, signal);
    }
}

static void stop(struct prefork *prefork)
{
    if (prefork->kill_ms != 0)
        return;
    prefork->kill_ms = clock_monotonic_ms() + STOP_PATIENCE_MS;
    prefork->on_stop(prefork->arg);
    signal_workers(prefork, SIGTERM);
}

static void bury(struct prefork *prefork, int index, int status)
{
    struct worker *const worker = &prefork->workers[index];
    const int64_t now = clock_monotonic_ms();
    const int64_t age_ms = now - worker->start_ms;
    const bool could_not_serve = WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_SERVE;
    worker->pid = 0;
    atomic_store(&prefork->graves->incarnations[prefork->graves->next++ % PREFORK_MAX_DEAD],
                 worker->incarnation);
    signal_workers(prefork, SIGUSR1);
    worker->start_ms = age_ms < YOUNG_MS ? now + PAUSE_MS : now;
    if (could_not_serve) {
        prefork->exit_code = EXIT_FAILURE;
        stop(prefork);
    } else if (prefork->kill_ms == 0) {
        log_error("worker_died", "worker=%d exit=%d signal=%d after_ms=%lld", index,
                  WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                  (long long)age_ms);
    } else if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS) {
        prefork->exit_code = EXIT_FAILURE;
    }
}

static void bury_the_dead(struct prefork *prefork)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < prefork->n; i++) {
            if (prefork->workers[i].pid == pid)
                bury(prefork, i, status);
        }
    }
}

static bool any_alive(const struct prefork *prefork)
{
    for (int i = 0; i < prefork->n; i++) {
        if (prefork->workers[i].pid != 0)
            return true;
    }
    return false;
}

/* Waits for a signal, at most until the next worker is to be started. */
static void wait_for_signal(struct prefork *prefork)
{
    const int64_t now = clock_monotonic_ms();
    int64_t wait_ms = PAUSE_MS;
    for (int i = 0; i < prefork->n && prefork->kill_ms == 0; i++) {
        const struct worker *const worker = &prefork->workers[i];
        if (worker->pid == 0 && worker->start_ms - now < wait_ms)
            wait_ms = worker->start_ms > now ? worker->start_ms - now : 0;
    }
    const struct timespec timeout = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
    const int signal = sigtimedwait(&prefork->signals, NULL, &timeout);
    if (signal == SIGTERM || signal == SIGINT)
        stop(prefork);
}

static void start_missing(struct prefork *prefork)
{
    for (int i = 0; i < prefork->n; i++) {
        if (prefork->workers[i].pid == 0 && prefork->workers[i].start_ms <= clock_monotonic_ms())
            start_worker(prefork, i);
    }
}

static void supervise(struct prefork *prefork)
{
    while (prefork->kill_ms == 0 || any_alive(prefork)) {
        if (prefork->kill_ms == 0)
            start_missing(prefork);
        else if (clock_monotonic_ms() >= prefork->kill_ms)
            signal_workers(prefork, SIGKILL);
        wait_for_signal(prefork);
        bury_the_dead(prefork);
    }
}

size_t prefork_dead(const struct prefork_worker *self, uint64_t incarnations[PREFORK_MAX_DEAD])
{
    size_t n = 0;
    for (size_t i = 0; i < PREFORK_MAX_DEAD; i++) {
        incarnations[n] = atomic_load(&self->graves->incarnations[i]);
        n += incarnations[n] != 0;
    }
    return n;
}

static struct prefork_graves *share_graves(void)
{
    void *const shared =
        mmap(NULL, sizeof(struct prefork_graves), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        abort(); /* out of memory */
    return shared;
}

int prefork_run(int n, bool (*work)(const struct prefork_worker *self, void *arg), void (*on_stop)(void *arg),
                void *arg)
{
    struct prefork prefork = {.n = n, .work = work, .on_stop = on_stop, .arg = arg, .exit_code = EXIT_SUCCESS};
    prefork.workers = mem_alloc((size_t)n * sizeof(*prefork.workers));
    prefork.graves = share_graves();
    sigemptyset(&prefork.signals);
    sigaddset(&prefork.signals, SIGTERM);
    sigaddset(&prefork.signals, SIGINT);
    sigaddset(&prefork.signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &prefork.signals, NULL);
    sigset_t workers_own;
    sigemptyset(&workers_own);
    sigaddset(&workers_own, SIGUSR1);
    sigprocmask(SIG_BLOCK, &workers_own, NULL);
    supervise(&prefork);
    munmap(prefork.graves, sizeof(*prefork.graves));
    free(prefork.workers);
    return prefork.exit_code;
}
