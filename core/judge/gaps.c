/* SPDX-License-Identifier: MIT */

#include "judge/gaps.h"

#include "base/check.h"
#include "base/clock.h"
#include "judge/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gaps {
    const struct panel *panel;
    struct gap_run *runs; /* [count], in the order of the seats */
    bool *absent;         /* [count], in the present window */
    size_t count;
};

static struct gap_run *run_of(const struct gaps *gaps, const struct attendance *seat)
{
    for (size_t i = 0; i < gaps->count; i++)
        if (gaps->runs[i].plugin == seat->plugin && gaps->runs[i].shadow == seat->shadow &&
            gaps->runs[i].closed == seat->closed)
            return &gaps->runs[i];
    return NULL;
}

static void add_runs(struct gaps *gaps, struct attendance seat)
{
    for (int closed = 0; closed < 2; closed++) {
        seat.closed = closed;
        if (!run_of(gaps, &seat))
            gaps->runs[gaps->count++] = (struct gap_run){
                .plugin = seat.plugin, .shadow = seat.shadow, .closed = closed};
    }
}

int gaps_create(const struct panel *panel, struct gaps **ret)
{
    size_t most = 2 * panel_seats(panel) + 1;
    struct gaps *gaps = calloc(1, sizeof(*gaps));
    if (!gaps)
        return -ENOMEM;
    gaps->panel = panel;
    gaps->runs = calloc(most, sizeof(*gaps->runs));
    gaps->absent = calloc(most, sizeof(*gaps->absent));
    if (!gaps->runs || !gaps->absent) {
        gaps_free(gaps);
        return -ENOMEM;
    }
    for (size_t i = 0; i < panel_seats(panel); i++)
        add_runs(gaps, panel_attendance(panel, i));
    *ret = gaps;
    return 0;
}

void gaps_free(struct gaps *gaps)
{
    if (!gaps)
        return;
    free(gaps->runs);
    free(gaps->absent);
    free(gaps);
}

/* ---- a window ----------------------------------------------------------- */

static void take_attendance(struct gaps *gaps)
{
    memset(gaps->absent, 0, gaps->count * sizeof(*gaps->absent));
    for (size_t i = 0; i < panel_seats(gaps->panel); i++) {
        struct attendance seat = panel_attendance(gaps->panel, i);
        if (seat.scored)
            continue;
        struct gap_run *run = run_of(gaps, &seat);
        bool *absent = &gaps->absent[run - gaps->runs];
        if (run->windows == 0 && !*absent)
            snprintf(run->reason, sizeof(run->reason), "%s", seat.why);
        *absent = true;
    }
}

void gaps_window(struct gaps *gaps, const struct oddline_window *window, int64_t closed_ns,
                 const struct gap_sayer *sayer)
{
    take_attendance(gaps);
    for (size_t i = 0; i < gaps->count; i++) {
        struct gap_run *run = &gaps->runs[i];
        if (gaps->absent[i]) {
            run->until_ns = window->end_ns;
            if (run->windows++ == 0) {
                run->from_ns = window->start_ns;
                run->detected_ns = closed_ns;
                sayer->say(sayer->context, run, FINDING_FIRING);
            }
        } else if (run->windows) {
            sayer->say(sayer->context, run, FINDING_RESOLVED);
            run->windows = 0;
            run->id[0] = '\0';
        }
    }
}

char *gap_phrase(const struct gap_run *run, enum finding_status status,
                 char text[GAP_SUMMARY_SIZE])
{
    char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
    const char *id = plugin_label(run->plugin)->id;
    clock_format(run->from_ns, from);
    if (status == FINDING_FIRING)
        snprintf(text, GAP_SUMMARY_SIZE, "%s cannot score the windows from %s on: %s", id, from,
                 run->reason);
    else
        snprintf(text, GAP_SUMMARY_SIZE,
                 "%s could not score %" PRIu64 " window%s from %s to %s: %s", id, run->windows,
                 run->windows == 1 ? "" : "s", from, clock_format(run->until_ns, until),
                 run->reason);
    return text;
}

/* ---- from run to run ---------------------------------------------------- */

void gaps_inherit(struct gaps *gaps, const struct gaps *old)
{
    CHECK(gaps->count == old->count);
    memcpy(gaps->runs, old->runs, gaps->count * sizeof(*gaps->runs));
}

void gaps_pack(const struct gaps *gaps, struct buffer *out)
{
    pack_u32(out, (uint32_t)gaps->count);
    for (size_t i = 0; i < gaps->count; i++) {
        const struct gap_run *run = &gaps->runs[i];
        pack_u64(out, run->windows);
        if (run->windows == 0)
            continue;
        pack_text(out, run->id);
        pack_i64(out, run->from_ns);
        pack_i64(out, run->until_ns);
        pack_i64(out, run->detected_ns);
        pack_text(out, run->reason);
    }
}

void gaps_unpack(struct gaps *gaps, struct unpacker *in)
{
    in->bad |= unpack_u32(in) != gaps->count; // the panel's seats were the same
    for (size_t i = 0; i < gaps->count && !in->bad; i++) {
        struct gap_run *run = &gaps->runs[i];
        run->windows = unpack_u64(in);
        if (run->windows == 0)
            continue;
        unpack_text(in, run->id, sizeof(run->id));
        run->from_ns = unpack_i64(in);
        run->until_ns = unpack_i64(in);
        run->detected_ns = unpack_i64(in);
        unpack_text(in, run->reason, sizeof(run->reason));
    }
}

void gaps_forget(struct gaps *gaps)
{
    for (size_t i = 0; i < gaps->count; i++) {
        gaps->runs[i].windows = 0;
        gaps->runs[i].id[0] = '\0';
    }
}
