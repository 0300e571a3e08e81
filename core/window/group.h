/* SPDX-License-Identifier: MIT */
/*
 * group.h - a series of its own for each value of a field: errors by route.
 *
 *      errors_by_route:   slot 0 ◀ /pay    slot 1 ◀ /cart    ...    slot 63 ◀ /login  │  other ◀ everything else
 *
 * A grouped series takes a fixed number of slots, which are series of the stream like any other, and one more for all that sit nowhere. A
 * slot is given to the first value that finds it empty, and kept: who scores it has a history of that value and of no other.
 *
 * When all are taken, a new value gets the slot whose group was not seen for longest, if that had no record in GROUP_QUIET windows; else it
 * counts as `other`. So a field that never says the same twice costs no memory, and what speaks regularly is never driven out by
 * what comes once. Both are counted. Which group gives way depends on event time and on the order of the records, nothing else.
 *
 * Any record that has the field keeps its group alive, whether or not the series selects it: that a route has no errors is what one has
 * to know to see that it has some.
 *
 * A slot has no number in the windows before the first record of its group: to detectors the series begins there (`fresh` in
 * ring/closed.h), and so it is the same in whatever order several sources are read.
 */
#ifndef WINDOW_GROUP_H
#define WINDOW_GROUP_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    GROUP_QUIET = 60,      /* windows without a record before a group may give way */
    GROUP_KEY_BYTES = 128, /* of a value; what is longer is told apart by its beginning */
    GROUP_DEFAULT = 64,    /* slots, when nobody says how many */
};

/* Lent with the window options. */
struct group_spec {
    const char *stream, *name, *field_name; /* for people */
    uint32_t field;
    uint32_t first, slots; /* series [first, first + slots] are its own; the last is `other` */
};

/* Who sits in a slot. */
struct group_slot {
    bool taken;
    uint64_t hash;
    uint64_t from, seen; /* windows of its first and its newest record */
    uint32_t key_len;
    char key[GROUP_KEY_BYTES]; /* redacted; "" in that of `other` */
};

struct group_counts {
    uint64_t slots, taken;
    uint64_t records; /* that had the field and found a slot */
    uint64_t seated;  /* groups that were given one, ever */
    uint64_t evicted; /* of these, how many gave way */
    uint64_t other;   /* records that sit nowhere */
};

#endif /* WINDOW_GROUP_H */
