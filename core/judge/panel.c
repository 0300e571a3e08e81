/* SPDX-License-Identifier: MIT */

#include "judge/panel_inner.h"

#include "base/check.h"
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void seat_free(struct seat *seat)
{
    free(seat->on);
    free(seat->names);
    free(seat->calibrations);
}

static int seat_alloc(struct seat *seat, const struct judge_stream *stream, const uint32_t *on,
                      size_t count)
{
    seat->on_count = (uint32_t)count;
    seat->on = calloc(count, sizeof(*seat->on));
    seat->names = calloc(count, sizeof(*seat->names));
    seat->calibrations = calloc(count, sizeof(*seat->calibrations));
    if (!seat->on || !seat->names || !seat->calibrations)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        seat->on[i] = on[i];
        seat->names[i] = judge_series_name(&stream->series[on[i]]);
    }
    return 0;
}

static int seat_take(struct panel *panel, const struct judge_use *use, const uint32_t *on,
                     size_t count)
{
    const struct judge_stream *stream = panel->options.stream;
    struct seat seat = {.plugin = use->plugin, .shadow = use->shadow};
    int r = seat_alloc(&seat, stream, on, count);
    struct crew_request request = {
        .plugin = use->plugin,
        .stream = panel->options.number,
        .options = {.stream = stream->name,
                    .series = seat.names,
                    .series_count = seat.on_count,
                    .field_names = stream->field_names,
                    .field_count = (uint32_t)stream->field_count,
                    .settings = use->settings,
                    .setting_count = use->setting_count},
        .on = seat.on,
        .wait = use->wait,
        .slot = stream->series[on[0]].family != NULL,
    };
    if (r == 0)
        r = crew_add(panel->crew, &request, &seat.number, NULL);
    if (r < 0)
        seat_free(&seat);
    else
        panel->seats[panel->seat_count++] = seat;
    return r;
}

/* One instance for all series where the label asks for it or takes patterns, else one each. */
static bool sits_once(const struct judge_use *use)
{
    return plugin_label(use->plugin)->needs & ODDLINE_NEEDS_ALL_SERIES ||
           plugin_patterns_param(use->plugin);
}

/* So many series from `at` on share an instance: all but slots, of which each begins anew on its own. */
static size_t together(const struct judge_stream *stream, const struct judge_use *use,
                       size_t at)
{
    size_t end = at;
    while (end < use->on_count && !stream->series[use->on[end]].family)
        end++;
    return end > at ? end - at : 1;
}

static int take_seats(struct panel *panel, const struct judge_use *use)
{
    int r = 0;
    for (size_t i = 0, n; i < use->on_count && r == 0; i += n) {
        n = sits_once(use) ? together(panel->options.stream, use, i) : 1;
        r = seat_take(panel, use, &use->on[i], n);
    }
    return r;
}

/* Of a crew of our own. */
static void complain(void *context, enum crew_trouble trouble, uint32_t seat,
                     const char *sentence)
{
    struct panel *panel = context;
    (void)trouble;
    panel->options.complain(panel->options.context, panel_plugin(panel, seat), sentence);
}

static int find_crew(struct panel *panel)
{
    struct crew_options options = {
        .isolation = ISOLATION_NONE, .complain = complain, .context = panel};
    int r = panel->options.crew ? 0 : crew_create(&options, &panel->own, NULL);
    panel->crew = panel->own ? panel->own : panel->options.crew;
    return r;
}

int panel_open(const struct panel_options *options, struct panel **ret)
{
    const struct judge_stream *stream = options->stream;
    struct panel *panel = calloc(1, sizeof(*panel));
    if (!panel)
        return -ENOMEM;
    panel->options = *options;
    size_t series = 0;
    for (size_t i = 0; i < stream->use_count; i++)
        series += stream->uses[i].on_count;
    int r = find_crew(panel);
    panel->seats = calloc(series + 1, sizeof(*panel->seats));
    panel->opinions = calloc(series + 1, sizeof(*panel->opinions));
    if (!panel->seats || !panel->opinions)
        r = -ENOMEM;
    // Shadows come last, so that those who count keep their order whether a shadow watches or not.
    for (int shadow = 0; shadow < 2; shadow++)
        for (size_t i = 0; i < stream->use_count && r == 0; i++)
            if (stream->uses[i].shadow == (bool)shadow)
                r = take_seats(panel, &stream->uses[i]);
    if (r < 0) {
        panel_close(panel);
        return r;
    }
    if (panel->own)
        panel_begin(panel, options->window_ns);
    *ret = panel;
    return 0;
}

void panel_close(struct panel *panel)
{
    if (!panel)
        return;
    crew_free(panel->own);
    for (size_t i = 0; i < panel->seat_count; i++)
        seat_free(&panel->seats[i]);
    free(panel->seats);
    free(panel->opinions);
    free(panel);
}

const struct plugin *panel_plugin(const struct panel *panel, uint32_t seat)
{
    for (size_t i = 0; i < panel->seat_count; i++)
        if (panel->seats[i].number == seat)
            return panel->seats[i].plugin;
    return NULL;
}

size_t panel_seats(const struct panel *panel)
{
    return panel->seat_count;
}

struct attendance panel_attendance(const struct panel *panel, size_t i)
{
    const struct seat *seat = &panel->seats[i];
    bool scored = crew_scores(panel->crew, seat->number) != NULL;
    return (struct attendance){
        .plugin = seat->plugin,
        .shadow = seat->shadow,
        .scored = scored,
        .closed = !scored && crew_report(panel->crew, seat->number).dead,
        .why = scored ? NULL : crew_why(panel->crew, seat->number),
    };
}

const struct oddline_plugin *panel_label(const struct panel *panel, struct bytes id)
{
    for (size_t i = 0; i < panel->seat_count; i++)
        if (bytes_is(id, plugin_label(panel->seats[i].plugin)->id))
            return plugin_label(panel->seats[i].plugin);
    return NULL;
}

void panel_inherit(struct panel *panel, const struct panel *old)
{
    CHECK(panel->options.stream == old->options.stream);
    for (size_t i = 0; i < panel->seat_count && i < old->seat_count; i++)
        memcpy(panel->seats[i].calibrations, old->seats[i].calibrations,
               panel->seats[i].on_count * sizeof(struct calibration));
}

void panel_at(struct panel *panel, uint64_t position, uint64_t nth)
{
    panel->position = position;
    panel->nth = nth;
}

void panel_begin(struct panel *panel, int64_t window_ns)
{
    crew_begin(panel->crew, panel->position, panel->options.number, window_ns);
}

void panel_observe(struct panel *panel, const struct oddline_batch *batch)
{
    crew_observe(panel->crew, panel->position, panel->options.number, batch);
}

static void forget_series(struct panel *panel, uint32_t series)
{
    for (size_t i = 0; i < panel->seat_count; i++)
        for (uint32_t k = 0; k < panel->seats[i].on_count; k++)
            if (panel->seats[i].on[k] == series)
                panel->seats[i].calibrations[k] = (struct calibration){0};
}

void panel_renew(struct panel *panel, const struct closed *closed)
{
    const struct closed_group *groups = closed_groups(closed);
    for (uint32_t i = 0; i < closed->group_count; i++)
        if (groups[i].fresh)
            forget_series(panel, groups[i].series);
    crew_renew(panel->crew, panel->position, closed);
}

/* Windows of the longest period that the budget speaks of; 0: there is no budget. */
static double period_of(const struct judge_policy *policy, const struct oddline_window *window)
{
    double window_s = (double)(window->end_ns - window->start_ns) / (double)NS_PER_S,
           page = policy->budget[ROUTE_PAGE], ticket = policy->budget[ROUTE_TICKET];
    double rarest = page > 0 ? page : ticket; // a page is never the more frequent one
    return rarest > 0 ? 1 / (rarest * window_s) : 0;
}

/*
 * A detector's own p: believed, but where a budget has to be kept only as far as its history bears it out. A history shorter than the
 * period of the budget knows nothing of what is as rare as that.
 */
static double believe(struct calibration *calibration, double period, double score,
                      struct calibration_fit *ret_fit)
{
    struct calibration_fit fit;
    if (period <= 0)
        return score;
    double borne_out = calibrate(calibration, score, &fit);
    if (fit.peaks == 0 || (double)fit.seen < period || borne_out >= score)
        return score;
    *ret_fit = fit;
    return borne_out;
}

/*
 * Of a window that is not over: what the detector itself calls a probability, and no history is asked or told. Where a budget has to be kept
 * that is not enough, so nobody speaks before the window is over.
 */
size_t panel_glance(struct panel *panel, const struct oddline_window *window,
                    const struct opinion **ret)
{
    size_t count = 0;
    double period = period_of(&panel->options.stream->policy, window);
    crew_score(panel->crew, panel->position, panel->nth, panel->options.number, window);
    for (size_t i = 0; period <= 0 && i < panel->seat_count; i++) {
        const struct seat *seat = &panel->seats[i];
        const struct oddline_score *scores = crew_scores(panel->crew, seat->number);
        for (uint32_t k = 0; scores && k < seat->on_count; k++)
            if (scores[k].size && scores[k].flags & ODDLINE_SCORE_SURPRISE)
                panel->opinions[count++] =
                    (struct opinion){.plugin = plugin_label(seat->plugin),
                                     .shadow = seat->shadow,
                                     .series = seat->on[k],
                                     .score = scores[k],
                                     .surprise = scores[k].score};
    }
    *ret = panel->opinions;
    return count;
}

static void form_opinion(double period, struct seat *seat, uint32_t which,
                         const struct oddline_score *score, struct opinion *ret)
{
    struct calibration *calibration = &seat->calibrations[which];
    *ret = (struct opinion){.plugin = plugin_label(seat->plugin),
                            .shadow = seat->shadow,
                            .series = seat->on[which],
                            .score = *score};
    if (score->flags & ODDLINE_SCORE_SURPRISE)
        ret->surprise = believe(calibration, period, score->score, &ret->fit);
    else
        ret->surprise = calibrate(calibration, score->score, &ret->fit);
}

size_t panel_score(struct panel *panel, const struct oddline_window *window,
                   const struct opinion **ret)
{
    size_t count = 0;
    double period = period_of(&panel->options.stream->policy, window);
    crew_score(panel->crew, panel->position, panel->nth, panel->options.number, window);
    for (size_t i = 0; i < panel->seat_count; i++) {
        struct seat *seat = &panel->seats[i];
        const struct oddline_score *scores = crew_scores(panel->crew, seat->number);
        for (uint32_t k = 0; scores && k < seat->on_count; k++)
            if (scores[k].size)
                form_opinion(period, seat, k, &scores[k], &panel->opinions[count++]);
    }
    *ret = panel->opinions;
    return count;
}
