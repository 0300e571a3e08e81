/* SPDX-License-Identifier: MIT */
/*
 * shift - has the level changed, and stayed changed?
 *
 * Method   Two-sided CUSUM of bounded steps, restarted when the series is back.
 *
 *              y_t = 2 sqrt(x_t + 3/8) for counts, x_t for gauges
 *              e_t = the smaller of y_t - m and y_t - u(time of day); 0 where they differ in sign
 *              z_t = e_t / s, bounded to +-`bound`
 *              S_t = max(0, S_t-1 + z_t - k)      k = `slack`; likewise downwards with -z
 *
 *          m is an EWMA of y with weight `smoothing`, s^2 one of the squared bounded error (floor 1 for counts,
 *          (`floor` m)^2 for gauges); both begin as median and MAD of the first `warmup` windows. u is kept in 96 buckets
 *          (kit/daily.h) and counts from the second day on, so what happens every day is no shift. One spike adds `bound` - k at
 *          most; to be told apart from a burst, the excursion must also have had `lasting` windows beyond k, three of four.
 *          Five windows in a row within k of the old level end it. While S is beyond one bounded step m and s stay as they
 *          are; an excursion that ends by itself widens s once. After `accept_after` such windows median and MAD of the excursion
 *          are the new m and s, u moves along, and one score says SHIFT with ACCEPTED. A series that changes gear again and
 *          again is tempered (kit/recur.h), a week's shifts remembered.
 * Input    any one series; values that are not finite are skipped
 * Score    -log10 of the two-sided tail of the greatest S that a walk of independent steps reaches (Siegmund)
 *              P(S >= h) = exp(-2 k (h + 0.583) / v),   v = (1 + r) / (1 - r)
 *          where r = 1 - (mean square of z_t - z_t-1) / 2 (mean square of z), the lag-one autocorrelation (von Neumann's ratio, which
 *          one step hardly moves), not below 0: a series that wanders has to go farther. 0 before `lasting`
 * State    2.4 KiB; O(1) per window, a sort of 64 numbers while an excursion lasts
 * Limits   Blind until warm, and to shifts within `slack` deviations. On its first day a daily cycle that is faster than `smoothing`
 *          looks like one shift a half-day. A gauge that never moved has no scale: any lasting move is a shift.
 * Sources  J. von Neumann, Distribution of the Ratio of the Mean Square Successive Difference to the Variance, Ann. Math.
 *          Stat. 12, 1941.
 *          E. S. Page, Continuous Inspection Schemes, Biometrika 41, 1954.
 *          D. Siegmund, Corrected Diffusion Approximations in Certain Random Walk Problems, Adv. Appl. Prob. 11, 1979.
 *          F. J. Anscombe, The Transformation of Poisson, Binomial and Negative-Binomial Data, Biometrika 35, 1948.
 */

#include "kit/daily.h"
#include "kit/longrun.h"
#include "kit/params.h"
#include "kit/recur.h"
#include "kit/robust.h"
#include "kit/state.h"
#include "kit/tail.h"
#include "kit/walk.h"

#include <math.h>
#include <stdio.h>

enum { SMOOTHING, WARMUP, SLACK, BOUND, LASTING, ACCEPT_AFTER, FLOOR, PARAMS };
enum { RECENT = 64 };

static const double LAG_MEMORY = 200; /* windows behind the autocorrelation */
static const double LAG_MOST = 0.95;  /* beyond it no window tells anything new */
static const double SAID = 3;         /* a shift below this is adopted without a word */
static const double LEARNING = 0.2;   /* weight of the latest day */
static const double FAR_OUT = 100;    /* deviations that a day may learn at once */
static const double HUGE_SHIFT = 1e6; /* deviations; of a series that had no spread */
static const double A_DAY = 86400e9;  /* ns */

static const oddline_param params[PARAMS] = {
    [SMOOTHING] = {.name = "smoothing",
                   .unit = "",
                   .help = "Weight of the newest window in the usual level.",
                   .type = ODDLINE_F64,
                   .fallback.f64 = 0.02,
                   .min.f64 = 0.001,
                   .max.f64 = 0.5},
    [WARMUP] = PARAM_WARMUP(30, 8, RECENT,
                            "Windows to learn the usual level from before anything is scored."),
    [SLACK] = {.name = "slack",
               .unit = "deviations",
               .help = "A level within this of the usual one is no shift.",
               .type = ODDLINE_F64,
               .fallback.f64 = 1,
               .min.f64 = 0.1,
               .max.f64 = 5},
    [BOUND] = {.name = "bound",
               .unit = "deviations",
               .help = "The most that one window counts, so that a spike is no shift.",
               .type = ODDLINE_F64,
               .fallback.f64 = 3,
               .min.f64 = 1,
               .max.f64 = 20},
    [LASTING] = {.name = "lasting",
                 .unit = "windows",
                 .help = "What has not lasted this long is a burst.",
                 .type = ODDLINE_I64,
                 .fallback.i64 = 15,
                 .min.i64 = 2,
                 .max.i64 = 100000},
    [ACCEPT_AFTER] = PARAM_ACCEPT_AFTER("A shift that lasts this long is the new normal."),
    [FLOOR] = PARAM_FLOOR,
};

struct series {
    double seen; /* windows with a value */
    double is_gauge;
    double mean, variance; /* of y */
    double last, power,
        differ; /* z, its mean square, that of its difference to the one before */
    struct walk up, down;
    struct recur shifts; /* either way */
    struct daily day;
    double recent[RECENT]; /* y, a ring by the number of the window */
};

struct shifts {
    struct state state; /* a store of struct series */
    double smoothing, warmup, slack, bound, lasting, accept_after, floor;
    double rate, day, keep; /* of daily_learn(), windows in a day, of recur_learn() */
};

/* What one window amounts to. */
struct view {
    double y, error, spread, z;
    double level, size; /* of an excursion that has lasted; else y and 0 */
};

struct level {
    double centre, spread;
};

/* ---- scale -------------------------------------------------------------- */

static double scale(const struct series *s, double x)
{
    return s->is_gauge > 0 ? x : robust_anscombe(x);
}

static double unscale(const struct series *s, double y)
{
    return s->is_gauge > 0 ? y : robust_anscombe_back(y);
}

/* A series that looked like counts turned out to be a gauge (an error ratio that was 0 so far). */
static void to_gauge(struct series *s)
{
    for (int i = 0; i < RECENT && i < s->seen; i++)
        s->recent[i] = robust_anscombe_back(s->recent[i]);
    for (int i = 0; i < DAILY_BUCKETS; i++)
        s->day.mean[i] = robust_anscombe_back(s->day.mean[i]);
    s->variance *= s->mean * s->mean / 4; // dx/dy = y/2
    s->mean = robust_anscombe_back(s->mean);
    walk_end(&s->up);
    walk_end(&s->down);
    s->is_gauge = 1;
}

static double spread_of(const struct shifts *shifts, const struct series *s)
{
    double least = s->is_gauge > 0 ? shifts->floor * s->mean : 1;
    return sqrt(fmax(s->variance, least * least));
}

/* How far y is from both forecasts: from the nearer one, 0 between them. */
static double off(const struct shifts *shifts, const struct series *s, uint32_t bucket,
                  double y)
{
    double level = y - s->mean, daily = y - s->day.mean[bucket];
    if (s->seen <= shifts->day || s->day.seen[bucket] <= 0)
        return level;
    if (level > 0)
        return fmax(0, fmin(level, daily));
    return fmin(0, fmax(level, daily));
}

static double bounded(const struct shifts *shifts, double z)
{
    return fmax(-shifts->bound, fmin(z, shifts->bound));
}

static struct view look(const struct shifts *shifts, const struct series *s, uint32_t bucket,
                        double x)
{
    struct view view = {.y = scale(s, x), .level = scale(s, x), .spread = spread_of(shifts, s)};
    view.error = off(shifts, s, bucket, view.y);
    view.z = view.error / view.spread;
    if (!(view.spread > 0)) // a gauge that never moved from 0
        view.z = view.error > 0 ? shifts->bound : view.error < 0 ? -shifts->bound : 0;
    view.z = bounded(shifts, view.z);
    return view;
}

/* ---- learning ----------------------------------------------------------- */

/* Median and spread of the last `count` windows, at most as many as are remembered. */
static struct level level_of(const struct series *s, double count)
{
    double sorted[RECENT];
    size_t n = (size_t)fmax(1, fmin(count, fmin(s->seen, RECENT)));
    for (size_t i = 0; i < n; i++)
        sorted[i] = s->recent[((size_t)s->seen - 1 - i) % RECENT];
    robust_sort(sorted, n);
    struct level level = {.centre = robust_median(sorted, n)};
    level.spread = ROBUST_MAD_TO_SD * robust_mad(sorted, n, level.centre);
    if (level.spread <= 0)
        level.spread =
            ROBUST_MEAN_DISTANCE_TO_SD * robust_mean_distance(sorted, n, level.centre);
    return level;
}

static void adopt(struct series *s, struct level level)
{
    s->mean = level.centre;
    s->variance = level.spread * level.spread;
}

/* Starts mean square and mean square difference of z over the warm-up. */
static void start(const struct shifts *shifts, struct series *s)
{
    double spread = spread_of(shifts, s), before = 0;
    s->power = 1;
    s->differ = 2;
    if (!(spread > 0))
        return;
    for (int i = 0; i < shifts->warmup; i++) {
        double z = bounded(shifts, (s->recent[i] - s->mean) / spread);
        s->power += (z * z - 1) / shifts->warmup;
        s->differ += ((z - before) * (z - before) - 2) / shifts->warmup;
        before = z;
    }
}

static void warm_up(const struct shifts *shifts, struct series *s)
{
    if (s->seen < shifts->warmup)
        return;
    adopt(s, level_of(s, s->seen));
    start(shifts, s);
}

/* Of an excursion only its differences are learnt, or it would hide itself. */
static void learn(const struct shifts *shifts, struct series *s, const struct view *view)
{
    double limit = shifts->bound * view->spread, error = view->y - s->mean;
    double differ = view->z - s->last;
    s->differ += (differ * differ - s->differ) / LAG_MEMORY;
    if (fmax(s->up.sum, s->down.sum) > shifts->bound)
        return;
    if (limit > 0)
        error = fmax(-limit, fmin(error, limit));
    s->power += (view->z * view->z - s->power) / LAG_MEMORY;
    s->mean += shifts->smoothing * error;
    s->variance += shifts->smoothing * (error * error - s->variance);
}

/* Far out, a value teaches the day no more than the limit would. */
static void learn_day(const struct shifts *shifts, struct series *s, uint32_t bucket, double y)
{
    double limit = FAR_OUT * spread_of(shifts, s);
    if (s->seen > shifts->warmup && limit > 0)
        y = fmax(s->mean - limit, fmin(y, s->mean + limit));
    daily_learn(&s->day, bucket, y, shifts->rate);
}

/* An excursion that ends by itself widens the spread once. */
static void walk_on(const struct shifts *shifts, struct series *s, const struct view *view)
{
    double limit = shifts->bound * view->spread;
    double before = fmax(s->up.sum, s->down.sum);
    walk_step(&s->up, view->z, shifts->slack);
    walk_step(&s->down, -view->z, shifts->slack);
    if (before > shifts->bound && fmax(s->up.sum, s->down.sum) <= 0)
        s->variance += shifts->smoothing * (fmax(limit * limit, s->variance) - s->variance);
}

/* The new level is that of the excursion; the days move along, unless this was the first and may just have been one. */
static void accept(const struct shifts *shifts, struct series *s, const struct walk *walk)
{
    struct level level = level_of(s, walk->length);
    for (int i = 0; i < DAILY_BUCKETS && s->seen > shifts->day; i++)
        s->day.mean[i] += level.centre - s->mean;
    adopt(s, level);
    walk_end(&s->up);
    walk_end(&s->down);
}

/* ---- scoring ------------------------------------------------------------ */

static double surprise(const struct shifts *shifts, const struct series *s,
                       const struct view *view, const struct walk *walk)
{
    double r = s->power > 0 ? 1 - s->differ / (2 * s->power) : 0;
    if (!walk_has_lasted(walk, shifts->lasting))
        return 0;
    r = fmax(0, fmin(r, LAG_MOST));
    double score = tail_two_sided(walk_surprise(walk, shifts->slack, (1 + r) / (1 - r)));
    return recur_temper(&s->shifts, score, view->size);
}

static void say(const struct shifts *shifts, oddline_score *score, const struct walk *walk)
{
    const oddline_host *host = shifts->state.store.host;
    char reason[ODDLINE_ERROR_SIZE];
    snprintf(reason, sizeof(reason),
             "%.100s at about %.4g for %.0f windows, before that about %.4g%s",
             host->series[score->series], score->observed, walk->length, score->expected,
             score->flags & ODDLINE_SCORE_ACCEPTED ? "; it lasted, so it is the new normal"
                                                   : "");
    score->size = sizeof(*score);
    score->reason = walk_has_lasted(walk, shifts->lasting) ? reason : NULL;
    host->report(host, score);
}

static void say_warming(const struct shifts *shifts, uint32_t index, double x)
{
    const oddline_host *host = shifts->state.store.host;
    const struct series *s = store_series(&shifts->state.store, index);
    oddline_score score = {.size = sizeof(score),
                           .observed = x,
                           .expected = NAN,
                           .lower = NAN,
                           .upper = NAN,
                           .samples = (uint64_t)s->seen,
                           .series = index,
                           .kind = ODDLINE_SHIFT,
                           .flags = ODDLINE_SCORE_WARMING | ODDLINE_SCORE_SURPRISE};
    host->report(host, &score);
}

/* What is said to be observed is the level of the excursion, not its newest window; without one it is the window. */
static oddline_score score_of(const struct shifts *shifts, const struct series *s,
                              const struct view *view, const struct walk *walk)
{
    bool lasted = walk_has_lasted(walk, shifts->lasting);
    double reach = shifts->bound * view->spread, low = s->mean - reach;
    return (oddline_score){
        .score = surprise(shifts, s, view, walk),
        .observed = unscale(s, view->level),
        .expected = unscale(s, s->mean),
        .lower = unscale(s, s->is_gauge > 0 ? low : fmax(0, low)),
        .upper = unscale(s, s->mean + reach),
        .samples = (uint64_t)s->seen,
        .kind = lasted && walk == &s->down ? ODDLINE_DROP : ODDLINE_SHIFT,
        .flags = ODDLINE_SCORE_SURPRISE,
    };
}

static void judge(const struct shifts *shifts, uint32_t index, uint32_t bucket, double x)
{
    struct series *s = store_series(&shifts->state.store, index);
    struct view view = look(shifts, s, bucket, x);
    walk_on(shifts, s, &view);
    const struct walk *walk = s->up.sum >= s->down.sum ? &s->up : &s->down;
    if (walk_has_lasted(walk, shifts->lasting)) {
        view.level = level_of(s, walk->length).centre;
        view.size = view.spread > 0 ? fabs(view.level - s->mean) / view.spread : HUGE_SHIFT;
    }
    oddline_score score = score_of(shifts, s, &view, walk);
    bool over = walk->odd >= fmax(shifts->accept_after, shifts->lasting);
    score.series = index;
    if (over && score.score >= SAID) {
        score.kind = ODDLINE_SHIFT;
        score.flags |= ODDLINE_SCORE_ACCEPTED;
    }
    say(shifts, &score, walk);
    recur_learn(&s->shifts, over ? 0 : fmin(view.size, HUGE_SHIFT), shifts->keep);
    if (over)
        accept(shifts, s, walk);
    else
        learn(shifts, s, &view);
    s->last = view.z;
}

static void take(const struct shifts *shifts, uint32_t index, uint32_t bucket, double value)
{
    static const double HUGE_VALUE = 1e100; /* squares of more would not fit */
    struct series *s = store_series(&shifts->state.store, index);
    if (!isfinite(value))
        return;
    double x = fmax(-HUGE_VALUE, fmin(value, HUGE_VALUE));
    if (s->is_gauge <= 0 && !robust_is_count(x))
        to_gauge(s);
    s->recent[(size_t)s->seen % RECENT] = scale(s, x);
    s->seen++;
    if (s->seen > shifts->warmup) {
        judge(shifts, index, bucket, x);
    } else {
        warm_up(shifts, s);
        say_warming(shifts, index, x);
    }
    learn_day(shifts, s, bucket, scale(s, x));
}

/* ---- callbacks ---------------------------------------------------------- */

static oddline_status shift_score(void *instance, const oddline_window *window)
{
    const struct shifts *shifts = instance;
    uint32_t bucket = daily_bucket(window->start_ns);
    for (uint32_t i = 0; i < shifts->state.store.host->series_count; i++)
        take(shifts, i, bucket, window->values[i]);
    return ODDLINE_OK;
}

static bool is_sane(const void *series, const void *instance)
{
    const struct series *s = series;
    (void)instance;
    for (int i = 0; i < RECENT; i++)
        if (!(fabs(s->recent[i]) <= LONGRUN_LIMIT))
            return false;
    return longrun_is_number(s->seen) && fabs(s->mean) <= LONGRUN_LIMIT && s->variance >= 0 &&
           s->variance <= LONGRUN_LIMIT * LONGRUN_LIMIT && isfinite(s->last) && s->power >= 0 &&
           s->differ >= 0 && walk_is_sane(&s->up) && walk_is_sane(&s->down) &&
           recur_is_sane(&s->shifts) && daily_is_sane(&s->day);
}

static oddline_status shift_open(const oddline_host *host, const oddline_value *values,
                                 void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    static const struct state_shape shape = {
        .instance = sizeof(struct shifts), .each = sizeof(struct series), .is_sane = is_sane};
    oddline_status status = state_open(&shape, host, ret_instance, error);
    if (status != ODDLINE_OK)
        return status;
    struct shifts *shifts = *ret_instance;
    shifts->smoothing = values[SMOOTHING].f64;
    shifts->warmup = (double)values[WARMUP].i64;
    shifts->slack = values[SLACK].f64;
    shifts->bound = values[BOUND].f64;
    shifts->lasting = (double)values[LASTING].i64;
    shifts->accept_after = (double)values[ACCEPT_AFTER].i64;
    shifts->floor = values[FLOOR].f64;
    shifts->rate = daily_rate(LEARNING, host->window_ns);
    shifts->day = A_DAY / (double)host->window_ns;
    shifts->keep = exp(-1 / (7 * shifts->day));
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .id = "shift",
    .version = "1.0.0",
    .summary = "the level has changed, and stayed changed",
    .params = params,
    .param_count = PARAMS,
    .state_version = 1,
    .open = shift_open,
    .score = shift_score,
    .save = state_save,
    .load = state_load,
    .close = state_close,
};
