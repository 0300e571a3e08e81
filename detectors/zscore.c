/* SPDX-License-Identifier: MIT */
/*
 * zscore - how many deviations is this window from the last `history` ones?
 *
 * Method   robust:   z = (y - median) / (1.4826 MAD)          half of the history may be spoilt without harm
 *          classic:  z = (y - mean) / standard deviation      sharper on clean series, blinded by its own outliers
 *
 *          y = 2 sqrt(x + 3/8) while the history holds only counts, else y = x. Where the MAD is 0 (most windows equal)
 *          the mean distance takes its place. The spread is floored at 1 for counts (Poisson), at `floor` times the
 *          median for gauges. The window itself is never part of what it is compared with. Bursts that recur are
 *          tempered (kit/recur.h).
 * Input    any one series; values that are not finite are skipped
 * Score    -log10 of the two-sided tail of Student's t with `tail` degrees of freedom at z
 * State    8 bytes per window of history; one sort of the history per window (about 3 us for 120, 40 us for 2000)
 * Limits   A change is normal when it fills half of the history (robust) or bends the mean (classic); that is not
 *          reported as a shift. Knows no daily cycle. A gauge that never moved has no scale: its first move scores
 *          log10(windows).
 * Sources  B. Iglewicz, D. C. Hoaglin, How to Detect and Handle Outliers, 1993.
 *          F. R. Hampel, The Influence Curve and Its Role in Robust Estimation, JASA 69, 1974.
 *          F. J. Anscombe, The Transformation of Poisson, Binomial and Negative-Binomial Data, Biometrika 35, 1948.
 */

#include "kit/params.h"
#include "kit/recur.h"
#include "kit/robust.h"
#include "kit/state.h"
#include "kit/tail.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HISTORY, MODE, WARMUP, FLOOR, TAIL, MEMORY, PARAMS };
enum { HISTORY_MAX = 2000 };

static const oddline_param params[PARAMS] = {
    [HISTORY] = {.name = "history",
                 .unit = "windows",
                 .help = "How many past windows each one is compared with.",
                 .type = ODDLINE_I64,
                 .fallback.i64 = 120,
                 .min.i64 = 10,
                 .max.i64 = HISTORY_MAX},
    [MODE] = {.name = "mode",
              .unit = "",
              .help = "robust (median and MAD) or classic (mean and standard deviation).",
              .type = ODDLINE_TEXT,
              .fallback.text = "robust"},
    [WARMUP] =
        PARAM_WARMUP(30, 5, HISTORY_MAX, "Windows to learn from before a score is acted upon."),
    [FLOOR] = PARAM_FLOOR,
    [TAIL] = {.name = "tail",
              .unit = "degrees of freedom",
              .help =
                  "How heavy the tail of the usual is; smaller is heavier and scores lower.",
              .type = ODDLINE_F64,
              .fallback.f64 = 8,
              .min.f64 = 2,
              .max.f64 = 1000},
    [MEMORY] =
        PARAM_MEMORY(7, "How long a burst is remembered, so that one that recurs is not odd."),
};

struct series {
    double seen;   /* windows with a value */
    double gauges; /* values of the history that no count can be */
    struct recur up, down;
    uint64_t used, next; /* of `past` */
    double past[];       /* [history] values, a ring */
};

struct comparer {
    struct state state; /* a store of struct series with its history */
    int64_t history, warmup;
    bool classic;
    double floor, tail, keep;
    double sorted[HISTORY_MAX]; /* scratch: the history on the scale of the comparison */
};

struct usual {
    bool counts;
    double centre, spread;
};

/* ---- what was usual ----------------------------------------------------- */

static double scale(bool counts, double x)
{
    return counts ? robust_anscombe(x) : x;
}

static double unscale(bool counts, double y)
{
    return counts ? robust_anscombe_back(y) : y;
}

static struct usual usual_classic(const double *values, size_t n)
{
    double mean = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        mean += values[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return (struct usual){.centre = mean, .spread = sqrt(squares / (double)(n - 1))};
}

static struct usual usual_robust(double *values, size_t n)
{
    robust_sort(values, n);
    struct usual usual = {.centre = robust_median(values, n)};
    usual.spread = ROBUST_MAD_TO_SD * robust_mad(values, n, usual.centre);
    if (usual.spread <= 0)
        usual.spread =
            ROBUST_MEAN_DISTANCE_TO_SD * robust_mean_distance(values, n, usual.centre);
    return usual;
}

static struct usual usual_of(struct comparer *comparer, const struct series *s, double x)
{
    bool counts = s->gauges <= 0 && robust_is_count(x);
    for (uint64_t i = 0; i < s->used; i++)
        comparer->sorted[i] = scale(counts, s->past[i]);
    struct usual usual = comparer->classic ? usual_classic(comparer->sorted, s->used)
                                           : usual_robust(comparer->sorted, s->used);
    double least = counts ? 1 : comparer->floor * fabs(usual.centre);
    usual.counts = counts;
    usual.spread = fmax(usual.spread, least) * sqrt(1 + 1 / (double)s->used);
    return usual;
}

static void remember(const struct comparer *comparer, struct series *s, double x)
{
    if (s->used == (uint64_t)comparer->history)
        s->gauges -= !robust_is_count(s->past[s->next]);
    else
        s->used++;
    s->gauges += !robust_is_count(x);
    s->past[s->next] = x;
    s->next = (s->next + 1) % (uint64_t)comparer->history;
    s->seen++;
}

/* ---- scoring ------------------------------------------------------------ */

static double deviations(const struct usual *usual, double y)
{
    if (usual->spread > 0)
        return (y - usual->centre) / usual->spread;
    return y > usual->centre   ? INFINITY
           : y < usual->centre ? -INFINITY
                               : 0; // a gauge that never moved
}

static double surprise(const struct comparer *comparer, const struct series *s, double z)
{
    double size = fabs(z);
    double score =
        isinf(size) ? log10(s->seen + 1) : tail_two_sided(tail_student(size, comparer->tail));
    return recur_temper(z > 0 ? &s->up : &s->down, score, size);
}

static void say(const struct comparer *comparer, uint32_t index, oddline_score *score)
{
    const oddline_host *host = comparer->state.store.host;
    const struct series *s = store_series(&comparer->state.store, index);
    char reason[ODDLINE_ERROR_SIZE];
    snprintf(reason, sizeof(reason), "%.100s at %.4g, usually about %.4g (%.4g to %.4g)",
             host->series[index], score->observed, score->expected, score->lower, score->upper);
    score->size = sizeof(*score);
    score->samples = (uint64_t)s->seen;
    score->series = index;
    score->flags = ODDLINE_SCORE_SURPRISE;
    if (s->seen < (double)comparer->warmup)
        score->flags |= ODDLINE_SCORE_WARMING;
    if (s->used > 1)
        score->reason = reason;
    host->report(host, score);
}

static oddline_score judge(struct comparer *comparer, struct series *s, double x)
{
    static const double BAND = 3; /* deviations between expected and lower, upper */
    struct usual usual = usual_of(comparer, s, x);
    double z = deviations(&usual, scale(usual.counts, x));
    double low = usual.centre - BAND * usual.spread;
    oddline_score score = {
        .score = surprise(comparer, s, z),
        .observed = x,
        .expected = unscale(usual.counts, usual.centre),
        .lower = unscale(usual.counts, usual.counts ? fmax(low, 0) : low),
        .upper = unscale(usual.counts, usual.centre + BAND * usual.spread),
        .kind = z >= 0 ? ODDLINE_SPIKE : ODDLINE_DROP,
    };
    recur_learn(&s->up, fmax(z, 0), comparer->keep);
    recur_learn(&s->down, fmax(-z, 0), comparer->keep);
    return score;
}

static void take(struct comparer *comparer, uint32_t index, double value)
{
    static const double HUGE_VALUE = 1e100; /* squares of more would not fit */
    struct series *s = store_series(&comparer->state.store, index);
    if (!isfinite(value))
        return;
    double x = fmax(-HUGE_VALUE, fmin(value, HUGE_VALUE));
    oddline_score score = {
        .observed = x, .expected = NAN, .lower = NAN, .upper = NAN, .kind = ODDLINE_SPIKE};
    if (s->used > 1)
        score = judge(comparer, s, x);
    say(comparer, index, &score);
    remember(comparer, s, x);
}

/* ---- callbacks ---------------------------------------------------------- */

static oddline_status zscore_score(void *instance, const oddline_window *window)
{
    struct comparer *comparer = instance;
    for (uint32_t i = 0; i < comparer->state.store.host->series_count; i++)
        take(comparer, i, window->values[i]);
    return ODDLINE_OK;
}

static oddline_status read_mode(const char *mode, bool *ret_classic,
                                char error[ODDLINE_ERROR_SIZE])
{
    bool classic = strcmp(mode, "classic") == 0;
    if (!classic && strcmp(mode, "robust") != 0) {
        snprintf(error, ODDLINE_ERROR_SIZE, "mode: %.60s is neither robust nor classic", mode);
        return ODDLINE_EINVAL;
    }
    *ret_classic = classic;
    return ODDLINE_OK;
}

static bool is_sane(const void *series, const void *instance)
{
    const struct series *s = series;
    const struct comparer *comparer = instance;
    uint64_t history = (uint64_t)comparer->history;
    bool sane = s->used <= history && s->next < history && s->seen >= 0 && isfinite(s->seen) &&
                recur_is_sane(&s->up) && recur_is_sane(&s->down);
    for (uint64_t i = 0; sane && i < s->used; i++)
        sane = isfinite(s->past[i]);
    return sane;
}

static oddline_status zscore_open(const oddline_host *host, const oddline_value *values,
                                  void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    struct state_shape shape = {.instance = sizeof(struct comparer),
                                .each = sizeof(struct series) +
                                        (size_t)values[HISTORY].i64 * sizeof(double),
                                .is_sane = is_sane};
    bool classic;
    oddline_status status = read_mode(values[MODE].text, &classic, error);
    if (status == ODDLINE_OK)
        status = state_open(&shape, host, ret_instance, error);
    if (status != ODDLINE_OK)
        return status;
    struct comparer *comparer = *ret_instance;
    comparer->history = values[HISTORY].i64;
    comparer->warmup = values[WARMUP].i64;
    comparer->classic = classic;
    comparer->floor = values[FLOOR].f64;
    comparer->tail = values[TAIL].f64;
    comparer->keep = exp(-(double)host->window_ns / (double)values[MEMORY].i64);
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .id = "zscore",
    .version = "1.0.0",
    .summary = "this window is many deviations from the last ones",
    .params = params,
    .param_count = PARAMS,
    .state_version = 1,
    .open = zscore_open,
    .score = zscore_score,
    .save = state_save,
    .load = state_load,
    .close = state_close,
};
