/* SPDX-License-Identifier: MIT */
/*
 * spike - is the newest window far off, measured by how far off windows lately were?
 *
 * Method   Two forecasts, and only what surprises both is odd:
 *
 *              e1 = |x_t - (u(time of day) + o)|     o: what u lately missed, EWMA with `smoothing`
 *              e2 = |x_t - l|                        l: EWMA of the value with `smoothing`
 *              z  = (min(e1, e2) - m) / s            m, s: long-run mean and deviation of that very minimum
 *
 *          u is kept in 96 buckets (kit/daily.h), yesterday weighs `learning`; before a bucket is known e2 stands alone. m and s
 *          forget after `memory` windows (kit/longrun.h). A value counts as at most 100 deviations in everything learnt.
 * Input    any one series; values that are not finite are skipped
 * Score    -log10 of the two-sided normal tail at z, 0 for z <= 0. Errors have heavier tails than that: the score ranks, and
 *          means about the same on every series, but 6 is far more frequent than one in a million
 * State    about 1.6 KiB, O(1) per window
 * Limits   Blind until warm. A lasting change is odd for some ten windows, until l follows: then it is `season`'s. Time of
 *          day is UTC. The bigger the last spike, the larger s: a small one behind it goes unseen for a while.
 * Sources  S. W. Roberts, Control Chart Tests Based on Geometric Moving Averages, Technometrics 1(3), 1959; the rest is
 *          measured, see docs/detectors.md.
 */

#include "kit/daily.h"
#include "kit/longrun.h"
#include "kit/params.h"
#include "kit/state.h"

#include <math.h>
#include <stdio.h>

enum { WARMUP, MEMORY, LEARNING, SMOOTHING, PARAMS };

static const double CLIP = 100;      /* deviations learnt at once */
static const double ROUNDING = 1e-9; /* of the forecast: what is smaller is no movement */

static const oddline_param params[PARAMS] = {
    [WARMUP] = PARAM_WARMUP(60, 20, 5000,
                            "Windows to learn the usual error from before anything is scored."),
    [MEMORY] = {.name = "memory",
                .unit = "windows",
                .help = "How far back the distribution of the error reaches.",
                .type = ODDLINE_I64,
                .fallback.i64 = 5000,
                .min.i64 = 100,
                .max.i64 = 1000000},
    [LEARNING] = {.name = "learning",
                  .unit = "",
                  .help = "Weight of the latest day in what is usual at a time of day.",
                  .type = ODDLINE_F64,
                  .fallback.f64 = 0.2,
                  .min.f64 = 0.01,
                  .max.f64 = 0.9},
    [SMOOTHING] = {.name = "smoothing",
                   .unit = "",
                   .help = "Weight of the newest window in both forecasts.",
                   .type = ODDLINE_F64,
                   .fallback.f64 = 0.1,
                   .min.f64 = 0.001,
                   .max.f64 = 0.5},
};

struct series {
    double seen; /* windows with a value */
    double level;
    double missed; /* by the time of day, lately */
    struct longrun error;
    struct daily day;
};

struct spikes {
    struct state state; /* a store of struct series */
    double rate, memory, warmup, smoothing;
};

/* What one window amounts to. */
struct view {
    double expected, error, spread, z, score;
};

/* The forecast that did better. */
static double forecast(const struct series *s, uint32_t bucket, double x)
{
    double flat = s->seen > 0 ? s->level : x;
    double daily = s->day.mean[bucket] + s->missed;
    if (s->day.seen[bucket] <= 0 || fabs(x - flat) < fabs(x - daily))
        return flat;
    return daily;
}

static struct view look(const struct series *s, uint32_t bucket, double x)
{
    struct view view = {.expected = forecast(s, bucket, x)};
    double least = ROUNDING * fabs(view.expected);
    view.error = fabs(x - view.expected);
    view.spread = s->error.mean + sqrt(s->error.variance);
    view.z = longrun_z(&s->error, view.error, least);
    view.score = view.z > 0 ? longrun_surprise(&s->error, view.z) : 0;
    return view;
}

static void learn(const struct spikes *spikes, struct series *s, uint32_t bucket, double x)
{
    if (s->day.seen[bucket] > 0)
        s->missed += spikes->smoothing * (x - s->day.mean[bucket] - s->missed);
    s->level += (s->seen > 0 ? spikes->smoothing : 1) * (x - s->level);
    daily_learn(&s->day, bucket, x, spikes->rate);
    s->seen++;
}

/* Far out, a value teaches no more than the limit would. */
static double bounded(const struct spikes *spikes, const struct series *s,
                      const struct view *view, double x)
{
    double limit = s->error.mean + CLIP * sqrt(s->error.variance);
    if (s->seen < spikes->warmup || limit <= 0 || view->error <= limit)
        return x;
    return view->expected + copysign(limit, x - view->expected);
}

static void say(const struct spikes *spikes, uint32_t index, double x, const struct view *view)
{
    static const double BAND = 3; /* usual errors between expected and lower, upper */
    const oddline_host *host = spikes->state.store.host;
    const struct series *s = store_series(&spikes->state.store, index);
    bool warm = s->seen > spikes->warmup;
    char reason[ODDLINE_ERROR_SIZE];
    snprintf(reason, sizeof(reason),
             "%.100s at %.4g, forecast %.4g; the usual error is %.3g, this one %.3g",
             host->series[index], x, view->expected, view->spread, view->error);
    oddline_score score = {
        .size = sizeof(score),
        .score = warm ? view->score : 0,
        .observed = x,
        .expected = view->expected,
        .lower = view->expected - BAND * view->spread,
        .upper = view->expected + BAND * view->spread,
        .samples = (uint64_t)s->seen,
        .reason = reason,
        .series = index,
        .kind = x >= view->expected ? ODDLINE_SPIKE : ODDLINE_DROP,
        .flags = ODDLINE_SCORE_SURPRISE | (warm ? 0 : ODDLINE_SCORE_WARMING),
    };
    host->report(host, &score);
}

/* ---- callbacks ---------------------------------------------------------- */

static oddline_status spike_score(void *instance, const oddline_window *window)
{
    static const double HUGE_VALUE = 1e100; /* squares of more would not fit */
    const struct spikes *spikes = instance;
    uint32_t bucket = daily_bucket(window->start_ns);
    for (uint32_t i = 0; i < spikes->state.store.host->series_count; i++) {
        struct series *s = store_series(&spikes->state.store, i);
        double x = window->values[i];
        if (!isfinite(x))
            continue;
        x = fmax(-HUGE_VALUE, fmin(x, HUGE_VALUE));
        struct view view = look(s, bucket, x);
        double taught = bounded(spikes, s, &view, x);
        longrun_learn(&s->error, view.error, spikes->memory, CLIP);
        learn(spikes, s, bucket, taught);
        say(spikes, i, x, &view);
    }
    return ODDLINE_OK;
}

static bool is_sane(const void *series, const void *instance)
{
    const struct series *s = series;
    (void)instance;
    return longrun_is_number(s->seen) && fabs(s->level) <= LONGRUN_LIMIT &&
           fabs(s->missed) <= LONGRUN_LIMIT && longrun_is_sane(&s->error) &&
           daily_is_sane(&s->day);
}

static oddline_status spike_open(const oddline_host *host, const oddline_value *values,
                                 void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    static const struct state_shape shape = {
        .instance = sizeof(struct spikes), .each = sizeof(struct series), .is_sane = is_sane};
    oddline_status status = state_open(&shape, host, ret_instance, error);
    if (status != ODDLINE_OK)
        return status;
    struct spikes *spikes = *ret_instance;
    spikes->warmup = (double)values[WARMUP].i64;
    spikes->memory = (double)values[MEMORY].i64;
    spikes->rate = daily_rate(values[LEARNING].f64, host->window_ns);
    spikes->smoothing = values[SMOOTHING].f64;
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .id = "spike",
    .version = "1.0.0",
    .summary = "the newest window is far off, measured by how far off windows lately were",
    .params = params,
    .param_count = PARAMS,
    .state_version = 1,
    .open = spike_open,
    .score = spike_score,
    .save = state_save,
    .load = state_load,
    .close = state_close,
};
