/* SPDX-License-Identifier: MIT */
/*
 * fleet_drive - many hosts in one process: for each a sink of its own, called as a courier calls it.
 *
 *      fleet_drive URL FIRST COUNT SECONDS FINDINGS MAX_LEN SHARDS
 *
 * Host K makes its findings at moments by chance within SECONDS (the same in each run), from its own journal, which is none: finding n is always
 * the same bytes. Ends when Redis has confirmed all of them; one line of JSON says what it took.
 */

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "deliver/redis.h"
#include "deliver/shard.h"
#include "deliver/turn.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS_MAX = 4096, SAMPLES_MAX = 1 << 20, BATCH = 32, DATA = 1800 };
#define LATE_NS  (120 * NS_PER_S) /* after the last finding, then it is given up */
#define START_NS (10 * NS_PER_S)  /* within which the daemons are started */

struct host {
    char name[32];
    struct sink *sink;
    uint64_t epoch, confirmed;
    int64_t *made_ns; /* [findings] */
    int64_t due_ns, wait_ns;
    uint64_t connects;
    bool asked;
};

static struct {
    const char *url;
    uint64_t first, count, findings, max_len, shards;
    int64_t begin_ns, span_ns;
    struct host *hosts;
    uint64_t published, errors, resends;
    uint32_t attempts[SECONDS_MAX];  /* to connect, of each second */
    uint32_t *samples, sample_count; /* of calls that connected nothing, in microseconds */
} drive;

static int64_t chance_below(uint64_t seed, int64_t ns)
{
    return (int64_t)(hash_join(seed, 7) % (uint64_t)(ns > 0 ? ns : 1));
}

static int earlier(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void open_host(uint64_t k)
{
    struct host *h = &drive.hosts[k - drive.first];
    struct error error = {""};
    char shard[SHARD_TEXT_SIZE];
    snprintf(h->name, sizeof(h->name), "host%05" PRIu64, k);
    h->epoch = hash_join(1, k);
    struct redis_options options = {
        .url = drive.url,
        .host = h->name,
        .epoch = h->epoch,
        .max_len = drive.max_len,
        .shards = drive.shards,
        .shard = shard_format(shard_of(h->name, (int64_t)drive.shards), shard),
        .heartbeat_ns = 30 * NS_PER_S};
    if (redis_sink_open(&options, &h->sink, &error) < 0) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    h->made_ns = calloc(drive.findings, sizeof(*h->made_ns));
    CHECK(h->made_ns);
    for (uint64_t i = 0; i < drive.findings; i++)
        h->made_ns[i] = drive.begin_ns + START_NS +
                        chance_below(hash_join(h->epoch, i), drive.span_ns - START_NS);
    qsort(h->made_ns, drive.findings, sizeof(*h->made_ns), earlier);
    h->due_ns = drive.begin_ns + chance_below(h->epoch, START_NS);
}

static struct entry entry_of(const struct host *h, uint64_t n, char data[DATA], char id[64])
{
    uint64_t fingerprint = hash_join(9, n % 20);
    int len = snprintf(
        data, DATA,
        "{\"v\":1,\"starts_at\":\"2026-05-01T10:33:20.000Z\",\"summary\":\"errors at 137 per "
        "minute, expected 0.4 (0 to 3.1), of kind %" PRIu64 "\",\"evidence\":[{\"text\":\"",
        n % 20);
    memset(data + len, 'x', (size_t)(DATA - len - 8));
    memcpy(data + DATA - 8, "\"}]}", 5);
    snprintf(id, 64, "%016" PRIx64 "-%" PRIu64, h->epoch, n);
    return (struct entry){.epoch = h->epoch,
                          .n = n,
                          .fingerprint = fingerprint,
                          .route = (enum finding_route)(n % ROUTES),
                          .status = FINDING_FIRING,
                          .ts_ns = clock_wall_ns(),
                          .score = 7.3,
                          .id = {id, strlen(id)},
                          .stream = bytes_of("checkout"),
                          .detector = bytes_of("ewma"),
                          .data = {data, strlen(data)}};
}

static uint64_t made(const struct host *h, int64_t now)
{
    uint64_t n = 0;
    while (n < drive.findings && h->made_ns[n] <= now)
        n++;
    return n;
}

static void note_call(struct host *h, int64_t began, int64_t now, bool carried)
{
    uint64_t connects = redis_sink_stats(h->sink).connects;
    int64_t second = (began - drive.begin_ns) / NS_PER_S;
    if (connects != h->connects && second < SECONDS_MAX)
        drive.attempts[second] += (uint32_t)(connects - h->connects);
    else if (carried && drive.sample_count < SAMPLES_MAX)
        drive.samples[drive.sample_count++] = (uint32_t)((now - began) / 1000);
    h->connects = connects;
}

static void failed(struct host *h, int64_t now)
{
    drive.errors++;
    h->wait_ns = h->wait_ns ? h->wait_ns * 2 : 100 * NS_PER_MS;
    h->wait_ns = h->wait_ns > 30 * NS_PER_S ? 30 * NS_PER_S : h->wait_ns;
    h->due_ns = now + h->wait_ns / 2 +
                (int64_t)((double)(h->wait_ns / 2) * (turn_chance() / 4294967296.0));
}

/* As courier.c does. */
static void call(struct host *h, int64_t now)
{
    static char data[BATCH][DATA], ids[BATCH][64];
    struct entry entries[BATCH];
    struct error error = {""};
    int64_t rest = h->sink->ops->rest(h->sink);
    uint64_t there = made(h, now), count = 0, confirmed = h->confirmed;
    if (rest > 0) {
        h->due_ns = now + (rest < NS_PER_S ? rest : NS_PER_S);
        return;
    }
    for (; h->asked && count < BATCH && h->confirmed + count < there; count++)
        entries[count] = entry_of(h, h->confirmed + count + 1, data[count], ids[count]);
    if (!h->asked || count) {
        int r = h->sink->ops->publish(h->sink, entries, count, &confirmed, &error);
        note_call(h, now, clock_monotonic_ns(), r == 0 && count);
        h->asked |= r == 0 || r == -ENODATA;
        drive.resends += r == -ENODATA;
        drive.published += confirmed > h->confirmed ? confirmed - h->confirmed : 0;
        h->confirmed = confirmed;
        if (r < 0 && r != -ENODATA) {
            if (r == -ESTALE)
                fprintf(stderr, "%s\n", error.text), exit(1);
            failed(h, now);
            return;
        }
    }
    h->wait_ns = 0;
    struct heartbeat_facts facts = {
        .at_ns = clock_wall_ns(), .config = 7, .newest_ns = NO_TIME};
    redis_sink_facts(h->sink, &facts);
    struct sink_place place = {there, h->confirmed};
    h->sink->ops->tend(h->sink, place, false);
    h->due_ns = now + NS_PER_S;
    if (there < drive.findings && h->made_ns[there] < h->due_ns)
        h->due_ns = h->made_ns[there];
    if (h->confirmed < there)
        h->due_ns = now;
}

static struct host *next_host(void)
{
    struct host *next = &drive.hosts[0];
    for (uint64_t i = 1; i < drive.count; i++)
        if (drive.hosts[i].due_ns < next->due_ns)
            next = &drive.hosts[i];
    return next;
}

static uint64_t missing(void)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < drive.count; i++)
        n += drive.findings - drive.hosts[i].confirmed;
    return n;
}

static void run(void)
{
    int64_t end = drive.begin_ns + drive.span_ns, look = end;
    for (int64_t now = clock_monotonic_ns(); now < end + LATE_NS; now = clock_monotonic_ns()) {
        struct host *h = next_host();
        if (now >= look) {
            if (missing() == 0)
                return;
            look = now + NS_PER_S;
        }
        int64_t pause = h->due_ns - now;
        if (pause > 0)
            clock_nanosleep(
                CLOCK_MONOTONIC, 0,
                &(struct timespec){
                    .tv_nsec = (long)(pause < 100 * NS_PER_MS ? pause : 100 * NS_PER_MS)},
                NULL);
        else
            call(h, now);
    }
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void report(void)
{
    printf("{\"missing\":%" PRIu64 ",\"published\":%" PRIu64 ",\"errors\":%" PRIu64
           ",\"resends\":%" PRIu64 ",\"samples\":[",
           missing(), drive.published, drive.errors, drive.resends);
    qsort(drive.samples, drive.sample_count, sizeof(*drive.samples), by_value);
    uint32_t step = drive.sample_count / 1000 + 1;
    for (uint32_t i = 0; i < drive.sample_count; i += step)
        printf("%s%" PRIu32, i ? "," : "", drive.samples[i]);
    printf("],\"attempts\":[");
    int64_t seconds = (clock_monotonic_ns() - drive.begin_ns) / NS_PER_S + 1;
    for (int64_t s = 0; s < seconds && s < SECONDS_MAX; s++)
        printf("%s%" PRIu32, s ? "," : "", drive.attempts[s]);
    printf("]}\n");
}

int main(int argc, char **argv)
{
    if (argc != 8)
        return 64;
    log_setup(LOG_ERROR, 0);
    drive.url = argv[1];
    drive.first = strtoul(argv[2], NULL, 10);
    drive.count = strtoul(argv[3], NULL, 10);
    drive.span_ns = strtol(argv[4], NULL, 10) * NS_PER_S;
    drive.findings = strtoul(argv[5], NULL, 10);
    drive.max_len = strtoul(argv[6], NULL, 10);
    drive.shards = strtoul(argv[7], NULL, 10);
    drive.begin_ns = clock_monotonic_ns();
    drive.hosts = calloc(drive.count, sizeof(*drive.hosts));
    drive.samples = calloc(SAMPLES_MAX, sizeof(*drive.samples));
    CHECK(drive.hosts && drive.samples);
    for (uint64_t k = 0; k < drive.count; k++)
        open_host(drive.first + k);
    run();
    report();
    return missing() ? 1 : 0;
}
