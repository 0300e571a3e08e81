/* SPDX-License-Identifier: MIT */

#include "app/keep.h"

#include "app/daemon.h"
#include "base/build.h"
#include "base/log.h"
#include "deliver/snapshot.h"

#include <errno.h>

/* ---- lane --------------------------------------------------------------- */

static void keep_streams(const struct daemon *d, struct buffer *out)
{
    struct buffer state = {0};
    for (size_t i = 0; i < d->slot_count; i++) {
        const struct slot *slot = &d->slots[i];
        if (!slot->generation)
            continue;
        buffer_clear(&state);
        lane_stream_pack(&slot->stream, &state);
        pack_u32(out, 1);
        pack_u64(out, slot->plan->lane.key);
        pack_u64(out, slot->config->hash);
        pack_bytes(out, buffer_bytes(&state));
    }
    pack_u32(out, 0);
    buffer_free(&state);
}

static void keep_feeds(struct daemon *d, struct buffer *out)
{
    struct buffer state = {0};
    for (struct source *s = tail_each(d->tail, NULL); s; s = tail_each(d->tail, s)) {
        const struct feed *feed = tail_user(s);
        if (!feed)
            continue;
        buffer_clear(&state);
        feed_pack(feed, &state);
        pack_u32(out, 1);
        pack_u64(out, feed_stream(feed)->plan->key);
        pack_bytes(out, buffer_bytes(&state));
    }
    pack_u32(out, 0);
    buffer_free(&state);
}

void keep_lane(struct daemon *d, struct buffer *out)
{
    buffer_clear(out);
    keep_streams(d, out);
    keep_feeds(d, out);
}

/* ---- tail --------------------------------------------------------------- */

static void keep_bookmark(void *context, const struct bookmark *mark)
{
    struct buffer *out = context;
    pack_u32(out, 1);
    bookmark_pack(mark, out);
}

void keep_tail(struct daemon *d, struct buffer *out)
{
    buffer_clear(out);
    tail_all(d->tail, keep_bookmark, out);
    pack_u32(out, 0);
}

/* ---- counts ------------------------------------------------------------- */

void keep_counts(const struct conservation *bytes, uint64_t serials, struct buffer *out)
{
    pack_u64(out, bytes->moved);
    pack_u64(out, bytes->gap);
    pack_u64(out, bytes->lost);
    pack_u64(out, bytes->gaps);
    pack_u64(out, serials);
}

int unkeep_counts(struct bytes packed, struct conservation *ret, uint64_t *ret_serials)
{
    struct unpacker in = {.rest = packed};
    struct conservation c = {.moved = unpack_u64(&in),
                             .gap = unpack_u64(&in),
                             .lost = unpack_u64(&in),
                             .gaps = unpack_u64(&in)};
    uint64_t serials = unpack_u64(&in);
    if (in.bad)
        return -EBADMSG;
    c.scored = c.moved - c.gap;
    *ret = c;
    *ret_serials = serials;
    return 0;
}

/* ---- the file ----------------------------------------------------------- */

static void keep_meta(struct daemon *d, const struct slip *slip, struct buffer *out)
{
    struct buffer counts = {0};
    keep_counts(&slip->bytes, slip->serials, &counts);
    pack_u64(out, journal_epoch(d->journal));
    pack_u64(out, journal_next_n(d->journal));
    pack_bytes(out, buffer_bytes(&counts));
    buffer_free(&counts);
}

struct sections {
    struct bytes meta, lane, tail, judge;
};

static int write_file(struct daemon *d, const struct sections *s, uint64_t build)
{
    struct snapshot_writer writer;
    struct error error;
    int r = snapshot_begin(&writer, d->state_dir, journal_seq(d->journal), &error);
    if (r < 0)
        return r;
    snapshot_section(&writer, "meta", s->meta);
    snapshot_section(&writer, "lane", s->lane);
    snapshot_section(&writer, "tail", s->tail);
    snapshot_section(&writer, "judge", s->judge);
    return snapshot_end(&writer, build, &error);
}

/* Positions alone, as if of another build: else no manifest would ever be given up, and the journal would grow without end. */
static int write_positions(struct daemon *d, const struct sections *s)
{
    if (!d->commit.too_big)
        log_error("snapshot: what was learnt is more than %d MiB and cannot be kept: the next "
                  "start begins cold",
                  SNAPSHOT_BYTES_MAX >> 20);
    d->commit.too_big = true;
    return write_file(d, &(struct sections){.meta = s->meta, .tail = s->tail}, 0);
}

int64_t keep_snapshot(struct daemon *d, const struct slip *slip)
{
    struct buffer meta = {0}, judge = {0};
    keep_meta(d, slip, &meta);
    judge_pack(d->judge, &judge);
    struct sections s = {buffer_bytes(&meta), buffer_bytes(&slip->lane),
                         buffer_bytes(&slip->tail), buffer_bytes(&judge)};
    int r = write_file(d, &s, build_id());
    if (r == -EFBIG)
        r = write_positions(d, &s);
    else if (r == 0)
        d->commit.too_big = false;
    int64_t size = (int64_t)(s.meta.len + s.judge.len + s.lane.len + s.tail.len);
    buffer_free(&meta);
    buffer_free(&judge);
    return r < 0 ? r : size;
}
