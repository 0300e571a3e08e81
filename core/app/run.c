/* SPDX-License-Identifier: MIT */
/*
 * run.c - the daemon.
 *
 *      main thread: tail ─▶ lane ═ring═▶ judge thread ─▶ outbox ─▶ courier threads ─▶ redis, jsonl
 *
 * What the judge has released is durable in the outbox, so a bookmark may be written for everything that was read before a
 * position of the ring that is released. Order of the end: stop reading, let the ring run empty, write the bookmarks,
 * give the sinks a few seconds.
 */

#include "app/cli.h"
#include "app/feed.h"
#include "app/state.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "deliver/courier.h"
#include "deliver/jsonl.h"
#include "deliver/outbox.h"
#include "deliver/redis.h"
#include "tail/tail.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPT_CONFIG, OPT_NEW_EPOCH, OPT_POLL, OPTIONS };

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = {"config", "FILE", "(-c) the configuration; required"},
    [OPT_NEW_EPOCH] = {"new-epoch", NULL,
                       "go on after a FORK: forget what was published under the old epoch"},
    [OPT_POLL] = {"poll", NULL, "do not use inotify"},
};

/* How often quiet windows, waiting records and bookmarks are looked after; sinks get this long at the end. */
#define TICK_NS        (50 * NS_PER_MS)
#define IDLE_TICK_NS   NS_PER_S
#define BOOKMARK_NS    NS_PER_S
#define STOP_WITHIN_NS (4 * NS_PER_S)

struct daemon {
    struct config config;
    bool new_epoch, poll;
    struct library library;
    struct plan **plans;         /* [config.stream_count] */
    struct lane_stream *streams; /* [config.stream_count] */
    struct ring *ring;
    struct lane lane;
    struct tail *tail;
    struct judge *judge;
    pthread_t judge_thread;
    bool judging;
    struct outbox *outbox;
    struct courier *courier;
    uint64_t mark; /* ring position that the last bookmarks' mark waits for; 0 = none */
    int64_t next_tick_ns, next_mark_ns;
    bool stalled; /* the outbox is full, and it was said */
};

static volatile sig_atomic_t stop_asked;
static struct tail *tail_to_wake;

static void on_signal(int number)
{
    (void)number;
    stop_asked = 1;
    if (tail_to_wake)
        tail_wake(tail_to_wake);
}

/* ---- judge thread ------------------------------------------------------- */

/* Durable before anything else; when there is no room, wait: the ring fills, the tailer stops, the log file is the backlog. */
static void deliver(void *context, struct finding *finding)
{
    struct daemon *d = context;
    struct error error;
    int r;
    while ((r = outbox_append(d->outbox, finding, 1, &error)) == -ENOSPC) {
        if (!d->stalled)
            log_warning("outbox: %s; reading waits until sinks have caught up", error.text);
        d->stalled = true;
        usleep(100 * 1000);
    }
    if (r < 0) {
        log_error("outbox: %s; ending, since nothing could be made durable", error.text);
        abort(); // a failed sync is never retried: what the disk holds is unknown
    }
    if (d->stalled)
        log_notice("outbox: there is room again");
    d->stalled = false;
}

static void *run_judge(void *arg)
{
    struct daemon *d = arg;
    struct error error;
    int r = judge_start(d->judge, &error);
    CHECK(r == 0); // what it needs was there when the labels were read
    while (judge_step(d->judge, -1))
        ;
    return NULL;
}

/* ---- set-up ------------------------------------------------------------- */

static const char *state_path(struct daemon *d, const char *name)
{
    return arena_printf(&d->config.arena, "%s/%s", d->config.state_dir, name);
}

static int open_state(struct daemon *d, struct error *reterr)
{
    struct outbox_options options = {.new_epoch = d->new_epoch};
    int r = state_make(d->config.state_dir, reterr);
    return r < 0 ? r : outbox_open(state_path(d, "outbox"), &options, &d->outbox, reterr);
}

static int open_redis(struct daemon *d, struct sink **ret, struct error *reterr)
{
    const struct config_redis *c = d->config.sinks->redis;
    char name[256] = "localhost";
    gethostname(name, sizeof(name) - 1);
    struct redis_options options = {
        .url = c->url,
        .prefix = c->prefix,
        .host = c->host ? c->host : name,
        .epoch = outbox_epoch(d->outbox),
        .new_epoch = d->new_epoch,
        .max_len = (uint64_t)c->max_len,
        .user = c->user,
        .password_file = c->password_file,
    };
    return redis_sink_open(&options, ret, reterr);
}

static int open_sinks(struct daemon *d, struct error *reterr)
{
    struct courier_sink sinks[COURIER_SINKS_MAX];
    size_t count = 0;
    int r = 0;
    const struct config_sinks *c = d->config.sinks;
    if (c && c->jsonl) {
        sinks[count].name = "jsonl";
        r = jsonl_sink_open(c->jsonl->path, outbox_epoch(d->outbox), &sinks[count].sink,
                            reterr);
        count += r == 0;
    }
    if (r == 0 && c && c->redis) {
        sinks[count].name = "redis";
        r = open_redis(d, &sinks[count].sink, reterr);
        count += r == 0;
    }
    if (r == 0)
        r = courier_start(d->outbox, sinks, count, &d->courier, reterr);
    for (size_t i = 0; r < 0 && i < count; i++)
        sinks[i].sink->ops->close(sinks[i].sink);
    return r;
}

static void say_choice(const struct lane_stream *stream, const char *path, const char *choice)
{
    char window[CLOCK_TEXT_SIZE];
    log_notice("stream %s: %s: %s; window %s", stream->plan->name, path, choice,
               clock_format_duration(windows_length_ns(stream->windows), window));
}

static int open_streams(struct daemon *d, struct error *reterr)
{
    size_t count = d->config.stream_count;
    d->plans = arena_alloc(&d->config.arena, count, sizeof(*d->plans));
    d->streams = arena_alloc(&d->config.arena, count, sizeof(*d->streams));
    for (size_t i = 0; i < count; i++) {
        struct plan_place place = {d->config.path, (uint32_t)i, &d->library};
        int r = plan_create(&d->config.streams[i], &place, &d->plans[i], reterr);
        if (r < 0)
            return r;
        CHECK(judge_add(d->judge, (uint32_t)i, &d->plans[i]->judge) == 0);
        CHECK(lane_stream_open(d->plans[i], &d->streams[i]) == 0);
        d->streams[i].chose = say_choice;
    }
    return 0;
}

static int open_tail(struct daemon *d, struct error *reterr)
{
    struct tail_options options = {.bookmarks = state_path(d, "bookmarks"),
                                   .no_inotify = d->poll};
    int r = tail_create(&options, &d->tail, reterr);
    for (size_t i = 0; i < d->config.stream_count && r == 0; i++) {
        const struct config_stream *c = &d->config.streams[i];
        struct tail_wish wish = {
            .group = (uint32_t)i,
            .start = strcmp(c->start, "begin") == 0 ? TAIL_BEGIN : TAIL_END,
        };
        for (size_t k = 0; k < c->paths.count && r == 0; k++)
            r = tail_add(d->tail, c->paths.at[k], wish, reterr);
    }
    return r;
}

/* No mistake, since files may come; but a misspelt path looks the same. */
static void say_waiting(struct daemon *d)
{
    bool *has = arena_alloc(&d->config.arena, d->config.stream_count, sizeof(*has));
    for (struct source *s = tail_each(d->tail, NULL); s; s = tail_each(d->tail, s))
        has[tail_group(s)] = true;
    for (size_t i = 0; i < d->config.stream_count; i++) {
        const struct config_texts *paths = &d->config.streams[i].paths;
        if (!has[i])
            log_notice("stream %s: nothing to read yet: no file matches %s%s",
                       d->config.streams[i].name, paths->at[0],
                       paths->count > 1 ? ", nor its other paths" : "");
    }
}

static int open_judge(struct daemon *d, struct error *reterr)
{
    struct judge_options options = {
        .ring = d->ring,
        .isolation = d->library.isolation,
        .live = true,
        .resource = {d->config.resource.at, d->config.resource.count},
        .config_hash = d->config.hash,
        .deliver = deliver,
        .context = d};
    int r = judge_create(&options, &d->judge);
    return r < 0 ? error_set(reterr, r, "judge: out of memory") : 0;
}

static int start(struct daemon *d, struct error *reterr)
{
    int r = ring_create(d->config.ring_bytes, 1, &d->ring, reterr);
    if (r == 0)
        r = open_judge(d, reterr);
    if (r == 0)
        r = open_streams(d, reterr);
    if (r == 0)
        r = open_state(d, reterr);
    if (r == 0)
        r = open_sinks(d, reterr);
    if (r == 0)
        r = lane_init(&d->lane, d->ring, reterr);
    if (r == 0)
        r = open_tail(d, reterr);
    if (r < 0)
        return r;
    d->lane.live = true;
    r = -pthread_create(&d->judge_thread, NULL, run_judge, d);
    d->judging = r == 0;
    return r < 0 ? error_set(reterr, r, "judge: cannot start a thread: %s", strerror(-r)) : 0;
}

/* ---- the loop ----------------------------------------------------------- */

static struct feed *feed_of(struct daemon *d, struct source *source)
{
    struct feed *feed = tail_user(source);
    if (feed)
        return feed;
    struct lane_stream *stream = &d->streams[tail_group(source)];
    if (feed_open(&d->lane, stream, source, &feed) < 0)
        return NULL;
    if (source_offset(source))
        feed_set_line(feed, tail_note(source));
    tail_set_user(source, feed);
    return feed;
}

static void let_go(struct daemon *d, struct source *source)
{
    feed_close(&d->lane, tail_user(source));
    tail_set_user(source, NULL);
    tail_done(d->tail, source);
}

static void step(struct daemon *d, struct source *source)
{
    struct feed *feed = feed_of(d, source);
    if (!feed)
        return; // out of memory: its turn comes again
    enum feed_state state = feed_step(&d->lane, feed);
    tail_set_note(source, feed_line(feed));
    if (state == FEED_END)
        let_go(d, source);
}

/* Marks are made now and written once the judge is done with everything read before. */
static void keep_bookmarks(struct daemon *d, int64_t now_ns)
{
    struct error error;
    if (d->mark && ring_tail(d->ring) >= d->mark) {
        if (tail_save(d->tail, &error) < 0)
            log_warning("%s", error.text);
        d->mark = 0;
    }
    if (d->mark == 0 && now_ns >= d->next_mark_ns) {
        tail_mark(d->tail);
        d->mark = ring_head(d->ring);
        d->next_mark_ns = now_ns + BOOKMARK_NS;
    }
}

static void tick(struct daemon *d)
{
    int64_t now = clock_monotonic_ns();
    if (now < d->next_tick_ns)
        return;
    lane_flush_held(&d->lane, now);
    bool awake = d->lane.held != NULL;
    for (size_t i = 0; i < d->config.stream_count; i++) {
        lane_stream_tick(&d->lane, &d->streams[i], now);
        awake |= lane_stream_awake(&d->streams[i], now);
    }
    keep_bookmarks(d, now);
    d->next_tick_ns = now + (awake ? TICK_NS : IDLE_TICK_NS);
}

static void loop(struct daemon *d)
{
    while (!stop_asked) {
        int64_t wait = (d->next_tick_ns - clock_monotonic_ns()) / NS_PER_MS + 1;
        struct source *source = tail_next(d->tail, wait > 0 ? (int)wait : 0);
        if (source) {
            step(d, source);
            d->next_tick_ns = d->next_tick_ns > clock_monotonic_ns() + TICK_NS
                                  ? clock_monotonic_ns() + TICK_NS
                                  : d->next_tick_ns;
        }
        tick(d);
    }
}

/* ---- the end ------------------------------------------------------------ */

static void close_feeds(struct daemon *d)
{
    struct source *next;
    for (struct source *source = tail_each(d->tail, NULL); source; source = next) {
        next = tail_each(d->tail, source);
        feed_close(&d->lane, tail_user(source));
        tail_set_user(source, NULL);
    }
}

/* What was read is judged, even the windows that are open; then the bookmarks say how far that is. */
static void finish_reading(struct daemon *d)
{
    struct error error;
    if (!d->judging)
        return;
    for (size_t i = 0; i < d->config.stream_count; i++)
        lane_stream_end(&d->lane, &d->streams[i]);
    tail_mark(d->tail);
    lane_end(&d->lane);
    pthread_join(d->judge_thread, NULL);
    if (tail_save(d->tail, &error) < 0)
        log_warning("%s", error.text);
}

static void say_counts(struct daemon *d)
{
    if (!d->judging)
        return;
    struct judge_counts counts = judge_counts(d->judge);
    log_notice("stopped: %" PRIu64 " lines, %" PRIu64 " findings, %" PRIu64 " gaps",
               atomic_load(&d->lane.progress.lines), counts.findings, counts.gaps);
}

static void stop(struct daemon *d)
{
    tail_to_wake = NULL;
    finish_reading(d);
    say_counts(d);
    if (d->tail)
        close_feeds(d);
    for (size_t i = 0; d->streams && i < d->config.stream_count; i++)
        lane_stream_close(&d->streams[i]);
    bool all = !d->courier || courier_stop(d->courier, clock_monotonic_ns() + STOP_WITHIN_NS);
    if (all) // else a thread that hangs in its sink still uses it; the process ends anyway
        outbox_close(d->outbox);
    tail_free(d->tail);
    judge_free(d->judge);
    lane_free(&d->lane);
    ring_destroy(d->ring);
    for (size_t i = 0; d->plans && i < d->config.stream_count; i++)
        plan_free(d->plans[i]);
    library_free(&d->library);
    config_free(&d->config);
}

static void catch_signals(struct daemon *d)
{
    struct sigaction action = {.sa_handler = on_signal};
    tail_to_wake = d->tail;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    struct daemon *d = context;
    (void)reterr;
    if (index == OPT_CONFIG)
        d->config.path = value;
    d->new_epoch |= index == OPT_NEW_EPOCH;
    d->poll |= index == OPT_POLL;
    return true;
}

int command_run(int argc, char **argv)
{
    struct daemon d = {0};
    struct option_set set = {"run", specs, OPTIONS, take, &d};
    struct error error;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (!d.config.path || first != argc) {
        error_set(&error, -EINVAL, "run: say oddline run -c FILE");
        return say_failure(EXIT_USAGE, &error);
    }
    log_setup(LOG_NOTICE, 1);
    int r = config_read(d.config.path, &d.config, &error);
    if (r < 0)
        return say_failure(EXIT_CONFIG, &error);
    r = start(&d, &error);
    if (r == 0) {
        catch_signals(&d);
        log_notice("running: %zu streams, state in %s", d.config.stream_count,
                   d.config.state_dir);
        say_waiting(&d);
        loop(&d);
        log_notice("stopping");
    } else {
        log_error("%s", error.text);
    }
    stop(&d);
    return r < 0 ? (r == -EINVAL ? EXIT_CONFIG : EXIT_IO) : EXIT_DONE;
}
