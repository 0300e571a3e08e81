/* SPDX-License-Identifier: MIT */

#include "app/lane.h"

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
}

void *lane_room(struct lane *lane, size_t bytes)
{
    ring_wait_room(lane->ring, bytes, -1);
    return ring_reserve(lane->ring, bytes);
}

void lane_end(struct lane *lane)
{
    lane_room(lane, 0);
    ring_commit(lane->ring, RING_END, 0);
}

/* ---- streams ------------------------------------------------------------ */

int lane_stream_open(const struct plan *plan, struct lane_stream *ret)
{
    struct lane_stream stream = {.plan = plan, .touched_ns = NO_TIME};
    int r = windows_create(&plan->window, &stream.windows);
    if (r == 0)
        *ret = stream;
    return r;
}

void lane_stream_close(struct lane_stream *stream)
{
    windows_free(stream->windows);
    stream->windows = NULL;
}

void lane_stream_end(struct lane *lane, struct lane_stream *stream)
{
    if (!stream->announced)
        return;
    windows_end(stream->windows);
    windows_emit(stream->windows, lane->ring);
}

void lane_stream_tick(struct lane *lane, struct lane_stream *stream, int64_t now_ns)
{
    int64_t reached = windows_reached_ns(stream->windows);
    if (reached == NO_TIME || stream->held)
        return;
    windows_quiet(stream->windows, reached + (now_ns - stream->touched_ns));
    windows_emit(stream->windows, lane->ring);
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
