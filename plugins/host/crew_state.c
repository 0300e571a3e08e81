/* SPDX-License-Identifier: MIT */
/*
 * crew_state.c - what the seats of a crew know, as bytes that outlive the program.
 *
 *      hash │ format │ [ stream, plugin id, series..., flags, gaps, state version, state ]*
 *
 * Told apart like the seats of two crews in one program: by stream, plugin and series; of several that are the same the first takes
 * the first. Torn or foreign bytes are refused as a whole. A seat that was closed for its mistakes begins cold.
 */

#include "base/hash.h"
#include "base/pack.h"
#include "host/minder.h"

#include <errno.h>

enum { FORMAT = 0x43524532, STALE = 1 }; /* "CRE2" */

static void pack_seat(struct buffer *out, const struct crew_seat *seat)
{
    bool knows = seat->has_state && !seat->dead;
    pack_text(out, seat->options.stream);
    pack_text(out, plugin_label(seat->plugin)->id);
    pack_u32(out, seat->options.series_count);
    for (uint32_t i = 0; i < seat->options.series_count; i++)
        pack_text(out, seat->options.series[i]);
    pack_u32(out, !seat->dead && (seat->stale || seat->owes_word) ? STALE : 0);
    pack_u64(out, seat->gaps);
    pack_u32(out, knows ? seat->state_version : 0);
    pack_bytes(out, knows ? buffer_bytes(&seat->state) : (struct bytes){0});
}

void crew_pack(const struct crew *crew, struct buffer *out)
{
    struct buffer seats = {0};
    pack_u32(&seats, FORMAT);
    for (uint32_t i = 0; i < crew->seat_count; i++)
        pack_seat(&seats, &crew->seats[i]);
    pack_u64(out, hash_bytes(buffer_bytes(&seats)));
    buffer_append(out, seats.at, seats.len);
    buffer_free(&seats);
}

/* One seat of the packed ones; lent. */
struct entry {
    struct bytes stream, id;
    struct unpacker series; /* [count] names, and what follows */
    uint32_t count, flags, version;
    uint64_t gaps;
    struct bytes state;
};

static bool next_entry(struct unpacker *in, struct entry *ret)
{
    if (in->bad || in->rest.len == 0)
        return false;
    ret->stream = unpack_bytes(in);
    ret->id = unpack_bytes(in);
    ret->count = unpack_u32(in);
    ret->series = *in;
    for (uint32_t i = 0; i < ret->count && !in->bad; i++)
        unpack_bytes(in);
    ret->flags = unpack_u32(in);
    ret->gaps = unpack_u64(in);
    ret->version = unpack_u32(in);
    ret->state = unpack_bytes(in);
    in->bad |= ret->state.len > INSTANCE_STATE_MAX;
    return !in->bad;
}

static bool fits(const struct entry *entry, const struct crew_seat *seat)
{
    struct unpacker series = entry->series;
    if (seat->inherited || !bytes_is(entry->stream, seat->options.stream) ||
        !bytes_is(entry->id, plugin_label(seat->plugin)->id) ||
        entry->count != seat->options.series_count)
        return false;
    for (uint32_t i = 0; i < entry->count; i++)
        if (!bytes_is(unpack_bytes(&series), seat->options.series[i]))
            return false;
    return true;
}

static void take_entry(struct crew *crew, const struct entry *entry)
{
    uint32_t i = 0;
    while (i < crew->seat_count && !fits(entry, &crew->seats[i]))
        i++;
    if (i == crew->seat_count)
        return; // nobody like that any more
    struct crew_seat *seat = &crew->seats[i];
    buffer_append(&seat->state, entry->state.at, entry->state.len);
    seat->state_version = entry->version;
    seat->has_state = entry->state.len > 0;
    seat->owes_word = entry->flags & STALE;
    seat->gaps = entry->gaps;
    seat->inherited = true;
    crew->counts.gaps += entry->gaps;
}

int crew_unpack(struct crew *crew, struct bytes packed)
{
    struct unpacker in = {.rest = packed};
    struct entry entry;
    uint64_t hash = unpack_u64(&in);
    if (in.bad || hash != hash_bytes(in.rest) || unpack_u32(&in) != FORMAT)
        return -EBADMSG;
    struct unpacker all = in;
    while (next_entry(&in, &entry))
        ;
    if (in.bad)
        return -EBADMSG;
    while (next_entry(&all, &entry))
        take_entry(crew, &entry);
    return 0;
}

/* Was it said of a seat of the same plugin and stream already? */
static bool said_before(const struct crew *crew, uint32_t number)
{
    const struct crew_seat *seat = &crew->seats[number];
    for (uint32_t i = 0; i < number; i++)
        if (crew->seats[i].owes_word && crew->seats[i].stream == seat->stream &&
            crew->seats[i].plugin == seat->plugin)
            return true;
    return false;
}

void crew_say_stale(struct crew *crew)
{
    for (uint32_t i = 0; i < crew->seat_count; i++)
        if (crew->seats[i].owes_word && !said_before(crew, i))
            crew->options.complain(crew->options.context, CREW_STATE, i,
                                   "its state is older than the log: it could not be saved in "
                                   "time before the restart, so lines are missing from it");
    for (uint32_t i = 0; i < crew->seat_count; i++)
        crew->seats[i].owes_word = false;
}
