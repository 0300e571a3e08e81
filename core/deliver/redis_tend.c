/* SPDX-License-Identifier: MIT */

/* Heartbeats, connections that nobody needs, and when it is our turn to connect again. */

#include "base/clock.h"
#include "base/log.h"
#include "deliver/redis_beat.h"
#include "deliver/redis_inner.h"

/* A connection without a finding. Two round trips bring it back; on a bad day each host would hold one otherwise. */
#define IDLE_NS (5 * NS_PER_S)

/* Findings have their own words for a server in trouble; a host without findings has only these. */
static void note_beat(struct redis *redis, int r, const struct error *error)
{
    struct heartbeat *heartbeat = &redis->heartbeat;
    atomic_fetch_add(r < 0 ? &redis->beat_errors : &redis->beats, 1);
    if (r < 0 && !heartbeat->failed && atomic_load(&redis->code) == 0)
        log_warning("sink redis: heartbeats: %s; findings are sent as before", error->text);
    else if (r == 0 && heartbeat->failed)
        log_notice("sink redis: heartbeats work again");
    heartbeat->failed = r < 0;
}

static void beat(struct redis *redis, struct sink_place place, bool last)
{
    struct error error = {""};
    uint64_t hosts = 0;
    struct beat beat = {.interval_ns = redis->heartbeat.interval_ns,
                        .version = ODDLINE_VERSION,
                        .epoch = redis->epoch,
                        .n = place.committed,
                        .waiting = place.committed - place.confirmed,
                        .running = !last,
                        .troubled = atomic_load(&redis->code) < 0};
    struct redis_beat what = {redis->hosts_key, redis->call.host, &beat, last};
    if (!heartbeat_facts(&redis->heartbeat, &beat.facts))
        return;
    beat.hung_ns = clock_wall_ns() - beat.facts.at_ns;
    int r = redis_beat_send(&redis->call.link, &what, &hosts, &error);
    heartbeat_done(&redis->heartbeat, clock_monotonic_ns(), turn_chance());
    note_beat(redis, r, &error);
    if (r < 0)
        return;
    redis->turn.hosts = hosts * redis->shards; // one server may have them all
    atomic_store(&redis->hosts, hosts);
}

/* A publish that fails for want of a connection is enough of a question for both. */
void redis_tend(struct sink *sink, struct sink_place place, bool last)
{
    struct redis *redis = (struct redis *)sink;
    struct redis_link *link = &redis->call.link;
    int64_t now = clock_monotonic_ns();
    bool troubled = atomic_load(&redis->code) < 0;
    bool due =
        last ? redis->heartbeat.last_ns && !troubled : heartbeat_due(&redis->heartbeat, now);
    if (due && (link->context || !troubled))
        beat(redis, place, last);
    if (link->context && now - redis->used_ns >= IDLE_NS)
        redis_link_close(link);
}

int64_t redis_rest(struct sink *sink)
{
    struct redis *redis = (struct redis *)sink;
    struct redis_link *link = &redis->call.link;
    int64_t now = clock_monotonic_ns();
    if (link->context && redis_wire_stale(link->context)) {
        redis_link_close(link);
        turn_lost(&redis->turn, now, turn_chance());
    }
    return turn_wait(&redis->turn, now);
}

void redis_sink_facts(struct sink *sink, const struct heartbeat_facts *facts)
{
    heartbeat_post(&((struct redis *)sink)->heartbeat, facts);
}
