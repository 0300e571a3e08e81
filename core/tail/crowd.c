/* SPDX-License-Identifier: MIT */
/*
 * crowd.c - who is followed: by name, by inode, in turn, and with an open descriptor.
 *
 * Hash chains in fixed tables and lists through the files themselves: the steady state allocates nothing.
 */

#include "base/check.h"
#include "base/hash.h"
#include "tail/follow.h"
#include "tail/sys.h"

#include <stdlib.h>
#include <string.h>

static struct followed **inode_bucket(struct tail *tail, uint64_t device, uint64_t inode)
{
    return &tail->by_inode[hash_join(device, inode) % CROWD_BUCKETS];
}

static uint64_t name_hash(const char *path)
{
    return hash_bytes(bytes_of(path));
}

struct followed *crowd_named(struct tail *tail, const char *path)
{
    uint64_t hash = name_hash(path);
    struct followed *f = tail->by_name[hash % CROWD_BUCKETS];
    while (f && (f->name_hash != hash || strcmp(f->source->path, path) != 0))
        f = f->name_next;
    return f;
}

struct followed *crowd_inode(struct tail *tail, uint64_t device, uint64_t inode)
{
    struct followed *f = *inode_bucket(tail, device, inode);
    while (f && (f->source->identity.inode != inode || f->source->identity.device != device))
        f = f->inode_next;
    return f;
}

struct followed *crowd_numbered(struct tail *tail, uint64_t serial)
{
    struct followed *f = tail->by_serial[serial % CROWD_BUCKETS];
    while (f && f->source->serial != serial)
        f = f->serial_next;
    return f;
}

static void crowd_unnumber(struct tail *tail, struct followed *f)
{
    struct followed **at = &tail->by_serial[f->source->serial % CROWD_BUCKETS];
    while (*at && *at != f)
        at = &(*at)->serial_next;
    if (*at)
        *at = f->serial_next;
}

void crowd_number(struct tail *tail, struct followed *f, uint64_t serial)
{
    crowd_unnumber(tail, f);
    f->source->serial = serial > 0 ? serial : ++tail->serials;
    struct followed **bucket = &tail->by_serial[f->source->serial % CROWD_BUCKETS];
    f->serial_next = *bucket;
    *bucket = f;
    crowd_changed(f);
}

void crowd_changed(struct followed *f)
{
    if (f->dirty || f->state == FOLLOW_GONE)
        return;
    TAILQ_INSERT_TAIL(&f->tail->dirty, f, change);
    f->dirty = true;
}

static void source_changed(struct source *source)
{
    crowd_changed(source->owner);
}

static const struct source_watch source_watch = {source_changed, resume_cut};

struct followed *crowd_add(struct tail *tail, struct source *source)
{
    struct followed *f = calloc(1, sizeof(*f));
    if (!f)
        return NULL;
    f->tail = tail;
    f->source = source;
    f->state = FOLLOW_ROTATED; // until it has a name
    tail->nameless++;
    f->size = source->seen;
    f->mtime_ns = source->mtime_ns;
    f->news_ns = clock_monotonic_ns();
    source->owner = f;
    source->watch = &source_watch;
    struct followed **bucket =
        inode_bucket(tail, source->identity.device, source->identity.inode);
    f->inode_next = *bucket;
    *bucket = f;
    TAILQ_INSERT_TAIL(&tail->all, f, all);
    tail->count++;
    tail->counts.opened++;
    return f;
}

void crowd_name(struct tail *tail, struct followed *f)
{
    CHECK(f->state == FOLLOW_ROTATED);
    f->name_hash = name_hash(f->source->path);
    struct followed **bucket = &tail->by_name[f->name_hash % CROWD_BUCKETS];
    f->name_next = *bucket;
    *bucket = f;
    f->state = FOLLOW_LIVE;
    tail->nameless--;
}

void crowd_unname(struct tail *tail, struct followed *f)
{
    CHECK(f->state == FOLLOW_LIVE);
    struct followed **at = &tail->by_name[f->name_hash % CROWD_BUCKETS];
    while (*at != f)
        at = &(*at)->name_next;
    *at = f->name_next;
    f->state = FOLLOW_ROTATED;
    f->source->idle = false; // unread until proven otherwise
    if (!generation_is_of(f->source->path, f->left_hash))
        crowd_left(tail, f, f->name_hash); // else app.log.1 goes: it is still what was app.log
    tail->nameless++;
}

/* first ◀─ other   becomes   first ◀─ then ◀─ ... ◀─ other, with all that waits for `then` already. */
void crowd_order(struct followed *first, struct followed *then)
{
    struct followed *last = then, *other = first->before;
    if (then->after)
        return; // it has its place
    while (last->before && last != first)
        last = last->before;
    if (last == first)
        return; // it is the other way round
    then->after = first;
    first->before = then;
    last->before = other;
    if (other)
        other->after = last;
}

void crowd_left(struct tail *tail, struct followed *f, uint64_t log)
{
    f->left_hash = log;
    tail->leavers[tail->leaver++ % LEAVERS_MAX] = f;
}

struct followed *crowd_leaver(struct tail *tail, const struct followed *f, uint64_t log)
{
    for (size_t i = 1; i <= LEAVERS_MAX; i++) {
        struct followed *old = tail->leavers[(tail->leaver - i) % LEAVERS_MAX];
        if (old && old != f && old->left_hash == log && !old->before)
            return old;
    }
    return NULL;
}

struct followed *crowd_succeed(struct tail *tail, struct followed *f)
{
    struct followed *old = crowd_leaver(tail, f, f->name_hash);
    if (old)
        crowd_order(old, f); // also when it is drained: who writes to it may not be done
    return old;
}

static void crowd_forget_order(struct tail *tail, struct followed *f)
{
    for (size_t i = 0; i < LEAVERS_MAX; i++)
        if (tail->leavers[i] == f)
            tail->leavers[i] = NULL;
    if (f->after)
        f->after->before = f->before;
    if (f->before)
        f->before->after = f->after;
    f->after = f->before = NULL;
}

void crowd_unfresh(struct tail *tail, struct followed *f)
{
    if (f->fresh)
        TAILQ_REMOVE(&tail->fresh, f, turn);
    f->fresh = false;
}

static void crowd_no_turn(struct tail *tail, struct followed *f)
{
    crowd_unfresh(tail, f);
    if (f->ready)
        TAILQ_REMOVE(&tail->ready, f, turn);
    if (f->waiting)
        TAILQ_REMOVE(&tail->archives, f, turn);
    f->ready = f->waiting = false;
}

void crowd_remove(struct tail *tail, struct followed *f)
{
    const struct identity *id = &f->source->identity;
    struct followed **at = inode_bucket(tail, id->device, id->inode);
    while (*at != f)
        at = &(*at)->inode_next;
    *at = f->inode_next;
    crowd_unnumber(tail, f);
    if (f->dirty)
        TAILQ_REMOVE(&tail->dirty, f, change);
    f->dirty = false;
    if (f->state == FOLLOW_LIVE)
        crowd_unname(tail, f);
    tail->nameless--;
    crowd_resume(tail, f);
    crowd_forget_order(tail, f);
    f->state = FOLLOW_GONE;
    crowd_no_turn(tail, f);
    crowd_unpacked(tail, f);
    crowd_parked(tail, f);
    source_park(f->source);
    if (tail->lent == f)
        tail->lent = NULL;
    TAILQ_REMOVE(&tail->all, f, all);
    tail->count--;
    TAILQ_INSERT_TAIL(&tail->trash, f, turn); // a sweep may still stand on it
}

void crowd_sweep(struct tail *tail)
{
    for (struct followed *f; (f = TAILQ_FIRST(&tail->trash)) != NULL;) {
        TAILQ_REMOVE(&tail->trash, f, turn);
        source_close(f->source);
        free(f);
    }
}

/* ---- turns ---------------------------------------------------------------- */

void crowd_ready(struct tail *tail, struct followed *f)
{
    if (f->ready || f->waiting || f->fresh || f->over || f->state == FOLLOW_GONE)
        return;
    f->held = false;
    bool archive = source_kind(f->source) == SOURCE_ARCHIVE;
    if (archive && tail->unpacking && tail->unpacking != f) {
        TAILQ_INSERT_TAIL(&tail->archives, f, turn);
        f->waiting = true;
        return;
    }
    if (archive)
        tail->unpacking = f;
    TAILQ_INSERT_TAIL(&tail->ready, f, turn);
    f->ready = true;
}

struct followed *crowd_turn(struct tail *tail)
{
    struct followed *f = TAILQ_FIRST(&tail->ready);
    if (!f)
        return NULL;
    TAILQ_REMOVE(&tail->ready, f, turn);
    f->ready = false;
    return f;
}

/* Nothing has been written to it that was not shown yet. */
static bool is_drained(const struct source *source)
{
    struct stat st;
    if (source_kind(source) == SOURCE_ARCHIVE)
        return source->ended || source->idle;
    if (source->fd < 0 || tail_sys.fstat(source->fd, &st) < 0)
        return true; // nothing is to be had from it now
    uint64_t size = (uint64_t)st.st_size;
    if (size < source->offset && source->marker.len > 0)
        return false; // cut off: the next read says so
    return size <= source->offset + source->shown;
}

/* Nobody has written to it for so long that nobody will: what comes after it need not look there any more. */
static bool is_settled(const struct tail *tail, const struct followed *f)
{
    return clock_monotonic_ns() - f->news_ns > tail->options.rotate_wait_ns;
}

static void crowd_cut_order(struct followed *f)
{
    f->after->before = NULL;
    f->after = NULL;
}

/* The nearest of those before it that has something to read. */
static struct followed *undrained_before(struct tail *tail, struct followed *f)
{
    for (struct followed *g = f->after; g; f = g, g = g->after) {
        if (g->source->fd < 0 && !g->source->final)
            rotate_reopen(tail, g);
        if (!is_drained(g->source))
            return g;
        if (is_settled(tail, g)) {
            crowd_cut_order(f);
            return NULL;
        }
    }
    return NULL;
}

/*
 * First the size of the file, then a look at those before it: what lies below that size was written before the look. With an empty
 * generation between them, the one that is not drained may be further back.
 */
bool crowd_waits(struct tail *tail, struct followed *f)
{
    struct stat st;
    struct source *source = f->source;
    bool archive = source_kind(source) == SOURCE_ARCHIVE;
    source->limit = UINT64_MAX;
    if (!f->after)
        return false;
    if (!archive && source->fd >= 0 && tail_sys.fstat(source->fd, &st) == 0)
        source->limit = (uint64_t)st.st_size;
    struct followed *first = undrained_before(tail, f);
    if (!first) {
        if (!f->after)
            source->limit = UINT64_MAX;
        return false;
    }
    if (archive && !first->ready) // it may wait itself, for this one's place
        return false;
    if (first->source->failing_ns == 0) // else it is tried in each sweep
        crowd_ready(tail, first);
    f->held = true;
    return true;
}

void crowd_resume(struct tail *tail, struct followed *f)
{
    for (struct followed *g = f->before; g; g = g->before)
        if (g->held)
            crowd_ready(tail, g);
}

void crowd_unpacked(struct tail *tail, struct followed *f)
{
    if (tail->unpacking != f)
        return;
    tail->unpacking = NULL;
    struct followed *next = TAILQ_FIRST(&tail->archives);
    if (!next)
        return;
    TAILQ_REMOVE(&tail->archives, next, turn);
    next->waiting = false;
    crowd_ready(tail, next);
}

/* ---- descriptors ---------------------------------------------------------- */

void crowd_parked(struct tail *tail, struct followed *f)
{
    if (!f->open)
        return;
    TAILQ_REMOVE(&tail->open, f, descriptor);
    f->open = false;
    tail->open_count--;
}

/* Park the one that was used longest ago; a rotated one has no name to come back by, so it is asked to end instead. */
static void crowd_park_one(struct tail *tail, const struct followed *except)
{
    int looks = 64;
    struct followed *f;
    TAILQ_FOREACH(f, &tail->open, descriptor)
    {
        if (looks-- == 0)
            return;
        if (f == except || f == tail->lent)
            continue;
        if (f->state == FOLLOW_LIVE) {
            crowd_parked(tail, f);
            source_park(f->source);
            return;
        }
        f->source->final = true;
        crowd_ready(tail, f);
    }
}

void crowd_opened(struct tail *tail, struct followed *f)
{
    if (f->open)
        TAILQ_REMOVE(&tail->open, f, descriptor);
    else
        tail->open_count++;
    f->open = true;
    TAILQ_INSERT_TAIL(&tail->open, f, descriptor);
    if (tail->open_count > tail->open_max)
        crowd_park_one(tail, f);
}

bool crowd_says(struct tail *tail, const char *subject)
{
    uint64_t hash = name_hash(subject) | 1; // 0 is an empty place
    for (size_t i = 0; i < 8; i++) {
        uint64_t *place = &tail->said[(hash + i) % SAID_MAX];
        if (*place == hash)
            return false;
        if (*place == 0) {
            *place = hash;
            return true;
        }
    }
    return false;
}
