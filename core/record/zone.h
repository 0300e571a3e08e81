/* SPDX-License-Identifier: MIT */
/*
 * zone.h - the time zone of stamps that do not name one.
 *
 * Debian's C library reads one zone per process (TZ), so this reads /usr/share/zoneinfo itself: TZif version 2 and later
 * (RFC 8536) with the rule in its footer. Of a footer only `Mm.w.d` rules are followed, which all zones in use have;
 * with any other the last transition stays in force.
 *
 * A local time that happened twice (clocks set back) or never (set forward) is the earlier of its two readings.
 */
#ifndef RECORD_ZONE_H
#define RECORD_ZONE_H

#include "base/error.h"

#include <stdint.h>

struct zone;

/* "UTC", "Z", "+01:00", "-0330" or a name such as "Europe/Paris"; NULL is UTC. Owns: the caller. */
int zone_open(const char *name, struct zone **ret, struct error *reterr);
void zone_free(struct zone *zone); /* accepts NULL */

/* Seconds east of UTC that hold for the local time [from, until) around it. */
struct zone_span {
    int64_t from, until; /* local seconds since 1970 */
    int32_t offset;
};
struct zone_span zone_span(const struct zone *zone, int64_t local_s);

#endif /* RECORD_ZONE_H */
