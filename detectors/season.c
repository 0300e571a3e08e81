/* SPDX-License-Identifier: MIT */
/*
 * season - is this an unlikely time for this time of day, or for this series at all?
 *
 * Method   Short against long, twice: for the error e_t = x_t - u(time of day) and for the value x_t itself, averages over the
 *          last 3, 10 and 20 windows are each compared with the long-run distribution of that very average.
 *
 *              z_jk = (average of the last k of source j - its long-run mean) / its long-run deviation
 *              s    = sum_jk w_j min(6, -log10 P(|Z| >= |z_jk|)) / sum_jk w_j  +  1 if x_t leaves the range ever seen
 *
 *          w is 1 for the error and 1/2 for the value. u is kept in 96 buckets (kit/daily.h), yesterday weighs `learning`; an
 *          unknown bucket is stood in for by a slow average. Long-run means and deviations forget after `memory`
 *          windows and learn at most 20 deviations at once (kit/longrun.h), u at most 100. The distribution of the average itself is
 *          used, not one derived from single windows, because real windows are not independent.
 * Input    any one series; values that are not finite are skipped
 * Score    the mean of six surprises, plus a decade for a record. Their dependence makes 3 rarer than one in a thousand
 *          would be; their heavy tails make it more frequent. It is high as long as the averages are off: meant for an alarm stage
 * State    about 2.1 KiB, a sum of 40 numbers and six tails per window
 * Limits   Blind until warm; time of day is UTC and a clock change shifts it for some days; knows no weekends (a change
 *          from Friday to Saturday is averaged away by the day, not known). A single odd window is `spike`'s. Counts
 *          well below one a window have no normal averages: `pattern` is for those. The range ever seen is never forgotten.
 * Sources  S. Ahmad, A. Lavin, S. Purdy, Z. Agha, Unsupervised real-time anomaly detection for streaming data, Neurocomputing
 *          262, 2017 (likelihood of a short average under the long-run distribution); the rest is measured, see
 *          docs/detectors.md.
 */

#include "kit/daily.h"
#include "kit/longrun.h"
#include "kit/params.h"
#include "kit/state.h"

#include <math.h>
#include <stdio.h>

enum { WARMUP, MEMORY, LEARNING, PARAMS };
enum { ERROR, VALUE, SOURCES, SPANS = 3, SPAN_MAX = 20 };

static const int spans[SPANS] = {3, 10, SPAN_MAX};
static const double weights[SOURCES] = {[ERROR] = 1, [VALUE] = 0.5};
static const double CAP = 6; /* of one surprise: six that agree say more than one that shouts */
static const double RECORD = 1;      /* for leaving the range ever seen */
static const double CLIP = 20;       /* deviations learnt at once */
static const double FAR_OUT = 100;   /* deviations that usual and level learn from at most */
static const double LEVEL = 0.02;    /* weight of a window in the slow average */
static const double ROUNDING = 1e-9; /* of the value: what is smaller is no movement */

static const oddline_param params[PARAMS] = {
    [WARMUP] = PARAM_WARMUP(
        60, 20, 5000, "Windows to learn the long-run spread from before anything is scored."),
    [MEMORY] = {.name = "memory",
                .unit = "windows",
                .help = "How far back the long-run distribution reaches.",
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
};

struct source {
    double last[SPAN_MAX]; /* ring, by the number of the window */
    struct longrun average[SPANS];
};

struct series {
    double seen; /* windows with a value */
    double level;
    double lowest, highest;
    struct source sources[SOURCES];
    struct daily day;
};

struct seasons {
    struct state state; /* a store of struct series */
    double rate, memory, warmup;
};

/* What one window amounts to. */
struct view {
    double usual;  /* at this time of day */
    double spread; /* of the error, averaged over the shortest span */
    double score, lean;
    double z; /* the largest */
    int span; /* where it was found */
};

/* The sum is made afresh each time: a running one would never forget the rounding of an extreme value. */
static void averages(const struct source *source, double seen, double ret[SPANS])
{
    double sum = 0;
    size_t newest = (size_t)seen - 1;
    int have = seen < SPAN_MAX ? (int)seen : SPAN_MAX;
    for (int i = 0, k = 0; k < SPANS; k++) {
        for (; i < spans[k] && i < have; i++)
            sum += source->last[(newest - (size_t)i) % SPAN_MAX];
        ret[k] = sum / i;
    }
}

static void weigh(const struct seasons *seasons, struct series *s, int which, struct view *view)
{
    struct source *source = &s->sources[which];
    double least = ROUNDING * fmax(fabs(s->level), fabs(view->usual)), at[SPANS];
    averages(source, s->seen, at);
    for (int k = 0; k < SPANS; k++) {
        struct longrun *run = &source->average[k];
        double z = longrun_z(run, at[k], least);
        double surprise = fmin(CAP, longrun_surprise(run, z));
        view->score += weights[which] * surprise;
        view->lean += copysign(weights[which] * surprise, z);
        if (fabs(z) > fabs(view->z)) {
            view->z = z;
            view->span = spans[k];
        }
        longrun_learn(run, at[k], seasons->memory, CLIP);
    }
}

static bool is_record(struct series *s, double x)
{
    bool outside = s->seen > 1 && (x < s->lowest || x > s->highest);
    s->lowest = s->seen > 1 ? fmin(s->lowest, x) : x;
    s->highest = s->seen > 1 ? fmax(s->highest, x) : x;
    return outside;
}

/* Far out, a value teaches no more than the limit would. */
static double bounded(const struct seasons *seasons, const struct series *s,
                      const struct view *view, double x)
{
    double limit = FAR_OUT * view->spread;
    if (s->seen < seasons->warmup || limit <= 0)
        return x;
    return fmax(view->usual - limit, fmin(x, view->usual + limit));
}

static struct view look(const struct seasons *seasons, struct series *s, uint32_t bucket,
                        double x)
{
    struct view view = {.usual = s->day.seen[bucket] > 0 ? s->day.mean[bucket]
                                 : s->seen > 0           ? s->level
                                                         : x};
    size_t slot = (size_t)s->seen++ % SPAN_MAX;
    view.spread = sqrt(s->sources[ERROR].average[0].variance);
    s->sources[ERROR].last[slot] = x - view.usual;
    s->sources[VALUE].last[slot] = x;
    double taught = bounded(seasons, s, &view, x);
    daily_learn(&s->day, bucket, taught, seasons->rate);
    s->level += fmax(LEVEL, 1 / s->seen) * (taught - s->level);
    weigh(seasons, s, ERROR, &view);
    weigh(seasons, s, VALUE, &view);
    view.score /= SPANS * (weights[ERROR] + weights[VALUE]);
    if (is_record(s, x))
        view.score += RECORD;
    return view;
}

static void say(const struct seasons *seasons, uint32_t index, double x,
                const struct view *view)
{
    static const double BAND = 3; /* deviations between expected and lower, upper */
    const oddline_host *host = seasons->state.store.host;
    const struct series *s = store_series(&seasons->state.store, index);
    bool warm = s->seen > seasons->warmup;
    char reason[ODDLINE_ERROR_SIZE];
    snprintf(reason, sizeof(reason),
             "%.100s at %.4g, at this time of day usually about %.4g; oddest over %d windows, "
             "%.3g deviations",
             host->series[index], x, view->usual, view->span, view->z);
    oddline_score score = {
        .size = sizeof(score),
        .score = warm ? view->score : 0,
        .observed = x,
        .expected = view->usual,
        .lower = view->usual - BAND * view->spread,
        .upper = view->usual + BAND * view->spread,
        .samples = (uint64_t)s->seen,
        .reason = reason,
        .series = index,
        .kind = view->lean >= 0 ? ODDLINE_SPIKE : ODDLINE_DROP,
        .flags = ODDLINE_SCORE_SURPRISE | (warm ? 0 : ODDLINE_SCORE_WARMING),
    };
    host->report(host, &score);
}

/* ---- callbacks ---------------------------------------------------------- */

static oddline_status season_score(void *instance, const oddline_window *window)
{
    static const double HUGE_VALUE = 1e100; /* squares of more would not fit */
    const struct seasons *seasons = instance;
    uint32_t bucket = daily_bucket(window->start_ns);
    for (uint32_t i = 0; i < seasons->state.store.host->series_count; i++) {
        double x = window->values[i];
        if (!isfinite(x))
            continue;
        x = fmax(-HUGE_VALUE, fmin(x, HUGE_VALUE));
        struct view view = look(seasons, store_series(&seasons->state.store, i), bucket, x);
        say(seasons, i, x, &view);
    }
    return ODDLINE_OK;
}

static bool source_is_sane(const struct source *source)
{
    for (int i = 0; i < SPAN_MAX; i++)
        if (!(fabs(source->last[i]) <= LONGRUN_LIMIT))
            return false;
    for (int k = 0; k < SPANS; k++)
        if (!longrun_is_sane(&source->average[k]))
            return false;
    return true;
}

static bool is_sane(const void *series, const void *instance)
{
    const struct series *s = series;
    (void)instance;
    return longrun_is_number(s->seen) && fabs(s->level) <= LONGRUN_LIMIT &&
           fabs(s->lowest) <= LONGRUN_LIMIT && fabs(s->highest) <= LONGRUN_LIMIT &&
           source_is_sane(&s->sources[ERROR]) && source_is_sane(&s->sources[VALUE]) &&
           daily_is_sane(&s->day);
}

static oddline_status season_open(const oddline_host *host, const oddline_value *values,
                                  void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    static const struct state_shape shape = {
        .instance = sizeof(struct seasons), .each = sizeof(struct series), .is_sane = is_sane};
    oddline_status status = state_open(&shape, host, ret_instance, error);
    if (status != ODDLINE_OK)
        return status;
    struct seasons *seasons = *ret_instance;
    seasons->warmup = (double)values[WARMUP].i64;
    seasons->memory = (double)values[MEMORY].i64;
    seasons->rate = daily_rate(values[LEARNING].f64, host->window_ns);
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .id = "season",
    .version = "1.0.0",
    .summary = "an unlikely time for this time of day, or for this series at all",
    .params = params,
    .param_count = PARAMS,
    .state_version = 1,
    .open = season_open,
    .score = season_score,
    .save = state_save,
    .load = state_load,
    .close = state_close,
};
