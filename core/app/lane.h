/* SPDX-License-Identifier: MIT */
/*
 * lane.h - from a source to the ring: reads, cuts, parses, counts.
 *
 *      source ──read──▶ [room in the ring] ──recorder──▶ records ──▶ windows
 *                                              └──────commit──▶ ring ◀──emit──┘
 *
 * The producer's side of the ring; the judge is the other. A full ring makes the lane wait, and so the tailer stop reading.
 *
 * Thread   one
 */
#ifndef APP_LANE_H
#define APP_LANE_H

#include "app/plan.h"
#include "tail/source.h"

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
/* Nothing will follow for this stream: close its windows. */
void lane_stream_end(struct lane *lane, struct lane_stream *stream);
/* A live stream: `now_ns` monotonic. Closes windows that are over when nothing comes. */
void lane_stream_tick(struct lane *lane, struct lane_stream *stream, int64_t now_ns);

/* Is there anything that a tick soon could change? A stream that fell silent long ago needs only rare ticks. */
bool lane_stream_awake(const struct lane_stream *stream, int64_t now_ns);

/* One source being read. */
struct feed;
int feed_open(struct lane *lane, struct lane_stream *stream, struct source *source,
              struct feed **ret);
void feed_close(struct lane *lane,
                struct feed *feed); /* accepts NULL; the source stays the caller's */
uint64_t feed_line(const struct feed *feed);
void feed_set_line(struct feed *feed, uint64_t line);
struct source *feed_source(const struct feed *feed);

enum feed_state {
    FEED_MORE, /* there may be more at once */
    FEED_IDLE, /* nothing now */
    FEED_END,  /* nothing ever; what was left is a record now */
};
/* One read of up to a batch. */
enum feed_state feed_step(struct lane *lane, struct feed *feed);
/* What was read is all there is: make the rest a record. */
void feed_finish(struct lane *lane, struct feed *feed);
/* Complete the last records of feeds that have waited as long as their stream allows; `now_ns` monotonic. */
void lane_flush_held(struct lane *lane, int64_t now_ns);

#endif /* APP_LANE_H */
