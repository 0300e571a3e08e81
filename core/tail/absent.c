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

#include "base/log.h"
#include "tail/follow.h"
#include "tail/sys.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Follow `path`, which has no name that we follow, to its end: from `mark`, or from its beginning without one. */
static bool follow_rest(struct tail *tail, const char *path, const struct bookmark *mark,
                        uint32_t group)
{
    struct source *source;
    struct marker marker = {.len = 0};
    if (tail->count >= tail->options.files_max || source_open(path, &source, NULL) < 0)
        return false;
    const struct identity *id = &source->identity;
    bool holds =
        source_kind(source) == SOURCE_FILE && !crowd_inode(tail, id->device, id->inode) &&
        (!mark || (identity_alike(&mark->identity, id) && resume_holds(source, mark, &marker)));
    struct followed *f = holds ? crowd_add(tail, source) : NULL;
    if (!f) {
        source_close(source);
        return false;
    }
    source->group = group;
    if (mark)
        resume_take(f, mark, &marker);
    crowd_opened(tail, f);
    crowd_ready(tail, f);
    return true;
}

/* Is `name` what rotation makes of `base`: with a number or a date behind it? */
static bool is_rotated_name(const char *name, const char *base)
{
    size_t len = strlen(base);
    return strncmp(name, base, len) == 0 && name[len] != '\0' &&
           strspn(name + len, ".-_0123456789") == strlen(name + len);
}

/* Who is looked for, and since when a file is a later generation of it. */
struct search {
    struct tail *tail;
    const struct bookmark *mark;
    struct tail_wish wish;
    int64_t since_ns;
};

/* Called for each file beside the one searched, until it returns true. */
typedef bool beside(struct search *search, const char *path, const struct dirent *d);

static bool look_beside(struct search *search, beside *each)
{
    char path[PATH_MAX];
    const char *known = search->mark->path;
    size_t len = resume_dir_len(known);
    len += known[len] == '/';
    snprintf(path, sizeof(path), "%.*s", (int)len, known);
    DIR *dir = opendir(*path ? path : ".");
    if (!dir)
        return false;
    bool done = false;
    for (struct dirent *d; !done && (d = readdir(dir)) != NULL;) {
        int n = snprintf(path, sizeof(path), "%.*s%s", (int)len, known, d->d_name);
        if (n > 0 && n < PATH_MAX)
            done = each(search, path, d);
    }
    closedir(dir);
    return done;
}

static bool is_it(struct search *search, const char *path, const struct dirent *d)
{
    struct stat st;
    if (d->d_ino != search->mark->identity.inode || tail_sys.stat(path, &st) < 0 ||
        !follow_rest(search->tail, path, search->mark, search->wish.group))
        return false;
    search->since_ns = st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
    return true;
}

/* Has it a bookmark of its own? Then it goes on there, when that one's turn comes. */
static bool is_known(const struct search *search, const struct stat *st)
{
    const uint32_t not = BOOKMARK_ARCHIVE | BOOKMARK_OLD | BOOKMARK_DELETED;
    const struct book *book = &search->tail->book;
    const struct bookmark *mark = book_next(book, st->st_ino, NULL);
    while (mark && (mark == search->mark || (mark->flags & not )))
        mark = book_next(book, st->st_ino, mark);
    return mark != NULL;
}

static bool is_later(struct search *search, const char *path, const struct dirent *d)
{
    struct stat st;
    const char *base = strrchr(search->mark->path, '/');
    if (is_rotated_name(d->d_name, base ? base + 1 : search->mark->path) &&
        tail_sys.stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
        st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec > search->since_ns &&
        !is_known(search, &st))
        follow_rest(search->tail, path, NULL, search->wish.group);
    return false;
}

/* A file that was rotated away while nobody looked, and the generations that came and went since. */
static void look_for(struct tail *tail, struct bookmark *mark)
{
    struct search search = {tail, mark, {0}, mark->seen_s * NS_PER_S};
    uint64_t rest = mark->size > mark->offset ? mark->size - mark->offset : 0;
    if (!discover_match(tail->discover, mark->path, &search.wish))
        return; // nobody asks for it at present
    bool found = look_beside(&search, is_it);
    look_beside(&search, is_later);
    if (!found && rest > 0) {
        struct followed *f = crowd_named(tail, mark->path);
        log_warning("%s: gone while nobody read it, with at least %" PRIu64 " bytes unread",
                    mark->path, rest);
        if (f)
            source_lose(f->source, rest, "rotated away and deleted while nobody read it");
    }
    book_remove(&tail->book, mark);
}

static int by_age(const void *a, const void *b)
{
    const struct followed *x = *(struct followed *const *)a, *y = *(struct followed *const *)b;
    if (x->state != y->state)
        return x->state == FOLLOW_ROTATED ? -1 : 1;
    if (x->mtime_ns != y->mtime_ns)
        return x->mtime_ns < y->mtime_ns ? -1 : 1;
    return strcmp(x->source->path, y->source->path);
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
        bool disk = mark->flags & BOOKMARK_DISK;
        mark->flags &= ~(uint32_t)BOOKMARK_DISK;
        if (disk && !(mark->flags & gone))
            look_for(tail, mark);
        mark = next;
    }
    sort_turns(tail);
}
