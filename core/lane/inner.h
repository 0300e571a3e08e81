/* SPDX-License-Identifier: MIT */
/*
 * inner.h - what a feed is made of, for this room only: feed.c reads, redo.c reads once more, feed_state.c keeps it as bytes.
 */
#ifndef LANE_INNER_H
#define LANE_INNER_H

#include "lane/feed.h"

struct feed {
    struct lane_stream *stream;
    struct source *source; /* NULL: it will come */
    uint64_t offset;       /* where it stands, as long as it has not come */
    int64_t modified_ns;
    struct recorder *recorder;
    struct window_source place;
    bool introduced;       /* the stream knows its window */
    bool said;             /* what was chosen for its format */
    bool waits;            /* on the lane's list of held feeds */
    int64_t held_since_ns; /* monotonic: when the bytes that wait last grew ... */
    int64_t held_from_ns;  /* ... and when the first of them came */
    size_t held;           /* bytes that wait */
    uint64_t next_look;    /* records after which the choice of a format is looked at again */
    struct feed *next, *previous; /* held feeds */
};

/* A feed without a source that nobody knows yet. */
int feed_make(struct lane_stream *stream, const struct feed_start *start, struct feed **ret);
/* Room in the ring for what the source shows. */
char *feed_room(struct lane *lane, const struct feed *feed);

/* The effect of each step, whether it is done for the first time or again. */

/* `got` bytes lie in the room. */
void feed_show(struct lane *lane, struct feed *feed, ssize_t got);
void feed_idle(struct lane *lane, struct feed *feed);
/* What waits is a record; returns how many bytes were looked at. */
size_t feed_cut_held(struct lane *lane, struct feed *feed);
void feed_end_held(struct lane *lane, struct feed *feed);
void feed_say_gap(struct lane *lane, struct feed *feed, const struct step *step);

#endif /* LANE_INNER_H */
