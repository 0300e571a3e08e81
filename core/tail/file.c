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

#include "base/clock.h"
#include "base/log.h"
#include "tail/inner.h"
#include "tail/sys.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum {
    BLOCK_BYTES = 4096,  /* what a disk loses at once */
    PROBES_A_TURN = 256, /* one MiB */
};

/* A failing read is tried again so long before its range is given up. */
#define BROKEN_PATIENCE_NS NS_PER_S        /* EIO: the disk has tried long enough itself */
#define OTHER_PATIENCE_NS  (60 * NS_PER_S) /* a network file system may come back */

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
    uint64_t from = source->watch ? source->watch->cut(source) : source->offset;
    if (end > from)
        source_lose(source, end - from, "truncated before it was read to its end");
    source->offset = source->seen = source->cut = 0;
    source->shown = 0;
    source->moved = false;
    source->marker.len = 0;
    source->identity.head_len = 0;
    source->hollow = true;
    source->torn = false;
    return -ESTALE;
}

/* ---- holes and torn lines ---------------------------------------------------- */

/* A writer that did not notice the truncation went on at its old place: what lies before is a hole. */
static ssize_t file_skip_hole(struct source *source, const char *buf, size_t got)
{
    size_t nuls = 0;
    while (nuls < got && buf[nuls] == '\0')
        nuls++;
    if (nuls < got)
        source->hollow = false;
    if (nuls == 0)
        return (ssize_t)got;
    uint64_t end = source->offset + nuls;
    off_t data = nuls < got ? -1 : lseek(source->fd, (off_t)end, SEEK_DATA);
    if (data > (off_t)end)
        end = (uint64_t)data;
    source_skip(source, end - source->offset,
                "NUL bytes of a writer that did not notice the truncation");
    return -EAGAIN;
}

/* Its beginning is lost, so the rest of the line is too. */
static ssize_t file_skip_line(struct source *source, const char *buf, size_t got)
{
    const char *end = memchr(buf, '\n', got);
    source->torn = end == NULL;
    source_skip(source, end ? (uint64_t)(end - buf) + 1 : got,
                "the rest of a line whose beginning cannot be read");
    return -EAGAIN;
}

/* ---- a disk that cannot read ---------------------------------------------------- */

/* The first byte at or behind `at`, below `end`, that can be read (or, for `bad`, that cannot); looks at some blocks only. */
static uint64_t file_probe(const struct source *source, uint64_t at, uint64_t end, bool bad)
{
    char block[BLOCK_BYTES];
    for (int i = 0; i < PROBES_A_TURN && at < end; i++) {
        size_t len = BLOCK_BYTES - at % BLOCK_BYTES;
        ssize_t got = tail_sys.pread(source->fd, block, len, (off_t)at);
        if ((got < 0) == bad)
            return at;
        at += len;
    }
    return at < end ? at : end;
}

/* What can be read is shown; then what cannot is skipped, with the line that it tore. */
static ssize_t file_read_around(struct source *source, void *buf, size_t size)
{
    struct stat st;
    if (tail_sys.fstat(source->fd, &st) < 0)
        return 0;
    uint64_t end = (uint64_t)st.st_size, from = source->offset;
    uint64_t bad = file_probe(source, from, end < from + size ? end : from + size, true);
    if (bad > from + source->shown) {
        ssize_t got = tail_sys.pread(source->fd, buf, (size_t)(bad - from), (off_t)from);
        return got > 0 && source_shows(source, (size_t)got, size) ? got : -EAGAIN;
    }
    uint64_t good = file_probe(source, bad, end, false);
    if (good == from)
        return -EAGAIN; // it can be read again
    source->torn = true;
    source_skip(source, good - from, "the disk cannot read it");
    return -EAGAIN;
}

/* Said once; tried again for a while, since a cable or a server may come back. Then it is a gap. */
static ssize_t file_fail(struct source *source, void *buf, size_t size, int error)
{
    int64_t now = clock_monotonic_ns();
    if (error == EINTR || error == EAGAIN)
        return -EAGAIN;
    if (!source->watch)
        return error == ESTALE ? -EIO : -error; // read alone: its reader decides
    if (error == ESTALE) { // a network file system has another one there: the next turn looks
        source_park(source);
        return -EAGAIN;
    }
    if (source->failing_ns == 0) {
        log_warning("%s: cannot be read at %" PRIu64 ": %s; it is tried again", source->path,
                    source->offset, strerror(error));
        source->failing_ns = now;
    }
    int64_t patience = error == EIO ? BROKEN_PATIENCE_NS : OTHER_PATIENCE_NS;
    return now - source->failing_ns < patience ? 0 : file_read_around(source, buf, size);
}

/* Is there anything behind the limit? The next turn may have another one. */
static bool file_goes_on(const struct source *source)
{
    struct stat st;
    return source->limit != UINT64_MAX && tail_sys.fstat(source->fd, &st) == 0 &&
           (uint64_t)st.st_size > source->offset + source->shown;
}

static ssize_t file_read(struct source *source, void *buf, size_t size)
{
    unsigned char mark[MARKER_BYTES];
    size_t len = source->marker.len;
    uint64_t left = source->limit > source->offset ? source->limit - source->offset : 0;
    struct iovec parts[2] = {{mark, len}, {buf, left < size ? (size_t)left : size}};
    ssize_t r = tail_sys.preadv(source->fd, parts, 2, (off_t)(source->offset - len));
    if (r < 0)
        return file_fail(source, buf, size, errno);
    source->failing_ns = 0;
    bool shorter = (size_t)r < len;
    if (shorter || memcmp(mark, source->marker.at, len) != 0)
        return file_restart(source, shorter);
    size_t got = (size_t)r - len;
    if (source->offset + got > source->seen)
        source->seen = source->offset + got;
    if (source->hollow && got > 0 && file_skip_hole(source, buf, got) < 0)
        return -EAGAIN;
    if (source->torn && got > 0)
        return file_skip_line(source, buf, got);
    if (source_shows(source, got, size))
        return (ssize_t)got;
    return !source->final ? 0 : file_goes_on(source) ? -EAGAIN : -ENODATA;
}

const struct source_ops file_ops = {.kind = SOURCE_FILE, .read = file_read};
