/* SPDX-License-Identifier: MIT */
/*
 * changes.c - bookmarks in and out: what an earlier run knew, what changed since somebody asked, all there is.
 */

#include "base/hash.h"
#include "tail/follow.h"

#include <errno.h>

int tail_know(struct tail *tail, const struct bookmark *mark)
{
    if (tail->begun)
        return -EBUSY;
    if (mark->serial == 0)
        return -EINVAL;
    tail_know_serials(tail, mark->serial);
    if (mark->seen_s < clock_wall_ns() / NS_PER_S - BOOK_DAYS * INT64_C(86400))
        return 0;
    struct bookmark unmet = *mark;
    unmet.flags |= BOOKMARK_UNMET;
    return book_add(&tail->book, &unmet);
}

void tail_know_serials(struct tail *tail, uint64_t serials)
{
    if (serials > tail->serials)
        tail->serials = serials;
}

static bool is_same(const struct bookmark *a, const struct bookmark *b)
{
    const struct identity *x = &a->identity, *y = &b->identity;
    return a->serial == b->serial && a->origin == b->origin && a->offset == b->offset &&
           a->size == b->size && a->note == b->note && a->flags == b->flags &&
           x->head_len == y->head_len && x->device == y->device && x->inode == y->inode;
}

void tail_changes(struct tail *tail, tail_see *see, void *context)
{
    struct bookmark now, *left;
    while ((left = book_news(&tail->book)) != NULL)
        see(context, left);
    for (struct followed *f; (f = TAILQ_FIRST(&tail->dirty)) != NULL;) {
        TAILQ_REMOVE(&tail->dirty, f, change);
        f->dirty = false;
        resume_mark(f, &now);
        uint64_t path = hash_bytes(bytes_of(now.path));
        if (path == f->seen_path && is_same(&now, &f->seen))
            continue;
        f->seen = now;
        f->seen.path = NULL;
        f->seen_path = path;
        see(context, &now);
    }
}

void tail_all(struct tail *tail, tail_see *see, void *context)
{
    struct followed *f;
    struct bookmark *mark, now;
    TAILQ_FOREACH(mark, &tail->book.ages, age)
    see(context, mark);
    TAILQ_FOREACH(f, &tail->all, all)
    {
        resume_mark(f, &now);
        see(context, &now);
    }
}
