/* SPDX-License-Identifier: MIT */
/*
 * feed.h - one source being read: its bytes become records and counts, and go into the ring.
 *
 *      source ──read──▶ [room in the ring] ──recorder──▶ records ──▶ windows of the stream
 *                                             └──commit──▶ ring ◀──emit──┘
 *
 * Bytes whose record is not complete stay with the source. A feed that has such bytes is *held*: when nothing follows for
 * as long as its stream allows, the record ends there.
 *
 * Thread   the lane's
 */
#ifndef LANE_FEED_H
#define LANE_FEED_H

#include "lane/lane.h"
#include "tail/source.h"

struct feed;
struct feed_start {
    uint32_t number;     /* of the source, in frames and in the manifest */
    const char *path;    /* for people; copied */
    int64_t modified_ns; /* NO_TIME: not known */
    uint64_t line;       /* of the first byte to be read, from 1; 0 = not known */
    uint64_t offset;     /* where a source that comes later will stand */
};
struct feed_start feed_start(const struct source *source, uint32_t number, uint64_t line);
/* `source` may be NULL and come later. */
int feed_open(struct lane *lane, struct lane_stream *stream, const struct feed_start *start,
              struct source *source, struct feed **ret);
void feed_close(struct lane *lane,
                struct feed *feed); /* accepts NULL; the source stays the caller's */
uint64_t feed_line(const struct feed *feed);
void feed_set_line(struct feed *feed, uint64_t line);
struct source *feed_source(const struct feed *feed);
void feed_set_source(struct feed *feed, struct source *source);
/* A source that has shown nothing yet: what the feed held of another one comes again. */
void feed_go_on(struct lane *lane, struct feed *feed, struct source *source);
uint32_t feed_number(const struct feed *feed);
/* Has it bytes that wait for more? */
bool feed_holds(const struct feed *feed);
struct lane_stream *feed_stream(const struct feed *feed);

enum feed_state {
    FEED_MORE, /* there may be more at once */
    FEED_IDLE, /* nothing now */
    FEED_END,  /* nothing ever; what was left is a record now */
    FEED_ANEW, /* it was cut to nothing and begins again: feed_anew() */
};
/* One read of up to a batch. */
enum feed_state feed_step(struct lane *lane, struct feed *feed);
/* `bytes` of its source that nobody could score (0: nobody knows how many), with one sentence why. */
void feed_gap(struct lane *lane, struct feed *feed, uint64_t bytes, const char *reason);
/* After FEED_ANEW: its number may be another from now on. What it learnt about the format stays. */
void feed_anew(struct lane *lane, struct feed *feed, uint32_t number);
/* What was read is all there is: make the rest a record. */
void feed_finish(struct lane *lane, struct feed *feed);
/* Complete the last records of feeds that have waited as long as their stream allows; `now_ns` monotonic. */
void lane_flush_held(struct lane *lane, int64_t now_ns);

/*
 * A step of a manifest, once more: the same bytes are read from the feed's source, which must stand where they are.
 *   Returns  0; -ENODATA when the source does not give them
 */
int feed_redo(struct lane *lane, struct feed *feed, const struct step *step);

/* State as bytes, between two steps. */
void feed_pack(const struct feed *feed, struct buffer *out);
/* A feed without a source, as it was; feed_offset() is where its source has to stand. */
int feed_unpack(struct lane_stream *stream, struct unpacker *in, struct feed **ret);
uint64_t feed_offset(const struct feed *feed);

#endif /* LANE_FEED_H */
