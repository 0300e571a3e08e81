/* SPDX-License-Identifier: MIT */

#include "tail/source.h"

#include "base/check.h"
#include "base/clock.h"
#include "tail/archive.h"
#include "tail/inner.h"
#include "tail/keep.h"
#include "tail/open.h"
#include "tail/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- open and close ------------------------------------------------------ */

static struct source *new_source(const struct source_ops *ops, const char *path)
{
    struct source *source = malloc(sizeof(*source));
    if (!source)
        return NULL;
    *source = (struct source){.ops = ops, .fd = -1, .path = strdup(path), .limit = UINT64_MAX};
    if (source->path)
        return source;
    free(source);
    return NULL;
}

typedef int open_way(const char *path, int *ret_fd, struct stat *ret_st);

static int source_open_by(open_way *open, const char *path, struct source **ret,
                          struct error *reterr)
{
    int fd = -1;
    struct stat st;
    int r = open(path, &fd, &st);
    if (r < 0)
        return open_say(reterr, r, path);
    struct source *source = new_source(archive_begins(fd) ? &archive_ops : &file_ops, path);
    if (!source) {
        close(fd);
        return open_say(reterr, -ENOMEM, path);
    }
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    source->fd = fd;
    source->identity = identity_of(fd, &st);
    source_saw(source, &st);
    *ret = source;
    return 0;
}

int source_open(const char *path, struct source **ret, struct error *reterr)
{
    return source_open_by(open_named, path, ret, reterr);
}

int source_follow(const char *path, struct source **ret, struct error *reterr)
{
    return source_open_by(open_log, path, ret, reterr);
}

int source_open_pipe(int fd, const char *name, struct source **ret, struct error *reterr)
{
    struct source *source = new_source(&pipe_ops, name);
    if (!source)
        return open_say(reterr, -ENOMEM, name);
    source->fd = fd;
    *ret = source;
    return 0;
}

void source_close(struct source *source)
{
    if (!source)
        return;
    if (source->ops->release)
        source->ops->release(source);
    source_park(source);
    keep_free(source);
    free(source->path);
    free(source);
}

/* ---- reading ------------------------------------------------------------- */

ssize_t source_read(struct source *source, void *buf, size_t size)
{
    if (source->ended || (source->fd < 0 && source->final)) {
        source->idle = source->ended = true;
        return -ENODATA;
    }
    if (source->fd < 0) // parked, and nobody of this room has opened it again
        return -EBADF;
    ssize_t got = source->ops->read(source, buf, size);
    source->ended = got == -ENODATA || got == -EBADMSG;
    source->idle = got <= 0 && got != -ESTALE && got != -EINTR && got != -EAGAIN;
    if (got == -EAGAIN || got == -EINTR)
        return 0; // still at work, or disturbed: the same turn comes again
    return got;
}

void source_consume(struct source *source, const void *buf, size_t got, size_t used)
{
    CHECK(used <= got && got <= source->shown);
    if (source->ops->consume)
        source->ops->consume(source, buf, got, used);
    marker_push(&source->marker, buf, used);
    source->offset += used;
    source->shown -= used;
    source->moved |= used > 0;
    if (used > 0 && source->watch)
        source->watch->changed(source);
}

ssize_t source_again(struct source *source, void *buf, size_t size)
{
    size_t n = source->shown < size ? source->shown : size;
    if (source->ops->kind != SOURCE_FILE) {
        n = keep_give(source, buf, n);
    } else if (source->fd < 0) {
        return -EBADF;
    } else {
        struct iovec part = {buf, n};
        ssize_t r = tail_sys.preadv(source->fd, &part, 1, (off_t)source->offset);
        if (r < 0)
            return -errno;
        n = (size_t)r;
    }
    source->shown = n;
    return (ssize_t)n;
}

bool source_shows(struct source *source, size_t got, size_t size)
{
    bool news = got > 0 && (got != source->shown || source->moved || got == size);
    source->shown = got;
    source->moved = false;
    return news;
}

/* ---- what is known about it ---------------------------------------------- */

const char *source_path(const struct source *source)
{
    return source->path;
}

enum source_kind source_kind(const struct source *source)
{
    return source->ops->kind;
}

uint64_t source_offset(const struct source *source)
{
    return source->offset;
}

uint64_t source_size(const struct source *source)
{
    struct stat st;
    if (source->ops->kind == SOURCE_PIPE)
        return 0;
    if (source->fd < 0 || tail_sys.fstat(source->fd, &st) < 0)
        return source->seen;
    return (uint64_t)st.st_size;
}

int64_t source_mtime_ns(const struct source *source)
{
    return source->mtime_ns;
}

uint64_t source_gap(struct source *source, const char **ret_reason)
{
    uint64_t gap = source->gap;
    if (ret_reason)
        *ret_reason = source->gap_reason;
    source->gap = 0;
    source->gap_reason = NULL;
    return gap;
}

void source_lose(struct source *source, uint64_t bytes, const char *reason)
{
    if (bytes > 0)
        source_say(source, bytes, reason);
}

void source_say(struct source *source, uint64_t bytes, const char *reason)
{
    source->gap += bytes;
    source->gap_reason = reason;
}

void source_skip(struct source *source, uint64_t bytes, const char *reason)
{
    source_lose(source, bytes, reason);
    source->offset += bytes;
    source->shown = 0;
    source->moved = true;
    if (marker_read(source->fd, source->offset, &source->marker) < 0)
        source->marker.len = 0; // nothing can be said of what lies before
    if (source->watch)
        source->watch->changed(source);
}

void source_saw(struct source *source, const struct stat *st)
{
    // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): open_log() filled st, or failed
    uint64_t size = (uint64_t)st->st_size;
    if (size < source->seen && source->seen > source->cut)
        source->cut = source->seen;
    source->seen = size;
    source->mtime_ns = st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
}

/* ---- identity ------------------------------------------------------------ */

void source_grow_head(struct source *source)
{
    struct identity *id = &source->identity;
    uint32_t len =
        source->offset < IDENTITY_HEAD_BYTES ? (uint32_t)source->offset : IDENTITY_HEAD_BYTES;
    if (source->ops->kind == SOURCE_FILE && source->fd >= 0 && len > id->head_len) {
        uint64_t before, head;
        bool held = identity_head(source->fd, id->head_len, &before) == 0 &&
                    (id->head_len == 0 || before == id->head);
        if (held && identity_head(source->fd, len, &head) == 0) {
            id->head = head;
            id->head_len = len;
        }
    }
    if (source->ops->kind == SOURCE_ARCHIVE && source->marker.len == 0 && source->offset > 0)
        return; // it has not come to its offset yet: the marker is the bookmark's
    id->marker = marker_hash(&source->marker);
    id->marker_len = source->marker.len;
}

int source_seek(struct source *source, uint64_t offset)
{
    int r = marker_read(source->fd, offset, &source->marker);
    if (r < 0)
        return r;
    source->offset = offset;
    source->shown = 0;
    return 0;
}

void source_park(struct source *source)
{
    if (source->fd >= 0 && source->ops->kind != SOURCE_PIPE)
        close(source->fd);
    source->fd = -1;
}

int source_twin(const char *path, const struct identity *identity, bool archive,
                struct source **ret)
{
    struct source *source = new_source(archive ? &archive_ops : &file_ops, path);
    if (!source)
        return -ENOMEM;
    source->identity = *identity;
    *ret = source;
    return 0;
}

int source_share(struct source *source, int fd)
{
    struct stat st;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0 || tail_sys.fstat(copy, &st) < 0) {
        int r = -errno;
        if (copy >= 0)
            close(copy);
        return r;
    }
    source->fd = copy;
    source_saw(source, &st);
    return 0;
}

int source_unpark(struct source *source, const char *path)
{
    int fd = -1;
    struct stat st;
    int r = open_log(path, &fd, &st);
    if (r < 0)
        return r;
    struct identity now = identity_of(fd, &st);
    if (!identity_same(&now, &source->identity)) {
        close(fd);
        return -ESTALE;
    }
    source->fd = fd;
    source_saw(source, &st);
    return 0;
}

int source_rename(struct source *source, const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        return -ENOMEM;
    free(source->path);
    source->path = copy;
    return 0;
}
