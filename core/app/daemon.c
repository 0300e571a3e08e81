/* SPDX-License-Identifier: MIT */
/*
 * The order of things: at the start be what we were (restore.h), then read on; what the judge has seen is durable with the next
 * block (commit.h). At the end: stop reading, let the ring run empty, take a snapshot, give the sinks a few seconds. Windows that are
 * open then stay open: the next start goes on with them.
 */

#include "app/daemon.h"

#include "app/restore.h"
#include "app/state.h"
#include "app/status.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "deliver/jsonl.h"
#include "deliver/redis.h"
#include "deliver/shard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sinks get this long at the end. */
#define STOP_WITHIN_NS (4 * NS_PER_S)

enum { CHOICES_SAID = 20 }; /* files of a stream whose format is said */

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

/* A stream of thousands of files would fill the journal of the system with them. */
static void say_choice(const struct lane_stream *stream, const char *path, const char *choice)
{
    char window[CLOCK_TEXT_SIZE];
    if (stream->choices == CHOICES_SAID + 1)
        log_notice("stream %s: the formats of further files are not listed",
                   stream->plan->name);
    if (stream->choices > CHOICES_SAID)
        return;
    log_notice("stream %s: %s: %s; window %s", stream->plan->name, path, choice,
               clock_format_duration(windows_length_ns(stream->windows), window));
}

void slot_open(struct slot *slot, struct generation *generation,
               const struct config_stream *config, struct plan *plan)
{
    CHECK(!slot->generation);
    *slot = (struct slot){.generation = generation, .config = config, .plan = plan};
    CHECK(lane_stream_open(&plan->lane, &slot->stream) == 0); // some KiB
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

static void deliver(void *context, struct finding *finding)
{
    commit_finding(context, finding);
}

static void at_mark(void *context, const struct mark *mark)
{
    commit_at_mark(context, mark);
}

static bool told(void *context, const struct finding *finding)
{
    return commit_told(context, finding);
}

static void *run_judge(void *arg)
{
    struct daemon *d = arg;
    struct error error;
    CHECK(judge_start(d->judge, &error) ==
          0);       // what it needs was there when the labels were read
    status_note(d); // what it was handed on
    while (judge_step(d->judge, 1000))
        status_note(d);
    d->next_note_ns = 0;
    status_note(d); // as of the last frame
    judge_finish(d->judge);
    return NULL;
}

int daemon_judge(struct daemon *d, struct judge *old, const struct restore *restore,
                 struct error *reterr)
{
    const struct config *config = &d->generation->config;
    struct judge_options options = {.ring = d->ring,
                                    .isolation = config_isolation(config),
                                    .live = true,
                                    .resource = {config->resource.at, config->resource.count},
                                    .config_hash = config->hash,
                                    .deliver = deliver,
                                    .mark = at_mark,
                                    .told = told,
                                    .context = d};
    int r = judge_create(&options, &d->judge);
    if (r < 0)
        return error_set(reterr, r, "judge: out of memory");
    for (size_t i = 0; i < d->slot_count; i++)
        if (d->slots[i].generation)
            CHECK(judge_add(d->judge, (uint32_t)i, &d->slots[i].plan->judge) == 0);
    if (old)
        judge_inherit(d->judge, old);
    if (restore)
        restore_judge(d, restore);
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
    return arena_printf(&d->generation->config.arena, "%s/%s", d->state_dir, name);
}

static int open_state(struct daemon *d, struct error *reterr)
{
    const struct config *config = &d->generation->config;
    struct journal_options options = {.new_epoch = d->new_epoch,
                                      .max_bytes = config->outbox_bytes};
    d->state_dir = strdup(config->state_dir);
    CHECK(d->state_dir);
    int r = state_make(d->state_dir, reterr);
    return r < 0 ? r : journal_open(state_path(d, "journal"), &options, &d->journal, reterr);
}

static int open_redis(struct daemon *d, struct sink **ret, struct error *reterr)
{
    const struct config_redis *c = d->generation->config.sinks->redis;
    char name[256] = "localhost";
    gethostname(name, sizeof(name) - 1);
    const char *host = c->host ? c->host : name;
    char shard[SHARD_TEXT_SIZE];
    struct redis_options options = {
        .url = c->url,
        .prefix = c->prefix,
        .host = host,
        .shard = shard_format(c->shard < 0 ? shard_of(host, c->shards) : c->shard, shard),
        .shards = (uint64_t)c->shards,
        .heartbeat_ns = c->heartbeat_ns,
        .epoch = journal_epoch(d->journal),
        .new_epoch = d->new_epoch,
        .max_len = (uint64_t)c->max_len,
        .user = c->user,
        .password_file = c->password_file,
        .allow_plaintext = c->allow_plaintext,
        .instance_file = state_path(d, "instances"),
    };
    int r = redis_sink_open(&options, ret, reterr);
    if (r == 0)
        d->redis = *ret;
    return r;
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

/* From the journal's last block on; only then is it known which files are new. */
static int open_tail(struct daemon *d, struct restore **ret, struct error *reterr)
{
    struct tail_options options = {.no_inotify = d->poll};
    int r = tail_create(&options, &d->tail, reterr);
    if (r == 0)
        r = restore_load(d, ret, reterr);
    for (size_t i = 0; i < d->slot_count && r == 0; i++)
        r = slot_follow(d, &d->slots[i], reterr);
    return r < 0 ? r : tail_begin(d->tail);
}

/* While the lane waits for room: files come and go, and people want to know. */
static void tend(void *context)
{
    struct daemon *d = context;
    tail_tend(d->tail);
    status_write(d, clock_monotonic_ns());
}

static int open_parts(struct daemon *d, struct error *reterr)
{
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
    d->lane.live = true;
    return r;
}

int daemon_start(struct daemon *d, struct error *reterr)
{
    struct restore *restore = NULL;
    d->started_ns = clock_wall_ns();
    d->started_monotonic_ns = clock_monotonic_ns();
    pthread_mutex_init(&d->report_lock, NULL);
    commit_init(&d->commit);
    int r = journal_reader_init(&d->recall);
    r = r < 0 ? error_set(reterr, r, "daemon: out of memory") : open_parts(d, reterr);
    if (r == 0)
        r = open_tail(d, &restore, reterr);
    if (r == 0)
        r = daemon_judge(d, NULL, restore, reterr);
    if (r == 0) {
        restore_replay(d, restore);
        d->lane.context = d;
        d->lane.tend = tend;
        commit_mark(d, MARK_SNAPSHOT); // so that the next replay is short, whatever happens
    }
    restore_free(restore);
    return r;
}

/* ---- the end ------------------------------------------------------------ */

static void finish_reading(struct daemon *d)
{
    if (!d->judging)
        return;
    commit_mark(d, MARK_SNAPSHOT);
    d->lane.manifest = NULL; // what follows is no step: it is only the end
    daemon_finish_judge(d);
    d->lane.ended = true;
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
    journal_reader_free(&d->recall);
    commit_free(&d->commit);
    generation_free(d->generation);
    free(d->state_dir);
}
