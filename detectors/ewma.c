/* SPDX-License-Identifier: MIT */
/*
 * ewma - is this window far from where the series has lately been?
 *
 * Method   EWMA control chart with a guarded baseline.
 *
 *              y_t = 2 sqrt(x_t + 3/8) for counts, x_t for gauges
 *              z_t = (y_t - m) / s,   s^2 = max(v, floor) (1 + a / (2 - a))
 *              m  += a w(z) (y_t - m),   v += b (min((y_t - m)^2, (guard s)^2) - v)       a = `smoothing`, b = a / 2
 *
 *          A series is counts until its first value that is none.
 *          v is learnt, because real logs are far more uneven than Poisson; its floor is 1 (the Poisson value) for counts,
 *          (`floor` m)^2 for gauges. w falls from 1 at z = guard / 2 to 0 at z = `guard`: an odd window does not move m at
 *          all, and a run of them widens v once, when it is over. A run of `accept_after` odd windows on one side is a
 *          new normal: m and v are taken from the run, reported once as SHIFT with ACCEPTED. The level left is kept;
 *          coming home to a level that was normal for longer than the present one is not odd. Bursts that recur are
 *          tempered (kit/recur.h). m and v start as median and winsorised variance of the first `warmup` windows.
 * Input    any one series; values that are not finite are skipped
 * Score    -log10 of the two-sided tail of Student's t at z. Its degrees of freedom start as `tail` and follow the
 *          fourth moment of z, because some logs are Poisson and most have heavy tails; at most 30, because s is an
 *          estimate
 * State    about 1 KiB, O(1) per window
 * Limits   Blind until warm. Knows no daily cycle: it follows one if `smoothing` is fast enough. For counts below about
 *          one a window `pattern` is sharper. A gauge that never moved has no scale: its first move scores log10(windows).
 * Sources  S. W. Roberts, Control Chart Tests Based on Geometric Moving Averages, Technometrics 1(3), 1959.
 *          F. J. Anscombe, The Transformation of Poisson, Binomial and Negative-Binomial Data, Biometrika 35, 1948.
 *          P. J. Huber, Robust Estimation of a Location Parameter, Ann. Math. Stat. 35, 1964 (the guard).
 */

#include "kit/params.h"
#include "kit/recur.h"
#include "kit/robust.h"
#include "kit/run.h"
#include "kit/state.h"
#include "kit/tail.h"

#include <math.h>
#include <stdio.h>

enum { SMOOTHING, WARMUP, GUARD, ACCEPT_AFTER, FLOOR, TAIL, MEMORY, PARAMS };
enum { WARMUP_MAX = 64 };

static const double FOURTH_MEMORY = 200; /* windows; a fourth moment needs many */
static const double DOF_MAX =
    30; /* never trust the tail to be thinner: s is an estimate from some 40 windows */

static const oddline_param params[PARAMS] = {
    [SMOOTHING] = {.name = "smoothing",
                   .unit = "",
                   .help = "Weight of the newest window; smaller remembers longer.",
                   .type = ODDLINE_F64,
                   .fallback.f64 = 0.05,
                   .min.f64 = 0.001,
                   .max.f64 = 0.5},
    [WARMUP] = PARAM_WARMUP(30, 8, WARMUP_MAX,
                            "Windows to learn the usual level from before anything is scored."),
    [GUARD] = {.name = "guard",
               .unit = "deviations",
               .help = "A window farther off than this does not move the baseline.",
               .type = ODDLINE_F64,
               .fallback.f64 = 4,
               .min.f64 = 2,
               .max.f64 = 20},
    [ACCEPT_AFTER] = PARAM_ACCEPT_AFTER("A change that lasts this long is the new normal."),
    [FLOOR] = PARAM_FLOOR,
    [TAIL] = {.name = "tail",
              .unit = "degrees of freedom",
              .help = "How heavy the tail is believed to be at first; smaller is heavier and "
                      "scores lower.",
              .type = ODDLINE_F64,
              .fallback.f64 = 8,
              .min.f64 = 4.5,
              .max.f64 = 30},
    [MEMORY] =
        PARAM_MEMORY(7, "How long a burst is remembered, so that one that recurs is not odd."),
};

struct level {
    double mean, variance; /* of y */
    double age;            /* windows it has been normal */
};

struct series {
    double seen; /* windows with a value */
    double is_gauge;
    double fourth;          /* mean of z^4 beyond its normal value 3: how heavy the tail is */
    struct level now, home; /* home.age is 0 when there is none */
    struct run run;
    struct recur up, down;
    double early[WARMUP_MAX]; /* y of the warm-up */
};

struct chart {
    struct state state; /* a store of struct series */
    double smoothing, guard, floor, tail, keep;
    int64_t warmup, accept_after;
};

/* What one window amounts to against one level. */
struct view {
    double y, spread, z;
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

/* dx/dy = y/2, so a level carries over by the delta method. */
static void level_to_gauge(struct level *level)
{
    level->variance *= level->mean * level->mean / 4;
    level->mean = robust_anscombe_back(level->mean);
}

/* A series that looked like counts turned out to be a gauge (an error ratio that was 0 so far). */
static void to_gauge(struct series *s, int64_t warmup)
{
    for (int64_t i = 0; i < warmup && i < (int64_t)s->seen; i++)
        s->early[i] = robust_anscombe_back(s->early[i]);
    level_to_gauge(&s->now);
    level_to_gauge(&s->home);
    run_end(&s->run);
    s->is_gauge = 1;
}

static struct view look(const struct chart *chart, const struct series *s,
                        const struct level *level, double y)
{
    double least = s->is_gauge > 0 ? chart->floor * level->mean : 1;
    double variance = fmax(level->variance, least * least);
    double spread = sqrt(variance * (1 + chart->smoothing / (2 - chart->smoothing)));
    double z = (y - level->mean) / spread;
    if (!(spread > 0)) // a gauge that never moved from 0
        z = y > level->mean ? INFINITY : y < level->mean ? -INFINITY : 0;
    return (struct view){.y = y, .spread = spread, .z = z};
}

/* Excess kurtosis of Student's T is 6 / (dof - 4). */
static double excess_of(double dof)
{
    return 6 / (dof - 4);
}

static double dof_of(const struct series *s)
{
    return 4 + 6 / fmax(s->fourth, excess_of(DOF_MAX));
}

/* ---- learning ----------------------------------------------------------- */

static void warm_up(const struct chart *chart, struct series *s, double y)
{
    size_t n = (size_t)s->seen;
    s->early[n - 1] = y;
    if ((int64_t)n < chart->warmup)
        return;
    robust_sort(s->early, n);
    double centre = robust_median(s->early, n);
    double mad = robust_mad(s->early, n, centre) * ROBUST_MAD_TO_SD;
    double limit = s->is_gauge > 0 && mad <= 0
                       ? INFINITY
                       : chart->guard * fmax(mad, s->is_gauge > 0 ? 0 : 1);
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        double off = fmin(fabs(s->early[i] - centre), limit);
        squares += off * off;
    }
    s->now =
        (struct level){.mean = centre, .variance = squares / (double)(n - 1), .age = (double)n};
    s->fourth = excess_of(chart->tail);
}

static double weight(const struct chart *chart, double z)
{
    double beyond = 2 - 2 * fabs(z) / chart->guard; // 1 at half the guard, 0 at the guard
    return fmax(0, fmin(1, beyond));
}

static void widen(struct series *s, double b, double off, double z)
{
    s->now.variance += b * (off * off - s->now.variance);
    s->fourth += (z * z * z * z - 3 - s->fourth) / FOURTH_MEMORY;
}

/*
 * While a run of odd windows lasts nothing is learnt, or a burst would hide itself. When it has ended without being
 * accepted it widens the spread once, as one window at the guard.
 */
static void learn(const struct chart *chart, struct series *s, const struct view *view,
                  bool was_running)
{
    double off = view->y - s->now.mean;
    double limit = chart->guard * view->spread;
    double b = fmax(chart->smoothing / 2, 1 / (s->now.age + 1));
    s->now.age++;
    if (s->run.side != 0)
        return;
    if (was_running)
        widen(s, b, limit, chart->guard);
    widen(s, b, fmin(fabs(off), limit), fmin(fabs(view->z), chart->guard));
    s->now.mean += chart->smoothing * weight(chart, view->z) * off;
}

/* The level left is remembered if it was the longer-lived one. */
static void accept(struct series *s)
{
    struct level next = {
        .mean = s->run.mean, .variance = run_variance(&s->run), .age = s->run.length};
    if (s->now.age >= s->home.age)
        s->home = s->now;
    s->now = next;
    run_end(&s->run);
    recur_forget_episode(&s->up);
    recur_forget_episode(&s->down);
}

/* Back at a level that was normal for longer than the present one: no news. */
static bool come_home(const struct chart *chart, struct series *s, struct view *view)
{
    if (s->home.age <= s->now.age || fabs(view->z) < chart->guard)
        return false;
    struct view there = look(chart, s, &s->home, view->y);
    if (fabs(there.z) >= chart->guard / 2)
        return false;
    struct level away = s->now;
    s->now = s->home;
    s->home = away;
    run_end(&s->run);
    *view = there;
    return true;
}

/* ---- scoring ------------------------------------------------------------ */

static double surprise(const struct series *s, const struct view *view)
{
    double size = fabs(view->z);
    double score =
        isinf(size) ? log10(s->seen + 1) : tail_two_sided(tail_student(size, dof_of(s)));
    return recur_temper(view->z > 0 ? &s->up : &s->down, score, size);
}

static void say(const struct chart *chart, const struct series *s, oddline_score *score)
{
    const oddline_host *host = chart->state.store.host;
    char reason[ODDLINE_ERROR_SIZE];
    snprintf(reason, sizeof(reason), "%.100s at %.4g, usually about %.4g (%.4g to %.4g)%s",
             host->series[score->series], score->observed, score->expected, score->lower,
             score->upper,
             score->flags & ODDLINE_SCORE_ACCEPTED ? "; it lasted, so it is the new normal"
                                                   : "");
    score->size = sizeof(*score);
    score->samples = (uint64_t)s->seen;
    score->reason = reason;
    host->report(host, score);
}

static void say_warming(const struct chart *chart, uint32_t index, double x)
{
    const oddline_host *host = chart->state.store.host;
    const struct series *s = store_series(&chart->state.store, index);
    oddline_score score = {.size = sizeof(score),
                           .observed = x,
                           .expected = NAN,
                           .lower = NAN,
                           .upper = NAN,
                           .samples = (uint64_t)s->seen,
                           .series = index,
                           .kind = ODDLINE_SPIKE,
                           .flags = ODDLINE_SCORE_WARMING | ODDLINE_SCORE_SURPRISE};
    host->report(host, &score);
}

static void judge(const struct chart *chart, uint32_t index, double x)
{
    static const double BAND = 3; /* deviations between expected and lower, upper */
    struct series *s = store_series(&chart->state.store, index);
    struct view view = look(chart, s, &s->now, scale(s, x));
    come_home(chart, s, &view);
    oddline_score score = {
        .score = surprise(s, &view),
        .observed = x,
        .expected = unscale(s, s->now.mean),
        .lower =
            unscale(s, fmax(s->now.mean - BAND * view.spread, s->is_gauge > 0 ? -INFINITY : 0)),
        .upper = unscale(s, s->now.mean + BAND * view.spread),
        .series = index,
        .kind = view.z >= 0 ? ODDLINE_SPIKE : ODDLINE_DROP,
        .flags = ODDLINE_SCORE_SURPRISE,
    };
    int side = view.z >= chart->guard ? 1 : view.z <= -chart->guard ? -1 : 0;
    recur_learn(&s->up, fmax(view.z, 0), chart->keep);
    recur_learn(&s->down, fmax(-view.z, 0), chart->keep);
    bool was_running = s->run.side != 0;
    bool accepted = run_step(&s->run, view.y, side, (double)chart->accept_after);
    if (accepted) {
        score.kind = ODDLINE_SHIFT;
        score.flags |= ODDLINE_SCORE_ACCEPTED;
    }
    say(chart, s, &score);
    if (accepted)
        accept(s);
    else
        learn(chart, s, &view, was_running);
}

static void take(const struct chart *chart, uint32_t index, double x)
{
    static const double HUGE_VALUE = 1e100; /* squares of more would not fit */
    struct series *s = store_series(&chart->state.store, index);
    if (!isfinite(x))
        return;
    double bounded = fmax(-HUGE_VALUE, fmin(x, HUGE_VALUE));
    if (s->is_gauge <= 0 && !robust_is_count(bounded))
        to_gauge(s, chart->warmup);
    s->seen++;
    if (s->seen > (double)chart->warmup) {
        judge(chart, index, bounded);
        return;
    }
    warm_up(chart, s, scale(s, bounded));
    say_warming(chart, index, bounded);
}

/* ---- callbacks ---------------------------------------------------------- */

/* What is not over yet is scored like the rest, and was never seen. */
static void score_series(const struct chart *chart, uint32_t index,
                         const oddline_window *window)
{
    struct series *s = store_series(&chart->state.store, index), before = *s;
    take(chart, index, window->values[index]);
    if (window->flags & ODDLINE_WINDOW_UNFINISHED)
        *s = before;
}

static oddline_status ewma_score(void *instance, const oddline_window *window)
{
    const struct chart *chart = instance;
    for (uint32_t i = 0; i < chart->state.store.host->series_count; i++)
        score_series(chart, i, window);
    return ODDLINE_OK;
}

static bool level_is_sane(const struct level *level)
{
    return isfinite(level->mean) && level->variance >= 0 && level->age >= 0;
}

static bool is_sane(const void *series, const void *instance)
{
    const struct series *s = series;
    (void)instance;
    return s->seen >= 0 && isfinite(s->seen) && isfinite(s->fourth) && level_is_sane(&s->now) &&
           level_is_sane(&s->home) && run_is_sane(&s->run) && recur_is_sane(&s->up) &&
           recur_is_sane(&s->down);
}

static oddline_status ewma_open(const oddline_host *host, const oddline_value *values,
                                void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    static const struct state_shape shape = {
        .instance = sizeof(struct chart), .each = sizeof(struct series), .is_sane = is_sane};
    oddline_status status = state_open(&shape, host, ret_instance, error);
    if (status != ODDLINE_OK)
        return status;
    struct chart *chart = *ret_instance;
    chart->smoothing = values[SMOOTHING].f64;
    chart->warmup = values[WARMUP].i64;
    chart->guard = values[GUARD].f64;
    chart->accept_after = values[ACCEPT_AFTER].i64;
    chart->floor = values[FLOOR].f64;
    chart->tail = values[TAIL].f64;
    chart->keep = exp(-(double)host->window_ns / (double)values[MEMORY].i64);
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .needs = ODDLINE_TAKES_UNFINISHED,
    .id = "ewma",
    .version = "1.0.0",
    .summary = "this window is far from where the series has lately been",
    .params = params,
    .param_count = PARAMS,
    .state_version = 1,
    .open = ewma_open,
    .score = ewma_score,
    .save = state_save,
    .load = state_load,
    .close = state_close,
};
