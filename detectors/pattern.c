/* SPDX-License-Identifier: MIT */
/*
 * pattern - something is counted far more, or far less, often than it used to be; made for rare things.
 *
 * Method   Gamma-Poisson rate with forgetting, dispersion learnt.
 *
 *              m = (1/2 + A) / B      A, B: counts and windows remembered; 1/2 is Jeffreys' prior, so "never in B
 *              windows" is
 *                                     a rate of about 1 / 2B and a first appearance scores by how long it was absent
 *              phi = (1.4 W + S) / (W + M), at least 1      S, M: squared distances from m and the m themselves
 *              V = phi m (1 + 1/B)    the 1/B is what is not known about m
 *
 *          A and B are forgotten so that about `events` counts are kept: rare things are remembered for long (at most
 *          `memory`), busy ones follow the day (at least SHORTEST windows). A run of odd windows (score of `guard`)
 *          moves A by a clipped amount, once, when it is over; `accept_after` odd windows in a run are a new normal,
 *          reported once as SHIFT with ACCEPTED. Bursts that recur are tempered (kit/recur.h).
 * Input    one series per pattern of `patterns`, counted by the core; without patterns the series of `on`, such as
 *          `errors`. Counts; other values are rounded, below zero is zero, not finite is skipped.
 * Score    -log10 of the two-sided tail of a negative binomial count with mean m and variance V (Poisson when phi is 1)
 * State    600 bytes per series; per window O(1) for busy series, some tens of terms of a sum for rare ones
 * Limits   Knows no daily cycle. A pattern that never matched before the log began is new for a while: see `warmup`. Of
 *          a drop of a rare thing it cannot see anything: use `silence`.
 * Sources  H. Jeffreys, An Invariant Form for the Prior Probability, Proc. R. Soc. A 186, 1946.
 *          M. Greenwood, G. U. Yule, An Inquiry into the Nature of Frequency Distributions, J. R. Stat. Soc. 83, 1920
 *          (Gamma-Poisson is negative binomial).
 *          P. McCullagh, J. A. Nelder, Generalized Linear Models, 2nd ed. 1989, 4.5 (dispersion from Pearson's statistic).
 */

#include "kit/params.h"
#include "kit/rate.h"
#include "kit/recur.h"
#include "kit/robust.h"
#include "kit/run.h"
#include "kit/state.h"
#include "kit/tail.h"

#include <math.h>
#include <stdio.h>

enum { PATTERNS, EVENTS, MEMORY, WARMUP, GUARD, ACCEPT_AFTER, PARAMS };

static const double SHORTEST = 60; /* windows: below it the dispersion is not known */
static const double CLIP = 3; /* deviations that a window may teach; an odd one a third of it */
static const double CLUMP =
    4; /* counts of a rare thing in one window that may teach dispersion */

static const oddline_param params[PARAMS] = {
    [PATTERNS] = {.name = "patterns",
                  .unit = "",
                  .help = "PCRE2 patterns; the lines that match each are counted.",
                  .type = ODDLINE_PATTERNS},
    [EVENTS] = {.name = "events",
                .unit = "counts",
                .help = "About how many counts are remembered; busy things are thus remembered "
                        "for less time.",
                .type = ODDLINE_F64,
                .fallback.f64 = 100,
                .min.f64 = 5,
                .max.f64 = 1e6},
    [MEMORY] = PARAM_MEMORY(7, "The longest that anything is remembered."),
    [WARMUP] =
        PARAM_WARMUP(20, 2, 100000, "Windows to learn from before a score is acted upon."),
    [GUARD] = {.name = "guard",
               .unit = "-log10(p)",
               .help = "A window that scores this much teaches only a clipped amount.",
               .type = ODDLINE_F64,
               .fallback.f64 = 4,
               .min.f64 = 1,
               .max.f64 = 50},
    [ACCEPT_AFTER] = PARAM_ACCEPT_AFTER("A change that lasts this long is the new normal."),
};

/* The largest window of the running run. */
struct lesson {
    double x, score;
};

struct series {
    double seen; /* windows with a value */
    struct rate rate;
    struct lesson lesson;
    struct run run;
    struct recur up, down;
};

struct counter {
    struct state state; /* a store of struct series */
    double events, memory, warmup, guard, accept_after, keep;
};

/* What was usual before this window, and what the window amounts to. */
struct view {
    double mean, spread;
    double score;
    double size; /* signed distance on Anscombe's scale, for kit/recur */
};

/* ---- model -------------------------------------------------------------- */

static struct view look(const struct series *s, double x)
{
    double mean = rate_mean(&s->rate);
    double size = robust_anscombe(x) - robust_anscombe(mean);
    const struct recur *same = size > 0 ? &s->up : &s->down;
    return (struct view){
        .mean = mean,
        .spread = sqrt(rate_variance(&s->rate)),
        .score = recur_temper(same, rate_score(&s->rate, x), fabs(size)),
        .size = size,
    };
}

/* ---- learning ----------------------------------------------------------- */

static void remember(const struct counter *counter, struct series *s, double x)
{
    double mean = s->rate.windows > 0 ? s->rate.counts / s->rate.windows : x;
    double forget = fmax(1 / counter->memory, fmin(mean / counter->events, 1 / SHORTEST));
    s->rate.counts = s->rate.counts * (1 - forget) + x;
    s->rate.windows = s->rate.windows * (1 - forget) + 1;
    s->rate.squares *= 1 - forget / 2; // the dispersion changes more slowly than the rate
    s->rate.moments *= 1 - forget / 2;
}

static void teach(const struct counter *counter, struct series *s, const struct view *view,
                  double x)
{
    bool odd = view->score >= counter->guard;
    double clip = fmax(1, (odd ? 1 : CLIP) * view->spread);
    double off =
        fmin(fabs(x - view->mean), odd ? clip : fmax(CLUMP, (CLIP + 1) * view->spread));
    double moment =
        s->rate.counts /
        s->rate.windows; // without the prior: windows without anything teach no dispersion
    remember(counter, s, fmax(view->mean - clip, fmin(x, view->mean + clip)));
    s->rate.squares += off * off;
    s->rate.moments += moment;
}

/*
 * While a run of odd windows lasts nothing is learnt, or a burst would hide itself. When it has ended without being
 * accepted it teaches once, by its largest window.
 */
static void learn(const struct counter *counter, struct series *s, const struct view *view,
                  double x)
{
    if (s->run.side != 0) {
        if (view->score >= s->lesson.score)
            s->lesson = (struct lesson){.x = x, .score = view->score};
        return;
    }
    if (s->lesson.score > 0) {
        struct view then = *view;
        then.score = s->lesson.score;
        teach(counter, s, &then, s->lesson.x);
        s->lesson = (struct lesson){0};
    }
    teach(counter, s, view, x);
}

static void accept(struct series *s)
{
    s->lesson = (struct lesson){0};
    s->rate.windows = s->run.length;
    s->rate.counts = s->run.mean * s->run.length;
    run_end(&s->run);
    recur_forget_episode(&s->up);
    recur_forget_episode(&s->down);
}

/* ---- scoring ------------------------------------------------------------ */

static uint32_t kind_of(const struct series *s, const struct view *view)
{
    if (view->size < 0)
        return ODDLINE_DROP;
    return s->rate.counts < 0.5 ? ODDLINE_NEW : ODDLINE_SPIKE;
}

static void say(const struct counter *counter, const struct series *s, oddline_score *score)
{
    const oddline_host *host = counter->state.store.host;
    const char *name = host->series[score->series];
    char reason[ODDLINE_ERROR_SIZE];
    if (score->kind == ODDLINE_NEW)
        snprintf(reason, sizeof(reason), "%.100s: %.0f, none in the %.0f windows before", name,
                 score->observed, s->rate.windows);
    else
        snprintf(reason, sizeof(reason),
                 "%.100s: %.0f, usually about %.3g a window (%.3g to %.3g)%s", name,
                 score->observed, score->expected, score->lower, score->upper,
                 score->flags & ODDLINE_SCORE_ACCEPTED ? "; it lasted, so it is the new normal"
                                                       : "");
    score->reason = reason;
    host->report(host, score);
}

static void judge(const struct counter *counter, uint32_t index, double x)
{
    struct series *s = store_series(&counter->state.store, index);
    struct view view = look(s, x);
    oddline_score score = {
        .size = sizeof(score),
        .score = view.score,
        .observed = x,
        .expected = s->rate.counts / s->rate.windows,
        .lower = fmax(0, view.mean - CLIP * view.spread),
        .upper = view.mean + CLIP * view.spread,
        .samples = (uint64_t)s->seen,
        .series = index,
        .kind = kind_of(s, &view),
        .flags =
            ODDLINE_SCORE_SURPRISE | (s->seen < counter->warmup ? ODDLINE_SCORE_WARMING : 0),
    };
    int side = view.score < counter->guard ? 0 : view.size > 0 ? 1 : -1;
    recur_learn(&s->up, fmax(view.size, 0), counter->keep);
    recur_learn(&s->down, fmax(-view.size, 0), counter->keep);
    bool accepted = run_step(&s->run, x, side, counter->accept_after);
    if (accepted) {
        score.kind = ODDLINE_SHIFT;
        score.flags |= ODDLINE_SCORE_ACCEPTED;
    }
    say(counter, s, &score);
    if (accepted)
        accept(s);
    else
        learn(counter, s, &view, x);
}

static void say_first(const struct counter *counter, uint32_t index, double x)
{
    const oddline_host *host = counter->state.store.host;
    oddline_score score = {.size = sizeof(score),
                           .observed = x,
                           .expected = NAN,
                           .lower = NAN,
                           .upper = NAN,
                           .series = index,
                           .kind = ODDLINE_SPIKE,
                           .flags = ODDLINE_SCORE_WARMING | ODDLINE_SCORE_SURPRISE};
    host->report(host, &score);
}

static void take(const struct counter *counter, uint32_t index, double value)
{
    static const double MOST = 1e15; /* counts beyond it lose their units in a double */
    struct series *s = store_series(&counter->state.store, index);
    if (!isfinite(value))
        return;
    double x = floor(fmax(0, fmin(value, MOST)) + 0.5);
    if (s->rate.windows > 0) {
        judge(counter, index, x);
    } else {
        say_first(counter, index, x);
        remember(counter, s, x);
    }
    s->seen++;
}

/* ---- callbacks ---------------------------------------------------------- */

/* What is not over yet is scored like the rest, and was never seen. */
static void score_series(const struct counter *counter, uint32_t index,
                         const oddline_window *window)
{
    struct series *s = store_series(&counter->state.store, index), before = *s;
    take(counter, index, window->values[index]);
    if (window->flags & ODDLINE_WINDOW_UNFINISHED)
        *s = before;
}

static oddline_status pattern_score(void *instance, const oddline_window *window)
{
    const struct counter *counter = instance;
    for (uint32_t i = 0; i < counter->state.store.host->series_count; i++)
        score_series(counter, i, window);
    return ODDLINE_OK;
}

static bool is_sane(const void *series, const void *instance)
{
    const struct series *s = series;
    (void)instance;
    return s->seen >= 0 && isfinite(s->seen) && rate_is_sane(&s->rate) &&
           isfinite(s->lesson.x) && run_is_sane(&s->run) && recur_is_sane(&s->up) &&
           recur_is_sane(&s->down);
}

static oddline_status pattern_open(const oddline_host *host, const oddline_value *values,
                                   void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    static const struct state_shape shape = {
        .instance = sizeof(struct counter), .each = sizeof(struct series), .is_sane = is_sane};
    oddline_status status = state_open(&shape, host, ret_instance, error);
    if (status != ODDLINE_OK)
        return status;
    struct counter *counter = *ret_instance;
    counter->events = values[EVENTS].f64;
    counter->memory = fmax((double)values[MEMORY].i64 / (double)host->window_ns, SHORTEST);
    counter->keep = 1 - 1 / counter->memory;
    counter->warmup = (double)values[WARMUP].i64;
    counter->guard = values[GUARD].f64;
    counter->accept_after = (double)values[ACCEPT_AFTER].i64;
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .needs = ODDLINE_TAKES_UNFINISHED,
    .id = "pattern",
    .version = "1.0.0",
    .summary = "something is counted far more, or less, often than it used to be",
    .params = params,
    .param_count = PARAMS,
    .state_version = 1,
    .open = pattern_open,
    .score = pattern_score,
    .save = state_save,
    .load = state_load,
    .close = state_close,
};
