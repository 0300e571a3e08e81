/* SPDX-License-Identifier: MIT */
/*
 * file.c - a regular file that grows, and may be cut off under our hands.
 *
 *      preadv at offset - marker:   [ marker ][ new bytes ... ]
 *                                       │
 *                                       └─ other bytes than we consumed, or none: it was truncated
 *
 * The marker is read again together with the new bytes, in one call, so a file that was truncated and has grown past the
 * old offset since is found out at the moment it matters, at the price of copying 64 bytes.
 */

#include "tail/inner.h"
#include "tail/sys.h"

#include <errno.h>
#include <string.h>

/*
 * A new beginning: what was seen of the old content and not consumed is lost. The size seen last belongs to the old content
 * only if the file is shorter now: else it may be the new one's.
 */
static ssize_t file_restart(struct source *source, bool shorter)
{
    uint64_t end = source->offset + source->shown;
    if (source->cut > end)
        end = source->cut;
    if (shorter && source->seen > end)
        end = source->seen;
    source_lose(source, end - source->offset, "truncated before it was read to its end");
    source->offset = source->seen = source->cut = 0;
    source->shown = 0;
    source->moved = false;
    source->marker.len = 0;
    source->identity.head_len = 0;
    return -ESTALE;
}

static ssize_t file_read(struct source *source, void *buf, size_t size)
{
    unsigned char mark[MARKER_BYTES];
    size_t len = source->marker.len;
    struct iovec parts[2] = {{mark, len}, {buf, size}};
    ssize_t r = tail_sys.preadv(source->fd, parts, 2, (off_t)(source->offset - len));
    if (r < 0)
        return -errno;
    bool shorter = (size_t)r < len;
    if (shorter || memcmp(mark, source->marker.at, len) != 0)
        return file_restart(source, shorter);
    size_t got = (size_t)r - len;
    if (source->offset + got > source->seen)
        source->seen = source->offset + got;
    if (source_shows(source, got, size))
        return (ssize_t)got;
    return source->final ? -ENODATA : 0;
}

const struct source_ops file_ops = {.kind = SOURCE_FILE, .read = file_read};
