/* SPDX-License-Identifier: MIT */
/*
 * lane.h - the producer's side of the ring, and the streams that go through it.
 *
 *      feeds ──records──▶ batches ═══ring═══▶ judge
 *                    └──▶ windows of a stream ──┘
 *
 * A full ring makes the lane wait, and so the tailer stop reading.
 *
 * Thread   one
 */
#ifndef APP_LANE_H
#define APP_LANE_H

#include "app/plan.h"

#include <stdatomic.h>

/* Read by others for progress. */
struct lane_progress {
    _Atomic uint64_t bytes, records, lines;
};

struct lane {
    struct ring *ring;
    struct batch_writer writer;
    bool live; /* records without a stamp take the time of their arrival */
    struct lane_progress progress;
    struct feed *held; /* feeds with bytes that wait for more */
    uint32_t source_number;
};
int lane_init(struct lane *lane, struct ring *ring, struct error *reterr);
void lane_free(struct lane *lane);
/* Room for a frame of `bytes`, however long it takes: the judge never stops before RING_END. */
void *lane_room(struct lane *lane, size_t bytes);
/* Tell the judge that nothing follows. */
void lane_end(struct lane *lane);

/* One stream as the lane sees it. */
struct lane_stream {
    const struct plan *plan;
    struct windows *windows;
    bool announced;     /* the judge knows the window length */
    int64_t touched_ns; /* monotonic time of the last record, NO_TIME before */
    uint64_t next_seq;  /* number of the next record */
    size_t held;        /* feeds of this stream with bytes that wait */
    void (*chose)(const struct lane_stream *stream, const char *path,
                  const char *choice); /* may be NULL */
    const void *context;               /* of chose */
};
int lane_stream_open(const struct plan *plan, struct lane_stream *ret);
void lane_stream_close(struct lane_stream *stream);
/* The judge opens its detectors when it learns the window length: tell it before the first batch. */
void lane_stream_announce(struct lane *lane, struct lane_stream *stream);
/* Nothing will follow for this stream: close its windows. */
void lane_stream_end(struct lane *lane, struct lane_stream *stream);
/* A live stream: `now_ns` monotonic. Closes windows that are over when nothing comes. */
void lane_stream_tick(struct lane *lane, struct lane_stream *stream, int64_t now_ns);

/* Is there anything that a tick soon could change? A stream that fell silent long ago needs only rare ticks. */
bool lane_stream_awake(const struct lane_stream *stream, int64_t now_ns);

#endif /* APP_LANE_H */
