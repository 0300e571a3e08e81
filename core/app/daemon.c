/* SPDX-License-Identifier: MIT */
/*
 * The order of things: what the judge has released is durable in the outbox, so a bookmark may be written for everything
 * that was read before a position that the judge has passed. At the end: stop reading, let the ring run empty, write the
 * bookmarks, give the sinks a few seconds.
 */

#include "app/daemon.h"

#include "app/state.h"
#include "app/status.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "deliver/jsonl.h"
#include "deliver/redis.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sinks get this long at the end. */
#define STOP_WITHIN_NS (4 * NS_PER_S)

/* ---- generations and slots ---------------------------------------------- */

int generation_create(const char *path, struct generation **ret, struct error *reterr)
{
    struct generation *generation = calloc(1, sizeof(*generation));
    if (!generation)
        return error_set(reterr, -ENOMEM, "%s: out of memory", path);
    int r = config_read(path, &generation->config, reterr);
    if (r == 0 && generation->config.stream_count > DAEMON_STREAMS_MAX)
        r = error_set(reterr, -EINVAL, "%s: more than %d streams", path, DAEMON_STREAMS_MAX);
    if (r < 0) {
        generation_free(generation);
        return r;
    }
    generation->library.isolation = config_isolation(&generation->config);
    *ret = generation;
    return 0;
}

void generation_free(struct generation *generation)
{
    if (!generation)
        return;
    CHECK(generation->slots == 0);
    library_free(&generation->library);
    config_free(&generation->config);
    free(generation);
}

static void say_choice(const struct lane_stream *stream, const char *path, const char *choice)
{
    char window[CLOCK_TEXT_SIZE];
    log_notice("stream %s: %s: %s; window %s", stream->plan->name, path, choice,
               clock_format_duration(windows_length_ns(stream->windows), window));
}

void slot_open(struct slot *slot, struct generation *generation,
               const struct config_stream *config, struct plan *plan)
{
    CHECK(!slot->generation);
    *slot = (struct slot){.generation = generation, .config = config, .plan = plan};
    CHECK(lane_stream_open(plan, &slot->stream) == 0); // some KiB
    slot->stream.chose = say_choice;
    generation->slots++;
}

void slot_close(struct slot *slot)
{
    if (!slot->generation)
        return;
    lane_stream_close(&slot->stream);
    plan_free(slot->plan);
    slot->generation->slots--;
    *slot = (struct slot){0};
}

static int open_slots(struct daemon *d, struct error *reterr)
{
    struct generation *g = d->generation;
    d->slots = calloc(DAEMON_STREAMS_MAX, sizeof(*d->slots));
    CHECK(d->slots);
    for (; d->slot_count < g->config.stream_count; d->slot_count++) {
        const struct config_stream *config = &g->config.streams[d->slot_count];
        struct plan_place place = {g->config.path, (uint32_t)d->slot_count, &g->library};
        struct plan *plan;
        int r = plan_create(config, &place, &plan, reterr);
        if (r < 0)
            return r;
        slot_open(&d->slots[d->slot_count], g, config, plan);
    }
    return 0;
}

/* ---- judge thread ------------------------------------------------------- */

/* Durable before anything else; when there is no room, wait: the ring fills, the tailer stops, the log file is the backlog. */
static void deliver(void *context, struct finding *finding)
{
    struct daemon *d = context;
    struct error error;
    int r;
    while ((r = journal_append(d->journal, finding, 1, &error)) == -ENOSPC) {
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
    CHECK(judge_start(d->judge, &error) ==
          0); // what it needs was there when the labels were read
    while (judge_step(d->judge, 1000))
        status_note(d);
    judge_finish(d->judge);
    return NULL;
}

/* What the detectors knew when the daemon last ended in order. */
static void recall(struct daemon *d)
{
    struct buffer text = {0};
    if (state_take(d->generation->config.state_dir, &text) == 0 &&
        judge_unpack(d->judge, buffer_bytes(&text)) < 0)
        log_warning("what the detectors knew cannot be read; they begin anew");
    buffer_free(&text);
}

static void remember(struct daemon *d)
{
    struct buffer text = {0};
    judge_pack(d->judge, &text);
    int r = text.failed ? -ENOMEM : state_keep(d->generation->config.state_dir, &text);
    if (r < 0)
        log_warning("what the detectors know cannot be kept: %s", strerror(-r));
    buffer_free(&text);
}

int daemon_judge(struct daemon *d, struct judge *old, struct error *reterr)
{
    const struct config *config = &d->generation->config;
    struct judge_options options = {.ring = d->ring,
                                    .isolation = config_isolation(config),
                                    .live = true,
                                    .resource = {config->resource.at, config->resource.count},
                                    .config_hash = config->hash,
                                    .deliver = deliver,
                                    .context = d};
    int r = judge_create(&options, &d->judge);
    if (r < 0)
        return error_set(reterr, r, "judge: out of memory");
    for (size_t i = 0; i < d->slot_count; i++)
        if (d->slots[i].generation)
            CHECK(judge_add(d->judge, (uint32_t)i, &d->slots[i].plan->judge) == 0);
    if (old)
        judge_inherit(d->judge, old);
    else
        recall(d);
    r = -pthread_create(&d->judge_thread, NULL, run_judge, d);
    d->judging = r == 0;
    return r < 0 ? error_set(reterr, r, "judge: cannot start a thread: %s", strerror(-r)) : 0;
}

void daemon_finish_judge(struct daemon *d)
{
    lane_end(&d->lane);
    pthread_join(d->judge_thread, NULL);
    d->judging = false;
}

/* ---- set-up ------------------------------------------------------------- */

static const char *state_path(struct daemon *d, const char *name)
{
    struct config *config = &d->generation->config;
    return arena_printf(&config->arena, "%s/%s", config->state_dir, name);
}

static int open_state(struct daemon *d, struct error *reterr)
{
    struct journal_options options = {.new_epoch = d->new_epoch};
    int r = state_make(d->generation->config.state_dir, reterr);
    return r < 0 ? r : journal_open(state_path(d, "journal"), &options, &d->journal, reterr);
}

static int open_redis(struct daemon *d, struct sink **ret, struct error *reterr)
{
    const struct config_redis *c = d->generation->config.sinks->redis;
    char name[256] = "localhost";
    gethostname(name, sizeof(name) - 1);
    struct redis_options options = {
        .url = c->url,
        .prefix = c->prefix,
        .host = c->host ? c->host : name,
        .epoch = journal_epoch(d->journal),
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
    const struct config_sinks *c = d->generation->config.sinks;
    if (c && c->jsonl) {
        sinks[count].name = "jsonl";
        r = jsonl_sink_open(c->jsonl->path, journal_epoch(d->journal), &sinks[count].sink,
                            reterr);
        count += r == 0;
    }
    if (r == 0 && c && c->redis) {
        sinks[count].name = "redis";
        r = open_redis(d, &sinks[count].sink, reterr);
        count += r == 0;
    }
    if (r == 0)
        r = courier_start(d->journal, sinks, count, &d->courier, reterr);
    for (size_t i = 0; r < 0 && i < count; i++)
        sinks[i].sink->ops->close(sinks[i].sink);
    return r;
}

int slot_follow(struct daemon *d, const struct slot *slot, struct error *reterr)
{
    const struct config_stream *c = slot->config;
    struct tail_wish wish = {
        .group = slot->plan->number,
        .start = strcmp(c->start, "begin") == 0 ? TAIL_BEGIN : TAIL_END,
    };
    int r = 0;
    for (size_t i = 0; i < c->paths.count && r == 0; i++)
        r = tail_add(d->tail, c->paths.at[i], wish, reterr);
    return r;
}

void slot_close_feeds(struct daemon *d, const struct slot *slot)
{
    for (struct source *s = tail_each(d->tail, NULL); s; s = tail_each(d->tail, s))
        if (tail_user(s) && tail_group(s) == slot->plan->number) {
            feed_close(&d->lane, tail_user(s));
            tail_set_user(s, NULL);
        }
}

static int open_tail(struct daemon *d, struct error *reterr)
{
    struct tail_options options = {.bookmarks = state_path(d, "bookmarks"),
                                   .no_inotify = d->poll};
    int r = tail_create(&options, &d->tail, reterr);
    for (size_t i = 0; i < d->slot_count && r == 0; i++)
        r = slot_follow(d, &d->slots[i], reterr);
    return r;
}

int daemon_start(struct daemon *d, struct error *reterr)
{
    d->started_ns = clock_wall_ns();
    d->started_monotonic_ns = clock_monotonic_ns();
    pthread_mutex_init(&d->report_lock, NULL);
    int r = generation_create(d->config_path, &d->generation, reterr);
    if (r == 0)
        r = ring_create(d->generation->config.ring_bytes, 1, &d->ring, reterr);
    if (r == 0)
        r = open_slots(d, reterr);
    if (r == 0)
        r = open_state(d, reterr);
    if (r == 0)
        r = open_sinks(d, reterr);
    if (r == 0)
        r = lane_init(&d->lane, d->ring, reterr);
    if (r == 0)
        r = open_tail(d, reterr);
    d->lane.live = true;
    return r < 0 ? r : daemon_judge(d, NULL, reterr);
}

/* ---- the end ------------------------------------------------------------ */

/* What was read is judged, even the windows that are open; then the bookmarks say how far that is. */
static void finish_reading(struct daemon *d)
{
    struct error error;
    if (!d->judging)
        return;
    for (size_t i = 0; i < d->slot_count; i++)
        if (d->slots[i].generation)
            lane_stream_end(&d->lane, &d->slots[i].stream);
    tail_mark(d->tail);
    daemon_finish_judge(d);
    if (tail_save(d->tail, &error) < 0)
        log_warning("%s", error.text);
    remember(d);
    struct judge_counts counts = judge_counts(d->judge);
    log_notice("stopped: %" PRIu64 " lines, %" PRIu64 " findings, %" PRIu64 " gaps",
               atomic_load(&d->lane.progress.lines), counts.findings, counts.gaps);
}

void daemon_stop(struct daemon *d)
{
    finish_reading(d);
    for (size_t i = 0; i < d->slot_count; i++) {
        if (d->tail && d->slots[i].generation)
            slot_close_feeds(d, &d->slots[i]);
    }
    if (d->courier)
        status_end(d);
    bool all = !d->courier || courier_stop(d->courier, clock_monotonic_ns() + STOP_WITHIN_NS);
    if (all) // else a thread that hangs in its sink still uses it; the process ends anyway
        journal_close(d->journal);
    tail_free(d->tail);
    judge_free(d->judge);
    lane_free(&d->lane);
    ring_destroy(d->ring);
    for (size_t i = 0; i < d->slot_count; i++) {
        struct generation *g = d->slots[i].generation;
        slot_close(&d->slots[i]);
        if (g && g != d->generation && g->slots == 0)
            generation_free(g);
    }
    free(d->slots);
    generation_free(d->generation);
}
