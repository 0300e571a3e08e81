/* SPDX-License-Identifier: MIT */

#include "fixture.h"

#include "base/check.h"
#include "base/clock.h"

#include <fcntl.h>
#include <ftw.h>
#include <hiredis/hiredis.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void sandbox_make(struct sandbox *sandbox)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(sandbox->dir, sizeof(sandbox->dir), "%s/oddline-deliver-XXXXXX",
             tmp ? tmp : "/tmp");
    CHECK(mkdtemp(sandbox->dir));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void sandbox_remove(struct sandbox *sandbox)
{
    nftw(sandbox->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *sandbox_path(const struct sandbox *sandbox, const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", sandbox->dir, name);
    return path;
}

void write_file(const char *path, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, data, len) == (ssize_t)len);
    close(fd);
}

char *read_whole(const char *path, size_t *ret_len)
{
    struct stat st;
    int fd = open(path, O_RDONLY);
    CHECK(fd >= 0 && fstat(fd, &st) == 0);
    char *text = malloc((size_t)st.st_size + 1);
    CHECK(text && read(fd, text, (size_t)st.st_size) == st.st_size);
    text[st.st_size] = '\0';
    if (ret_len)
        *ret_len = (size_t)st.st_size;
    close(fd);
    return text;
}

static void add_evidence(struct finding *f)
{
    f->evidence_count = 2;
    f->evidence[0] =
        (struct finding_evidence){.path = bytes_of("/var/log/kafka1/server.log"),
                                  .text = bytes_of("[2016-12-19 18:14:38,123] ERROR x"),
                                  .offset = 123,
                                  .line = 456,
                                  .length = 33,
                                  .time_ns = f->starts_ns,
                                  .hash = 5};
    f->evidence[1] = (struct finding_evidence){.path = bytes_of("/var/log/kafka1/server.log"),
                                               .text = {"bad \xff byte", 10},
                                               .offset = 200,
                                               .length = 10,
                                               .time_ns = NO_TIME,
                                               .hash = 6};
}

struct finding sample_finding(enum finding_route route)
{
    static const struct finding_pair resource[] = {{"host.name", "web1"},
                                                   {"service.name", "checkout"}};
    static const struct finding_pair labels[] = {{"team", "payments"}};
    int64_t start = INT64_C(1482167678) * NS_PER_S; // 2016-12-19T17:14:38Z
    struct finding f = {
        .fingerprint = UINT64_C(0x9f2c41d07a55be01),
        .status = FINDING_FIRING,
        .starts_ns = start,
        .ends_ns = NO_TIME,
        .detected_ns = start + 22 * NS_PER_S,
        .stream = "kafka1",
        .series = "errors",
        .detector = "ewma",
        .detector_version = "1.0.0",
        .key = bytes_of("shutting <*>"),
        .kind = FINDING_SPIKE,
        .route = route,
        .score = 7.3,
        .raw = 11.9,
        .threshold = 4,
        .observed = 137,
        .expected = 0.4,
        .lower = 0,
        .upper = NAN,
        .samples = 148,
        .window_start_ns = start - 38 * NS_PER_S,
        .window_end_ns = start + 22 * NS_PER_S,
        .summary = "errors at 137 per minute, expected 0.4 (0 to 3.1)",
        .reasons = {"a spike"},
        .reason_count = 1,
        .calibration =
            {.seen = 148, .peaks = 29, .threshold = 4.5, .scale = 1.25, .shape = 0.25},
        .explain =
            {.basis = BASIS_CALIBRATED,
             .thresholds = {6, 4, 3},
             .floor = 3.5,
             .floor_ratio = 2,
             .hold = 1,
             .warmup = 20,
             .raised_count = 1,
             .raised = {{.detector = "zscore", .series = "lines", .basis = BASIS_SURPRISE}}},
        .resource = {resource, 2},
        .labels = {labels, 1},
        .config_hash = 7,
    };
    add_evidence(&f);
    return f;
}

void append_findings(struct journal *journal, size_t count)
{
    struct error error = {""};
    for (size_t i = 0; i < count; i++) {
        struct finding f =
            sample_finding((enum finding_route)((journal_next_n(journal) - 1) % ROUTES));
        int r = journal_put(journal, &f, &error);
        if (r == 0)
            r = journal_commit(journal, (struct bytes){NULL, 0}, &error);
        if (r < 0)
            fprintf(stderr, "%s\n", error.text);
        CHECK(r == 0);
    }
}

/* ---- redis -------------------------------------------------------------- */

static void nap(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

void server_make(struct server *server)
{
    *server = (struct server){0};
    sandbox_make(&server->sandbox);
    snprintf(server->socket, sizeof(server->socket), "%s/s", server->sandbox.dir);
    snprintf(server->url, sizeof(server->url), "unix://%s?db=0", server->socket);
}

static void exec_server(struct server *server)
{
    const char *words[48] = {
        "redis-server",      "--port", "0", "--unixsocket", server->socket, "--dir",
        server->sandbox.dir, "--save", "",  "--logfile",    "log"};
    char *args[48] = {0};
    int n = 11;
    bool own_aof = false;
    for (int i = 0; server->options[i]; i++) {
        own_aof |= strcmp(server->options[i], "--appendonly") == 0;
        words[n++] = server->options[i];
    }
    if (!own_aof) {
        words[n++] = "--appendonly";
        words[n++] = "no";
    }
    for (int i = 0; i < n; i++)
        args[i] = strdup(words[i]);
    prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that dies takes its server along
    execvp(args[0], args);
    _exit(127);
}

static bool answers(struct server *server)
{
    redisContext *c = redisConnectUnix(server->socket);
    redisReply *reply = c && !c->err ? redisCommand(c, "PING") : NULL;
    bool good =
        reply && !(reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "LOADING", 7) == 0);
    if (reply)
        freeReplyObject(reply);
    if (c)
        redisFree(c);
    return good;
}

void server_start(struct server *server)
{
    server->pid = fork();
    CHECK(server->pid >= 0);
    if (server->pid == 0)
        exec_server(server);
    for (int i = 0; i < 1000; i++) {
        if (answers(server))
            return;
        CHECK(waitpid(server->pid, NULL, WNOHANG) == 0);
        nap(10);
    }
    CHECK(!"redis-server answers within ten seconds");
}

void server_kill(struct server *server)
{
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    server->pid = 0;
    unlink(server->socket);
}

void server_remove(struct server *server)
{
    server_kill(server);
    sandbox_remove(&server->sandbox);
}

static void show(const redisReply *reply, char *text, size_t size)
{
    size_t used = strlen(text);
    if (reply->type == REDIS_REPLY_INTEGER)
        snprintf(text + used, size - used, "%lld ", reply->integer);
    else if (reply->type == REDIS_REPLY_NIL)
        snprintf(text + used, size - used, "(nil) ");
    else if (reply->type == REDIS_REPLY_ARRAY)
        for (size_t i = 0; i < reply->elements; i++)
            show(reply->element[i], text, size);
    else
        snprintf(text + used, size - used, "%s ", reply->str);
}

static const char *ask(struct server *server, const char *command)
{
    static char text[1 << 20];
    char *words = strdup(command), *rest = NULL;
    const char *argv[64];
    int argc = 0;
    for (char *w = strtok_r(words, " ", &rest); w && argc < 64; w = strtok_r(NULL, " ", &rest))
        argv[argc++] = w;
    redisContext *c = redisConnectUnix(server->socket);
    CHECK(c && !c->err);
    redisReply *reply = redisCommandArgv(c, argc, argv, NULL);
    CHECK(reply);
    text[0] = '\0';
    show(reply, text, sizeof(text));
    size_t len = strlen(text);
    if (len && text[len - 1] == ' ')
        text[len - 1] = '\0';
    freeReplyObject(reply);
    redisFree(c);
    free(words);
    return text;
}

const char *server_ask(struct server *server, const char *format, ...)
{
    char command[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    return ask(server, command);
}

long server_number(struct server *server, const char *command)
{
    return strtol(ask(server, command), NULL, 10);
}
