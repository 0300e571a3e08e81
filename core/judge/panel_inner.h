/* SPDX-License-Identifier: MIT */
/*
 * panel_inner.h - the seats of a panel; panel.c asks them, panel_state.c carries what was learnt of them over a restart.
 */
#ifndef JUDGE_PANEL_INNER_H
#define JUDGE_PANEL_INNER_H

#include "judge/panel.h"

/* One instance, wherever it runs, and the series it scores. */
struct seat {
    struct plugin *plugin;
    bool shadow;
    uint32_t number; /* in the crew */
    uint32_t *on;    /* [on_count] indices in the stream */
    const char **names;
    uint32_t on_count;
    struct calibration *calibrations; /* [on_count] */
};

struct panel {
    struct panel_options options;
    struct crew *own; /* NULL when it is shared */
    struct crew *crew;
    struct seat *seats;
    size_t seat_count;
    struct opinion *opinions; /* room for all series of all seats */
    uint64_t position, nth;
};

#endif /* JUDGE_PANEL_INNER_H */
