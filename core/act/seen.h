/* SPDX-License-Identifier: MIT */
/*
 * seen.h - the last n of each host in each stream, as one consumer saw it: what never came shows in `prev`.
 *
 * Bounded: SEEN_MAX hosts and streams, of which the one that was silent longest makes room.
 */
#ifndef ACT_SEEN_H
#define ACT_SEEN_H

#include "act/letter.h"

enum { SEEN_MAX = 1024 };

struct seen_line {
    uint64_t who; /* hash of host, epoch and stream; 0: free */
    uint64_t n, turn;
};
struct seen {
    struct seen_line lines[SEEN_MAX];
    uint64_t turn;
};

/* Enter a new entry. Returns the n that should have come before it and did not lead here, 0 when nothing is missing. */
uint64_t seen_enter(struct seen *seen, const struct letter *letter);

#endif /* ACT_SEEN_H */
