/* SPDX-License-Identifier: MIT */
/*
 * restore_replay.c - the steps behind the snapshot once more, and how each source goes on.
 */

#include "app/restore_inner.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"

#include <inttypes.h>

/* ---- steps, once more ---------------------------------------------------- */

static void close_source(struct back *back)
{
    if (back->feed)
        feed_set_source(back->feed, NULL);
    source_close(back->source);
    back->source = NULL;
}

static bool stands_at(struct restore *restore, struct back *back, uint64_t offset)
{
    struct error error;
    if (back->source && source_offset(back->source) == offset)
        return true;
    close_source(back);
    if (tail_reread(restore->daemon->tail, back->number, offset, &back->source, &error) < 0) {
        log_notice("replay: %s", error.text);
        return false;
    }
    feed_set_source(back->feed, back->source);
    return true;
}

static void redo_bytes(struct restore *restore, struct back *back, const struct step *step)
{
    struct lane *lane = &restore->daemon->lane;
    if (back->gone)
        return;
    if (stands_at(restore, back, step->offset) && feed_redo(lane, back->feed, step) == 0)
        return;
    close_source(back); // once more from a fresh one, which has shown nothing yet
    if (stands_at(restore, back, step->offset) && feed_redo(lane, back->feed, step) == 0)
        return;
    close_source(back);
    back->gone = true;
    back->gone_at = step->offset;
}

static void redo_open(struct restore *restore, const struct step *step)
{
    struct daemon *d = restore->daemon;
    struct slot *slot = restore_slot(d, step->key);
    char path[4096];
    struct feed_start start = {.number = step->source,
                               .path = path,
                               .modified_ns = step->time_ns,
                               .line = step->line,
                               .offset = step->offset};
    if (!restore_has(restore, slot) || step->text.len >= sizeof(path))
        return;
    memcpy(path, step->text.at, step->text.len);
    path[step->text.len] = '\0';
    struct back *back = restore_get(restore, step->source);
    close_source(back);
    feed_close(&d->lane, back->feed);
    back->gone = false;
    back->feed = NULL;
    CHECK(feed_open(&d->lane, &slot->stream, &start, NULL, &back->feed) == 0); // some KiB
}

static void redo_anew(struct restore *restore, struct back *back, const struct step *step)
{
    struct feed *feed = back->feed;
    close_source(back);
    feed_redo(&restore->daemon->lane, feed, step);
    back->feed = NULL; // the pointer `back` ends here
    restore_get(restore, (uint32_t)step->bytes)->feed = feed;
}

static void redo_quiet(struct restore *restore, const struct step *step)
{
    struct slot *slot = restore_slot(restore->daemon, step->key);
    if (restore_has(restore, slot))
        lane_stream_quiet(&restore->daemon->lane, &slot->stream, step->time_ns);
}

static void redo_close(struct restore *restore, struct back *back)
{
    close_source(back);
    feed_close(&restore->daemon->lane, back->feed);
    back->feed = NULL;
}

/* Steps of sources whose stream is not as it was have nobody to do them. */
static void redo(struct restore *restore, const struct step *step)
{
    if (step->kind == STEP_OPEN) {
        redo_open(restore, step);
        return;
    }
    if (step->kind == STEP_QUIET) {
        redo_quiet(restore, step);
        return;
    }
    if (step->kind == STEP_SILENCES) {
        lane_silences(&restore->daemon->lane, step->text);
        return;
    }
    if (step->kind == STEP_REMARKS) {
        lane_remarks(&restore->daemon->lane, step->text);
        return;
    }
    struct back *back = restore_find(restore, step->source);
    if (!back || !back->feed || step->kind == STEP_MARK || step->kind == STEP_COUNTS)
        return;
    if (step->kind == STEP_ANEW)
        redo_anew(restore, back, step);
    else if (step->kind == STEP_CLOSE)
        redo_close(restore, back);
    else if (step->kind == STEP_IDLE || step->kind == STEP_GAP ||
             (step->kind == STEP_FINISH && step->bytes == 0))
        feed_redo(&restore->daemon->lane, back->feed, step);
    else
        redo_bytes(restore, back, step);
}

static int redo_block(void *context, const struct journal_block *block)
{
    struct restore *restore = context;
    struct manifest_walk walk = manifest_walk(block->manifest);
    struct step step;
    if (block->hole)
        return 0; // what it held is known from those behind it, but for the state
    if (block->manifest.len == 0)
        return 0; // findings of a flood went ahead: their steps, and the mark, are in the next one
    while (manifest_next(&walk, &step) > 0) {
        redo(restore, &step);
        restore->steps++;
    }
    commit_mark_replayed(restore->daemon, 0, block->first_n + block->count);
    return 0;
}

/* ---- going on ------------------------------------------------------------ */

/* What was scored and cannot be read again is not in the state any more. */
static void say_gone(struct restore *restore, const struct back *back)
{
    char reason[160];
    uint64_t bytes = back->offset > back->gone_at ? back->offset - back->gone_at : 0;
    if (bytes == 0)
        return; // nothing was learnt of what nobody could use
    snprintf(reason, sizeof(reason),
             "%" PRIu64
             " bytes that were scored before the restart are gone: what the detectors "
             "learnt of them is lost",
             bytes);
    feed_gap(&restore->daemon->lane, back->feed, 0, reason);
}

static void go_on(struct restore *restore, struct source *source)
{
    struct back *back = restore_find(restore, (uint32_t)tail_serial(source));
    struct back *origin = restore_find(restore, (uint32_t)tail_origin(source));
    struct daemon *d = restore->daemon;
    if (origin)
        origin->left = true; // an archive or a copy goes on there
    if (!back || !back->feed)
        return;
    if (feed_stream(back->feed) != &d->slots[tail_group(source)].stream) {
        back->left = true; // another stream reads on
        return;
    }
    close_source(back);
    feed_go_on(&d->lane, back->feed, source);
    tail_set_user(source, back->feed);
    if (back->gone) {
        feed_set_line(back->feed, tail_note(source));
        say_gone(restore, back);
    }
    back->feed = NULL;
}

/* Is another file there under its name? Then the tail has said, of that one, what is missing. */
static bool has_heir(const struct restore *restore, const struct back *back)
{
    struct tail *tail = restore->daemon->tail;
    for (struct source *s = tail_each(tail, NULL); s && back->followed; s = tail_each(tail, s))
        if (hash_bytes(bytes_of(source_path(s))) == back->path)
            return true;
    return false;
}

/* Its file is not there any more: what was not read of it never will be. */
static void give_up(struct restore *restore, struct back *back)
{
    struct lane *lane = &restore->daemon->lane;
    if (!back->feed)
        return;
    if (back->gone)
        say_gone(restore, back);
    close_source(back);
    if (!back->left && back->size > back->offset && !has_heir(restore, back))
        feed_gap(lane, back->feed, back->size - back->offset,
                 "gone before it was read to its end, while nobody read it");
    feed_close(lane, back->feed);
    back->feed = NULL;
}

void restore_replay(struct daemon *d, struct restore *restore)
{
    int64_t begun = clock_monotonic_ns();
    if (restore->warm) {
        restore_bring(restore);
        journal_replay(d->journal, restore->seq, redo_block, restore);
    }
    commit_go_on(d, &restore->bytes);
    commit_mark_replayed(d, MARK_REPLAYED, journal_next_n(d->journal));
    d->lane.manifest = &d->commit.manifest;
    for (struct source *s = tail_each(d->tail, NULL); s; s = tail_each(d->tail, s))
        go_on(restore, s);
    for (size_t i = 0; i < restore->count; i++)
        give_up(restore, &restore->backs[i]);
    if (restore->blocks)
        log_notice("restored: snapshot at block %" PRIu64 ", then %" PRIu64
                   " blocks with %" PRIu64 " steps in %.3f s",
                   restore->seq, restore->blocks, restore->steps,
                   (double)(clock_monotonic_ns() - begun) / NS_PER_S);
}
