/* SPDX-License-Identifier: MIT */

#include "lane/lane.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int lane_init(struct lane *lane, struct ring *ring, struct error *reterr)
{
    *lane = (struct lane){.ring = ring};
    return batch_writer_init(&lane->writer, ring, reterr);
}

void lane_free(struct lane *lane)
{
    batch_writer_free(&lane->writer);
    buffer_free(&lane->noticed);
}

static int tend_ms(const struct lane *lane)
{
    return lane->tend ? (int)(LANE_TEND_NS / NS_PER_MS) : -1;
}

void lane_wait(struct lane *lane, size_t bytes)
{
    while (!ring_wait_room(lane->ring, bytes, tend_ms(lane)))
        if (lane->tend)
            lane->tend(lane->context);
}

void *lane_room(struct lane *lane, size_t bytes)
{
    lane_wait(lane, bytes);
    return ring_reserve(lane->ring, bytes);
}

void lane_note(struct lane *lane, const struct step *step)
{
    if (lane->manifest)
        manifest_note(lane->manifest, step);
}

void lane_arrive(struct lane *lane)
{
    lane->arrival_ns = lane->live ? clock_wall_ns() : NO_TIME;
}

void lane_emit(struct lane *lane, struct windows *windows)
{
    uint64_t before = ring_head(lane->ring);
    if (lane->ended)
        return;
    while (!windows_emit(windows, lane->ring, tend_ms(lane)))
        lane->tend(lane->context);
    lane->emitted |= ring_head(lane->ring) != before;
}

void lane_silences(struct lane *lane, struct bytes packed)
{
    if (lane->ended)
        return;
    lane_note(lane, &(struct step){.kind = STEP_SILENCES, .text = packed});
    struct silences_notice *notice = lane_room(lane, sizeof(*notice) + packed.len);
    notice->bytes = packed.len;
    memcpy(notice + 1, packed.at, packed.len);
    ring_commit(lane->ring, RING_SILENCES, sizeof(*notice) + packed.len);
}

void lane_remarks(struct lane *lane, struct bytes packed)
{
    if (lane->ended)
        return;
    lane_note(lane, &(struct step){.kind = STEP_REMARKS, .text = packed});
    struct remarks_notice *notice = lane_room(lane, sizeof(*notice) + packed.len);
    notice->bytes = packed.len;
    memcpy(notice + 1, packed.at, packed.len);
    ring_commit(lane->ring, RING_REMARKS, sizeof(*notice) + packed.len);
}

void lane_end(struct lane *lane)
{
    lane_room(lane, 0);
    ring_commit(lane->ring, RING_END, 0);
}

/* ---- streams ------------------------------------------------------------ */

int lane_stream_open(const struct lane_plan *plan, struct lane_stream *ret)
{
    struct lane_stream stream = {.plan = plan, .touched_ns = NO_TIME};
    int r = plan->templates ? miner_create(&stream.miner) : 0;
    if (r == 0)
        r = windows_create(&plan->window, &stream.windows);
    if (r == 0)
        *ret = stream;
    else
        miner_free(stream.miner);
    return r;
}

void lane_stream_close(struct lane_stream *stream)
{
    windows_free(stream->windows);
    miner_free(stream->miner);
    stream->windows = NULL;
    stream->miner = NULL;
}

void lane_stream_end(struct lane *lane, struct lane_stream *stream)
{
    if (!stream->announced)
        return;
    windows_end(stream->windows);
    lane_emit(lane, stream->windows);
}

void lane_stream_quiet(struct lane *lane, struct lane_stream *stream, int64_t event_ns)
{
    struct window_counts before = windows_counts(stream->windows);
    windows_quiet(stream->windows, event_ns);
    struct window_counts after = windows_counts(stream->windows);
    if (after.closed != before.closed || after.glances != before.glances)
        lane_note(lane, &(struct step){
                            .kind = STEP_QUIET, .key = stream->plan->key, .time_ns = event_ns});
    lane_emit(lane, stream->windows);
}

void lane_stream_tick(struct lane *lane, struct lane_stream *stream, int64_t now_ns)
{
    int64_t reached = windows_reached_ns(stream->windows);
    if (reached != NO_TIME && !stream->held && stream->touched_ns != NO_TIME)
        lane_stream_quiet(lane, stream, reached + (now_ns - stream->touched_ns));
}

bool lane_stream_awake(const struct lane_stream *stream, int64_t now_ns)
{
    return stream->touched_ns != NO_TIME &&
           now_ns - stream->touched_ns <
               windows_length_ns(stream->windows) + stream->plan->window.lateness_ns + NS_PER_S;
}

void lane_stream_announce(struct lane *lane, struct lane_stream *stream)
{
    struct stream_notice *notice = lane_room(lane, sizeof(*notice));
    *notice = (struct stream_notice){.stream = stream->plan->number,
                                     .window_ns = windows_length_ns(stream->windows)};
    ring_commit(lane->ring, RING_STREAM, sizeof(*notice));
    stream->announced = true;
}

/* ---- as bytes ----------------------------------------------------------- */

static void pack_miner(const struct miner *miner, struct buffer *out)
{
    struct buffer saved = {0};
    pack_u32(out, miner != NULL);
    if (!miner)
        return;
    miner_save(miner, &saved);
    pack_bytes(out, buffer_bytes(&saved));
    buffer_free(&saved);
}

/* A miner as it was where this stream has one; NULL where it has none. */
static int unpack_miner(const struct lane_stream *stream, struct unpacker *in,
                        struct miner **ret)
{
    struct miner *miner = NULL;
    uint32_t packed = unpack_u32(in);
    if (in->bad || packed != (stream->miner != NULL))
        return -EBADMSG;
    int r = packed ? miner_create(&miner) : 0;
    if (r == 0 && packed)
        r = miner_load(miner, unpack_bytes(in));
    if (r < 0)
        miner_free(miner);
    else
        *ret = miner;
    return r;
}

void lane_stream_pack(const struct lane_stream *stream, struct buffer *out)
{
    pack_u64(out, stream->next_seq);
    pack_u32(out, stream->announced);
    pack_miner(stream->miner, out);
    windows_pack(stream->windows, out);
}

int lane_stream_unpack(struct lane_stream *stream, struct unpacker *in)
{
    struct miner *miner;
    uint64_t next_seq = unpack_u64(in);
    bool announced = unpack_u32(in) != 0;
    int r = unpack_miner(stream, in, &miner);
    if (r < 0)
        return r;
    r = windows_unpack(stream->windows, in);
    if (r < 0) {
        miner_free(miner);
        return r;
    }
    miner_free(stream->miner);
    stream->miner = miner;
    stream->next_seq = next_seq;
    stream->announced = announced;
    stream->touched_ns = clock_monotonic_ns(); // the quiet clock begins anew
    return 0;
}
