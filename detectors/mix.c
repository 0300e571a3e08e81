/* SPDX-License-Identifier: MIT */
/*
 * mix - has the composition changed: more of one sort and less of another than usual, whatever the total?
 *
 * Method   G-test of a window's counts against the usual shares, with learnt overdispersion.
 *
 *              p_i = (A_i + 1/2) / (A + K/2)      A_i: counts of sort i remembered, A their sum, K sorts; 1/2 is Jeffreys' prior
 *              G   = 2 sum x_i ln(x_i / n p_i)    x_i: counts of this window, n their sum
 *              D   = 1 + (n - 1) rho              how much wider than one by one the n records are drawn; rho is learnt
 *              F   = G / ((K' - 1) D (1 + n / A))
 *
 *          G / 2n is the Kullback-Leibler distance of the two compositions; under the usual one it is about (K' - 1) / 2n by
 *          sampling alone, K' being the sorts that are ever seen. Real records come in clumps, so D grows with n: a window of ten
 *          thousand is hardly more telling than one of a thousand. rho = sum (G / (K' - 1) - 1) / sum (n - 1), forgotten
 *          like A, a window teaching CLIP times the present D at most; 1 + n / A is what is not known of p. A, worth about `memory`
 *          windows, learns nothing from a run of windows that score `guard`; `accept_after` of them are the new
 *          normal, reported once with ACCEPTED. Mixtures that recur are tempered (kit/recur.h).
 * Input    all series together, counts of sorts that do not overlap: level_error, level_warn, level_info, ... A window
 *          in which one has no value is skipped
 * Score    -log10 of the tail of Fisher's F at F with K' - 1 and `tail` degrees of freedom. It stands at the series with the largest
 *          part of G, SHIFT where that grew and DROP where it shrank; the others score 0. Observed and expected are counts
 * State    330 bytes and 16 per series; per window O(K)
 * Limits   Blind until warm, to totals (ewma), and to what changes within a sort. A night with another composition than the day is
 *          learnt as overdispersion, which hides as much by day.
 * Sources  R. R. Sokal, F. J. Rohlf, Biometry, 1969 (the G-test). S. Kullback, R. A. Leibler, On Information and Sufficiency,
 *          Ann. Math. Stat. 22, 1951. J. E. Mosimann, On the Compound Multinomial Distribution, Biometrika 49, 1962 (D).
 *          E. Paulson, Ann. Math. Stat. 13, 1942 (tail of F). H. Jeffreys, Proc. R. Soc. A 186, 1946 (the prior).
 */

#include "kit/longrun.h"
#include "kit/params.h"
#include "kit/recur.h"
#include "kit/run.h"
#include "kit/state.h"
#include "kit/tail.h"

#include <math.h>
#include <stdio.h>

enum { MEMORY, WARMUP, GUARD, ACCEPT_AFTER, TAIL, PARAMS };

static const double CLIP = 4; /* times the usual distance that a window may teach */
static const double PRIOR_RHO = 0.01,
                    PRIOR_WEIGHT = 100;   /* the first rho, worth so many records */
static const double A_WEEK = 7 * 86400e9; /* ns; an episode is remembered for it */

static const oddline_param params[PARAMS] = {
    [MEMORY] = {.name = "memory",
                .unit = "windows",
                .help = "How many windows with records the usual composition is that of.",
                .type = ODDLINE_F64,
                .fallback.f64 = 240,
                .min.f64 = 10,
                .max.f64 = 1e6},
    [WARMUP] = PARAM_WARMUP(30, 2, 100000,
                            "Windows with records to learn from before a score is acted upon."),
    [GUARD] = {.name = "guard",
               .unit = "-log10(p)",
               .help = "A window that scores this much does not change what is usual.",
               .type = ODDLINE_F64,
               .fallback.f64 = 3,
               .min.f64 = 1,
               .max.f64 = 50},
    [ACCEPT_AFTER] =
        PARAM_ACCEPT_AFTER("A composition that lasts this long is the new normal."),
    [TAIL] = {.name = "tail",
              .unit = "degrees of freedom",
              .help =
                  "How heavy the tail is believed to be; smaller is heavier and scores lower.",
              .type = ODDLINE_F64,
              .fallback.f64 = 10,
              .min.f64 = 4,
              .max.f64 = 1000},
};

/* One sort. */
struct series {
    double usual; /* A_i */
    double late;  /* counts of the running run */
};

/* What concerns the composition as a whole. */
struct whole {
    double seen;           /* windows with records */
    double windows;        /* windows with values */
    double excess, trials; /* sums behind rho */
    struct run run;
    struct recur recur;
};

struct mixture {
    struct state state; /* a store of struct series, with a struct whole */
    double keep, keep_episodes, warmup, guard, accept_after, tail;
};

/* One sort in one window. */
struct part {
    double x, expected;
    double g; /* its part of G / 2 */
};

/* What one window amounts to. */
struct view {
    double n, total;    /* records now, remembered */
    double sorts;       /* ever seen */
    double distance;    /* G / ((K' - 1) (1 + n / A)) */
    double width;       /* D */
    double score, size; /* size: sqrt(F), for kit/recur */
};

static struct whole *whole_of(const struct mixture *mixture)
{
    return store_shared(&mixture->state.store);
}

static struct series *sort_of(const struct mixture *mixture, uint32_t index)
{
    return store_series(&mixture->state.store, index);
}

static uint32_t sorts_of(const struct mixture *mixture)
{
    return mixture->state.store.host->series_count;
}

static double count_of(double value)
{
    static const double MOST = 1e15; /* counts beyond it lose their units in a double */
    return floor(fmax(0, fmin(value, MOST)) + 0.5);
}

/* ---- model -------------------------------------------------------------- */

static struct part part_of(const struct mixture *mixture, const struct view *view,
                           uint32_t index, double x)
{
    double prior = 0.5, sorts = sorts_of(mixture);
    double share = (sort_of(mixture, index)->usual + prior) / (view->total + prior * sorts);
    struct part part = {.x = x, .expected = view->n * share};
    part.g = part.expected - x;
    if (x > 0)
        part.g += x * log(x / part.expected);
    part.g = fmax(part.g, 0);
    return part;
}

static double rho_of(const struct whole *whole)
{
    double rho = (PRIOR_WEIGHT * PRIOR_RHO + whole->excess) / (PRIOR_WEIGHT + whole->trials);
    return fmax(0, fmin(rho, 1));
}

static struct view measure(const struct mixture *mixture, const double *values)
{
    struct view view = {0};
    for (uint32_t i = 0; i < sorts_of(mixture); i++) {
        double x = count_of(values[i]), usual = sort_of(mixture, i)->usual;
        view.n += x;
        view.total += usual;
        view.sorts += x > 0 || usual > 0;
    }
    return view;
}

static struct view look(const struct mixture *mixture, const double *values)
{
    const struct whole *whole = whole_of(mixture);
    struct view view = measure(mixture, values);
    double g = 0;
    view.width = 1 + fmax(view.n - 1, 0) * rho_of(whole);
    if (view.sorts < 2 || view.total <= 0)
        return view;
    for (uint32_t i = 0; i < sorts_of(mixture); i++)
        g += 2 * part_of(mixture, &view, i, count_of(values[i])).g;
    view.distance = g / ((view.sorts - 1) * (1 + view.n / view.total));
    double f = view.distance / view.width;
    view.size = sqrt(f);
    view.score =
        recur_temper(&whole->recur, tail_f(f, view.sorts - 1, mixture->tail), view.size);
    return view;
}

/* ---- learning ----------------------------------------------------------- */

static void teach_width(const struct mixture *mixture, struct whole *whole,
                        const struct view *view, double distance)
{
    if (view->sorts < 2 || view->total <= 0)
        return;
    whole->excess = whole->excess * mixture->keep + distance - 1;
    whole->trials = whole->trials * mixture->keep + view->n - 1;
}

static void learn(const struct mixture *mixture, const double *values, const struct view *view,
                  bool was_running)
{
    struct whole *whole = whole_of(mixture);
    bool running = whole->run.side != 0;
    for (uint32_t i = 0; i < sorts_of(mixture); i++) {
        struct series *s = sort_of(mixture, i);
        double x = count_of(values[i]);
        s->late = running ? s->late + x : 0;
        if (!running)
            s->usual = s->usual * mixture->keep + x;
    }
    if (running)
        return;
    double limit = CLIP * view->width;
    if (was_running) // a run that ended by itself widens once, by what a window may teach at most
        teach_width(mixture, whole, view, limit);
    teach_width(mixture, whole, view, fmin(view->distance, limit));
}

static void accept(const struct mixture *mixture, const double *values)
{
    struct whole *whole = whole_of(mixture);
    for (uint32_t i = 0; i < sorts_of(mixture); i++) {
        struct series *s = sort_of(mixture, i);
        *s = (struct series){.usual = s->late + count_of(values[i])};
    }
    run_end(&whole->run);
    recur_forget_episode(&whole->recur);
}

/* ---- scoring ------------------------------------------------------------ */

/* The series with the largest part in G of those that grew (side 1), shrank (-1) or either (0); -1 when there is none. */
static int64_t largest(const struct mixture *mixture, const double *values,
                       const struct view *view, int side)
{
    int64_t best = -1;
    double most = 0;
    for (uint32_t i = 0; i < sorts_of(mixture); i++) {
        struct part part = part_of(mixture, view, i, count_of(values[i]));
        bool grew = part.x > part.expected;
        if (part.g <= most || (side > 0 && !grew) || (side < 0 && grew))
            continue;
        most = part.g;
        best = i;
    }
    return best;
}

static void put_reason(const struct mixture *mixture, const double *values,
                       const struct view *view, char ret[ODDLINE_ERROR_SIZE])
{
    const oddline_host *host = mixture->state.store.host;
    int len = snprintf(ret, ODDLINE_ERROR_SIZE, "of %.0f:", view->n);
    for (int side = 1; side >= -1; side -= 2) {
        int64_t i = largest(mixture, values, view, side);
        if (i < 0)
            continue;
        struct part part = part_of(mixture, view, (uint32_t)i, count_of(values[i]));
        len += snprintf(ret + len, ODDLINE_ERROR_SIZE - (size_t)len,
                        "%s %.60s %s to %.0f, usually about %.3g", side > 0 ? "" : ";",
                        host->series[i], side > 0 ? "grew" : "shrank", part.x, part.expected);
    }
}

static void say(const struct mixture *mixture, const double *values, const struct view *view,
                uint32_t flags)
{
    static const double BAND = 3; /* deviations between expected and lower, upper */
    const oddline_host *host = mixture->state.store.host;
    int64_t leader = largest(mixture, values, view, 0);
    char reason[ODDLINE_ERROR_SIZE];
    put_reason(mixture, values, view, reason);
    for (uint32_t i = 0; i < sorts_of(mixture); i++) {
        struct part part = part_of(mixture, view, i, count_of(values[i]));
        bool leads = i == leader;
        double spread = sqrt(part.expected * view->width);
        oddline_score score = {
            .size = sizeof(score),
            .score = leads ? view->score : 0,
            .observed = part.x,
            .expected = part.expected,
            .lower = fmax(0, part.expected - BAND * spread),
            .upper = part.expected + BAND * spread,
            .samples = (uint64_t)whole_of(mixture)->windows,
            .reason = leads ? reason : NULL,
            .series = i,
            .kind = leads && part.x < part.expected ? ODDLINE_DROP : ODDLINE_SHIFT,
            .flags = leads ? flags : flags & ~(uint32_t)ODDLINE_SCORE_ACCEPTED,
        };
        if (score.flags & ODDLINE_SCORE_ACCEPTED)
            score.kind = ODDLINE_SHIFT;
        host->report(host, &score);
    }
}

static void judge(const struct mixture *mixture, const double *values)
{
    struct whole *whole = whole_of(mixture);
    struct view view = look(mixture, values);
    bool warm = whole->seen >= mixture->warmup, odd = warm && view.score >= mixture->guard;
    bool was_running = whole->run.side != 0, accepted = false;
    if (view.n > 0) {
        recur_learn(&whole->recur, view.size, mixture->keep_episodes);
        accepted = run_step(&whole->run, view.size, odd, mixture->accept_after);
        whole->seen++;
    }
    whole->windows++;
    say(mixture, values, &view,
        ODDLINE_SCORE_SURPRISE | (warm ? 0 : ODDLINE_SCORE_WARMING) |
            (accepted ? ODDLINE_SCORE_ACCEPTED : 0));
    if (accepted)
        accept(mixture, values);
    else if (view.n > 0)
        learn(mixture, values, &view, was_running);
}

/* ---- callbacks ---------------------------------------------------------- */

static oddline_status mix_score(void *instance, const oddline_window *window)
{
    const struct mixture *mixture = instance;
    for (uint32_t i = 0; i < sorts_of(mixture); i++)
        if (!isfinite(window->values[i]))
            return ODDLINE_OK;
    judge(mixture, window->values);
    return ODDLINE_OK;
}

static bool is_sane(const void *series, const void *instance)
{
    const struct series *s = series;
    (void)instance;
    return s->usual >= 0 && s->usual <= LONGRUN_LIMIT && s->late >= 0 &&
           s->late <= LONGRUN_LIMIT;
}

static bool whole_is_sane(const void *shared, const void *instance)
{
    const struct whole *whole = shared;
    (void)instance;
    return longrun_is_number(whole->seen) && longrun_is_number(whole->windows) &&
           fabs(whole->excess) <= LONGRUN_LIMIT && whole->trials >= 0 &&
           whole->trials <= LONGRUN_LIMIT && run_is_sane(&whole->run) &&
           recur_is_sane(&whole->recur);
}

static oddline_status mix_open(const oddline_host *host, const oddline_value *values,
                               void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    static const struct state_shape shape = {.instance = sizeof(struct mixture),
                                             .each = sizeof(struct series),
                                             .is_sane = is_sane,
                                             .shared = {sizeof(struct whole), whole_is_sane}};
    oddline_status status = state_open(&shape, host, ret_instance, error);
    if (status != ODDLINE_OK)
        return status;
    struct mixture *mixture = *ret_instance;
    mixture->keep = 1 - 1 / values[MEMORY].f64;
    mixture->keep_episodes = exp(-(double)host->window_ns / A_WEEK);
    mixture->warmup = (double)values[WARMUP].i64;
    mixture->guard = values[GUARD].f64;
    mixture->accept_after = (double)values[ACCEPT_AFTER].i64;
    mixture->tail = values[TAIL].f64;
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .needs = ODDLINE_NEEDS_ALL_SERIES,
    .id = "mix",
    .version = "1.0.0",
    .summary = "more of one sort of record and less of another than usual, whatever the total",
    .params = params,
    .param_count = PARAMS,
    .state_version = 1,
    .open = mix_open,
    .score = mix_score,
    .save = state_save,
    .load = state_load,
    .close = state_close,
};
