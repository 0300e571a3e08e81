/* SPDX-License-Identifier: MIT */
/*
 * silence - a stream that should speak does not.
 *
 * Method   A gap is a run of empty windows after a non-empty one; g is its length so far, n the number of non-empty windows
 *          remembered (each could have started a gap), G the usual longest gap. While g < `patience` max(G, `min_gap` /
 *          `patience`) nothing is odd. Beyond it
 *
 *              P(gap >= g) = 1 / (n + 1) * (patience G / g)^SHAPE
 *
 *          the rule of succession for the first factor (n chances, and never one like this), a Pareto tail for the second. A
 *          regular stream has many n and small G, so it is missed after few windows; a sparse one has few n and long G.
 *          G is the longest gap of the last `memory`, unless it stands alone (more than `patience` times the second longest):
 *          one outage does not make silence normal, two nights do.
 * Input    one series that counts, usually `lines`; anything above 0 is speech; values that are not finite are skipped
 * Score    -log10 P; stays up, and grows, until the stream speaks again
 * State    about 100 bytes, O(1) per window
 * Limits   Blind until `warmup` windows have spoken. Does not see a stream that dwindles (ewma does), or one that is silent on
 *          the first weekend of its life (it says so once).
 * Sources  P. S. Laplace, Essai philosophique sur les probabilites, 1814 (succession).
 *          V. Pareto, Cours d'economie politique, 1896 (the tail).
 */

#include "kit/params.h"
#include "kit/state.h"
#include "kit/tail.h"

#include <math.h>
#include <stdio.h>

enum { MIN_GAP, PATIENCE, WARMUP, MEMORY, PARAMS };
enum { LONGEST = 4 };

static const double SHAPE =
    3; /* of the Pareto tail: finite mean and variance, no more is assumed */

static const oddline_param params[PARAMS] = {
    [MIN_GAP] = {.name = "min_gap",
                 .unit = "windows",
                 .help = "A shorter silence is never odd.",
                 .type = ODDLINE_I64,
                 .fallback.i64 = 3,
                 .min.i64 = 1,
                 .max.i64 = 100000},
    [PATIENCE] = {.name = "patience",
                  .unit = "",
                  .help =
                      "How many times the usual longest gap must pass before silence is odd.",
                  .type = ODDLINE_F64,
                  .fallback.f64 = 3,
                  .min.f64 = 1,
                  .max.f64 = 100},
    [WARMUP] = PARAM_WARMUP(30, 2, 100000,
                            "Windows with lines to learn from before silence is acted upon."),
    [MEMORY] = PARAM_MEMORY(14, "How long a gap is remembered."),
};

struct gap {
    double length, ended; /* windows; `ended` on the clock of series.windows */
};

struct series {
    double windows, spoke;       /* seen at all; non-empty, forgotten exponentially */
    double heard;                /* non-empty ones, never forgotten */
    double gap;                  /* length of the running one */
    struct gap longest[LONGEST]; /* longest first, length 0 when free */
};

struct listener {
    struct state state; /* a store of struct series */
    double min_gap, patience, warmup, memory;
};

/* ---- gaps --------------------------------------------------------------- */

static void forget_old(const struct listener *listener, struct series *s)
{
    int kept = 0;
    for (int i = 0; i < LONGEST; i++)
        if (s->longest[i].length > 0 && s->windows - s->longest[i].ended < listener->memory)
            s->longest[kept++] = s->longest[i];
    for (; kept < LONGEST; kept++)
        s->longest[kept] = (struct gap){0};
}

static void remember(struct series *s, double length)
{
    struct gap fresh = {.length = length, .ended = s->windows};
    for (int i = 0; i < LONGEST; i++) {
        if (fresh.length < s->longest[i].length)
            continue;
        struct gap shorter = s->longest[i];
        s->longest[i] = fresh;
        fresh = shorter;
    }
}

/* Longest gap that is usual. A lone giant is an outage, or was the first of many; the second one will tell. */
static double usual_longest(const struct listener *listener, const struct series *s)
{
    double first = s->longest[0].length, second = fmax(s->longest[1].length, 1);
    return fmax(first > listener->patience * second ? second : first, 1);
}

/* ---- scoring ------------------------------------------------------------ */

static double odd_from(const struct listener *listener, const struct series *s)
{
    return fmax(listener->patience * usual_longest(listener, s), listener->min_gap);
}

static double surprise(const struct listener *listener, const struct series *s)
{
    double from = odd_from(listener, s);
    if (s->gap <= 0 || s->heard <= 0)
        return 0;
    if (s->gap < from)
        return fmin(1, s->gap / from); // within what was seen before
    return fmin(log10(s->spoke + 1) + SHAPE * log10(s->gap / from), TAIL_MAX);
}

static void say(const struct listener *listener, uint32_t index)
{
    const oddline_host *host = listener->state.store.host;
    const struct series *s = store_series(&listener->state.store, index);
    double seconds = (double)host->window_ns / 1e9;
    char reason[ODDLINE_ERROR_SIZE];
    oddline_score score = {
        .size = sizeof(score),
        .score = surprise(listener, s),
        .observed = s->gap * seconds,
        .expected = (s->longest[0].length > 0 ? usual_longest(listener, s) : 0) * seconds,
        .lower = 0,
        .upper = odd_from(listener, s) * seconds,
        .samples = (uint64_t)s->windows,
        .reason = reason,
        .series = index,
        .kind = ODDLINE_SILENCE,
        .flags =
            ODDLINE_SCORE_SURPRISE | (s->heard < listener->warmup ? ODDLINE_SCORE_WARMING : 0),
    };
    snprintf(reason, sizeof(reason), "no %.100s for %.0f s, the usual longest gap is %.0f s",
             host->series[index], score.observed, score.expected);
    if (s->gap <= 0)
        score.reason = NULL;
    host->report(host, &score);
}

static void take(const struct listener *listener, uint32_t index, double x)
{
    struct series *s = store_series(&listener->state.store, index);
    if (!isfinite(x))
        return;
    s->windows++;
    if (x > 0) {
        if (s->gap > 0)
            remember(s, s->gap);
        s->gap = 0;
        s->heard++;
        s->spoke = s->spoke * (1 - 1 / listener->memory) + 1;
    } else if (s->heard > 0) { // silence before the first word is no gap
        s->gap++;
    }
    forget_old(listener, s);
    say(listener, index);
}

/* ---- callbacks ---------------------------------------------------------- */

static oddline_status silence_score(void *instance, const oddline_window *window)
{
    const struct listener *listener = instance;
    for (uint32_t i = 0; i < listener->state.store.host->series_count; i++)
        take(listener, i, window->values[i]);
    return ODDLINE_OK;
}

static bool is_sane(const void *series, const void *instance)
{
    const struct series *s = series;
    (void)instance;
    bool sane = isfinite(s->windows) && s->spoke >= 0 && s->heard >= s->spoke - 1 &&
                s->gap >= 0 && s->windows >= s->heard;
    for (int i = 0; i < LONGEST; i++)
        sane = sane && s->longest[i].length >= 0 && s->longest[i].ended <= s->windows;
    return sane;
}

static oddline_status silence_open(const oddline_host *host, const oddline_value *values,
                                   void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    static const struct state_shape shape = {
        .instance = sizeof(struct listener), .each = sizeof(struct series), .is_sane = is_sane};
    oddline_status status = state_open(&shape, host, ret_instance, error);
    if (status != ODDLINE_OK)
        return status;
    struct listener *listener = *ret_instance;
    listener->min_gap = (double)values[MIN_GAP].i64;
    listener->patience = values[PATIENCE].f64;
    listener->warmup = (double)values[WARMUP].i64;
    listener->memory = fmax((double)values[MEMORY].i64 / (double)host->window_ns, 2);
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .id = "silence",
    .version = "1.0.0",
    .summary = "a stream that should speak does not",
    .params = params,
    .param_count = PARAMS,
    .state_version = 1,
    .open = silence_open,
    .score = silence_score,
    .save = state_save,
    .load = state_load,
    .close = state_close,
};
