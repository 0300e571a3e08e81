/* SPDX-License-Identifier: MIT */
/*
 * reread.c - opens what was read before, for a replay: the same content, wherever it is now.
 *
 *      serial ─▶ bookmark ─▶ still open here? ─no─▶ its inode under its name, or beside it? ─no─▶ a copy or an archive with its head
 *
 * In each case the content must fit the bookmark, which lies at or behind where the replay begins: so what is read in between is
 * what was read then.
 */

#include "tail/archive.h"
#include "tail/beside.h"
#include "tail/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* Does its content fit the bookmark? Then it stands at `offset`. */
static int settle_at(struct source *source, const struct bookmark *mark, uint64_t offset)
{
    struct marker marker;
    if (source_kind(source) == SOURCE_ARCHIVE)
        return archive_rewind(source, offset, mark);
    if ((mark->flags & BOOKMARK_ARCHIVE) || !resume_holds(source, mark, &marker))
        return -ESTALE;
    return source_seek(source, offset);
}

/* The same file: by a descriptor that is open here, under its name, or by its inode beside it. */
static int open_same(struct followed *f, const struct bookmark *mark, struct source **ret)
{
    struct source *source;
    int r = source_twin(mark->path, &mark->identity, mark->flags & BOOKMARK_ARCHIVE, &source);
    if (r < 0)
        return r;
    if (f && f->source->fd >= 0)
        r = source_share(source, f->source->fd);
    else
        r = source_unpark(source, mark->path);
    if (r < 0)
        r = rotate_unpark_beside(source);
    if (r < 0)
        source_close(source);
    else
        *ret = source;
    return r;
}

static int open_known(struct followed *f, const struct bookmark *mark, uint64_t offset,
                      struct source **ret)
{
    struct source *source;
    int r = open_same(f, mark, &source), other = r;
    if (r == 0) {
        r = other = settle_at(source, mark, offset);
        if (r < 0)
            source_close(source);
    }
    if (r < 0 && beside_find(mark, BESIDE_COPY | BESIDE_ARCHIVE, &source) == 0) {
        r = settle_at(source, mark, offset);
        if (r < 0)
            source_close(source);
    }
    if (r == 0)
        *ret = source;
    return r == 0 ? 0 : other;
}

int tail_reread(struct tail *tail, uint64_t serial, uint64_t offset, struct source **ret,
                struct error *reterr)
{
    struct bookmark mark;
    struct followed *f = serial > 0 ? crowd_numbered(tail, serial) : NULL;
    const struct bookmark *known = serial > 0 ? book_find(&tail->book, serial) : NULL;
    if (!f && !known)
        return error_set(reterr, -ENOENT,
                         "source %" PRIu64 ": cannot be read again: it is not known", serial);
    if (f)
        resume_mark(f, &mark);
    else
        mark = *known;
    if (offset > mark.offset)
        return error_set(reterr, -EINVAL,
                         "%s: cannot be read again: %" PRIu64
                         " lies behind its bookmark at %" PRIu64,
                         mark.path, offset, mark.offset);
    int r = open_known(f, &mark, offset, ret);
    if (r == -ENOENT)
        return error_set(reterr, r, "%s: cannot be read again: it is gone", mark.path);
    if (r == -ESTALE)
        return error_set(reterr, r, "%s: cannot be read again: its content is another",
                         mark.path);
    if (r < 0)
        return error_set(reterr, r, "%s: cannot be read again: %s", mark.path, strerror(-r));
    (*ret)->serial = serial;
    (*ret)->origin = mark.origin;
    (*ret)->note = mark.note;
    return 0;
}
