/* SPDX-License-Identifier: MIT */
/*
 * unseen.c - generations of a log that came and went before its name was ever looked at.
 *
 *      the tail begins; nothing is there
 *                          app.log appears, and is app.log.1 before we look
 *                          app.log appears again, and is found:  app.log.1 was born since the tail began, so it was app.log
 *
 * A file found under a name that nobody had is fresh: it has no turn before the directory was walked for such generations, once
 * for all fresh files in it. A walk that was long delays the next one, so a thousand new files in a full directory are not a
 * thousand walks.
 */

#include "base/log.h"
#include "tail/beside.h"
#include "tail/follow.h"
#include "tail/sys.h"

#include <fcntl.h>
#include <string.h>

enum { WALK_SHARE = 20 }; /* of the time, a twentieth goes into walks */

void unseen_expect(struct tail *tail, struct followed *f)
{
    bool plain = source_kind(f->source) == SOURCE_FILE;
    if (!tail->begun || tail->adding || !plain || f->fresh || f->ready)
        return;
    f->fresh = true;
    TAILQ_INSERT_TAIL(&tail->fresh, f, turn);
}

struct look {
    struct tail *tail;
    bool moved; /* a name meant another file when it was looked at */
};

static bool is_born_since(const struct statx *st, int64_t since_ns)
{
    bool known = (st->stx_mask & STATX_BTIME) && S_ISREG(st->stx_mode);
    return known && st->stx_btime.tv_sec * NS_PER_S + st->stx_btime.tv_nsec > since_ns;
}

static void put_in_order(struct followed *generation, struct followed *f)
{
    struct followed *before = generation_before(f, generation, f->source->path), *first = f;
    while (first->after)
        first = first->after;
    if (before)
        crowd_order(before, generation);
    else
        crowd_order(generation, first);
}

/*
 * A pattern has its name too, so it was found on its own: as fresh as `f`, or while nobody had the log's name. What is
 * still written beside `f` is rather a log of its own.
 */
static struct followed *found_apart(struct tail *tail, const struct followed *f, uint64_t inode)
{
    struct followed *g = crowd_inode(tail, f->source->identity.device, inode);
    if (!g || g == f || g->after || g->before || g->source->group != f->source->group ||
        source_kind(g->source) != SOURCE_FILE)
        return NULL;
    return g->fresh || generation_was_done(g, f) ? g : NULL;
}

static bool look_at(void *context, const char *path, uint64_t inode)
{
    struct look *look = context;
    struct tail *tail = look->tail;
    struct tail_wish wish;
    struct statx st;
    const unsigned mask = STATX_BTIME | STATX_TYPE | STATX_INO;
    struct followed *f = absent_base(tail, path, strlen(path));
    if (!f || !f->fresh)
        return false;
    int r = tail_sys.statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, mask, &st);
    look->moved |= r < 0 || st.stx_ino != inode;
    if (r < 0 || !is_born_since(&st, tail->began_ns))
        return false;
    if (discover_match(tail->discover, path, &wish) && wish.group != f->source->group)
        return false; // somebody else's
    struct followed *generation = absent_follow(f, path);
    if (!generation)
        generation = found_apart(tail, f, st.stx_ino);
    if (generation)
        put_in_order(generation, f);
    return false;
}

static bool same_dir(const char *a, const char *b)
{
    size_t len = resume_dir_len(a);
    return len == resume_dir_len(b) && memcmp(a, b, len) == 0;
}

static void look_beside(struct tail *tail, const char *path)
{
    struct look look = {tail, false};
    beside_settled(path, look_at, &look, &look.moved);
    for (struct followed *f = TAILQ_FIRST(&tail->fresh), *next; f; f = next) {
        next = TAILQ_NEXT(f, turn);
        if (!same_dir(f->source->path, path))
            continue;
        crowd_unfresh(tail, f);
        crowd_ready(tail, f);
    }
}

void unseen_look(struct tail *tail)
{
    struct followed *f = TAILQ_FIRST(&tail->fresh);
    int64_t begin = clock_monotonic_ns();
    if (!f || begin < tail->next_look_ns)
        return;
    for (; f; f = TAILQ_FIRST(&tail->fresh)) // each walk is done with its own, at least
        look_beside(tail, f->source->path);
    int64_t now = clock_monotonic_ns(), took = now - begin;
    int64_t usual = took < tail->looked_ns ? took : tail->looked_ns; // it may be held up once
    tail->looked_ns = took;
    tail->next_look_ns = now + WALK_SHARE * usual;
}
