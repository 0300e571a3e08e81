/* SPDX-License-Identifier: MIT */
/*
 * For the tests of the Redis sink: the sink alone, with a courier of twenty lines, so that nothing else can make up for it.
 *
 *      redis_drive url=URL [host=web1] [epoch=14] [wait_ms=5] [timeout_ms=300] [batch=20] [size=100] [instance=PATH]
 *                  [user=U] [password_file=PATH] [plain=1] [new_epoch=1]
 *      stdin       goal N        publish up to n = N
 *      stdout      confirmed N   whenever that changes
 *                  rests N       all up to the goal N is confirmed, and nothing is under way
 *                  error CODE SENTENCE, evicts 0|1
 *
 * Finding n is the same in each run: route, text and length follow from n, so that who looks into the streams can tell.
 * Ends with 0 when stdin has ended and all is confirmed, with 3 at a fork.
 */

#include "base/clock.h"
#include "base/log.h"
#include "deliver/redis.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BATCH_MAX = 300, SIZE_MAX_BYTES = 100000 };

struct drive {
    struct redis_options options;
    struct sink *sink;
    long wait_ms, batch, size;
    uint64_t goal, confirmed, said, rested;
    bool ended, evicts, asked;
    struct entry entries[BATCH_MAX];
    char texts[BATCH_MAX][64];
    char *data[BATCH_MAX];
};

static const char *word(int argc, char **argv, const char *name)
{
    size_t len = strlen(name);
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
            return argv[i] + len + 1;
    return NULL;
}

static long number(int argc, char **argv, const char *name, long otherwise)
{
    const char *text = word(argc, argv, name);
    return text ? strtol(text, NULL, 10) : otherwise;
}

static void read_options(struct drive *d, int argc, char **argv)
{
    const char *host = word(argc, argv, "host");
    int64_t timeout = number(argc, argv, "timeout_ms", 300) * NS_PER_MS;
    d->options = (struct redis_options){.url = word(argc, argv, "url"),
                                        .host = host ? host : "web1",
                                        .epoch = (uint64_t)number(argc, argv, "epoch", 14),
                                        .user = word(argc, argv, "user"),
                                        .password_file = word(argc, argv, "password_file"),
                                        .instance_file = word(argc, argv, "instance"),
                                        .allow_plaintext = number(argc, argv, "plain", 0) != 0,
                                        .new_epoch = number(argc, argv, "new_epoch", 0) != 0,
                                        .connect_timeout_ns = timeout,
                                        .command_timeout_ns = timeout};
    d->wait_ms = number(argc, argv, "wait_ms", 5);
    d->batch = number(argc, argv, "batch", 20);
    d->size = number(argc, argv, "size", 100);
}

/* `{"n":7,"pad":"xxx…"}`, `size` bytes or what it takes. */
static void make_entry(struct drive *d, size_t i, uint64_t n)
{
    int len = snprintf(d->data[i], SIZE_MAX_BYTES, "{\"n\":%" PRIu64 ",\"pad\":\"", n);
    while (len < d->size - 2)
        d->data[i][len++] = 'x';
    memcpy(d->data[i] + len, "\"}", 2);
    snprintf(d->texts[i], sizeof(d->texts[i]), "id-%" PRIu64, n);
    d->entries[i] = (struct entry){.epoch = d->options.epoch,
                                   .n = n,
                                   .fingerprint = n,
                                   .route = (enum finding_route)(n % ROUTES),
                                   .status = FINDING_FIRING,
                                   .ts_ns = INT64_C(1482167678123000000),
                                   .score = 7.3,
                                   .id = bytes_of(d->texts[i]),
                                   .stream = bytes_of("kafka1"),
                                   .detector = bytes_of("ewma"),
                                   .data = {d->data[i], (size_t)len + 2}};
}

/* Lines of stdin; waits at most `ms`. */
static void listen_to_stdin(struct drive *d, int ms)
{
    static char line[64];
    static size_t len;
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    while (!d->ended && poll(&fd, 1, ms) > 0) {
        if (read(STDIN_FILENO, line + len, 1) != 1)
            d->ended = true;
        else if (line[len] != '\n')
            len += len + 2 < sizeof(line);
        else {
            line[len] = '\0';
            len = 0;
            sscanf(line, "goal %" SCNu64, &d->goal);
        }
        ms = 0;
    }
}

static int publish(struct drive *d)
{
    struct error error = {"no reason given"};
    size_t count = 0;
    while (d->asked && count < (size_t)d->batch && d->confirmed + count < d->goal) {
        make_entry(d, count, d->confirmed + count + 1);
        count++;
    }
    int r = d->sink->ops->publish(d->sink, d->entries, count, &d->confirmed, &error);
    d->asked |= r == 0 || r == -ENODATA;
    if (r < 0)
        printf("error %d %s\n", r, error.text);
    if (d->confirmed != d->said)
        printf("confirmed %" PRIu64 "\n", d->said = d->confirmed);
    if (redis_sink_stats(d->sink).evicts != d->evicts)
        printf("evicts %d\n", d->evicts = !d->evicts);
    return r;
}

static int run(struct drive *d)
{
    while (!d->ended || d->confirmed < d->goal || !d->asked) {
        bool idle = d->asked && d->confirmed >= d->goal;
        if (idle && d->goal != d->rested)
            printf("rests %" PRIu64 "\n", d->rested = d->goal);
        int r = idle ? 0 : publish(d);
        if (r == -ESTALE)
            return 3;
        if (r < 0 && r != -ENODATA)
            nanosleep(&(struct timespec){.tv_nsec = d->wait_ms * 1000000}, NULL);
        listen_to_stdin(d, idle ? 1000 : 0);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct drive d;
    struct error error = {""};
    setvbuf(stdout, NULL, _IOLBF, 0);
    log_setup(LOG_WARNING, 0);
    read_options(&d, argc, argv);
    if (!d.options.url || d.batch > BATCH_MAX || d.size > SIZE_MAX_BYTES - 100)
        return 64;
    for (size_t i = 0; i < BATCH_MAX; i++)
        if (!(d.data[i] = malloc(SIZE_MAX_BYTES)))
            return 71;
    int r = redis_sink_open(&d.options, &d.sink, &error);
    if (r < 0)
        fprintf(stderr, "%s\n", error.text);
    int status = r < 0 ? 69 : run(&d);
    if (r == 0)
        d.sink->ops->close(d.sink);
    for (size_t i = 0; i < BATCH_MAX; i++)
        free(d.data[i]);
    return status;
}
