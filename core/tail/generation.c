/* SPDX-License-Identifier: MIT */
/*
 * generation.c - which file is the next generation of which log, when names change faster than we look.
 *
 *      we know            it is meanwhile        found first
 *      app.log   A        app.log.2  A           app.log.1 = B: nobody has seen it as app.log, yet it was, after A
 *                         app.log.1  B           app.log   = C: comes after B, not after A
 *                         app.log    C
 *
 * A look is not a moment: names change between one stat(2) and the next, so a generation may be found under any name, before or
 * after its neighbours. So its place does not follow from when it was found, but from its birth (or, where the file system knows
 * none, from when it was last written); only who has the log's own name is the newest whatever the clocks say. A file whose
 * name looks rotated while the log still has the file that it had before is none of its generations: worker-1 beside worker.
 */

#include "base/hash.h"
#include "tail/follow.h"
#include "tail/sys.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

size_t generation_shorter(const char *path, size_t len)
{
    while (len > 1 && strchr(ROTATED_CHARS, path[len - 1])) {
        len--;
        if (!isdigit((unsigned char)path[len - 1]) || !isdigit((unsigned char)path[len]))
            return len;
    }
    return 0;
}

bool generation_is_of(const char *path, uint64_t log)
{
    for (size_t n = generation_shorter(path, strlen(path)); n > 0;
         n = generation_shorter(path, n))
        if (hash_bytes((struct bytes){path, n}) == log)
            return true;
    return false;
}

/* ---- age ------------------------------------------------------------------- */

struct age {
    int64_t born_ns; /* INT64_MIN: not known */
    int64_t written_ns;
};

static int64_t stamp_ns(const struct statx_timestamp *t)
{
    return t->tv_sec * NS_PER_S + t->tv_nsec;
}

static struct age age_of(const struct followed *f)
{
    struct statx st;
    const struct source *source = f->source;
    struct age age = {INT64_MIN, source->mtime_ns};
    if (source->fd < 0 ||
        tail_sys.statx(source->fd, "", AT_EMPTY_PATH, STATX_BTIME | STATX_MTIME, &st) < 0)
        return age;
    age.written_ns = stamp_ns(&st.stx_mtime);
    if (st.stx_mask & STATX_BTIME)
        age.born_ns = stamp_ns(&st.stx_btime);
    return age;
}

/* By birth; where that is not known or the same, by when they were last written. */
static bool generation_is_younger(const struct followed *f, const struct followed *than)
{
    struct age a = age_of(f), b = age_of(than);
    bool born = a.born_ns != INT64_MIN && b.born_ns != INT64_MIN && a.born_ns != b.born_ns;
    return born ? a.born_ns > b.born_ns : a.written_ns > b.written_ns;
}

bool generation_was_done(const struct followed *f, const struct followed *before)
{
    int64_t born_ns = age_of(before).born_ns;
    return born_ns != INT64_MIN && age_of(f).written_ns <= born_ns;
}

/* ---- place ------------------------------------------------------------------ */

static bool has_name(const struct followed *f, const char *log)
{
    struct stat st;
    const struct identity *id = &f->source->identity;
    return tail_sys.stat(log, &st) == 0 && st.st_ino == id->inode && st.st_dev == id->device;
}

struct followed *generation_before(struct followed *last, const struct followed *f,
                                   const char *log)
{
    struct followed *g = last;
    if (g != f && has_name(g, log))
        g = g->after;
    while (g && (g == f || generation_is_younger(g, f)))
        g = g->after;
    return g;
}

/* The newest known generation of the log: who has its name, as far as we know, or had it last. */
static struct followed *newest(struct tail *tail, const struct followed *f, const char *log)
{
    struct followed *g = crowd_named(tail, log);
    if (!g)
        g = crowd_leaver(tail, f, hash_bytes(bytes_of(log)));
    while (g && g->before)
        g = g->before;
    return g != f ? g : NULL;
}

struct followed *generation_succeed(struct tail *tail, struct followed *f, char log[PATH_MAX])
{
    const char *path = f->source->path;
    if (!tail->begun || tail->adding || source_kind(f->source) != SOURCE_FILE)
        return NULL; // it was there before: when it was written is not known
    for (size_t n = generation_shorter(path, strlen(path)); n > 0;
         n = generation_shorter(path, n)) {
        snprintf(log, PATH_MAX, "%.*s", (int)n, path);
        struct followed *last = newest(tail, f, log);
        if (!last || source_kind(last->source) != SOURCE_FILE)
            continue;
        struct followed *old = generation_before(last, f, log);
        if (!old || (has_name(last, log) && generation_is_younger(f, last)))
            return NULL;
        crowd_left(tail, f, hash_bytes(bytes_of(log)));
        crowd_order(old, f);
        return old;
    }
    return NULL;
}
