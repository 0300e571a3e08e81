/* SPDX-License-Identifier: MIT */
/*
 * gate_seek.h - where in a long file the times lie that are asked about, so that the rest of it need not be read.
 *
 *      |....[ a week ago ]...........[ yesterday ]..............[ before, after ]   the file
 *           part ───────▶ leap ──────▶ part ─────▶ leap ───────▶ part ──────────▶ to its end, and on
 *
 * Lines of a log are in the order of time, but for a little: each end is found by halving, a probe being the first record with
 * a stamp behind some offset. Where the probes, of which some lie all over the file, are not in order after all, or one finds no stamp, the whole file is read. What
 * is less than a hole is read too: it takes no time, and what is read is known to have been said.
 */
#ifndef COMMAND_GATE_SEEK_H
#define COMMAND_GATE_SEEK_H

#include "record/record.h"
#include "tail/source.h"

/* [from, until) in time */
struct gate_span {
    int64_t from_ns, until_ns;
};

enum { GATE_SPANS_MAX = 8 };
struct gate_spans {
    struct gate_span at[GATE_SPANS_MAX];
    size_t count;
};

/* [from, until) in bytes; until UINT64_MAX: to the end, and what comes. */
struct gate_part {
    uint64_t from, until;
};
struct gate_parts {
    struct gate_part at[GATE_SPANS_MAX]; /* in order, apart */
    size_t count;                        /* 0: all of it */
};

/* What is read of a file without asking where: it takes a second. */
#define GATE_HOLE (UINT64_C(64) << 20)
/* Lines lie no further out of order. */
#define GATE_ORDER_NS (INT64_C(300) * 1000000000)

/* Read with: nothing of what lies in the writer is kept. */
struct gate_seeking {
    struct source *source; /* a file, nothing of it consumed; stands anywhere afterwards */
    const struct record_plan *plan;
    struct batch_writer *writer;
    uint64_t hole; /* less than that is not left out */
};

void gate_seek(const struct gate_seeking *seeking, const struct gate_spans *spans,
               struct gate_parts *ret);
/* The time of the first record with one near the beginning; NO_TIME: none. */
int64_t gate_seek_first(const struct gate_seeking *seeking);

#endif /* COMMAND_GATE_SEEK_H */
