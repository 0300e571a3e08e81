/* SPDX-License-Identifier: MIT */
/*
 * trend - does it climb so slowly that every average climbs along? A leak.
 *
 * Method   Mann-Kendall over the latest points, for every length of the ramp, its variance corrected for autocorrelation.
 *
 *              p_1 ... p_n       means of the windows of `span` / POINTS each; a window that is longer is a point
 *              S_i = sum of sign(p_k - p_j), i <= j < k <= n             for each start i that leaves POINTS_LEAST points
 *              z_i = (|S_i| - 1) / sqrt(V_i c_i)                         V_i: variance of S_i without a trend, ties counted
 *              b   = median of (p_k - p_j) / (t_k - t_j)                 Theil and Sen, from the start with the largest z
 *
 *          c = (1 + r) / (1 - r), r: the lag-one autocorrelation of what a straight line leaves over (kit/kendall.h). A step leaves
 *          a saw tooth, a wandering series its wanderings: both have a large r.
 *          A ramp that comes daily is none: less what is usual at the time of day (96 buckets, kit/daily.h) its end, and its end less
 *          its start, must still be half of the rise. A rise below `least` of the level is none either.
 * Input    any one series, gauges (memory, latency, connections) as a rule; values that are not finite are skipped
 * Score    -log10 of the two-sided normal tail at the largest z, less log10 of the number of starts. Changes with every
 *          point, stays between points, stays up while the ramp goes on
 * State    3.1 KiB. A window costs O(1); a point 1,200 signs, and 1,200 slopes and their sort where they have one direction
 * Limits   Blind for `warmup`, a day by default: a first morning looks like a leak. Whoever watches what knows no day may set less.
 *          Ramps that are over within a quarter of `span`, or that take several spans to rise by `least`, go unseen. A leak
 *          that empties itself daily is daily; one that has lasted since the first line becomes usual on its second day. Falling is DROP, as the core knows from it that fewer errors are good news.
 * Sources  H. B. Mann, Nonparametric Tests Against Trend, Econometrica 13, 1945. M. G. Kendall, Rank Correlation Methods, 1975.
 *          P. K. Sen, Estimates of the Regression Coefficient Based on Kendall's Tau, JASA 63, 1968; H. Theil, 1950.
 *          S. Yue, C. Wang, The Mann-Kendall Test Modified by Effective Sample Size, Water Resources Management 18, 2004.
 *          F. H. C. Marriott, J. A. Pope, Bias in the Estimation of Autocorrelations, Biometrika 41, 1954.
 */

#include "kit/daily.h"
#include "kit/kendall.h"
#include "kit/longrun.h"
#include "kit/robust.h"
#include "kit/state.h"
#include "kit/tail.h"

#include <math.h>
#include <stdio.h>

enum { SPAN, WARMUP, LEAST, PARAMS };
enum { POINTS = KENDALL_POINTS, POINTS_LEAST = 12, FEW = 4 };

static const double WORTH_A_LINE = 2; /* a z below it gets no slope: nobody asks for it */
static const double UNEXPLAINED =
    0.5;                             /* share of the rise that the time of day must not know */
static const double LEARNING = 0.2;  /* weight of the latest day */
static const double ROUNDING = 1e-9; /* of the value: what is smaller is no movement */
static const double HOUR = 3600e9, DAY = 86400e9; /* ns */

static const oddline_param params[PARAMS] = {
    [SPAN] = {.name = "span",
              .unit = "",
              .help = "The longest ramp that is looked for.",
              .type = ODDLINE_DURATION,
              .fallback.i64 = INT64_C(12) * 3600 * 1000000000,
              .min.i64 = INT64_C(600) * 1000000000,
              .max.i64 = INT64_C(60) * 86400 * 1000000000},
    [WARMUP] = {.name = "warmup",
                .unit = "",
                .help =
                    "How long to watch before a ramp is acted upon; a day tells what is daily.",
                .type = ODDLINE_DURATION,
                .fallback.i64 = INT64_C(86400) * 1000000000,
                .min.i64 = INT64_C(60) * 1000000000,
                .max.i64 = INT64_C(60) * 86400 * 1000000000},
    [LEAST] = {.name = "least",
               .unit = "",
               .help = "A ramp that rises by less than this share of the level is none.",
               .type = ODDLINE_F64,
               .fallback.f64 = 0.2,
               .min.f64 = 0,
               .max.f64 = 100},
};

struct point {
    double at;    /* number of the point since 1970 */
    double value; /* mean of its windows */
    double usual; /* at its time of day, where `known` */
    double known; /* 0 or 1 */
};

/* The ramp found at the last point. */
struct ramp {
    double score, slope; /* slope per point */
    double from, to;     /* values of its line */
    double since;        /* number of its first point */
};

struct series {
    double seen;       /* windows with a value */
    double first, at;  /* number of the first point, and of the one in the making */
    double sum, count; /* of its windows */
    double points;     /* of `past`, never more than POINTS */
    struct ramp ramp;
    struct point past[POINTS]; /* the oldest first */
    struct daily day;
};

struct ramps {
    struct state state; /* a store of struct series */
    double warmup, least;
    double point_ns, rate;
    double scratch[KENDALL_PAIRS];
};

/* ---- ramps -------------------------------------------------------------- */

/* How far `FEW` points from p[0] on are off what is usual at their time of day; `unknown` where that is not known. */
static double extra(const struct point *p, double unknown)
{
    double few[FEW];
    for (int i = 0; i < FEW; i++)
        few[i] = p[i].known > 0 ? p[i].value - p[i].usual : unknown;
    robust_sort(few, FEW);
    return robust_median(few, FEW);
}

/* Less what is usual, the end must be off, and more so than the start was. */
static bool is_daily(const struct series *s, int start, double rise)
{
    double least = UNEXPLAINED * fabs(rise), side = rise > 0 ? 1 : -1;
    double end = extra(s->past + (int)s->points - FEW, rise);
    double gain = end - extra(s->past + start, 0);
    return end * side < least || gain * side < least;
}

static bool is_worth_it(const struct ramps *ramps, const struct ramp *ramp, double rise)
{
    double level = fmax(fabs(ramp->from), fabs(ramp->to));
    return fabs(rise) > ROUNDING * level && fabs(rise) >= ramps->least * fabs(ramp->from);
}

/* Where a ramp is bent its line leaves what was seen; nobody should read of -3 lines. */
static void clamp(const struct kendall *points, int start, struct ramp *ramp)
{
    double lowest = points->value[start], highest = lowest;
    for (int i = start + 1; i < points->n; i++) {
        lowest = fmin(lowest, points->value[i]);
        highest = fmax(highest, points->value[i]);
    }
    ramp->from = fmax(lowest, fmin(ramp->from, highest));
    ramp->to = fmax(lowest, fmin(ramp->to, highest));
}

static struct ramp find_ramp(struct ramps *ramps, const struct series *s)
{
    struct kendall points = {.n = (int)s->points};
    for (int i = 0; i < points.n; i++) {
        points.at[i] = s->past[i].at;
        points.value[i] = s->past[i].value;
    }
    double z;
    int start = kendall_start(&points, POINTS_LEAST, &z);
    if (fabs(z) < WORTH_A_LINE)
        return (struct ramp){0};
    struct ramp ramp = {.slope = kendall_slope(&points, start, ramps->scratch),
                        .since = points.at[start]};
    double rise = ramp.slope * (points.at[points.n - 1] - points.at[start]);
    ramp.from = kendall_base(&points, start, ramp.slope);
    ramp.to = ramp.from + rise;
    double surprise = tail_two_sided(tail_normal(fabs(z)));
    clamp(&points, start, &ramp);
    if (is_worth_it(ramps, &ramp, rise) && !is_daily(s, start, rise))
        ramp.score = fmax(0, surprise - log10(points.n - POINTS_LEAST + 1));
    return ramp;
}

/* ---- points ------------------------------------------------------------- */

static void remember(struct series *s, const struct point *point)
{
    if (s->points >= POINTS) {
        for (int i = 1; i < POINTS; i++)
            s->past[i - 1] = s->past[i];
        s->points = POINTS - 1;
    }
    s->past[(size_t)s->points++] = *point;
}

/* A point is complete: what was usual at its time of day is asked before the day learns it. */
static void complete(struct ramps *ramps, struct series *s)
{
    struct point point = {.at = s->at, .value = s->sum / s->count};
    uint32_t bucket = daily_bucket((int64_t)(s->at * ramps->point_ns));
    point.known = s->day.seen[bucket] > 0 && (s->at - s->first) * ramps->point_ns >= DAY;
    point.usual = s->day.mean[bucket];
    daily_learn(&s->day, bucket, point.value, ramps->rate);
    remember(s, &point);
    s->sum = s->count = 0;
    if (s->points >= POINTS_LEAST)
        s->ramp = find_ramp(ramps, s);
}

static void take(struct ramps *ramps, struct series *s, double at, double x)
{
    if (s->seen <= 0)
        s->first = s->at = at;
    if (at != s->at && s->count > 0)
        complete(ramps, s);
    s->at = at;
    s->sum += x;
    s->count++;
    s->seen++;
}

/* ---- scoring ------------------------------------------------------------ */

/* 2026-11-23 04:15 of minutes since 1970, by the civil calendar; gmtime_r() may read files. */
static void put_time(double minutes, char *ret, size_t size)
{
    double days = floor(minutes / 1440), of_day = minutes - days * 1440;
    double shifted = days + 719468; /* since 0000-03-01, so that a leap day ends its year */
    double era = floor(shifted / 146097), of_era = shifted - era * 146097;
    double year = floor(
        (of_era - floor(of_era / 1460) + floor(of_era / 36524) - floor(of_era / 146096)) / 365);
    double of_year = of_era - (365 * year + floor(year / 4) - floor(year / 100));
    double month = floor((5 * of_year + 2) / 153);
    double day = of_year - floor((153 * month + 2) / 5) + 1;
    snprintf(ret, size, "%04.0f-%02.0f-%02.0f %02.0f:%02.0f", year + era * 400 + (month >= 10),
             month < 10 ? month + 3 : month - 9, day, floor(of_day / 60),
             floor(fmod(of_day, 60)));
}

static void put_reason(const struct ramps *ramps, const struct ramp *ramp, const char *name,
                       char ret[ODDLINE_ERROR_SIZE])
{
    char since[64];
    put_time(ramp->since * ramps->point_ns / 60e9, since, sizeof(since));
    snprintf(ret, ODDLINE_ERROR_SIZE,
             "%.100s %s by %.3g an hour since %s UTC, from %.4g to %.4g", name,
             ramp->slope < 0 ? "falls" : "rises", fabs(ramp->slope) * HOUR / ramps->point_ns,
             since, ramp->from, ramp->to);
}

static void say(const struct ramps *ramps, uint32_t index, double x)
{
    const oddline_host *host = ramps->state.store.host;
    const struct series *s = store_series(&ramps->state.store, index);
    const struct ramp *ramp = &s->ramp;
    bool warm = s->points >= POINTS_LEAST && s->seen >= ramps->warmup, found = ramp->score > 0;
    char reason[ODDLINE_ERROR_SIZE];
    oddline_score score = {
        .size = sizeof(score),
        .score = warm ? ramp->score : 0,
        .observed = found ? ramp->to : x,
        .expected = found ? ramp->from : NAN,
        .lower = NAN,
        .upper = NAN,
        .samples = (uint64_t)s->seen,
        .reason = found ? reason : NULL,
        .series = index,
        .kind = ramp->slope < 0 ? ODDLINE_DROP : ODDLINE_TREND,
        .flags = ODDLINE_SCORE_SURPRISE | (warm ? 0 : ODDLINE_SCORE_WARMING),
    };
    if (found)
        put_reason(ramps, ramp, host->series[index], reason);
    host->report(host, &score);
}

/* ---- callbacks ---------------------------------------------------------- */

static oddline_status trend_score(void *instance, const oddline_window *window)
{
    static const double HUGE_VALUE = 1e100; /* sums of more would not fit */
    struct ramps *ramps = instance;
    double at = floor((double)window->start_ns / ramps->point_ns);
    for (uint32_t i = 0; i < ramps->state.store.host->series_count; i++) {
        double x = window->values[i];
        if (!isfinite(x))
            continue;
        x = fmax(-HUGE_VALUE, fmin(x, HUGE_VALUE));
        take(ramps, store_series(&ramps->state.store, i), at, x);
        say(ramps, i, x);
    }
    return ODDLINE_OK;
}

static bool is_time(double at)
{
    static const double MOST = 9.3e18; /* ns, in points of at least one */
    return fabs(at) <= MOST && at == floor(at);
}

static bool points_are_sane(const struct series *s)
{
    for (int i = 0; i < (int)s->points; i++) {
        const struct point *p = &s->past[i];
        if (!is_time(p->at) || (i > 0 && p->at <= p[-1].at) ||
            !(fabs(p->value) <= LONGRUN_LIMIT) || !(fabs(p->usual) <= LONGRUN_LIMIT))
            return false;
    }
    return true;
}

static bool is_sane(const void *series, const void *instance)
{
    const struct series *s = series;
    const struct ramp *ramp = &s->ramp;
    (void)instance;
    bool sane = longrun_is_number(s->seen) && is_time(s->first) && is_time(s->at) &&
                isfinite(s->sum) && longrun_is_number(s->count) && s->points >= 0 &&
                s->points <= POINTS && s->points == floor(s->points);
    return sane && ramp->score >= 0 && ramp->score <= TAIL_MAX && isfinite(ramp->slope) &&
           isfinite(ramp->from) && isfinite(ramp->to) && is_time(ramp->since) &&
           points_are_sane(s) && daily_is_sane(&s->day);
}

static oddline_status trend_open(const oddline_host *host, const oddline_value *values,
                                 void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    static const struct state_shape shape = {
        .instance = sizeof(struct ramps), .each = sizeof(struct series), .is_sane = is_sane};
    oddline_status status = state_open(&shape, host, ret_instance, error);
    if (status != ODDLINE_OK)
        return status;
    struct ramps *ramps = *ret_instance;
    ramps->warmup = (double)values[WARMUP].i64 / (double)host->window_ns;
    ramps->least = values[LEAST].f64;
    ramps->point_ns = fmax((double)values[SPAN].i64 / POINTS, (double)host->window_ns);
    ramps->rate = daily_rate(LEARNING, (int64_t)ramps->point_ns);
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .id = "trend",
    .version = "1.0.0",
    .summary = "it climbs so slowly that every average climbs along: a leak",
    .params = params,
    .param_count = PARAMS,
    .state_version = 1,
    .open = trend_open,
    .score = trend_score,
    .save = state_save,
    .load = state_load,
    .close = state_close,
};
