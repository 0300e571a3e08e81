/* SPDX-License-Identifier: MIT */
/*
 * reload.c - from one configuration to the next while everything runs.
 *
 *      read, plan all ──fails──▶ keep the old, say why
 *            │
 *      end what changes ─▶ ring runs empty, workers save ─▶ new judge takes over ─▶ read on
 *
 * Streams are told apart by name. One whose text in the configuration and whose plugin files are the same keeps everything: windows,
 * open troubles, calibration, the state of its detectors. One that changed ends its windows and begins anew; its detectors are
 * offered the state of their predecessors. What was read and is not a record yet is read again.
 */

#include "app/daemon.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum fate { FATE_FREE, FATE_KEEP, FATE_CHANGE, FATE_ADD, FATE_REMOVE };

struct change {
    struct generation *generation;
    enum fate fates[DAEMON_STREAMS_MAX];
    const struct config_stream *configs[DAEMON_STREAMS_MAX];
    struct plan *plans[DAEMON_STREAMS_MAX];
    struct slot olds[DAEMON_STREAMS_MAX];
    size_t slot_count;
};

static size_t find_slot(const struct daemon *d, const struct change *change, const char *name)
{
    size_t empty = SIZE_MAX;
    for (size_t i = 0; i < DAEMON_STREAMS_MAX; i++) {
        const struct slot *slot = &d->slots[i];
        if (slot->generation && strcmp(slot->config->name, name) == 0)
            return i;
        if (!slot->generation && !change->configs[i] && empty == SIZE_MAX)
            empty = i;
    }
    return empty;
}

static bool same_detectors(const struct plan *a, const struct plan *b)
{
    if (a->judge.use_count != b->judge.use_count)
        return false;
    for (size_t i = 0; i < a->judge.use_count; i++)
        if (!plugin_same_file(a->judge.uses[i].plugin, b->judge.uses[i].plugin))
            return false;
    return true;
}

static int plan_one(struct daemon *d, struct change *change, const struct config_stream *config,
                    struct error *reterr)
{
    struct generation *g = change->generation;
    size_t i = find_slot(d, change, config->name);
    if (i == SIZE_MAX)
        return error_set(reterr, -EINVAL,
                         "%s:%d: more than %d streams, counting those that end", g->config.path,
                         config->line, DAEMON_STREAMS_MAX);
    const struct slot *slot = &d->slots[i];
    struct plan_place place = {g->config.path, (uint32_t)i, &g->library};
    int r = plan_create(config, &place, &change->plans[i], reterr);
    if (r < 0)
        return r;
    bool same = slot->generation && slot->config->hash == config->hash &&
                same_detectors(slot->plan, change->plans[i]);
    change->fates[i] = !slot->generation ? FATE_ADD : same ? FATE_KEEP : FATE_CHANGE;
    change->configs[i] = config;
    change->slot_count = i >= change->slot_count ? i + 1 : change->slot_count;
    return 0;
}

/* Everything that can fail, before anything is touched. */
static int prepare(struct daemon *d, struct change *change, struct error *reterr)
{
    int r = generation_create(d->config_path, &change->generation, reterr);
    if (r < 0)
        return r;
    const struct config *config = &change->generation->config;
    change->slot_count = d->slot_count;
    for (size_t i = 0; i < config->stream_count && r == 0; i++)
        r = plan_one(d, change, &config->streams[i], reterr);
    for (size_t i = 0; i < d->slot_count; i++)
        if (d->slots[i].generation && change->fates[i] == FATE_FREE)
            change->fates[i] = FATE_REMOVE;
    return r;
}

static void drop(struct change *change)
{
    for (size_t i = 0; i < DAEMON_STREAMS_MAX; i++)
        plan_free(change->plans[i]);
    generation_free(change->generation);
}

/* ---- going over --------------------------------------------------------- */

/* The lane's half: streams that change or end give what they counted; then the judge comes to its end. */
static void wind_up(struct daemon *d, const struct change *change)
{
    lane_flush_held(&d->lane, INT64_MAX);
    for (size_t i = 0; i < d->slot_count; i++)
        if (change->fates[i] == FATE_CHANGE || change->fates[i] == FATE_REMOVE)
            lane_stream_end(&d->lane, &d->slots[i].stream);
    daemon_finish_judge(d);
}

static void forget_sources(struct daemon *d, uint32_t group)
{
    struct source *next;
    for (struct source *s = tail_each(d->tail, NULL); s; s = next) {
        next = tail_each(d->tail, s);
        if (tail_group(s) == group)
            tail_done(d->tail, s);
    }
}

/* The slot's old content is put aside: the old judge still speaks of it. */
static void go_over(struct daemon *d, struct change *change, size_t i)
{
    struct slot *slot = &d->slots[i];
    struct error error;
    if (slot->generation) {
        slot_close_feeds(d, slot);
        tail_remove(d->tail, (uint32_t)i);
        if (change->fates[i] == FATE_REMOVE)
            forget_sources(d, (uint32_t)i);
        change->olds[i] = *slot;
        *slot = (struct slot){0};
    }
    if (change->fates[i] == FATE_REMOVE)
        return;
    slot_open(slot, change->generation, change->configs[i], change->plans[i]);
    change->plans[i] = NULL;
    if (slot_follow(d, slot, &error) < 0)
        log_warning("%s", error.text);
}

static void close_olds(struct change *change)
{
    for (size_t i = 0; i < DAEMON_STREAMS_MAX; i++) {
        struct generation *g = change->olds[i].generation;
        slot_close(&change->olds[i]);
        if (g && g->slots == 0 && g != change->generation)
            generation_free(g);
    }
}

static void announce_kept(struct daemon *d, const struct change *change)
{
    for (size_t i = 0; i < d->slot_count; i++)
        if (change->fates[i] == FATE_KEEP && d->slots[i].stream.announced)
            lane_stream_announce(&d->lane, &d->slots[i].stream);
}

/* What is made once, at the start. Of the sinks nothing is compared. */
static void say_later(const struct daemon *d, const struct config *next)
{
    const struct config *now = &d->generation->config;
    if (strcmp(d->state_dir, next->state_dir) != 0 || now->ring_bytes != next->ring_bytes ||
        now->outbox_bytes != next->outbox_bytes)
        log_warning("reload: state_dir, ring and outbox change with the next start only");
}

static void swap(struct daemon *d, struct change *change)
{
    struct judge *old = d->judge;
    struct error error;
    say_later(d, &change->generation->config);
    commit_mark(d, 0);
    wind_up(d, change);
    d->generation->slots++; // not before we let go of it
    struct generation *before = d->generation;
    d->generation = change->generation;
    d->slot_count = change->slot_count;
    for (size_t i = 0; i < d->slot_count; i++)
        if (change->fates[i] != FATE_FREE && change->fates[i] != FATE_KEEP)
            go_over(d, change, i);
    CHECK(daemon_judge(d, old, NULL, &error) == 0); // a thread and some KiB
    judge_free(old);
    announce_kept(d, change);
    commit_mark(d, MARK_SNAPSHOT); // a replay never crosses a change of the configuration
    close_olds(change);
    if (--before->slots == 0)
        generation_free(before);
}

static size_t count_fates(const struct change *change, enum fate fate)
{
    size_t count = 0;
    for (size_t i = 0; i < DAEMON_STREAMS_MAX; i++)
        count += change->fates[i] == fate;
    return count;
}

void daemon_reload(struct daemon *d)
{
    struct change *change = calloc(1, sizeof(*change));
    struct error error;
    if (!change || prepare(d, change, &error) < 0) {
        log_error("reload: %s; the old configuration stays",
                  change ? error.text : "out of memory");
        if (change)
            drop(change);
        free(change);
        return;
    }
    swap(d, change);
    log_notice("reloaded: %zu streams kept, %zu changed, %zu added, %zu removed",
               count_fates(change, FATE_KEEP), count_fates(change, FATE_CHANGE),
               count_fates(change, FATE_ADD), count_fates(change, FATE_REMOVE));
    for (size_t i = 0; i < DAEMON_STREAMS_MAX; i++)
        plan_free(change->plans[i]); // of streams that stayed as they were
    free(change);
}
