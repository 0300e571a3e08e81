/* SPDX-License-Identifier: MIT */

#include "judge/panel.h"

#include "base/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One instance and the series it scores. */
struct seat {
    struct plugin *plugin;
    struct instance *instance; /* NULL once it failed */
    uint32_t *on;              /* [on_count] indices in the stream */
    const char **names;        /* [on_count] */
    uint32_t on_count;
    struct calibration *calibrations; /* [on_count] */
    double *values;                   /* [on_count] */
    uint64_t *counts;                 /* [on_count] */
};

struct panel {
    struct panel_options options;
    struct seat *seats;
    size_t seat_count, seat_max;
    struct opinion *opinions; /* room for all series of all seats */
    bool observes;
};

static void complain(const struct panel *panel, const struct plugin *plugin,
                     const char *sentence)
{
    panel->options.complain(panel->options.context, plugin, sentence);
}

static void seat_free(struct seat *seat)
{
    instance_close(seat->instance);
    free(seat->on);
    free(seat->names);
    free(seat->calibrations);
    free(seat->values);
    free(seat->counts);
}

static int seat_alloc(struct seat *seat, const struct judge_stream *stream, const uint32_t *on,
                      size_t count)
{
    seat->on_count = (uint32_t)count;
    seat->on = calloc(count, sizeof(*seat->on));
    seat->names = calloc(count, sizeof(*seat->names));
    seat->calibrations = calloc(count, sizeof(*seat->calibrations));
    seat->values = calloc(count, sizeof(*seat->values));
    seat->counts = calloc(count, sizeof(*seat->counts));
    if (!seat->on || !seat->names || !seat->calibrations || !seat->values || !seat->counts)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        seat->on[i] = on[i];
        seat->names[i] = stream->series[on[i]].name;
    }
    return 0;
}

/* Take a seat for `count` series; a plugin that does not open is named and leaves it empty. */
static int seat_take(struct panel *panel, const struct judge_use *use, const uint32_t *on,
                     size_t count)
{
    const struct judge_stream *stream = panel->options.stream;
    struct seat seat = {.plugin = use->plugin};
    struct error error;
    int r = seat_alloc(&seat, stream, on, count);
    if (r < 0)
        goto fail;
    struct instance_options options = {
        .stream = stream->name,
        .series = seat.names,
        .series_count = seat.on_count,
        .field_names = stream->field_names,
        .field_count = (uint32_t)stream->field_count,
        .window_ns = panel->options.window_ns,
        .settings = use->settings,
        .setting_count = use->setting_count,
    };
    if (instance_open(use->plugin, &options, &seat.instance, &error) < 0) {
        complain(panel, use->plugin, error.text);
        seat_free(&seat);
        return 0;
    }
    panel->observes |= plugin_label(use->plugin)->observe != NULL;
    panel->seats[panel->seat_count++] = seat;
    return 0;
fail:
    seat_free(&seat);
    return r;
}

/* One instance for all series where the label asks for it or takes patterns, else one each. */
static bool sits_once(const struct judge_use *use)
{
    return plugin_label(use->plugin)->needs & ODDLINE_NEEDS_ALL_SERIES ||
           plugin_patterns_param(use->plugin);
}

static int take_seats(struct panel *panel, const struct judge_use *use)
{
    if (sits_once(use))
        return seat_take(panel, use, use->on, use->on_count);
    int r = 0;
    for (size_t i = 0; i < use->on_count && r == 0; i++)
        r = seat_take(panel, use, &use->on[i], 1);
    return r;
}

int panel_open(const struct panel_options *options, struct panel **ret)
{
    const struct judge_stream *stream = options->stream;
    struct panel *panel = calloc(1, sizeof(*panel));
    if (!panel)
        return -ENOMEM;
    panel->options = *options;
    size_t seats = 0, series = 0;
    for (size_t i = 0; i < stream->use_count; i++) {
        seats += sits_once(&stream->uses[i]) ? 1 : stream->uses[i].on_count;
        series += stream->uses[i].on_count;
    }
    int r = 0;
    panel->seats = calloc(seats + 1, sizeof(*panel->seats));
    panel->opinions = calloc(series + 1, sizeof(*panel->opinions));
    if (!panel->seats || !panel->opinions)
        r = -ENOMEM;
    for (size_t i = 0; i < stream->use_count && r == 0; i++)
        r = take_seats(panel, &stream->uses[i]);
    if (r < 0) {
        panel_close(panel);
        return r;
    }
    *ret = panel;
    return 0;
}

void panel_close(struct panel *panel)
{
    if (!panel)
        return;
    for (size_t i = 0; i < panel->seat_count; i++)
        seat_free(&panel->seats[i]);
    free(panel->seats);
    free(panel->opinions);
    free(panel);
}

/* An instance that broke its contract is closed: its half-changed state is worth nothing. */
static void seat_fail(struct panel *panel, struct seat *seat, const struct error *error)
{
    complain(panel, seat->plugin, error->text);
    instance_close(seat->instance);
    seat->instance = NULL;
}

void panel_observe(struct panel *panel, const struct oddline_batch *batch)
{
    if (!panel->observes)
        return;
    for (size_t i = 0; i < panel->seat_count; i++) {
        struct seat *seat = &panel->seats[i];
        struct error error;
        if (seat->instance && plugin_label(seat->plugin)->observe &&
            instance_observe(seat->instance, batch, &error) < 0)
            seat_fail(panel, seat, &error);
    }
}

static void form_opinion(struct seat *seat, uint32_t which, const struct oddline_score *score,
                         struct opinion *ret)
{
    struct calibration *calibration = &seat->calibrations[which];
    *ret = (struct opinion){
        .plugin = plugin_label(seat->plugin), .series = seat->on[which], .score = *score};
    if (score->flags & ODDLINE_SCORE_SURPRISE)
        ret->surprise = score->score;
    else
        ret->surprise = calibrate(calibration, score->score, &ret->fit);
}

static size_t seat_score(struct panel *panel, struct seat *seat,
                         const struct oddline_window *window, struct opinion *ret)
{
    struct oddline_window own = *window;
    const struct oddline_score *scores;
    struct error error;
    for (uint32_t i = 0; i < seat->on_count; i++) {
        seat->values[i] = window->values[seat->on[i]];
        seat->counts[i] = window->counts[seat->on[i]];
    }
    own.values = seat->values;
    own.counts = seat->counts;
    if (instance_score(seat->instance, &own, &scores, &error) < 0) {
        seat_fail(panel, seat, &error);
        return 0;
    }
    size_t count = 0;
    for (uint32_t i = 0; i < seat->on_count; i++)
        if (scores[i].size)
            form_opinion(seat, i, &scores[i], &ret[count++]);
    return count;
}

size_t panel_score(struct panel *panel, const struct oddline_window *window,
                   const struct opinion **ret)
{
    size_t count = 0;
    for (size_t i = 0; i < panel->seat_count; i++)
        if (panel->seats[i].instance)
            count += seat_score(panel, &panel->seats[i], window, panel->opinions + count);
    *ret = panel->opinions;
    return count;
}
