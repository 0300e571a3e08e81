/* SPDX-License-Identifier: MIT */
/*
 * archive.c - the unpacked bytes of a zstd file, as a stream.
 *
 *      pread ─▶ [in 128 KiB] ─one block at a time─▶ straight into the reader's buffer, behind what it left last time
 *
 * Fed exactly as many bytes as zstd asks for, so that a damaged block costs that block and nothing before it. Several
 * frames, skippable ones too, follow each other. Bounded: the window by WINDOW_LOG_MAX, the output by archive_limits.
 * A checksum error is known only after the data was handed out; it is said then.
 */

#include "tail/archive.h"

#include "base/clock.h"
#include "base/hash.h"
#include "tail/inner.h"
#include "tail/keep.h"
#include "tail/sys.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
    WINDOW_LOG_MAX = 23,  /* 8 MiB: what `zstd -19` asks for; --long and --ultra ask for more */
    IN_BYTES = 128 << 10, /* one block and its header fit nearly always */
    FRAME_HEADER_FIRST = 5,       /* what zstd asks for at the start of a frame */
    SKIP_BYTES_A_TURN = 16 << 20, /* about 20 ms, so that skipping starves nobody */
};

/* One that breaks off and was written to so recently is waited for. */
#define GROW_PATIENCE_NS (60 * NS_PER_S)

struct archive_limits archive_limits = {
    .floor = 64 << 20,
    .ratio = 2000,
    .most = UINT64_C(1) << 40,
};

struct unpack {
    ZSTD_DStream *stream;
    size_t in_at, in_len, hint; /* hint: bytes zstd asks for; 0 between frames */
    uint64_t packed, out;       /* read from the file; unpacked so far */
    bool full;                  /* the last output was: zstd may hold more */
    int error;                  /* how it ended: said once what came before is delivered */
    bool waits;                 /* at the end of what is there, for more */
    bool skip;                  /* below the source's offset: unpack and drop */
    struct marker before;       /* of what was dropped */
    char in[IN_BYTES];
};

bool archive_begins(int fd)
{
    unsigned char m[4];
    if (tail_sys.pread(fd, m, sizeof(m), 0) != sizeof(m))
        return false;
    uint32_t magic = m[0] | (uint32_t)m[1] << 8 | (uint32_t)m[2] << 16 | (uint32_t)m[3] << 24;
    return magic == ZSTD_MAGICNUMBER ||
           (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

/* ---- unpacking ------------------------------------------------------------ */

static struct unpack *unpack_new(void)
{
    struct unpack *u = malloc(sizeof(*u));
    if (!u)
        return NULL;
    u->stream = ZSTD_createDStream();
    if (!u->stream) {
        free(u);
        return NULL;
    }
    u->in_at = u->in_len = u->hint = 0;
    u->packed = u->out = 0;
    u->error = 0;
    u->skip = u->full = u->waits = false;
    u->before.len = 0;
    (void)ZSTD_DCtx_setParameter(u->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    return u;
}

static void unpack_free(struct unpack *u)
{
    if (!u)
        return;
    ZSTD_freeDStream(u->stream);
    free(u);
}

static uint64_t unpack_left(const struct source *source, const struct unpack *u)
{
    uint64_t used = u->packed - (u->in_len - u->in_at);
    return source->seen > used ? source->seen - used : 0;
}

/* What cannot be read any more is known in packed bytes only. */
static int unpack_give_up(struct source *source, struct unpack *u, const char *reason)
{
    uint64_t left = unpack_left(source, u);
    source_lose(source, left > 0 ? left : 1, reason);
    return -EBADMSG;
}

static const char *unpack_reason(size_t code)
{
    switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_frameParameter_windowTooLarge:
        return "the archive asks for a window beyond 8 MiB; the rest counts packed bytes";
    case ZSTD_error_checksum_wrong:
        return "the archive's checksum is wrong; its content was delivered";
    case ZSTD_error_dictionary_wrong:
        return "the archive needs a dictionary; the rest counts packed bytes";
    case ZSTD_error_prefix_unknown:
        return "something that is no zstd follows in the archive; the rest counts packed bytes";
    default:
        return "the archive is damaged; the rest counts packed bytes";
    }
}

static bool unpack_over_limit(const struct unpack *u, uint64_t out)
{
    uint64_t used = u->packed - (u->in_len - u->in_at);
    return out > archive_limits.floor + archive_limits.ratio * used ||
           out > archive_limits.most;
}

/* 0, -ENODATA at the end of the file, -errno. */
static int unpack_refill(struct source *source, struct unpack *u)
{
    ssize_t got = tail_sys.pread(source->fd, u->in, IN_BYTES, (off_t)u->packed);
    if (got <= 0)
        return got == 0 ? -ENODATA : errno == EINTR ? 0 : -errno;
    u->in_at = 0;
    u->in_len = (size_t)got;
    u->packed += (uint64_t)got;
    return 0;
}

/* It breaks off here, but whoever writes it may have paused only. */
static bool may_grow(struct source *source)
{
    struct stat st;
    if (!source->patient || source->final || tail_sys.fstat(source->fd, &st) < 0)
        return false;
    source_saw(source, &st);
    int64_t quiet = clock_wall_ns() - source->mtime_ns;
    return quiet >= 0 && quiet < GROW_PATIENCE_NS;
}

/* At most one block: 0 to go on, -ENODATA at a proper end, -EAGAIN for the time being, -EBADMSG. */
static int unpack_step(struct source *source, struct unpack *u, ZSTD_outBuffer *out)
{
    int r = u->in_at < u->in_len ? 0 : unpack_refill(source, u);
    if (r < 0 && r != -ENODATA)
        return unpack_give_up(source, u, "the disk cannot read the archive any further");
    if (r < 0 && u->hint == 0)
        return r;
    if (r < 0 && !u->full &&
        may_grow(source)) { // zstd is not asked without need: it counts that
        u->waits = true;
        return -EAGAIN;
    }
    // what zstd holds comes out alone: an error in the same call would take it away
    size_t want = u->hint == 0 ? FRAME_HEADER_FIRST : u->full ? 0 : u->hint;
    size_t have = u->in_len - u->in_at;
    ZSTD_inBuffer in = {u->in + u->in_at, want < have ? want : have, 0};
    size_t before = out->pos;
    size_t hint = ZSTD_decompressStream(u->stream, out, &in);
    u->in_at += in.pos;
    if (ZSTD_isError(hint))
        return unpack_give_up(source, u, unpack_reason(hint));
    u->hint = hint;
    u->full = out->pos == out->size;
    if (unpack_over_limit(u, u->out + out->pos))
        return unpack_give_up(source, u,
                              "the archive unpacks to more than its size allows: a bomb");
    if (r == -ENODATA && out->pos == before)
        return u->hint == 0 ? -ENODATA : unpack_give_up(source, u, "the archive breaks off");
    return 0;
}

/* Fill buf as far as the archive goes; what ends it stays in u->error. */
static size_t unpack_some(struct source *source, struct unpack *u, void *buf, size_t size)
{
    ZSTD_outBuffer out = {buf, size, 0};
    if (u->error == -EAGAIN)
        u->error = 0;
    u->waits = false;
    while (out.pos < size && u->error == 0)
        u->error = unpack_step(source, u, &out);
    u->out += out.pos;
    return out.pos;
}

size_t archive_peek(struct source *source, char head[IDENTITY_HEAD_BYTES])
{
    struct unpack *u = unpack_new();
    if (!u)
        return 0;
    size_t got = unpack_some(source, u, head, IDENTITY_HEAD_BYTES);
    unpack_free(u);
    source_gap(source, NULL); // said again by whoever reads it
    return got;
}

bool archive_too_young(struct source *source)
{
    char head[IDENTITY_HEAD_BYTES];
    if (source->ops->kind != SOURCE_ARCHIVE)
        return false;
    source->patient = true;
    if (!may_grow(source))
        return false;
    struct unpack *u = unpack_new();
    bool young = u && unpack_some(source, u, head, sizeof(head)) < sizeof(head) && u->waits;
    unpack_free(u);
    source_gap(source, NULL);
    return young;
}

uint64_t archive_left(const struct source *source)
{
    return source->unpack ? unpack_left(source, source->unpack) : source->seen;
}

/* ---- going on where we were ------------------------------------------------ */

void archive_resume(struct source *source, uint64_t offset, const struct identity *marker)
{
    source->offset = offset;
    source->identity.marker = marker->marker;
    source->identity.marker_len = marker->marker_len;
}

static ssize_t archive_restart(struct source *source)
{
    unpack_free(source->unpack);
    source->unpack = NULL;
    if (source->watch)
        source->watch->cut(source);
    source->offset = 0;
    source->gap = 0;
    source->gap_reason = NULL;
    source->marker.len = 0;
    return -ESTALE;
}

/* 0 when the offset is reached and the content before it is the old one; 1 to wait; else what the read returns. */
static ssize_t archive_skip(struct source *source, char *buf, size_t size)
{
    struct unpack *u = source->unpack;
    for (size_t done = 0; u->out < source->offset;) {
        if (done >= SKIP_BYTES_A_TURN)
            return -EAGAIN;
        uint64_t left = source->offset - u->out;
        size_t got = unpack_some(source, u, buf, left < size ? (size_t)left : size);
        if (got == 0 && u->waits)
            return 1;
        if (got == 0)
            return archive_restart(source);
        marker_push(&u->before, buf, got);
        done += got;
    }
    const struct identity *id = &source->identity;
    if (u->before.len != id->marker_len || marker_hash(&u->before) != id->marker)
        return archive_restart(source);
    source->marker = u->before;
    u->skip = false;
    return 0;
}

/* Unpack up to `end`, remembering the bytes before `offset` and `end`. */
static int unpack_markers(struct source *source, struct unpack *u, const uint64_t ends[2],
                          struct marker ret[2])
{
    char buf[16 << 10];
    struct marker marker = {.len = 0};
    for (int i = 0; i < 2; i++) {
        while (u->out < ends[i]) {
            uint64_t left = ends[i] - u->out;
            size_t got = unpack_some(source, u, buf, left < sizeof(buf) ? left : sizeof(buf));
            if (got == 0)
                return -ESTALE;
            marker_push(&marker, buf, got);
        }
        ret[i] = marker;
    }
    return 0;
}

int archive_rewind(struct source *source, uint64_t offset, const struct bookmark *mark)
{
    struct unpack *u = unpack_new();
    const uint64_t ends[2] = {offset, mark->offset};
    struct marker markers[2] = {{.len = 0}, {.len = 0}};
    if (!u)
        return -ENOMEM;
    int r = unpack_markers(source, u, ends, markers);
    unpack_free(u);
    source_gap(source, NULL);
    if (r == 0 && (markers[1].len != mark->identity.marker_len ||
                   marker_hash(&markers[1]) != mark->identity.marker))
        r = -ESTALE;
    if (r < 0)
        return r;
    struct identity here = {.marker = marker_hash(&markers[0]), .marker_len = markers[0].len};
    archive_resume(source, offset, &here);
    return 0;
}

static int archive_begin(struct source *source)
{
    if (source->unpack)
        return 0;
    source->unpack = unpack_new();
    if (!source->unpack)
        return -ENOMEM;
    source->unpack->skip = source->offset > 0;
    return 0;
}

static void archive_release(struct source *source)
{
    unpack_free(source->unpack);
    source->unpack = NULL;
}

static ssize_t archive_read(struct source *source, void *buf, size_t size)
{
    ssize_t r = archive_begin(source);
    if (r == 0 && source->unpack->skip)
        r = archive_skip(source, buf, size);
    if (r != 0)
        return r < 0 ? r : 0;
    struct unpack *u = source->unpack;
    size_t had = keep_give(source, buf, size);
    size_t fresh = unpack_some(source, u, (char *)buf + had, size - had);
    keep_lend(source, fresh);
    if (source_shows(source, had + fresh, size))
        return (ssize_t)(had + fresh);
    r = u->waits ? 0 : u->error;
    if (r == -ENODATA || r == -EBADMSG)
        archive_release(source); // its memory is worth more than the struct's
    return r;
}

const struct source_ops archive_ops = {
    .kind = SOURCE_ARCHIVE,
    .read = archive_read,
    .consume = keep_rest,
    .release = archive_release,
};
