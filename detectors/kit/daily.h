/* SPDX-License-Identifier: MIT */
/*
 * daily.h - what is usual at this time of day: one mean per quarter of an hour, forgetting days.
 *
 *      00:00 | 12.1 | 11.8 | 11.9 | ... | 48.0 | 47.2 | ... | 12.4 | 24:00 UTC
 *
 * A window belongs to the bucket it begins in. A bucket forgets by the day, not by the window: yesterday weighs `learning`, however
 * many windows a quarter of an hour has. Before a bucket was ever filled nothing is known of it.
 */
#ifndef KIT_DAILY_H
#define KIT_DAILY_H

#include <stdbool.h>
#include <stdint.h>

enum { DAILY_BUCKETS = 96 };

struct daily {
    double mean[DAILY_BUCKETS];
    double seen[DAILY_BUCKETS]; /* windows behind it */
};

/* How much one window moves its bucket when a day is to move it by `learning` (0 to 1). */
double daily_rate(double learning, int64_t window_ns);
/* The bucket of an instant, ns since 1970; instants before that too. */
uint32_t daily_bucket(int64_t time_ns);
void daily_learn(struct daily *daily, uint32_t bucket, double x, double rate);
/* Could this have been written by daily_learn() with values of at most LIMIT_MAX? */
bool daily_is_sane(const struct daily *daily);

#endif /* KIT_DAILY_H */
