/* SPDX-License-Identifier: MIT */
/* pause.h - how long to wait before the next attempt: 0.1 s, twice as long each time, 10 s at most. Zero: none. */
#ifndef ACT_PAUSE_H
#define ACT_PAUSE_H

#include "base/clock.h"

#include <stdbool.h>

enum { PAUSE_FIRST_MS = 100, PAUSE_MOST_MS = 10000 };

struct pause {
    int64_t ms, until_ns;
};

static inline void pause_grow(struct pause *pause)
{
    pause->ms = pause->ms == 0                  ? PAUSE_FIRST_MS
                : pause->ms < PAUSE_MOST_MS / 2 ? 2 * pause->ms
                                                : PAUSE_MOST_MS;
    pause->until_ns = clock_monotonic_ns() + pause->ms * NS_PER_MS;
}

static inline bool pause_over(const struct pause *pause)
{
    return clock_monotonic_ns() >= pause->until_ns;
}

#endif /* ACT_PAUSE_H */
