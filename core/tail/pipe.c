/* SPDX-License-Identifier: MIT */
/*
 * pipe.c - bytes from a descriptor that cannot go back, such as stdin.
 *
 * What the reader left is kept here and comes first next time; it is never more than one read was long.
 */

#include "tail/inner.h"
#include "tail/keep.h"
#include "tail/sys.h"

#include <errno.h>
#include <poll.h>

/* How long a read may wait: short enough for whoever serves other things in the same thread. */
enum { PIPE_WAIT_MS = 50 };

static ssize_t pipe_more(int fd, char *buf, size_t size)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int r = poll(&wait, 1, PIPE_WAIT_MS);
    if (r <= 0)
        return r < 0 && errno != EINTR ? -errno : -EAGAIN;
    ssize_t got = tail_sys.read(fd, buf, size);
    if (got < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    return got > 0 ? got : -ENODATA;
}

static ssize_t pipe_read(struct source *source, void *buf, size_t size)
{
    size_t had = keep_give(source, buf, size);
    ssize_t more = had < size ? pipe_more(source->fd, (char *)buf + had, size - had) : 0;
    size_t got = had + (more > 0 ? (size_t)more : 0);
    keep_lend(source, more > 0 ? (size_t)more : 0);
    if (source_shows(source, got, size))
        return (ssize_t)got;
    return more == -EAGAIN ? 0 : more;
}

const struct source_ops pipe_ops = {
    .kind = SOURCE_PIPE,
    .read = pipe_read,
    .consume = keep_rest,
};
