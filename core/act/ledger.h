/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - the last n of each host in each stream, as one consumer saw it: what never came shows in `prev`.
 *
 * Bounded: LEDGER_MAX hosts and streams, of which the one that was silent longest makes room.
 */
#ifndef ACT_LEDGER_H
#define ACT_LEDGER_H

#include "act/letter.h"

enum { LEDGER_MAX = 1024 };

struct ledger_line {
    uint64_t who; /* hash of host, epoch and stream; 0: free */
    uint64_t n, turn;
};
struct ledger {
    struct ledger_line lines[LEDGER_MAX];
    uint64_t turn;
};

/* Enter a new entry. Returns the n that should have come before it and did not lead here, 0 when nothing is missing. */
uint64_t ledger_enter(struct ledger *ledger, const struct letter *letter);

#endif /* ACT_LEDGER_H */
