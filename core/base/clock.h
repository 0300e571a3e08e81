/* SPDX-License-Identifier: MIT */
/*
 * clock.h - instants, durations and how people write them.
 *
 * An instant is nanoseconds since 1970 UTC in an int64_t (years 1678 to 2262); a duration is nanoseconds too.
 * Behind the ring nobody asks the wall clock: event time is all there is (promise P8).
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define NO_TIME   INT64_MIN /* "no instant known" */

int64_t clock_wall_ns(void);
int64_t clock_monotonic_ns(void);

/* Days since 1970-01-01 of a proleptic Gregorian date; month and day count from 1. Any year. */
int64_t clock_days(int64_t year, int month, int day);

/* The calendar fields of an instant, in UTC. */
struct civil {
    int64_t year;
    int month, day, hour, minute, second, weekday; /* month, day from 1; weekday 0 = Sunday */
    int32_t ns;
};
struct civil clock_civil(int64_t instant_ns);

/* a / b, rounded down also below zero; b > 0. */
static inline int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

enum { CLOCK_TEXT_SIZE = 40 };
/* `2016-12-19T17:14:38.000Z`, truncated to milliseconds. Returns `text`. */
char *clock_format(int64_t instant_ns, char text[CLOCK_TEXT_SIZE]);

/* "10s", "1.5h", "250ms", "2d", "500us"; -EINVAL without a unit, below zero or beyond 10,000 days. */
int clock_parse_duration(const char *text, int64_t *ret_ns, struct error *reterr);
/* "250ms", "45s", "90m", "2h05m", "3d04h": short, for people, and cut rather than rounded. Returns `text`. */
char *clock_format_duration(int64_t ns, char text[CLOCK_TEXT_SIZE]);

/* RFC 3339 and its cousins with a blank instead of T; without a zone UTC. Not for the hot path. */
int clock_parse(const char *text, int64_t *ret_ns, struct error *reterr);

/* "64MiB", "100 kB", "512": bytes; units B, kB, KiB, MB, MiB, GB, GiB. */
int size_parse(const char *text, uint64_t *ret_bytes, struct error *reterr);

#endif /* BASE_CLOCK_H */
