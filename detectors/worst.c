/* SPDX-License-Identifier: MIT */
/*
 * worst - one thing took far longer than the longest ever did; made for the largest value of a window, such as `duration_max_ms`.
 *
 * Method   The tail beyond the largest values, after Hill and Weissman.
 *
 *              a = (k - 1) / max(sum ln(x_i / u), `floor` k)     x_i: the k largest so far, u: the one below them
 *              P(one record >= x) = k / n (u / x)^a              n: records behind all values so far
 *              P(window >= x) = 1 - (1 - P)^m                    m: records behind this window's value
 *
 *          Durations have heavy tails, so a spread says nothing of what the longest may be, and a mean or a percentile over
 *          a window hides the one that was stuck. The longest themselves say it. A window gives its largest value only: what
 *          comes together counts once. n and the weight of each x_i (k is their sum) are forgotten after `memory`. Every value
 *          is learnt, so the second of its size is less odd and the tenth is usual; when so much is forgotten that k is
 *          below LEAST, all is learnt anew.
 * Input    the largest value of a window; values that are not finite are skipped. Records behind it come with the window.
 * Score    -log10 of P(window >= x)
 * State    280 bytes per series, O(1) per window
 * Limits   Blind for `warmup` windows with a value. Values that are never much larger than usual, however often they come, are
 *          for `ewma` on a percentile. Where everything becomes slower it speaks a few times and then takes it for usual.
 * Sources  B. M. Hill, A Simple General Approach to Inference About the Tail of a Distribution, Ann. Stat. 3(5), 1975.
 *          I. Weissman, Estimation of Parameters and Large Quantiles Based on the k Largest Observations, JASA 73, 1978.
 */

#include "kit/params.h"
#include "kit/state.h"
#include "kit/tail.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WARMUP, FLOOR, MEMORY, PARAMS };
enum { LARGEST = 10 }; /* the usual number: fewer know no tail, more are not of the tail */

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
    double below;   /* u; 0 until the list was full once */
    double used;
    double value[LARGEST], weight[LARGEST]; /* largest first */
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

/* k */
static double known(const struct series *s)
{
    double sum = 0;
    for (size_t i = 0; i < used(s); i++)
        sum += s->weight[i];
    return sum;
}

static double shape(const struct watch *watch, const struct series *s, double k)
{
    double sum = 0;
    for (size_t i = 0; i < used(s); i++)
        sum += s->weight[i] * log(s->value[i] / s->below);
    return (k - 1) / fmax(sum, watch->floor * k);
}

/* -log10 of 1 - (1 - p)^m, p given as its natural logarithm, so that nothing underflows. */
static double of_many(double log_p, double m)
{
    double ln10 = log(10);
    if (log_p + log(m) < -20)
        return fmin(-(log_p + log(m)) / ln10, TAIL_MAX);
    return -log10(-expm1(m * log1p(-exp(fmin(log_p, -1e-9)))));
}

static double surprise(const struct watch *watch, const struct series *s, double x, double m)
{
    double k = known(s), share = k / fmax(s->records, k);
    if (s->below <= 0 || k < LEAST || x <= s->below)
        return 0; // one of many like it
    return fmax(of_many(log(share) - shape(watch, s, k) * log(x / s->below), m), 0);
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
    if (s->below > 0 && known(s) < LEAST)
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
        .score = surprise(watch, s, x, m),
        .observed = x,
        .expected = s->below > 0 ? s->below : NAN,
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
    .version = "1.0.0",
    .summary = "one thing took far longer than the longest ever did",
    .params = params,
    .param_count = PARAMS,
    .state_version = 1,
    .open = worst_open,
    .score = worst_score,
    .save = state_save,
    .load = state_load,
    .close = state_close,
};
