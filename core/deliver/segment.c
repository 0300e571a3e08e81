/* SPDX-License-Identifier: MIT */

#include "deliver/segment.h"

#include "base/hash.h"
#include "deliver/sys.h"

#include <byteswap.h>
#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>

#define MAGIC   UINT64_C(0x00006b636c646f6f) /* "oodlck" */
#define VERSION UINT64_C(2)                  /* in the highest byte */
#define MAGIC_2 (MAGIC | VERSION << 56)

enum { COMPACT = 1, HEADER_1 = 32 /* of version 1, with its hash last too */ };

struct header {
    uint64_t magic, epoch, first_seq, last_seq, first_n;
    int64_t created_ns, newest_ns;
    uint64_t flags, spare, hash;
};
_Static_assert(sizeof(struct header) == SEGMENT_HEADER, "promised to all versions");

/* ---- the header --------------------------------------------------------- */

/* Does the header of `len` bytes end with its hash, in this byte order or the other one? */
static bool is_whole(const char *header, size_t len)
{
    uint64_t hash, want = hash_bytes((struct bytes){header, len - sizeof(hash)});
    memcpy(&hash, header + len - sizeof(hash), sizeof(hash));
    return hash == want || hash == bswap_64(want);
}

static enum segment_kind kind_of(const struct header *header)
{
    const char *bytes = (const char *)header;
    if (is_whole(bytes, sizeof(*header)))
        return header->magic == MAGIC_2 ? SEGMENT_OURS : SEGMENT_FOREIGN;
    return is_whole(bytes, HEADER_1) ? SEGMENT_FOREIGN : SEGMENT_DAMAGED;
}

enum segment_kind segment_header(int fd, struct segment *ret)
{
    struct header h = {0};
    struct stat st;
    if (fstat(fd, &st) < 0 || !sys_read(fd, &h, HEADER_1, 0))
        return SEGMENT_DAMAGED;
    if (!sys_read(fd, &h, sizeof(h), 0)) // it may be one of the shorter ones
        return is_whole((const char *)&h, HEADER_1) ? SEGMENT_FOREIGN : SEGMENT_DAMAGED;
    enum segment_kind kind = kind_of(&h);
    if (kind != SEGMENT_OURS)
        return kind;
    if (h.first_seq == 0 || h.first_n == 0 || h.last_seq + 1 < h.first_seq)
        return SEGMENT_DAMAGED;
    *ret = (struct segment){.inode = st.st_ino,
                            .epoch = h.epoch,
                            .first_seq = h.first_seq,
                            .last_seq = h.last_seq,
                            .first_n = h.first_n,
                            .last_n = h.first_n - 1,
                            .created_ns = h.created_ns,
                            .newest_ns = h.newest_ns,
                            .compact = h.flags & COMPACT,
                            .size = SEGMENT_HEADER,
                            .room = (uint64_t)st.st_size};
    return SEGMENT_OURS;
}

int segment_put_header(int fd, const struct segment *s)
{
    struct header h = {.magic = MAGIC_2,
                       .epoch = s->epoch,
                       .first_seq = s->first_seq,
                       .last_seq = s->compact ? s->last_seq : s->first_seq - 1,
                       .first_n = s->first_n,
                       .created_ns = s->created_ns,
                       .newest_ns = s->newest_ns,
                       .flags = s->compact ? COMPACT : 0};
    h.hash = hash_bytes((struct bytes){(const char *)&h, offsetof(struct header, hash)});
    return sys_write(fd, (struct bytes){(const char *)&h, sizeof(h)}, 0);
}

/* ---- walking ------------------------------------------------------------ */

/* The unbroken run of good findings that ends where the walk is. */
struct run {
    uint64_t begin, end, first_n, count;
};

static void run_add(struct run *run, const struct frame *frame)
{
    if (run->end != frame->begin || (run->count && frame->number != run->first_n + run->count))
        *run = (struct run){.begin = frame->begin};
    if (run->count++ == 0)
        run->first_n = frame->number;
    run->end = frame->end;
}

static bool is_all_of(const struct run *run, const struct frame *frame,
                      const struct block *block)
{
    if (run->end != frame->begin || run->count != block->count)
        return false;
    return frame->begin - run->begin == block->span &&
           (block->count == 0 || run->first_n == block->first_n);
}

static void accept(struct segment *s, uint64_t last_n, uint64_t begin,
                   const struct frame *frame)
{
    s->skipped += begin != s->size; // damage between the last whole block and this one
    s->size = frame->end;
    if (last_n > s->last_n)
        s->last_n = last_n;
}

/* A block frame is good. Its findings are too when the run says so; else it may be that they were never written whole. */
static void take_block(struct segment *s, struct run *run, const struct frame *frame,
                       const struct block *block)
{
    if (block->seq > s->last_seq && is_all_of(run, frame, block)) {
        s->finding_bytes += frame->begin - s->size;
        accept(s, block->count ? block->first_n + block->count - 1 : 0, run->begin, frame);
        s->last_seq = block->seq;
        s->newest_ns = block->time_ns;
        s->manifests |= block->manifest.len > 0;
    }
    *run = (struct run){.begin = frame->end, .end = frame->end};
}

static void take_finding(struct segment *s, struct run *run, const struct frame *frame)
{
    if (s->compact) {
        s->finding_bytes += frame->end - frame->begin;
        accept(s, frame->number, frame->begin, frame);
    }
    run_add(run, frame);
}

/* Bytes in [from, end of file) up to the last one that is not zero. */
static uint64_t count_torn(int fd, uint64_t from, uint64_t file_end)
{
    char block[16384];
    uint64_t torn = 0;
    for (uint64_t at = from; at < file_end;) {
        uint64_t want = file_end - at < sizeof(block) ? file_end - at : sizeof(block);
        if (!sys_read(fd, block, want, at))
            return torn;
        for (uint64_t i = 0; i < want; i++)
            torn = block[i] ? at + i + 1 - from : torn;
        at += want;
    }
    return torn;
}

static bool take_frame(const struct frames *in, struct segment *s, struct run *run,
                       const struct frame *frame, const char *payload)
{
    struct entry entry;
    struct block block;
    if (!frame_payload(in, frame, (char *)(uintptr_t)payload))
        return false;
    if (frame_entry(in, frame, payload, &entry))
        take_finding(s, run, frame);
    else if (frame_block(frame, payload, &block))
        take_block(s, run, frame, &block);
    return true;
}

int segment_walk(int fd, struct segment *s, struct buffer *scratch)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -EIO;
    s->room = (uint64_t)st.st_size;
    struct frames in = {.fd = fd, .epoch = s->epoch, .end = s->room};
    struct run run = {.begin = s->size, .end = s->size};
    struct frame frame;
    for (uint64_t at = s->size; frame_find(&in, at, &frame);) {
        buffer_clear(scratch);
        char *payload = buffer_room(scratch, frame.length);
        at = take_frame(&in, s, &run, &frame, payload) ? frame.end : frame.begin + 8;
    }
    s->torn = count_torn(fd, s->size, s->room);
    return 0;
}

int segment_cut(int fd, struct segment *s)
{
    static const char zeros[16384];
    int r = 0;
    for (uint64_t done = 0; r == 0 && done < s->torn; done += sizeof(zeros)) {
        uint64_t left = s->torn - done;
        struct bytes part = {zeros, left < sizeof(zeros) ? left : sizeof(zeros)};
        r = sys_write(fd, part, s->size + done);
    }
    if (r == 0)
        r = sys_sync(fd);
    if (r == 0)
        s->torn = 0;
    return r;
}
