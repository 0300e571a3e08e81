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
#ifndef APP_FEED_H
#define APP_FEED_H

#include "app/lane.h"
#include "tail/source.h"

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

#endif /* APP_FEED_H */
