/* SPDX-License-Identifier: MIT */

#include "deliver/segment.h"

#include "base/check.h"
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC_FILE  UINT64_C(0x01006b636c646f6f) /* "oodlck", version 1 */
#define MAGIC_FRAME UINT32_C(0x4d52464f)         /* "OFRM" */

struct header {
    uint64_t magic, epoch, first_n, hash;
};
struct frame {
    uint32_t magic, length;
    uint64_t n, hash;
};
/* What the payload begins with; the four texts follow. */
struct payload {
    uint64_t fingerprint;
    int64_t ts_ns;
    double score;
    uint32_t route, status;
    uint32_t id, stream, detector, data; /* lengths */
};
_Static_assert(sizeof(struct header) == SEGMENT_HEADER, "the header is what segment.h draws");
_Static_assert(sizeof(struct frame) == 24, "frames are read by other versions of us");
_Static_assert(sizeof(struct payload) == 48, "payloads are read by other versions of us");

static uint64_t header_hash(const struct header *header)
{
    return hash_bytes((struct bytes){(const char *)header, offsetof(struct header, hash)});
}

static uint64_t frame_hash(const struct frame *frame, struct bytes payload)
{
    return hash_join(hash_join(hash_bytes(payload), frame->n), frame->length);
}

/* All of it, or -errno; a short write is an error that the caller undoes. */
static int write_at(int fd, const char *data, size_t len, uint64_t offset)
{
    while (len) {
        ssize_t n = pwrite(fd, data, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        data += n;
        len -= (size_t)n;
        offset += (size_t)n;
    }
    return 0;
}

/* 1 when all `len` bytes are there, else 0. */
static int read_at(int fd, void *data, size_t len, uint64_t offset)
{
    char *to = data;
    while (len) {
        ssize_t n = pread(fd, to, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        to += n;
        len -= (size_t)n;
        offset += (size_t)n;
    }
    return 1;
}

int segment_create(int dir, const char *name, struct segment *ret, struct error *reterr)
{
    struct header header = {.magic = MAGIC_FILE, .epoch = ret->epoch, .first_n = ret->first_n};
    header.hash = header_hash(&header);
    int fd = openat(dir, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return error_set(reterr, -errno, "%s: cannot create: %s", name, strerror(errno));
    int r = write_at(fd, (const char *)&header, sizeof(header), 0);
    if (r == 0 && fdatasync(fd) < 0)
        r = -errno;
    if (r < 0) {
        close(fd);
        unlinkat(dir, name, 0);
        return error_set(reterr, r, "%s: cannot write: %s", name, strerror(-r));
    }
    *ret = (struct segment){
        .fd = fd, .epoch = header.epoch, .first_n = header.first_n, .size = SEGMENT_HEADER};
    return 0;
}

void segment_close(struct segment *segment)
{
    if (segment->fd >= 0)
        close(segment->fd);
    segment->fd = -1;
}

static uint64_t padded(uint64_t len)
{
    return (len + 7) & ~UINT64_C(7);
}

static struct bytes take(const char **at, uint32_t len)
{
    struct bytes text = {*at, len};
    *at += len;
    return text;
}

static bool unpack(const struct frame *frame, const char *room, struct entry *ret)
{
    struct payload p;
    memcpy(&p, room, sizeof(p));
    uint64_t need = sizeof(p) + (uint64_t)p.id + p.stream + p.detector + p.data;
    if (need != frame->length || p.route >= ROUTES || p.status > FINDING_RESOLVED)
        return false;
    const char *at = room + sizeof(p);
    *ret = (struct entry){.n = frame->n,
                          .fingerprint = p.fingerprint,
                          .route = (enum finding_route)p.route,
                          .status = (enum finding_status)p.status,
                          .ts_ns = p.ts_ns,
                          .score = p.score};
    ret->id = take(&at, p.id);
    ret->stream = take(&at, p.stream);
    ret->detector = take(&at, p.detector);
    ret->data = take(&at, p.data);
    return true;
}

/* The frame exactly at `offset`: 1 good, 0 none or damaged, -EMSGSIZE. */
static int frame_at(const struct segment *segment, uint64_t offset, struct bytes room,
                    struct entry *ret)
{
    struct frame frame;
    if (!read_at(segment->fd, &frame, sizeof(frame), offset) || frame.magic != MAGIC_FRAME ||
        frame.length < sizeof(struct payload) || frame.length > SEGMENT_PAYLOAD_MAX)
        return 0;
    if (frame.length > room.len)
        return -EMSGSIZE;
    char *to = (char *)(uintptr_t)room.at;
    if (!read_at(segment->fd, to, frame.length, offset + sizeof(frame)))
        return 0;
    if (frame_hash(&frame, (struct bytes){to, frame.length}) != frame.hash)
        return 0;
    return unpack(&frame, to, ret);
}

size_t segment_payload_size(const struct entry *e)
{
    return sizeof(struct payload) + e->id.len + e->stream.len + e->detector.len + e->data.len;
}

/* Where a frame may begin at or behind `offset`, looking at 64 KiB at a time; `end` when nowhere. */
static uint64_t find_magic(const struct segment *segment, uint64_t offset, uint64_t end)
{
    uint32_t block[16384];
    while (offset < end) {
        uint64_t want = end - offset < sizeof(block) ? end - offset : sizeof(block);
        if (!read_at(segment->fd, block, want, offset))
            return end;
        for (size_t i = 0; i < want / 4; i += 2)
            if (block[i] == MAGIC_FRAME)
                return offset + i * 4;
        offset += sizeof(block);
    }
    return end;
}

static int read_until(const struct segment *segment, uint64_t *offset, uint64_t end,
                      struct bytes room, struct entry *ret)
{
    for (uint64_t at = *offset; at < end; at = find_magic(segment, at + 8, end)) {
        int r = frame_at(segment, at, room, ret);
        if (r < 0)
            return r;
        if (r) {
            ret->epoch = segment->epoch;
            *offset = at + padded(sizeof(struct frame) + segment_payload_size(ret));
            return 1;
        }
    }
    return 0;
}

int segment_read(const struct segment *segment, uint64_t *offset, char *room, size_t room_size,
                 struct entry *ret)
{
    return read_until(segment, offset, segment->size, (struct bytes){room, room_size}, ret);
}

void segment_refresh(struct segment *segment)
{
    struct stat st;
    char *room = malloc(SEGMENT_PAYLOAD_MAX);
    CHECK(room);
    if (fstat(segment->fd, &st) == 0) {
        uint64_t end = (uint64_t)st.st_size & ~UINT64_C(7), at = segment->size;
        struct entry entry;
        while (read_until(segment, &at, end, (struct bytes){room, SEGMENT_PAYLOAD_MAX},
                          &entry) > 0) {
            uint64_t frame = padded(sizeof(struct frame) + segment_payload_size(&entry));
            segment->skipped += at - frame != segment->size;
            segment->size = at;
            if (entry.n > segment->last_n)
                segment->last_n = entry.n;
        }
        segment->torn =
            (uint64_t)st.st_size > segment->size ? (uint64_t)st.st_size - segment->size : 0;
    }
    free(room);
}

int segment_open(int dir, const char *name, bool writable, struct segment *ret,
                 struct error *reterr)
{
    int flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(dir, name, flags);
    if (fd < 0)
        return error_set(reterr, -errno, "%s: cannot open: %s", name, strerror(errno));
    struct header header;
    if (!read_at(fd, &header, sizeof(header), 0) || header.magic != MAGIC_FILE ||
        header.hash != header_hash(&header)) {
        close(fd);
        return error_set(reterr, -EBADMSG, "%s: not a file of the outbox, or damaged", name);
    }
    *ret = (struct segment){
        .fd = fd, .epoch = header.epoch, .first_n = header.first_n, .size = SEGMENT_HEADER};
    segment_refresh(ret);
    return 0;
}

void segment_frame(const struct entry *e, struct buffer *out)
{
    static const char zero[8];
    struct payload p = {.fingerprint = e->fingerprint,
                        .ts_ns = e->ts_ns,
                        .score = e->score,
                        .route = e->route,
                        .status = e->status,
                        .id = (uint32_t)e->id.len,
                        .stream = (uint32_t)e->stream.len,
                        .detector = (uint32_t)e->detector.len,
                        .data = (uint32_t)e->data.len};
    struct frame frame = {
        .magic = MAGIC_FRAME, .length = (uint32_t)segment_payload_size(e), .n = e->n};
    size_t begin = out->len;
    buffer_append(out, &frame, sizeof(frame));
    buffer_append(out, &p, sizeof(p));
    buffer_append(out, e->id.at, e->id.len);
    buffer_append(out, e->stream.at, e->stream.len);
    buffer_append(out, e->detector.at, e->detector.len);
    buffer_append(out, e->data.at, e->data.len);
    if (out->failed)
        return;
    char *at = out->at + begin;
    frame.hash = frame_hash(&frame, (struct bytes){at + sizeof(frame), frame.length});
    memcpy(at, &frame, sizeof(frame));
    buffer_append(out, zero, padded(out->len - begin) - (out->len - begin));
}

int segment_append(struct segment *segment, struct bytes frames, uint64_t last_n)
{
    int r = write_at(segment->fd, frames.at, frames.len, segment->size);
    if (r == 0 && fdatasync(segment->fd) < 0)
        r = -errno;
    if (r < 0) {
        if (ftruncate(segment->fd, (off_t)segment->size) < 0)
            return r; // the torn tail is cut by the next open, and overwritten by the next append
        return r;
    }
    segment->size += frames.len;
    segment->last_n = last_n;
    return 0;
}
