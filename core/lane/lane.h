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
#ifndef LANE_LANE_H
#define LANE_LANE_H

#include "base/pack.h"
#include "lane/manifest.h"
#include "record/record.h"
#include "record/template.h"
#include "window/window.h"

#include <stdatomic.h>

/* What the lane must know of a stream; lent for the stream's life. */
struct lane_plan {
    const char *name;
    uint64_t key; /* a hash of the name: the same stream in another run */
    uint32_t number;
    const struct record_plan *record;
    struct window_options window;
    int64_t flush_after_ns; /* a record that may go on waits so long */
    bool templates;         /* somebody asks for them */
    /* [deploy_count]: records that tell of deployments */
    const struct deploy_rule *deploys;
    size_t deploy_count;
};

/* How often tend() is called. */
#define LANE_TEND_NS (500 * NS_PER_MS)

/* Read by others for progress. */
struct lane_progress {
    _Atomic uint64_t bytes, records, lines; /* scored */
    _Atomic uint64_t moved;                 /* by offsets of sources */
    _Atomic uint64_t passed;                /* of these, bytes that nobody could read */
    _Atomic uint64_t gaps, gap_bytes;       /* said; `passed` is in them */
};

struct lane {
    struct ring *ring;
    struct batch_writer writer;
    bool live;                   /* records without a stamp take the time of their arrival */
    int64_t arrival_ns;          /* of what is being read, NO_TIME when nobody cares */
    struct manifest *manifest;   /* where each step is noted; NULL: nowhere */
    bool ended;                  /* nobody reads the ring any more: nothing goes into it */
    void (*tend)(void *context); /* called now and then while the ring is full; may be NULL */
    void *context;
    bool emitted; /* a window went into the ring since the caller cleared this */
    struct lane_progress progress;
    struct feed *held;      /* feeds with bytes that wait for more */
    struct buffer noticed;  /* struct deploy_notice [], of the batch that is being made */
    uint32_t source_number; /* for callers that have no numbers of their own */
};
int lane_init(struct lane *lane, struct ring *ring, struct error *reterr);
void lane_free(struct lane *lane);
/* Sleep until a frame of `bytes` fits. */
void lane_wait(struct lane *lane, size_t bytes);
/* Room for a frame of `bytes`, however long it takes: the judge never stops before RING_END. */
void *lane_room(struct lane *lane, size_t bytes);
void lane_note(struct lane *lane, const struct step *step);
/* What is read from now on arrived now; in a lane that is not live, at no time. */
void lane_arrive(struct lane *lane);
/* Tell the judge what nobody wants to hear of from now on: packed silences. */
void lane_silences(struct lane *lane, struct bytes packed);
/* And what they said of deployments and findings: packed remarks. */
void lane_remarks(struct lane *lane, struct bytes packed);
/* Put the closed windows of a stream into the ring. */
void lane_emit(struct lane *lane, struct windows *windows);
/* Tell the judge that nothing follows. */
void lane_end(struct lane *lane);

/* One stream as the lane sees it. */
struct lane_stream {
    const struct lane_plan *plan;
    struct windows *windows;
    struct miner *miner; /* the templates of all its sources; NULL: nobody asks for them */
    bool announced;      /* the judge knows the window length */
    int64_t touched_ns;  /* monotonic time of the last record, NO_TIME before */
    uint64_t next_seq;   /* number of the next record */
    size_t choices;      /* made so far: how many files it found a format for */
    size_t held;         /* feeds of this stream with bytes that wait */
    void (*chose)(const struct lane_stream *stream, const char *path,
                  const char *choice); /* may be NULL */
    const void *context;               /* of chose */
};
int lane_stream_open(const struct lane_plan *plan, struct lane_stream *ret);
void lane_stream_close(struct lane_stream *stream);
/* The judge opens its detectors when it learns the window length: tell it before the first batch. */
void lane_stream_announce(struct lane *lane, struct lane_stream *stream);
/* Nothing will follow for this stream: close its windows. */
void lane_stream_end(struct lane *lane, struct lane_stream *stream);
/* A live stream: `now_ns` monotonic. Closes windows that are over when nothing comes. */
void lane_stream_tick(struct lane *lane, struct lane_stream *stream, int64_t now_ns);

/* Is there anything that a tick soon could change? A stream that fell silent long ago needs only rare ticks. */
bool lane_stream_awake(const struct lane_stream *stream, int64_t now_ns);
/* What lane_stream_tick() did, once more. */
void lane_stream_quiet(struct lane *lane, struct lane_stream *stream, int64_t event_ns);

/* State as bytes, when nothing is on its way to the ring; -EBADMSG leaves the stream as it was. */
void lane_stream_pack(const struct lane_stream *stream, struct buffer *out);
int lane_stream_unpack(struct lane_stream *stream, struct unpacker *in);

#endif /* LANE_LANE_H */
