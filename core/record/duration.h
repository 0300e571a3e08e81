/* SPDX-License-Identifier: MIT */
/*
 * duration.h - reads how long something took out of a record that says so in words, whatever the program.
 *
 *      duration: 123.456 ms    "latency_ms":12    elapsed=1.2s    took 3 min    Completed in 16ms    1234 ms: MATCH ...
 *
 * *Named* is a number behind a word for a duration (the table in duration.c), last in its name: `request_time`, `responseTimeMs`.
 * It has a unit, or its name ends in one, or it is a pair without. *Bare* is a number with a unit and no such word; it counts when
 * it looks measured (milliseconds and less, or a fraction of a second) and no word before it says that it is a limit.
 * The first named one is the record's duration, else the first bare one.
 *
 * Most logs have none, and looking costs time: a source is looked at in bouts of 200 records, ever more rarely. When one record in twenty
 * of a bout has a duration, all that follow are looked at. Numbers without a unit are seconds if the bout had any with a fraction,
 * else milliseconds: right or not, they stay comparable.
 *
 *   Cost     nothing between bouts; else about 1 ns a byte, of at most 4 KiB
 */
#ifndef RECORD_DURATION_H
#define RECORD_DURATION_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum { DURATION_BOUT = 100 }; /* records */

enum duration_mode { DURATION_OFF, DURATION_NAMED, DURATION_ANY };

/* What was found. */
struct duration {
    enum duration_mode found; /* OFF: nothing */
    bool unit;                /* `value` is milliseconds; else it has no unit */
    bool fraction;
    double value;
};
struct duration duration_find(struct bytes text);
/* `text` is a duration and nothing else: the request time of an access log. */
struct duration duration_read(struct bytes text);

/* What is known of one source. Zero-initialise. */
struct duration_habit {
    enum duration_mode mode; /* what counts */
    bool seconds;            /* numbers without a unit are */
    uint64_t next;           /* number of the record at which the next bout begins */
    uint32_t looked, named, any;
    bool fraction; /* counted in this bout */
};
/* Is record `number` (from 0) of the source to be looked at? */
static inline bool duration_due(const struct duration_habit *habit, uint64_t number)
{
    return habit->mode != DURATION_OFF || number >= habit->next;
}
/* It was, and this was found. True when the source is read for durations from now on. */
bool duration_learn(struct duration_habit *habit, const struct duration *found);
/* Milliseconds, if that is what counts in this source. */
bool duration_ms(const struct duration_habit *habit, const struct duration *found, double *ret);

#endif /* RECORD_DURATION_H */
