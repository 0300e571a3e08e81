/* SPDX-License-Identifier: MIT */
/*
 * crew_state.c - what the seats of a crew know, as bytes that outlive the program.
 *
 *      hash │ [ stream, plugin id, series..., state version, state ]*
 *
 * Told apart like the seats of two crews in one program: by stream, plugin and series. Torn or foreign bytes are refused as a
 * whole.
 */

#include "base/hash.h"
#include "base/pack.h"
#include "host/desk.h"

#include <errno.h>

static void pack_seat(struct buffer *out, const struct crew_seat *seat)
{
    pack_text(out, seat->options.stream);
    pack_text(out, plugin_label(seat->plugin)->id);
    pack_u32(out, seat->options.series_count);
    for (uint32_t i = 0; i < seat->options.series_count; i++)
        pack_text(out, seat->options.series[i]);
    pack_u32(out, seat->state_version);
    pack_bytes(out, buffer_bytes(&seat->state));
}

void crew_pack(const struct crew *crew, struct buffer *out)
{
    struct buffer seats = {0};
    for (uint32_t i = 0; i < crew->seat_count; i++)
        if (crew->seats[i].has_state && !crew->seats[i].dead)
            pack_seat(&seats, &crew->seats[i]);
    pack_u64(out, hash_bytes(buffer_bytes(&seats)));
    buffer_append(out, seats.at, seats.len);
    out->failed |= seats.failed;
    buffer_free(&seats);
}

/* Does the next entry belong to this seat? Reads it up to the state in any case. */
static bool fits(struct unpacker *in, const struct crew_seat *seat)
{
    bool same = bytes_is(unpack_bytes(in), seat->options.stream);
    same &= bytes_is(unpack_bytes(in), plugin_label(seat->plugin)->id);
    uint32_t count = unpack_u32(in);
    same &= count == seat->options.series_count;
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct bytes name = unpack_bytes(in);
        same = same && bytes_is(name, seat->options.series[i]);
    }
    return same && !in->bad;
}

static void unpack_seat(struct bytes all, struct crew_seat *seat)
{
    struct unpacker in = {.rest = all};
    while (in.rest.len && !in.bad && !seat->has_state) {
        bool mine = fits(&in, seat);
        uint32_t version = unpack_u32(&in);
        struct bytes state = unpack_bytes(&in);
        if (in.bad || !mine)
            continue;
        buffer_append(&seat->state, state.at, state.len);
        seat->state_version = version;
        seat->has_state = seat->inherited = !seat->state.failed && state.len > 0;
    }
}

int crew_unpack(struct crew *crew, struct bytes packed)
{
    struct unpacker in = {.rest = packed};
    uint64_t hash = unpack_u64(&in);
    if (in.bad || hash != hash_bytes(in.rest))
        return -EBADMSG;
    for (uint32_t i = 0; i < crew->seat_count; i++)
        unpack_seat(in.rest, &crew->seats[i]);
    return 0;
}
