/* SPDX-License-Identifier: MIT */
/*
 * window.h - the counters of one stream in event time.
 *
 *      batch ──observe──▶ [ open windows ] ──watermark passes──▶ pending ──emit──▶ ring
 *
 * A window [start, end) closes when the watermark reaches end + lateness. The watermark is the lowest time that any source
 * with more to read has reached: a source that is read to its end does not hold the others back. A record whose window is closed
 * is *late*: it is counted, and it counts in the oldest open window, so that no line is lost. Windows come out in order
 * and without holes; a run of empty ones is one frame with a count.
 *
 * Window 0 begins with the first record; an earlier one moves that start back as long as no window is closed and no more than
 * WINDOW_OPEN_MAX are open.
 *
 * A stamp more than WINDOW_JUMP_NS ahead of its source (for its first record: of the stream) is not believed until the next
 * record of the source agrees; until then its record counts where the source had come to. A stamp that far behind counts as late. The
 * very first stamp has nothing before it to be measured by, so it is in doubt: when the next believed one of its source
 * lies more than WINDOW_JUMP_NS behind, and no other source has come that near to it, it was wrong. Event time is then
 * taken from the second, and as long as no window is closed the only open one moves there, the first record with it. A
 * record without a stamp of its own confirms nothing.
 *
 * When a live source goes quiet, elapsed time moves its event time on (quiet closing): nothing here asks the wall clock.
 *
 * Thread   the lane's
 */
#ifndef WINDOW_WINDOW_H
#define WINDOW_WINDOW_H

#include "base/clock.h"
#include "base/error.h"
#include "base/pack.h"
#include "base/redact.h"
#include "ring/closed.h"
#include "ring/ring.h"
#include "window/group.h"
#include "window/path.h"
#include "window/series.h"

#include <stdbool.h>

enum {
    WINDOW_OPEN_MAX = 64,     /* open at once; a record further ahead closes the oldest */
    WINDOW_SERIES_MAX = 256,  /* of a stream, besides ... */
    WINDOW_GROUPS_MAX = 1024, /* ... the groups of those that are grouped, see group.h */
    WINDOW_RUN_MAX =
        65536, /* empty ones in a row that anybody hears of: of more, the first and the last half */
};
#define WINDOW_JUMP_NS (24 * 3600 * NS_PER_S)

struct windows;

/* Lent for the life of the windows. */
struct window_options {
    uint32_t stream;
    int64_t window_ns; /* 0: chosen from the density of the first records */
    int64_t lateness_ns;
    const struct series_spec *series; /* [series_count] */
    size_t series_count;
    const struct group_spec
        *groups; /* [group_count]; their slots are the last of the series, in this order */
    size_t group_count;
    const struct redaction *redactions; /* [redaction_count] */
    size_t redaction_count;
    int64_t from_ns,
        until_ns; /* records outside [from, until) do not count; NO_TIME = no bound */
};

int windows_create(const struct window_options *options, struct windows **ret);
void windows_free(struct windows *windows); /* accepts NULL */

/* A source as the windows see it. The caller owns it and keeps it in place while it is attached. */
struct window_source {
    uint32_t number;
    struct path *path;  /* the caller's reference */
    int64_t reached_ns; /* highest believed time so far, NO_TIME before the first */
    int64_t suspect_ns; /* a jump that the next record may confirm, NO_TIME if none */
    struct window_source *next,
        **link; /* among the sources that hold the watermark back; what points here */
    bool holds;
};

/* The source has more to read: the watermark waits for it. */
void windows_hold(struct windows *windows, struct window_source *source);
/* The source is at its end for now, or closed: the others need not wait. */
void windows_let_go(struct windows *windows, struct window_source *source);

/*
 * Count the records of a batch, which begins at `offset` and physical line `line` (0 = unknown) of `source`. Records without
 * any time take `arrival_ns`; if that is NO_TIME too they cannot be placed and are counted in windows_counts().timeless. The length must be chosen.
 */
struct batch_place {
    struct window_source *source;
    uint64_t offset, line;
    int64_t arrival_ns;
};
void windows_observe(struct windows *windows, const struct oddline_batch *batch,
                     const struct batch_place *place);

/* Choose the length of a window from the first records of the stream, if nobody set it; before the first observe. */
void windows_choose(struct windows *windows, const struct oddline_batch *sample);

/* Nothing came for a while and event time is at least `now_ns`: close what is over (flag QUIET). */
void windows_quiet(struct windows *windows, int64_t now_ns);
/* Nothing will come any more: close everything; the last window, cut off by the end, is flagged PARTIAL. */
void windows_end(struct windows *windows);

/* Put what is pending into the ring, in order, waiting at most so long for each (-1: for ever); false: no room, call again. */
bool windows_emit(struct windows *windows, struct ring *ring, int timeout_ms);

/*
 * All that future windows depend on, as bytes: what is open, with its evidence. Call it after windows_emit(). Unpacking gives
 * 0, or -EBADMSG with the windows as they were: bytes that are none, of another number of series, or of another length than
 * the one that is set. Sources are not in it; those that are attached stay so.
 */
void windows_pack(const struct windows *windows, struct buffer *out);
int windows_unpack(struct windows *windows, struct unpacker *in);
/*
 * The same of a source, which must not be attached. It is not afterwards either: if it was when it was packed *ret_holds is set,
 * and windows_hold() is for the caller. The reference to its old path is given back, and the new one is the caller's.
 */
void window_source_pack(const struct window_source *source, struct buffer *out);
int window_source_unpack(struct window_source *source, struct unpacker *in, bool *ret_holds);

/* 0 until chosen. */
int64_t windows_length_ns(const struct windows *windows);
/* Highest believed time of any source, or NO_TIME. */
int64_t windows_reached_ns(const struct windows *windows);
/* Start of the oldest window that is still open, or NO_TIME. */
int64_t windows_oldest_ns(const struct windows *windows);

struct window_counts {
    uint64_t records, closed, late, timeless, suspect; /* records: those that were placed */
};
struct window_counts windows_counts(const struct windows *windows);

/* The `index`-th of the grouped series, for a status. */
struct group_counts windows_group_counts(const struct windows *windows, size_t index);

#endif /* WINDOW_WINDOW_H */
