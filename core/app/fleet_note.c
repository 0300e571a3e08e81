/* SPDX-License-Identifier: MIT */

#include "app/fleet_note.h"

#include "base/clock.h"
#include "deliver/redis.h"
#include "record/record.h"

#include <string.h>

/*
 * A file with more unread bytes than a record may have is behind. With fewer it may only be that the last line has no end yet, and a stream
 * in which nobody writes would be called late.
 */
static bool add_file(struct heartbeat_facts *facts, const struct source *source)
{
    uint64_t size = source_size(source), offset = source_offset(source);
    facts->files++;
    if (source_kind(source) != SOURCE_FILE ||
        size <= offset) // the offset of an archive is another's
        return false;
    facts->behind_bytes += size - offset;
    return size - offset > RECORD_BYTES_MAX;
}

static void add_stream(struct heartbeat_facts *facts, int64_t reached_ns, bool behind)
{
    int64_t lag = facts->at_ns - reached_ns;
    if (reached_ns == NO_TIME)
        return;
    if (facts->newest_ns == NO_TIME || reached_ns > facts->newest_ns)
        facts->newest_ns = reached_ns;
    if ((behind || facts->waits) && lag > facts->lag_ns)
        facts->lag_ns = lag;
}

void fleet_note(struct daemon *d)
{
    bool behind[DAEMON_STREAMS_MAX] = {false};
    struct heartbeat_facts facts = {.at_ns = clock_wall_ns(),
                                    .newest_ns = NO_TIME,
                                    .config = d->generation->config.likeness,
                                    .waits = atomic_load(&d->commit.stalled)};
    if (!d->redis)
        return;
    for (struct source *s = tail_each(d->tail, NULL); s; s = tail_each(d->tail, s))
        behind[tail_group(s)] |= add_file(&facts, s);
    for (size_t i = 0; i < d->slot_count; i++) {
        if (!d->slots[i].generation)
            continue;
        facts.streams++;
        add_stream(&facts, windows_reached_ns(d->slots[i].stream.windows), behind[i]);
    }
    pthread_mutex_lock(&d->report_lock);
    memcpy(facts.firing, d->firing, sizeof(facts.firing));
    pthread_mutex_unlock(&d->report_lock);
    redis_sink_facts(d->redis, &facts);
}
