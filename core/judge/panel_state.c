/* SPDX-License-Identifier: MIT */
/*
 * panel_state.c - what a panel has learnt of its detectors' scores, as bytes that outlive the program.
 *
 *      seats │ [ plugin id, shadow, series │ calibration of each ]*        in the order of the seats
 */

#include "judge/panel_inner.h"
#include "judge/state.h"

#include <string.h>

void panel_pack(const struct panel *panel, struct buffer *out)
{
    pack_u32(out, (uint32_t)panel->seat_count);
    for (size_t i = 0; i < panel->seat_count; i++) {
        const struct seat *seat = &panel->seats[i];
        pack_text(out, plugin_label(seat->plugin)->id);
        pack_u32(out, seat->shadow);
        pack_u32(out, seat->on_count);
        for (uint32_t k = 0; k < seat->on_count; k++) {
            pack_text(out, seat->names[k]);
            calibration_pack(&seat->calibrations[k], out);
        }
    }
}

static bool seat_unpack(struct seat *seat, struct unpacker *in)
{
    bool same = bytes_is(unpack_bytes(in), plugin_label(seat->plugin)->id);
    same &= unpack_flag(in) == seat->shadow;
    same &= unpack_u32(in) == seat->on_count;
    for (uint32_t k = 0; k < seat->on_count && same; k++) {
        same = bytes_is(unpack_bytes(in), seat->names[k]);
        if (same)
            calibration_unpack(&seat->calibrations[k], in);
    }
    return same && !in->bad;
}

bool panel_unpack(struct panel *panel, struct unpacker *in)
{
    bool same = unpack_u32(in) == panel->seat_count;
    for (size_t i = 0; i < panel->seat_count && same; i++)
        same = seat_unpack(&panel->seats[i], in);
    if (!same)
        panel_forget(panel);
    return same;
}

void panel_forget(struct panel *panel)
{
    for (size_t i = 0; i < panel->seat_count; i++)
        memset(panel->seats[i].calibrations, 0,
               panel->seats[i].on_count * sizeof(struct calibration));
}
