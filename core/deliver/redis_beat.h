/* SPDX-License-Identifier: MIT */
/*
 * redis_beat.h - one heartbeat into PREFIX:{SHARD}:hosts, beside the findings and never in their way.
 *
 *      KEYS  hosts      ARGV  host, the members of heartbeat.h      reply  how many hosts there are
 *
 * A script, so that it has the server's clock: those of ten thousand hosts differ. It is sent as text; a server keeps one copy. On a
 * connection that is there it goes along; otherwise it has one of its own for as long as it takes, so that a host that has
 * nothing to say does not count among `maxclients`.
 */
#ifndef DELIVER_REDIS_BEAT_H
#define DELIVER_REDIS_BEAT_H

#include "deliver/heartbeat.h"
#include "deliver/redis_link.h"

struct redis_beat {
    const char *key, *host; /* lent */
    const struct beat *beat;
    bool hurry; /* at the end: half a second, or not at all */
};

/* Returns 0 with *ret_hosts; -errno as redis_link_command(). A link that was not connected is not connected afterwards. */
int redis_beat_send(struct redis_link *link, const struct redis_beat *what, uint64_t *ret_hosts,
                    struct error *reterr);

#endif /* DELIVER_REDIS_BEAT_H */
