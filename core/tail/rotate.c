/* SPDX-License-Identifier: MIT */
/*
 * rotate.c - what happens to names: rename, delete, create, link switch, in any order and noticed late.
 *
 *      name now means...      the followed file under it        and then
 *      ─────────────────────  ────────────────────────────────  ─────────────────────────────────
 *      the same file          has news perhaps                  -
 *      nothing                is rotated: drained, then closed  -
 *      another known file     is rotated                        adopts the name (app.log -> app.log.1)
 *      another, new file      is rotated                        followed from its beginning
 *
 * Everything is decided by looking at the file system as it is now, never by what an event said: events come late, and
 * several rotations may lie between.
 */

#include "base/log.h"
#include "tail/archive.h"
#include "tail/beside.h"
#include "tail/follow.h"
#include "tail/sys.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An archive that was written to so recently may not be finished. */
#define ARCHIVE_QUIET_NS NS_PER_S

/* Quiet for so long, it is looked at in one of so many sweeps. */
#define ASLEEP_NS (10 * NS_PER_S)
#define BURIED_NS (300 * NS_PER_S)
enum { ASLEEP_SHARE = 5, BURIED_SHARE = 30 };

static int64_t mtime_ns(const struct stat *st)
{
    return st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
}

static bool is_at(const struct followed *f, const struct stat *st)
{
    const struct identity *id = &f->source->identity;
    return id->inode == st->st_ino && id->device == st->st_dev;
}

void rotate_away(struct tail *tail, struct followed *f)
{
    crowd_unname(tail, f);
    tail->counts.rotated++;
    f->news_ns = clock_monotonic_ns();
    discover_again(tail->discover); // the last walk took its name for known; who has it now?
    if (f->over) {
        resume_leave(tail, f);
        crowd_remove(tail, f);
        return;
    }
    crowd_ready(tail, f);
}

/* ---- new files ------------------------------------------------------------ */

/* Hear of the directory in which a symlink ends: that is where its bytes arrive. */
static void watch_target(struct tail *tail, const char *path)
{
    struct stat st;
    if (lstat(path, &st) < 0 || !S_ISLNK(st.st_mode))
        return;
    tail->links = true;
    char *real = realpath(path, NULL);
    char *slash = real ? strrchr(real, '/') : NULL;
    if (slash) {
        slash[slash == real] = '\0';
        discover_also(tail->discover, real);
    }
    free(real);
}

/* Packed, and what was packed is not there any more: who packs removes it when all is written. */
static bool is_packed_away(const char *path)
{
    char plain[PATH_MAX];
    struct stat st;
    snprintf(plain, sizeof(plain), "%.*s", (int)strlen(path) - 4, path);
    return tail_sys.stat(plain, &st) < 0 && errno == ENOENT;
}

static bool unfinished(const struct tail *tail, const char *path, const struct stat *st)
{
    if (!absent_is_packed(path))
        return false;
    if (!tail->begun && is_packed_away(path))
        return false; // what comes after it is read after it, so it cannot wait
    int64_t age = clock_wall_ns() - mtime_ns(st);
    return age >= 0 && age < ARCHIVE_QUIET_NS;
}

static void refuse(struct tail *tail, const char *path, const char *why)
{
    if (!crowd_says(tail, path))
        return;
    tail->counts.refused++;
    log_warning("%s", why);
}

static bool is_full(struct tail *tail, const char *path)
{
    if (tail->count < tail->options.files_max)
        return false;
    if (!tail->full)
        log_warning("%s: not followed: there are %zu files already; nor is any further one",
                    path, tail->count);
    tail->full = true;
    return true;
}

static void follow_new(struct tail *tail, const char *path, const struct stat *st,
                       struct tail_wish wish)
{
    struct error error;
    struct source *source;
    if (is_full(tail, path))
        return;
    if (unfinished(tail, path, st)) {
        discover_again(tail->discover);
        return;
    }
    int r = source_follow(path, &source, &error);
    if (r < 0 && r != -ENOENT)
        refuse(tail, path, error.text);
    if (r < 0)
        return;
    const struct identity *id = &source->identity;
    if (archive_too_young(source)) {
        discover_again(tail->discover);
        source_close(source);
        return;
    }
    struct followed *f =
        crowd_inode(tail, id->device, id->inode) ? NULL : crowd_add(tail, source);
    if (!f) { // it was renamed between the two looks: the next one will see it
        discover_again(tail->discover);
        source_close(source);
        return;
    }
    source->group = wish.group;
    crowd_name(tail, f);
    char log[PATH_MAX];
    snprintf(log, sizeof(log), "%s", path);
    struct followed *old = crowd_succeed(tail, f);
    if (!old)
        old = generation_succeed(tail, f, log);
    crowd_opened(tail, f);
    watch_target(tail, path);
    resume_begin(tail, f, wish.start);
    if (old)
        absent_between(tail, old, f, log);
    else
        unseen_expect(tail, f);
    crowd_ready(tail, f);
}

/* A rotated file has got a name that we follow too. */
static void adopt(struct tail *tail, struct followed *f, const char *path)
{
    if (source_rename(f->source, path) < 0)
        return;
    crowd_name(tail, f);
    crowd_changed(f);
    f->source->final = false;
    crowd_ready(tail, f);
}

static void say_twice(struct tail *tail, const char *path, const struct followed *g)
{
    if (crowd_says(tail, path))
        log_notice("%s: not read on its own: it is the same file as %s", path, g->source->path);
}

static void arrive(struct tail *tail, const char *path, const struct stat *st,
                   struct tail_wish wish)
{
    struct followed *g = crowd_inode(tail, st->st_dev, st->st_ino);
    struct stat other;
    if (g && g->state == FOLLOW_LIVE) {
        if (tail_sys.stat(g->source->path, &other) == 0 && is_at(g, &other))
            return say_twice(tail, path, g); // the same file under two names is followed once
        rotate_away(tail, g);
        g = crowd_inode(tail, st->st_dev, st->st_ino);
    }
    // without a descriptor its inode may be another's by now
    if (g && g->source->fd < 0 && source_unpark(g->source, path) == 0)
        crowd_opened(tail, g);
    if (g && g->source->fd < 0) {
        resume_leave(tail, g);
        crowd_remove(tail, g);
        g = NULL;
    }
    if (g)
        adopt(tail, g, path);
    else
        follow_new(tail, path, st, wish);
}

void rotate_check(struct tail *tail, const char *path)
{
    struct stat st;
    struct tail_wish wish;
    struct followed *f = crowd_named(tail, path);
    bool there = tail_sys.stat(path, &st) == 0;
    if (f && there && is_at(f, &st)) {
        crowd_ready(tail, f);
        return;
    }
    if (f)
        rotate_away(tail, f);
    if (!there || S_ISDIR(st.st_mode))
        return;
    if (discover_match(tail->discover, path, &wish)) {
        arrive(tail, path, &st, wish);
        return;
    }
    struct followed *g = crowd_inode(tail, st.st_dev, st.st_ino);
    bool room = tail->open_count < tail->open_max;
    if (!g)
        return;
    if (room && g->source->fd < 0 && source_unpark(g->source, path) == 0)
        crowd_opened(
            tail,
            g); // renamed to a name nobody asked for, and parked: this is the way back to it
    crowd_ready(tail, g);
}

void rotate_found(struct tail *tail, const char *path, struct tail_wish wish)
{
    struct stat st;
    if (crowd_named(tail, path))
        return; // the sweep looks after it
    if (tail_sys.stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        arrive(tail, path, &st, wish);
}

/* ---- reopening ------------------------------------------------------------ */

struct unparking {
    struct source *source;
    int r;
};

static bool unpark_here(void *context, const char *path, uint64_t inode)
{
    struct unparking *u = context;
    if (inode == u->source->identity.inode)
        u->r = source_unpark(u->source, path);
    return u->r != -ENOENT && u->r != -ESTALE;
}

int rotate_unpark_beside(struct source *source)
{
    struct unparking u = {source, -ENOENT};
    bool moved;
    int r = beside_settled(source->path, unpark_here, &u, &moved);
    return r < 0 ? r : u.r;
}

/* Nothing wrong with the file: a later turn may be luckier. */
static bool is_shortage(int r)
{
    return r == -EACCES || r == -EMFILE || r == -ENFILE || r == -ENOMEM;
}

void rotate_reopen(struct tail *tail, struct followed *f)
{
    struct source *source = f->source;
    int r = -ESTALE;
    if (f->state == FOLLOW_LIVE)
        r = source_unpark(source, source->path);
    if (is_shortage(r)) {
        f->mtime_ns = -1; // still there, and "changed" at the next sweep
        return;
    }
    if (r < 0 && f->state == FOLLOW_LIVE)
        rotate_away(tail, f);
    if (r < 0)
        r = rotate_unpark_beside(source);
    if (r == 0) {
        crowd_opened(tail, f);
        return;
    }
    if (is_shortage(r))
        return; // has a turn in each sweep anyway
    if (source->seen > source->offset)
        source_lose(source, source->seen - source->offset,
                    "gone before it was read to its end");
    source->final = true;
}

/* ---- the sweep ------------------------------------------------------------ */

static void sweep_live(struct tail *tail, struct followed *f)
{
    struct stat st;
    if (tail_sys.stat(f->source->path, &st) < 0 || !is_at(f, &st)) {
        char path[PATH_MAX]; // the check may free the one of the source
        snprintf(path, sizeof(path), "%s", f->source->path);
        rotate_check(tail, path);
        return;
    }
    bool waits = f->source->failing_ns || source_kind(f->source) == SOURCE_ARCHIVE;
    if (waits) // for a disk, or for the rest of an archive
        crowd_ready(tail, f);
    if ((uint64_t)st.st_size == f->size && mtime_ns(&st) == f->mtime_ns)
        return;
    f->size = (uint64_t)st.st_size;
    f->mtime_ns = mtime_ns(&st);
    source_saw(f->source, &st);
    crowd_changed(f);
    crowd_ready(tail, f);
}

/* Nobody reads it, and its disk space comes back only when we close it: what is unread is lost. */
static void give_up(struct tail *tail, struct followed *f)
{
    struct stat st;
    struct source *source = f->source;
    if (f == tail->lent || source->fd < 0 || tail_sys.fstat(source->fd, &st) < 0 ||
        st.st_nlink > 0)
        return;
    source_saw(source, &st);
    uint64_t left = source_kind(source) == SOURCE_ARCHIVE ? archive_left(source)
                    : source->seen > source->offset       ? source->seen - source->offset
                                                          : 0;
    log_warning("%s: released with %" PRIu64 " bytes unread: it was deleted", source->path,
                left);
    source_lose(source, left, "deleted, and not read before its descriptor had to be released");
    source->final = true;
    crowd_parked(tail, f);
    source_park(source);
}

static void sweep_rotated(struct tail *tail, struct followed *f, int64_t now)
{
    if (now - f->news_ns >= tail->options.rotate_wait_ns) {
        if (f->source->idle)
            f->source->final = true;
        else
            give_up(tail, f);
    }
    crowd_ready(tail, f);
}

/* Where inotify tells the news, a file long quiet need not be looked at each time: the sweep is for what it cannot tell. */
static bool is_asleep(const struct tail *tail, const struct followed *f, int64_t now)
{
    int64_t quiet_ns = now - f->news_ns;
    if (tail->lost || quiet_ns <= ASLEEP_NS || discover_polling(tail->discover))
        return false;
    uint64_t share = quiet_ns > BURIED_NS ? BURIED_SHARE : ASLEEP_SHARE;
    return (tail->sweeps + f->name_hash) % share != 0;
}

void rotate_sweep(struct tail *tail)
{
    int64_t now = clock_monotonic_ns();
    tail->sweeps++;
    struct followed *f = TAILQ_FIRST(&tail->all);
    while (f) {
        if (f->state == FOLLOW_LIVE && !is_asleep(tail, f, now))
            sweep_live(tail, f);
        else if (f->state == FOLLOW_ROTATED)
            sweep_rotated(tail, f, now);
        if (f->held)
            crowd_ready(tail, f);
        f = TAILQ_NEXT(f, all); // a removed one keeps its link until crowd_sweep()
    }
    tail->lost = false;
}
