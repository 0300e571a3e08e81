/* SPDX-License-Identifier: MIT */

#include "tail/copy.h"

#include "tail/beside.h"

static struct followed *follow(struct tail *tail, struct source *copy,
                               const struct bookmark *mark)
{
    struct marker marker;
    const struct identity *id = &copy->identity;
    bool fit = tail->count < tail->options.files_max && resume_holds(copy, mark, &marker) &&
               !crowd_inode(tail, id->device, id->inode); // else it is read already
    // by the name it was copied from, so that it is looked for again after a restart
    fit = fit && source_rename(copy, mark->path) == 0;
    struct followed *c = fit ? crowd_add(tail, copy) : NULL;
    if (!c)
        return NULL;
    resume_take(c, mark, &marker);
    crowd_number(tail, c, 0);
    copy->origin = mark->serial;
    copy->final = true; // a copy does not grow
    crowd_opened(tail, c);
    crowd_ready(tail, c);
    return c;
}

uint64_t copy_follow(struct followed *f, const struct bookmark *mark)
{
    struct source *copy;
    if (mark->offset == 0 || beside_find(mark, BESIDE_COPY, &copy) < 0)
        return mark->offset;
    uint64_t size = copy->seen;
    struct followed *c = size > mark->offset ? follow(f->tail, copy, mark) : NULL;
    if (!c) {
        source_close(copy);
        return size;
    }
    copy->group = f->source->group;
    if (f->after)
        crowd_order(f->after, c);
    else
        crowd_order(c, f);
    return size;
}
