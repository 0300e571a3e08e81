/* SPDX-License-Identifier: MIT */

#include "deliver/frame.h"

#include "base/hash.h"
#include "deliver/sys.h"

#define MAGIC_FINDING UINT32_C(0x4d52464f) /* "OFRM" */
#define MAGIC_BLOCK   UINT32_C(0x4b4c424f) /* "OBLK" */

struct head {
    uint32_t magic, length;
    uint64_t number, payload_hash, hash;
};
/* What the payload of a finding begins with; the four texts follow. */
struct finding_head {
    uint64_t fingerprint;
    int64_t ts_ns;
    double score;
    uint32_t route, status;
    uint32_t id, stream, detector, data; /* lengths */
};
/* And that of a block; the manifest follows. */
struct block_head {
    uint64_t first_n, count, span;
    int64_t time_ns;
};
_Static_assert(sizeof(struct head) == 32, "frames are read by other versions of us");
_Static_assert(sizeof(struct finding_head) == 48, "payloads are read by other versions of us");
_Static_assert(sizeof(struct block_head) == 32, "payloads are read by other versions of us");

static uint64_t padded(uint64_t len)
{
    return (len + 7) & ~UINT64_C(7);
}

static uint64_t head_hash(const struct head *head, uint64_t epoch)
{
    struct bytes bytes = {(const char *)head, offsetof(struct head, hash)};
    return hash_join(hash_bytes(bytes), epoch);
}

/* ---- reading ------------------------------------------------------------ */

static bool is_ours(const struct head *head)
{
    if (head->number == 0 || head->number > INT64_MAX)
        return false;
    if (head->magic == MAGIC_FINDING)
        return head->length >= sizeof(struct finding_head) && head->length <= FRAME_FINDING_MAX;
    return head->magic == MAGIC_BLOCK && head->length >= sizeof(struct block_head) &&
           head->length <= sizeof(struct block_head) + FRAME_MANIFEST_MAX;
}

/* The padding of the last frame may be missing: it says nothing. */
static bool head_at(const struct frames *in, uint64_t at, struct frame *ret)
{
    struct head head;
    if (at + sizeof(head) > in->end || !sys_read(in->fd, &head, sizeof(head), at) ||
        !is_ours(&head) || head.hash != head_hash(&head, in->epoch) ||
        at + sizeof(head) + head.length > in->end)
        return false;
    *ret = (struct frame){.kind = head.magic == MAGIC_BLOCK ? FRAME_BLOCK : FRAME_FINDING,
                          .length = head.length,
                          .number = head.number,
                          .begin = at,
                          .end = at + padded(sizeof(head) + head.length),
                          .hash = head.payload_hash};
    return true;
}

/* Where a frame may begin at or behind `at`, looking at 64 KiB at a time; in->end when nowhere. */
static uint64_t find_magic(const struct frames *in, uint64_t at)
{
    uint32_t words[16384];
    while (at + sizeof(struct head) <= in->end) {
        uint64_t want = in->end - at < sizeof(words) ? in->end - at : sizeof(words);
        if (!sys_read(in->fd, words, want, at))
            return in->end;
        for (size_t i = 0; i < want / 4; i += 2)
            if (words[i] == MAGIC_FINDING || words[i] == MAGIC_BLOCK)
                return at + i * 4;
        at += sizeof(words);
    }
    return in->end;
}

int frame_find(const struct frames *in, uint64_t offset, struct frame *ret)
{
    for (uint64_t at = offset; at < in->end; at = find_magic(in, at + 8))
        if (head_at(in, at, ret))
            return 1;
    return 0;
}

bool frame_payload(const struct frames *in, const struct frame *frame, char *room)
{
    return sys_read(in->fd, room, frame->length, frame->begin + sizeof(struct head)) &&
           hash_bytes((struct bytes){room, frame->length}) == frame->hash;
}

static struct bytes take(const char **at, uint32_t len)
{
    struct bytes text = {*at, len};
    *at += len;
    return text;
}

bool frame_entry(const struct frames *in, const struct frame *frame, const char *payload,
                 struct entry *ret)
{
    struct finding_head p;
    if (frame->kind != FRAME_FINDING)
        return false;
    memcpy(&p, payload, sizeof(p));
    uint64_t need = sizeof(p) + (uint64_t)p.id + p.stream + p.detector + p.data;
    if (need != frame->length || p.route >= ROUTES || p.status > FINDING_RESOLVED)
        return false;
    const char *at = payload + sizeof(p);
    *ret = (struct entry){.epoch = in->epoch,
                          .n = frame->number,
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

bool frame_block(const struct frame *frame, const char *payload, struct block *ret)
{
    struct block_head p;
    if (frame->kind != FRAME_BLOCK)
        return false;
    memcpy(&p, payload, sizeof(p));
    *ret = (struct block){.seq = frame->number,
                          .first_n = p.first_n,
                          .count = p.count,
                          .span = p.span,
                          .time_ns = p.time_ns,
                          .manifest = {payload + sizeof(p), frame->length - sizeof(p)}};
    return true;
}

/* ---- writing ------------------------------------------------------------ */

/* The payload stands at out->at + begin + sizeof(head) already; the head is put in front of it. */
static void finish(struct buffer *out, size_t begin, struct head head, uint64_t epoch)
{
    static const char zero[8];
    char *at = out->at + begin;
    head.length = (uint32_t)(out->len - begin - sizeof(head));
    head.payload_hash = hash_bytes((struct bytes){at + sizeof(head), head.length});
    head.hash = head_hash(&head, epoch);
    memcpy(at, &head, sizeof(head));
    buffer_append(out, zero, padded(out->len - begin) - (out->len - begin));
}

size_t frame_entry_size(const struct entry *e)
{
    return sizeof(struct finding_head) + e->id.len + e->stream.len + e->detector.len +
           e->data.len;
}

void frame_put_entry(struct buffer *out, const struct entry *e)
{
    struct finding_head p = {.fingerprint = e->fingerprint,
                             .ts_ns = e->ts_ns,
                             .score = e->score,
                             .route = e->route,
                             .status = e->status,
                             .id = (uint32_t)e->id.len,
                             .stream = (uint32_t)e->stream.len,
                             .detector = (uint32_t)e->detector.len,
                             .data = (uint32_t)e->data.len};
    struct head head = {.magic = MAGIC_FINDING, .number = e->n};
    size_t begin = out->len;
    buffer_append(out, &head, sizeof(head));
    buffer_append(out, &p, sizeof(p));
    buffer_append(out, e->id.at, e->id.len);
    buffer_append(out, e->stream.at, e->stream.len);
    buffer_append(out, e->detector.at, e->detector.len);
    buffer_append(out, e->data.at, e->data.len);
    finish(out, begin, head, e->epoch);
}

void frame_put_block(struct buffer *out, uint64_t epoch, const struct block *block)
{
    struct block_head p = {.first_n = block->first_n,
                           .count = block->count,
                           .span = block->span,
                           .time_ns = block->time_ns};
    struct head head = {.magic = MAGIC_BLOCK, .number = block->seq};
    size_t begin = out->len;
    buffer_append(out, &head, sizeof(head));
    buffer_append(out, &p, sizeof(p));
    buffer_append(out, block->manifest.at, block->manifest.len);
    finish(out, begin, head, epoch);
}
