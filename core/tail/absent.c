/* SPDX-License-Identifier: MIT */
/*
 * absent.c - what happened to files while nobody looked: renamed, several times over, or gone.
 *
 *      bookmark of app.log, inode 12        app.log.3 is inode 12: read on from its offset
 *                                           app.log.2, app.log.1: later, so they were app.log in between: read from 0
 *                                           app.log: a new file, read from 0
 *
 * They are read once, oldest first, and then let go like any rotated file.
 */

#include "base/hash.h"
#include "base/log.h"
#include "tail/beside.h"
#include "tail/follow.h"
#include "tail/sys.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was written so shortly before a bookmark was made need not have been found by then; if it was, it has its own. */
#define UNSEEN_NS (2 * NS_PER_S)

bool absent_is_rotated(const char *path, const char *base)
{
    size_t len = strlen(base), n = strlen(path);
    if (len == 0 || n <= len || strncmp(path, base, len) != 0)
        return false;
    while (n > len)
        n = generation_shorter(path, n);
    return n == len;
}

bool absent_is_packed(const char *path)
{
    size_t len = strlen(path);
    return len > 4 && strcmp(path + len - 4, ".zst") == 0;
}

struct followed *absent_base(struct tail *tail, const char *path, size_t len)
{
    char base[PATH_MAX];
    struct followed *f = NULL;
    for (size_t n = generation_shorter(path, len); n > 0 && !f;
         n = generation_shorter(path, n)) {
        snprintf(base, sizeof(base), "%.*s", (int)n, path);
        f = crowd_named(tail, base);
    }
    return f;
}

/* Who is looked for, and since when a file is a later generation of it. */
struct search {
    struct tail *tail;
    const struct bookmark *mark;
    struct tail_wish wish;
    int64_t since_ns;
    bool moved; /* a name meant another file when it was looked at: somebody renames */
};

/*
 * Follow `path`, which has no name that we follow, to its end: from `mark`, or from its beginning without one. It goes by the name
 * under which it was written, so that it is looked for again after the next restart.
 */
static struct followed *follow_rest(const struct search *search, const char *path,
                                    const struct bookmark *mark)
{
    struct tail *tail = search->tail;
    struct source *source;
    struct marker marker = {.len = 0};
    if (tail->count >= tail->options.files_max || source_follow(path, &source, NULL) < 0)
        return NULL;
    const struct identity *id = &source->identity;
    bool holds =
        source_kind(source) == SOURCE_FILE && !crowd_inode(tail, id->device, id->inode) &&
        (!mark || (identity_alike(&mark->identity, id) && resume_holds(source, mark, &marker)));
    struct followed *f = holds && source_rename(source, search->mark->path) == 0
                             ? crowd_add(tail, source)
                             : NULL;
    if (!f) {
        source_close(source);
        return NULL;
    }
    source->group = search->wish.group;
    if (mark)
        resume_take(f, mark, &marker);
    else
        crowd_number(tail, f, 0);
    crowd_opened(tail, f);
    crowd_ready(tail, f);
    return f;
}

static bool is_it(void *context, const char *path, uint64_t inode)
{
    struct search *search = context;
    struct stat st;
    if (inode != search->mark->identity.inode || tail_sys.stat(path, &st) < 0)
        return false;
    if (!follow_rest(search, path,
                     search->mark)) { // cut off since, or another file: all is new
        if (absent_is_rotated(path, search->mark->path))
            follow_rest(search, path, NULL);
        return false;
    }
    search->since_ns = st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
    return true;
}

/* Has it a bookmark of its own? Then it goes on there, when that one's turn comes. */
static bool is_known(const struct search *search, const struct stat *st)
{
    const uint32_t not = BOOKMARK_ARCHIVE | BOOKMARK_DELETED;
    const struct book *book = &search->tail->book;
    const struct bookmark *mark = book_next(book, st->st_ino, NULL);
    while (mark && (mark == search->mark || (mark->flags & not )))
        mark = book_next(book, st->st_ino, mark);
    return mark != NULL;
}

static bool is_later(void *context, const char *path, uint64_t inode)
{
    struct search *search = context;
    struct stat st;
    if (!absent_is_rotated(path, search->mark->path))
        return false;
    if (tail_sys.stat(path, &st) < 0 || st.st_ino != inode) {
        search->moved = true;
        return false;
    }
    if (S_ISREG(st.st_mode) &&
        st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec > search->since_ns &&
        !is_known(search, &st)) {
        follow_rest(search, path, NULL);
        if (!crowd_inode(search->tail, st.st_dev, inode) && tail_sys.stat(path, &st) == 0)
            search->moved |= st.st_ino != inode;
    }
    return false;
}

struct followed *absent_follow(struct followed *f, const char *path)
{
    struct stat st;
    struct bookmark mark = {.path = f->source->path};
    struct search search = {f->tail, &mark, {.group = f->source->group}, 0, false};
    if (tail_sys.stat(path, &st) < 0 || is_known(&search, &st))
        return NULL;
    return follow_rest(&search, path, NULL);
}

/* A file that was rotated away while nobody looked, and the generations that came and went since. */
static void look_for(struct tail *tail, struct bookmark *mark)
{
    struct search search = {tail, mark, {0}, mark->seen_s * NS_PER_S - UNSEEN_NS, false};
    uint64_t rest = mark->size > mark->offset ? mark->size - mark->offset : 0;
    if (!discover_match(tail->discover, mark->path, &search.wish))
        return; // nobody asks for it at present
    bool found =
        !mark->continued && beside_settled(mark->path, is_it, &search, &search.moved) > 0;
    beside_settled(mark->path, is_later, &search, &search.moved);
    if (!found && !mark->continued && rest > 0) {
        struct followed *f = crowd_named(tail, mark->path);
        log_warning("%s: gone while nobody read it, with at least %" PRIu64 " bytes unread",
                    mark->path, rest);
        if (f)
            source_lose(f->source, rest, "rotated away and deleted while nobody read it");
    }
    if (found)
        book_remove(&tail->book, mark);
    else
        book_gone(&tail->book, mark);
}

/* The oldest that nobody waits for yet, among those behind `last` in the list of all. */
static struct followed *oldest_behind(struct followed *last)
{
    struct followed *oldest = NULL;
    for (struct followed *g = TAILQ_NEXT(last, all); g; g = TAILQ_NEXT(g, all))
        if (!g->after && (!oldest || g->mtime_ns < oldest->mtime_ns))
            oldest = g;
    return oldest;
}

void absent_between(struct tail *tail, struct followed *old, struct followed *f,
                    const char *log)
{
    struct stat st;
    struct bookmark mark;
    struct source *source = old->source;
    if (source->fd >= 0 && tail_sys.fstat(source->fd, &st) == 0)
        source_saw(source, &st);
    resume_mark(old, &mark);
    mark.path = log;
    struct search search = {tail,
                            &mark,
                            {.group = f->source->group},
                            source->mtime_ns - 1, // the same tick is later
                            false};
    struct followed *last = TAILQ_LAST(&tail->all, followed_list);
    beside_settled(log, is_later, &search, &search.moved);
    for (struct followed *g; (g = oldest_behind(last)) != NULL;) {
        struct followed *end = f;
        while (end->before)
            end = end->before;
        struct followed *before = generation_before(end, g, log);
        crowd_left(tail, g, hash_bytes(bytes_of(log)));
        crowd_order(before ? before : old, g);
    }
}

static int by_age(const void *a, const void *b)
{
    const struct followed *x = *(struct followed *const *)a, *y = *(struct followed *const *)b;
    if (x->state != y->state)
        return x->state == FOLLOW_ROTATED ? -1 : 1;
    if (x->mtime_ns != y->mtime_ns)
        return x->mtime_ns < y->mtime_ns ? -1 : 1;
    if (x->state == FOLLOW_LIVE)
        return strcmp(x->source->path, y->source->path);
    return x->source->serial < y->source->serial ? -1 : 1; // known before, so older
}

/* Generations of one log next to each other, the oldest first; whoever has its name now is the last. */
static int by_log(const void *a, const void *b)
{
    const struct followed *x = *(struct followed *const *)a, *y = *(struct followed *const *)b;
    bool x_now = x->name_hash == x->left_hash, y_now = y->name_hash == y->left_hash;
    if (x->left_hash != y->left_hash)
        return x->left_hash < y->left_hash ? -1 : 1;
    if (x_now != y_now)
        return y_now ? -1 : 1;
    if (x->mtime_ns != y->mtime_ns)
        return x->mtime_ns < y->mtime_ns ? -1 : 1;
    return x->source->serial < y->source->serial ? -1 : 1; // known before, so older
}

/* The hash of the name under which its lines were written, as far as that is known. */
static uint64_t log_of(struct tail *tail, const struct followed *f)
{
    const char *path = f->source->path;
    const struct followed *now = NULL;
    if (f->left_hash)
        return f->left_hash;
    if (source_kind(f->source) ==
        SOURCE_ARCHIVE) // nobody writes to it, so it is of the log that is named like it
        now = absent_base(tail, path, strlen(path) - (absent_is_packed(path) ? 4 : 0));
    return now ? now->name_hash : hash_bytes(bytes_of(path));
}

/* Each generation of a log is read after the one before it. */
static void chain(struct tail *tail, struct followed **all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        all[i]->left_hash = log_of(tail, all[i]);
    qsort(all, n, sizeof(struct followed *), by_log);
    for (size_t i = 1; i < n; i++)
        if (all[i - 1]->left_hash == all[i]->left_hash)
            crowd_order(all[i - 1], all[i]);
}

/* The oldest first: rotated files are read in the order in which they were written. */
static void sort_turns(struct tail *tail)
{
    struct followed **all = calloc(tail->count + 1, sizeof(struct followed *)), *f;
    size_t n = 0;
    if (!all)
        return; // any order is correct
    for (; (f = crowd_turn(tail)) != NULL; n++)
        all[n] = f;
    for (; (f = TAILQ_FIRST(&tail->archives)) != NULL; n++) {
        TAILQ_REMOVE(&tail->archives, f, turn);
        f->waiting = false;
        all[n] = f;
    }
    tail->unpacking = NULL;
    chain(tail, all, n);
    qsort(all, n, sizeof(struct followed *), by_age);
    for (size_t i = 0; i < n; i++)
        crowd_ready(tail, all[i]);
    free(all);
}

void absent_all(struct tail *tail)
{
    struct bookmark *mark = TAILQ_FIRST(&tail->book.ages);
    while (mark) {
        struct bookmark *next = TAILQ_NEXT(mark, age);
        uint32_t gone = BOOKMARK_ARCHIVE | BOOKMARK_DELETED;
        bool unmet = mark->flags & BOOKMARK_UNMET;
        mark->flags &= ~(uint32_t)BOOKMARK_UNMET;
        if (unmet && !(mark->flags & gone))
            look_for(tail, mark);
        mark = next;
    }
    sort_turns(tail);
}
