/* SPDX-License-Identifier: MIT */
/*
 * ahead.h - counts of records whose window is not over yet.
 *
 *      observe ──(id, time)──▶ [ id 7, window 12: 3 | id 9, window 12: 1 | id 7, window 13: 5 ] ──score 12──▶ id 7: 3, id 9: 1
 *
 * A detector sees records before the window that they belong to, often those of many windows at once. What a late record
 * adds to is the window that is scored next.
 */
#ifndef KIT_AHEAD_H
#define KIT_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    AHEAD_MOST = 16384, /* counts, 24 bytes each */
    AHEAD_HINTS = 256,  /* where a count was last, by id and window */
};

struct ahead_count {
    uint64_t id;
    int64_t window; /* number since 1970 */
    uint64_t count;
};

struct ahead {
    int64_t window_ns;          /* set it first */
    struct ahead_count *counts; /* [room], owned, the first `used` in use */
    size_t used, room;
    uint32_t hints[AHEAD_HINTS];
};

/* One more record of `id` at that time, which may be ODDLINE_NO_TIME. False: there is no room for it. */
bool ahead_add(struct ahead *ahead, uint64_t id, int64_t time_ns);
/* The counts of the window that begins then and of those before it, lent until the next add. An id may come several times. */
size_t ahead_take(struct ahead *ahead, int64_t start_ns, const struct ahead_count **ret);
/* Counts that were saved, in place of those that are there. False: out of memory, or too many. */
bool ahead_load(struct ahead *ahead, const void *counts, size_t used);
void ahead_free(struct ahead *ahead);

#endif /* KIT_AHEAD_H */
