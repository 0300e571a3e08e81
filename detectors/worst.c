/* SPDX-License-Identifier: MIT */
/*
 * worst - one thing took far longer than the longest ever did; made for the largest value of a window, such as `duration_max_ms`.
 *
 * Method   Peaks over a threshold, pooled over thresholds.
 *
 *              P(one record >= x) = k / n T(x)            k: largest so far, n: records behind all values so far, T: a
 *                                                         generalised Pareto tail over u, the one below them (kit/pareto)
 *              P(window >= x) = 1 - (1 - P)^m             m: records behind this window's value
 *              score = mean of -log10 P(window >= x) over k = 12, 16, 24, 32
 *
 *          Where the tail begins nobody knows, and a single k is right by luck: with the 10 largest the same window got 4.6, with 8 or
 *          12 of them 4.05 and 3.6. The mean does not hang on one of them, and T knows how little a few peaks say. Tails that are
 *          heavier than 1 / x are taken for lighter ones: about 4 times too many scores of 4 at x^-0.7.
 *          Durations have heavy tails, so a spread says nothing of what the longest may be, and a mean or a percentile over
 *          a window hides the one that was stuck. The longest themselves say it. A window gives its largest value only: what
 *          comes together counts once. n and the weight of each x_i (k is their sum) are forgotten after `memory`. Every value
 *          is learnt, so the second of its size is less odd and the tenth is usual; when so much is forgotten that k is
 *          below LEAST, all is learnt anew.
 * Input    the largest value of a window; values that are not finite are skipped. Records behind it come with the window.
 * Score    -log10 of P(window >= x)
 * State    540 bytes per series, O(1) per window; some 40 us for one above the 32nd largest
 * Limits   Blind for `warmup` windows with a value. Values that are never much larger than usual, however often they come, are
 *          for `ewma` on a percentile. Where everything becomes slower it speaks a few times and then takes it for usual.
 * Sources  J. Pickands, Statistical Inference Using Extreme Order Statistics, Ann. Stat. 3(1), 1975 (peaks over a threshold). J. Zhang, M. A.
 *          Stephens, A New and Efficient Estimation Method for the Generalized Pareto Distribution, Technometrics 51(3), 2009.
 */

#include "kit/params.h"
#include "kit/pareto.h"
#include "kit/state.h"
#include "kit/tail.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WARMUP, FLOOR, MEMORY, PARAMS };
enum { LARGEST = 32 }; /* more are not of the tail */

/* So many largest, besides all that are kept: fewer know no tail. */
static const size_t levels[] = {12, 16, 24};
enum { LEVELS = sizeof(levels) / sizeof(levels[0]) };

static const double LEAST = 5;     /* of the largest that must not be forgotten */
static const double MOST = 1e100;  /* larger values are taken for this */
static const double FADED = 0.1;   /* weight of a value that is given up */
static const double COUNTS = 1e15; /* what a window may claim to stand for */

static const oddline_param params[PARAMS] = {
    [WARMUP] = PARAM_WARMUP(30, 12, 100000,
                            "Windows with a value to learn from before a score is acted upon."),
    [FLOOR] = {.name = "floor",
               .unit = "",
               .help = "Least spread of the longest, as a share: a limit that is often reached "
                       "is no tail.",
               .type = ODDLINE_F64,
               .fallback.f64 = 0.05,
               .min.f64 = 0.001,
               .max.f64 = 1},
    [MEMORY] = PARAM_MEMORY(7, "How long a value is remembered."),
};

struct series {
    double seen;    /* windows with a value */
    double records; /* n */
    double below;   /* the largest that did not stay; 0 until the list was full once */
    double used;
    double value[LARGEST], weight[LARGEST]; /* largest first */
};

/* What a window shows: its largest, and of how many. */
struct sight {
    double value, records;
};

struct watch {
    struct state state; /* a store of struct series */
    double warmup, floor, keep;
};

/* ---- what is known ------------------------------------------------------ */

static size_t used(const struct series *s)
{
    return (size_t)s->used;
}

/* k: the first `count` of them, less what is forgotten. */
static double known(const struct series *s, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += s->weight[i];
    return sum;
}

/* -log10 of 1 - (1 - p)^m, p given as its natural logarithm, so that nothing underflows. */
static double of_many(double log_p, double m)
{
    double ln10 = log(10);
    if (log_p + log(m) < -20)
        return fmin(-(log_p + log(m)) / ln10, TAIL_MAX);
    return -log10(-expm1(m * log1p(-exp(fmin(log_p, -1e-9)))));
}

/* What is beyond the `count` largest, of which `below` is the one below; NaN where too much of them is forgotten. */
static double beyond(const struct watch *watch, const struct series *s, size_t count,
                     const struct sight *sight)
{
    double below = count < used(s) ? s->value[count] : s->below, k = known(s, count);
    struct pareto tail = {s->value, s->weight, count, below, watch->floor};
    if (k < LEAST || below <= 0)
        return NAN;
    if (sight->value <= below)
        return 0; // one of many like it
    double share = log(k / fmax(s->records, k));
    return fmax(of_many(share + pareto_tail(&tail, sight->value), sight->records), 0);
}

/* All that are kept know a tail too, once there is something below them. */
static double surprise(const struct watch *watch, const struct series *s,
                       const struct sight *sight)
{
    double sum = 0, looked = 0;
    for (size_t i = 0; i <= LEVELS; i++) {
        size_t count = i < LEVELS ? levels[i] : used(s);
        double score = count < used(s) || i == LEVELS ? beyond(watch, s, count, sight) : NAN;
        sum += isfinite(score) ? score : 0;
        looked += isfinite(score);
    }
    return looked > 0 ? sum / looked : 0;
}

/* ---- learning ----------------------------------------------------------- */

static void forget(const struct watch *watch, struct series *s)
{
    size_t kept = 0;
    s->records *= watch->keep;
    for (size_t i = 0; i < used(s); i++) {
        s->value[kept] = s->value[i];
        s->weight[kept] = s->weight[i] * watch->keep;
        kept += s->weight[kept] >= FADED;
    }
    s->used = (double)kept;
    if (s->below > 0 && known(s, used(s)) < LEAST)
        *s = (struct series){0};
}

/* Among the largest when it is one of them; the one that falls out is what is below them. */
static void insert(struct series *s, double x)
{
    size_t at = used(s);
    if (x <= s->below)
        return;
    while (at > 0 && s->value[at - 1] < x)
        at--;
    if (used(s) == LARGEST) {
        s->below = at == LARGEST ? x : s->value[LARGEST - 1];
        if (at == LARGEST)
            return;
        s->used--;
    }
    memmove(&s->value[at + 1], &s->value[at], (used(s) - at) * sizeof(s->value[0]));
    memmove(&s->weight[at + 1], &s->weight[at], (used(s) - at) * sizeof(s->weight[0]));
    s->value[at] = x;
    s->weight[at] = 1;
    s->used++;
}

/* ---- scoring ------------------------------------------------------------ */

static void say(const struct watch *watch, uint32_t index, double x, double m)
{
    const oddline_host *host = watch->state.store.host;
    const struct series *s = store_series(&watch->state.store, index);
    char reason[ODDLINE_ERROR_SIZE];
    double largest = used(s) ? s->value[0] : NAN;
    snprintf(reason, sizeof(reason), "%.100s at %.4g, the largest among %.0f records was %.4g",
             host->series[index], x, s->records, largest);
    oddline_score score = {
        .size = sizeof(score),
        .score = surprise(watch, s, &(struct sight){x, m}),
        .observed = x,
        .expected = used(s) > levels[0] ? s->value[levels[0]] : NAN,
        .lower = 0,
        .upper = largest,
        .samples = (uint64_t)s->seen,
        .reason = used(s) ? reason : NULL,
        .series = index,
        .kind = ODDLINE_SPIKE,
        .flags = ODDLINE_SCORE_SURPRISE | (s->seen < watch->warmup ? ODDLINE_SCORE_WARMING : 0),
    };
    host->report(host, &score);
}

static oddline_status worst_score(void *instance, const oddline_window *window)
{
    const struct watch *watch = instance;
    for (uint32_t i = 0; i < watch->state.store.host->series_count; i++) {
        struct series *s = store_series(&watch->state.store, i);
        double x = fmin(window->values[i], MOST);
        double m = fmin(fmax((double)window->counts[i], 1), COUNTS);
        forget(watch, s);
        if (!isfinite(window->values[i]))
            continue;
        say(watch, i, x, m);
        insert(s, x);
        s->records += m;
        s->seen++;
    }
    return ODDLINE_OK;
}

/* ---- callbacks ---------------------------------------------------------- */

static bool is_sane(const void *series, const void *instance)
{
    const struct series *s = series;
    (void)instance;
    bool sane = s->seen >= 0 && isfinite(s->seen) && s->records >= 0 && isfinite(s->records) &&
                s->below >= 0 && s->below <= MOST && s->used >= 0 && s->used <= LARGEST;
    for (size_t i = 0; sane && i < used(s); i++)
        sane = s->value[i] > 0 && s->value[i] <= MOST && s->value[i] >= s->below &&
               s->weight[i] > 0 && s->weight[i] <= 1 &&
               (i == 0 || s->value[i] <= s->value[i - 1]);
    return sane;
}

static oddline_status worst_open(const oddline_host *host, const oddline_value *values,
                                 void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    static const struct state_shape shape = {
        .instance = sizeof(struct watch), .each = sizeof(struct series), .is_sane = is_sane};
    oddline_status status = state_open(&shape, host, ret_instance, error);
    if (status != ODDLINE_OK)
        return status;
    struct watch *watch = *ret_instance;
    watch->warmup = (double)values[WARMUP].i64;
    watch->floor = values[FLOOR].f64;
    watch->keep = exp(-(double)host->window_ns / (double)values[MEMORY].i64);
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .id = "worst",
    .version = "1.1.0",
    .summary = "one thing took far longer than the longest ever did",
    .params = params,
    .param_count = PARAMS,
    .state_version = 2,
    .open = worst_open,
    .score = worst_score,
    .save = state_save,
    .load = state_load,
    .close = state_close,
};
