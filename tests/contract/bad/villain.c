/* SPDX-License-Identifier: MIT */
/*
 * villain - an honest little detector, until the call `where` and the window or batch `at`, where it does its `deed`.
 *
 *   Score   s = s / 2 + value, and the records seen so far: depends on all that came before, so that a lost state shows
 *   State   both numbers
 */
#include <oddline/detector.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DEED, WHERE, AT, EVERY, MS, PARAMS };

static const oddline_param params[PARAMS] = {
    [DEED] = {.name = "deed",
              .unit = "",
              .help = "What it does.",
              .type = ODDLINE_TEXT,
              .fallback.text = "none"},
    [WHERE] = {.name = "where",
               .unit = "",
               .help = "In which call.",
               .type = ODDLINE_TEXT,
               .fallback.text = "score"},
    [AT] = {.name = "at",
            .unit = "",
            .help =
                "Number of the window, or of the first record of the batch; -1 is every one.",
            .type = ODDLINE_I64,
            .fallback.i64 = -1,
            .min.i64 = -1,
            .max.i64 = 1000000},
    [EVERY] = {.name = "every",
               .unit = "",
               .help = "And again after so many, 0 is never.",
               .type = ODDLINE_I64,
               .fallback.i64 = 0,
               .max.i64 = 1000000},
    [MS] = {.name = "ms",
            .unit = "ms",
            .help = "How long it sleeps when it is slow.",
            .type = ODDLINE_I64,
            .fallback.i64 = 0,
            .max.i64 = 100000},
};

struct memory {
    double sum, records;
};

struct villain {
    const oddline_host *host;
    const char *deed, *where;
    int64_t at, every, ms;
    struct memory memory;
    char *big; /* a state over the limit */
};

/* Where the compiler cannot see that it is wrong. */
static void *volatile nowhere;
static volatile int zero;

/* ---- deeds -------------------------------------------------------------- */

static void do_segv(void)
{
    *(volatile char *)nowhere = 1;
}

static void do_bus(void)
{
#if defined(__x86_64__) // a misaligned load with the alignment check on
    static char bytes[16];
    __asm__ volatile("pushfq\n\torl $0x40000, (%%rsp)\n\tpopfq\n\tmovl 1(%0), %%eax\n\t"
                     "pushfq\n\tandl $0xfffbffff, (%%rsp)\n\tpopfq"
                     :
                     : "r"(bytes)
                     : "rax", "cc", "memory");
#else
    raise(SIGBUS);
#endif
}

static void do_fpe(void)
{
#if defined(__x86_64__) || defined(__i386__)
    zero = 1000 / zero;
#else
    raise(SIGFPE);
#endif
}

static void do_exit0(void)
{
    exit(0);
}

static void do_exit1(void)
{
    _exit(1);
}

static void do_loop(void)
{
    for (;;)
        zero = 0;
}

static void do_sleep(void)
{
    for (;;)
        nanosleep(&(struct timespec){.tv_sec = 3600}, NULL);
}

static void do_deadlock(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_mutex_lock(&mutex);
}

static void do_stop(void)
{
    raise(SIGSTOP);
}

static void do_leak(void)
{
    enum { BYTES = 10 << 20 };
    char *leaked = malloc(BYTES);
    memset(leaked, 1, BYTES); // NULL one day
    nowhere = leaked;
    nowhere = NULL;
}

static void do_fork(void)
{
    while (fork() >= 0)
        ;
}

static void *idle(void *arg)
{
    return arg;
}

static void do_thread(void)
{
    pthread_t thread;
    while (pthread_create(&thread, NULL, idle, NULL) == 0)
        ;
}

static void do_fds(void)
{
    while (dup(0) >= 0)
        ;
}

static int deep(int n)
{
    volatile char room[4096];
    room[0] = (char)n;
    return n == INT32_MAX ? 0 : deep(n + 1) + room[0];
}

static void do_stack(void)
{
    zero = deep(0) * 0;
}

/* From the one that lies lower over whatever is between them, up to the other's first byte, its header too. */
static void do_overflow(void)
{
    char *a = malloc(5000), *b = malloc(5000), *end = a < b ? b : a;
    for (volatile char *p = a < b ? a : b; a && b && p < end; p++)
        *p = 0x41;
    free(end);
}

static void do_double_free(void)
{
    char *volatile a = malloc(5000);
    char *volatile keep = malloc(5000);
    free(a);
    free(a);
    free(keep);
}

static void do_socket(void)
{
    socket(AF_INET, SOCK_STREAM, 0);
}

static void do_open(void)
{
    zero = open("/etc/passwd", O_RDONLY) * 0;
}

static void do_execve(void)
{
    char *const argv[] = {NULL};
    execve("/bin/true", argv, argv);
}

static void do_ptrace(void)
{
    ptrace(PTRACE_ATTACH, 1, NULL, NULL);
}

static void do_kill(void)
{
    kill(1, SIGTERM);
}

static void ignore(int number)
{
    (void)number;
}

/* Not to be told of what is denied. */
static void do_handler(void)
{
    signal(SIGSYS, ignore);
}

static void do_print(void)
{
    static const char text[] = "a word that nobody reads\n";
    if (write(STDERR_FILENO, text, sizeof(text)) < 0)
        zero = 0;
}

static const struct {
    const char *name;
    void (*run)(void);
} deeds[] = {
    {"segv", do_segv},
    {"bus", do_bus},
    {"fpe", do_fpe},
    {"abort", abort},
    {"exit0", do_exit0},
    {"exit1", do_exit1},
    {"loop", do_loop},
    {"sleep", do_sleep},
    {"deadlock", do_deadlock},
    {"stop", do_stop},
    {"leak", do_leak},
    {"fork", do_fork},
    {"thread", do_thread},
    {"fds", do_fds},
    {"stack", do_stack},
    {"overflow", do_overflow},
    {"doublefree", do_double_free},
    {"socket", do_socket},
    {"open", do_open},
    {"execve", do_execve},
    {"ptrace", do_ptrace},
    {"kill", do_kill},
    {"handler", do_handler},
    {"print", do_print},
};

static void doing(const char *deed)
{
    for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds); i++)
        if (strcmp(deeds[i].name, deed) == 0)
            deeds[i].run();
}

static int now(const struct villain *v, const char *where, uint64_t number)
{
    int64_t after = (int64_t)number - v->at;
    return strcmp(v->where, where) == 0 &&
           (v->at < 0 || after == 0 || (v->every && after > 0 && after % v->every == 0));
}

static int is(const struct villain *v, const char *deed)
{
    return strcmp(v->deed, deed) == 0;
}

/* ---- the calls ---------------------------------------------------------- */

static oddline_status villain_open(const oddline_host *host, const oddline_value *values,
                                   void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    struct villain *v = calloc(1, sizeof(*v));
    if (!v)
        return ODDLINE_ENOMEM;
    *v = (struct villain){.host = host,
                          .deed = strdup(values[DEED].text),
                          .where = strdup(values[WHERE].text),
                          .at = values[AT].i64,
                          .every = values[EVERY].i64,
                          .ms = values[MS].i64};
    if (strcmp(v->where, "open") == 0) {
        doing(v->deed);
        snprintf(error, ODDLINE_ERROR_SIZE, "not today");
        return ODDLINE_EFAILED;
    }
    *ret_instance = v;
    return ODDLINE_OK;
}

static oddline_status villain_observe(void *instance, const oddline_batch *batch)
{
    struct villain *v = instance;
    if (now(v, "observe", batch->records[0].seq)) {
        if (is(v, "write-ring"))
            *(volatile char *)(uintptr_t)batch->text = 'X';
        if (is(v, "fail"))
            return ODDLINE_EFAILED;
        doing(v->deed);
    }
    v->memory.records += batch->count;
    return ODDLINE_OK;
}

static double noise(struct villain *v)
{
    return (double)((uintptr_t)v >> 4 & 0xffff) + (double)(clock() & 0xff);
}

static oddline_status villain_score(void *instance, const oddline_window *window)
{
    struct villain *v = instance;
    static char huge[1 << 20];
    int acting = now(v, "score", window->index);
    if (v->ms)
        nanosleep(&(struct timespec){v->ms / 1000, v->ms % 1000 * 1000000}, NULL);
    if ((acting && is(v, "fail")) || now(v, "close", window->index))
        return ODDLINE_EFAILED;
    if (acting)
        doing(v->deed);
    v->memory.sum = v->memory.sum / 2 + window->values[0];
    oddline_score score = {.size = sizeof(score),
                           .score = fabs(v->memory.sum) + v->memory.records,
                           .observed = window->values[0],
                           .expected = v->memory.sum,
                           .lower = NAN,
                           .upper = v->memory.records,
                           .samples = window->index,
                           .kind = ODDLINE_SPIKE};
    if (acting && is(v, "nan"))
        score.score = NAN;
    if (acting && is(v, "random"))
        score.score = noise(v);
    if (acting && is(v, "huge-reason"))
        score.reason = memset(huge, 'r', sizeof(huge) - 1);
    for (int i = 0; i < (acting && is(v, "many") ? 1000000 : 1); i++)
        v->host->report(v->host, &score);
    return ODDLINE_OK;
}

static oddline_status villain_save(void *instance, oddline_bytes *ret_state)
{
    struct villain *v = instance;
    if (strcmp(v->where, "save") == 0) {
        if (is(v, "state-huge") && !v->big)
            v->big = calloc(1, 2 << 20);
        if (v->big) {
            *ret_state = (oddline_bytes){.data = v->big, .len = 2 << 20};
            return ODDLINE_OK;
        }
        doing(v->deed);
    }
    *ret_state = (oddline_bytes){.data = &v->memory, .len = sizeof(v->memory)};
    return ODDLINE_OK;
}

static oddline_status villain_load(void *instance, oddline_bytes state, uint32_t state_version)
{
    struct villain *v = instance;
    if (strcmp(v->where, "load") == 0) {
        if (is(v, "state-refused"))
            return ODDLINE_ESTATE;
        doing(v->deed);
    }
    if (state_version != 3 || state.len != sizeof(v->memory))
        return ODDLINE_ESTATE;
    memcpy(&v->memory, state.data, sizeof(v->memory));
    return ODDLINE_OK;
}

static void villain_close(void *instance)
{
    struct villain *v = instance;
    if (strcmp(v->where, "close") == 0)
        doing(v->deed);
    free((void *)(uintptr_t)v->deed);
    free((void *)(uintptr_t)v->where);
    free(v->big);
    free(v);
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .needs = ODDLINE_NEEDS_TEXT,
    .id = "villain",
    .version = "1.0.0",
    .summary = "does harm on request",
    .params = params,
    .param_count = PARAMS,
    .state_version = 3,
    .open = villain_open,
    .observe = villain_observe,
    .score = villain_score,
    .save = villain_save,
    .load = villain_load,
    .close = villain_close,
};
