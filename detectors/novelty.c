/* SPDX-License-Identifier: MIT */
/*
 * novelty - something is said that was never said before, where that is rare.
 *
 * Method   Is a window with anything new odd (Good-Turing: the chance of something new is the rate at which it came), and
 *          is so much of it?
 *
 *              P(any)   = max(1 - (B / (B + e))^(A + 1/2),  1 - exp(-e a / b))
 *              P(>= k)  = (C(k) + 2/k^2) / (C(1) + 2)
 *
 *          e: exposure, the square root of the window's records: a busy window may hold more news, but most of it repeats
 *          (Heaps: n records say about sqrt(n) different things). k: new ones. A, B: windows with something new and all
 *          exposure, remembered until `occasions` of the former are known, at most for `memory`: a Gamma-Poisson rate
 *          with Jeffreys' prior. a, b: the same over the last `recent` windows: after a deployment news is
 *          no news. C(k): remembered occasions with k new ones or more, in octaves; new things come in clumps, so before
 *          their sizes are known they are taken to be heavy-tailed, P(>= k) = 1/k^2 (the mildest power with a mean), worth
 *          two occasions.
 * Input    a series that counts what is new, `new_templates` or `new_troubles`. No value: nothing is learnt.
 * Score    -log10 of P(any) P(>= k); 0 when nothing is new
 * State    136 bytes per series, O(1) per window
 * Limits   What is new once is old for ever: a second incident of the same kind is not seen. Something new in a storm of
 *          known lines is less odd than in the quiet before it. A value that the masks do not know as one, a name, is
 *          new too; where such come often, the rate says so.
 * Sources  I. J. Good, The population frequencies of species and the estimation of population parameters, Biometrika 40,
 *          1953. H. S. Heaps, Information Retrieval: Computational and Theoretical Aspects, 1978, 7.5. H. Jeffreys, An
 *          Invariant Form for the Prior Probability, Proc. R. Soc. A 186, 1946.
 */

#include "kit/params.h"
#include "kit/state.h"

#include <math.h>
#include <stdio.h>

enum { OCCASIONS, MEMORY, RECENT, WARMUP, PARAMS };
enum { OCTAVES = 8 }; /* 1, 2 to 3, 4 to 7, ..., 128 and more */

static const double SHORTEST = 60;   /* windows that are remembered in any case */
static const double PRIOR_SIZES = 2; /* occasions that the prior of their size is worth */

static const oddline_param params[PARAMS] = {
    [OCCASIONS] = {.name = "occasions",
                   .unit = "windows",
                   .help = "About how many windows with something new are remembered.",
                   .type = ODDLINE_F64,
                   .fallback.f64 = 30,
                   .min.f64 = 3,
                   .max.f64 = 1e6},
    [MEMORY] = PARAM_MEMORY(14, "The longest that anything is remembered."),
    [RECENT] = {.name = "recent",
                .unit = "windows",
                .help = "For so long something new makes more of it likely.",
                .type = ODDLINE_F64,
                .fallback.f64 = 30,
                .min.f64 = 1,
                .max.f64 = 100000},
    [WARMUP] =
        PARAM_WARMUP(20, 2, 100000, "Windows to learn from before a score is acted upon."),
};

struct series {
    double seen;                         /* windows with a value */
    double occasions, windows, exposure; /* A, of so many windows, and B */
    double news;                         /* new ones, on all occasions */
    double sizes[OCTAVES];               /* occasions by size */
    double recent, recent_exposure;      /* a and b */
};

struct novelty {
    struct state state; /* a store of struct series */
    double occasions, longest, recent, warmup;
};

/* ---- model -------------------------------------------------------------- */

static int octave_of(double k)
{
    double octave = floor(log2(k));
    return octave < OCTAVES - 1 ? (int)octave : OCTAVES - 1;
}

static double chance_of_any(const struct series *s, double exposure)
{
    double long_run = -expm1((s->occasions + 0.5) * -log1p(exposure / s->exposure));
    double lately = -expm1(-exposure * s->recent / fmax(s->recent_exposure, 1));
    return fmax(long_run, lately);
}

static double chance_of_size(const struct series *s, double k)
{
    double all = 0, as_large = 0;
    for (int i = 0; i < OCTAVES; i++) {
        all += s->sizes[i];
        as_large += i >= octave_of(k) ? s->sizes[i] : 0;
    }
    return (as_large + PRIOR_SIZES / (k * k)) / (all + PRIOR_SIZES);
}

static double surprise(const struct series *s, double k, double n)
{
    if (k < 1 || s->exposure <= 0)
        return 0;
    double chance = chance_of_any(s, sqrt(fmax(n, k))) * chance_of_size(s, k);
    return fmax(0, -log10(fmax(chance, 1e-300)));
}

static void learn(const struct novelty *novelty, struct series *s, double k, double n)
{
    double often = s->windows > 0 ? s->occasions / s->windows : 0;
    double keep =
        1 - fmax(1 / novelty->longest, fmin(often / novelty->occasions, 1 / SHORTEST));
    double keep_recent = 1 - 1 / (novelty->recent + 1);
    s->occasions = s->occasions * keep + (k >= 1);
    s->windows = s->windows * keep + 1;
    s->exposure = s->exposure * keep + sqrt(n);
    s->news = s->news * keep + k;
    for (int i = 0; i < OCTAVES; i++)
        s->sizes[i] *= keep;
    if (k >= 1)
        s->sizes[octave_of(k)]++;
    s->recent = s->recent * keep_recent + (k >= 1);
    s->recent_exposure = s->recent_exposure * keep_recent + sqrt(n);
    s->seen++;
}

/* ---- scoring ------------------------------------------------------------ */

static void say(const struct novelty *novelty, const struct series *s, oddline_score *score,
                double n)
{
    const oddline_host *host = novelty->state.store.host;
    char reason[ODDLINE_ERROR_SIZE];
    snprintf(reason, sizeof(reason),
             "%.100s: %.0f among %.0f records; before, %.0f windows of %.0f had any",
             host->series[score->series], score->observed, n, s->occasions, s->windows);
    score->reason = reason;
    host->report(host, score);
}

static void judge(const struct novelty *novelty, uint32_t index, double value, double n)
{
    struct series *s = store_series(&novelty->state.store, index);
    double k = floor(fmax(0, fmin(value, 1e12)) + 0.5);
    oddline_score score = {
        .size = sizeof(score),
        .score = surprise(s, k, n),
        .observed = k,
        .expected = s->exposure > 0 ? s->news / s->exposure * sqrt(n) : NAN,
        .lower = NAN,
        .upper = NAN,
        .samples = (uint64_t)s->seen,
        .series = index,
        .kind = ODDLINE_NEW,
        .flags =
            ODDLINE_SCORE_SURPRISE | (s->seen < novelty->warmup ? ODDLINE_SCORE_WARMING : 0),
    };
    say(novelty, s, &score, n);
    learn(novelty, s, k, n);
}

/* ---- callbacks ---------------------------------------------------------- */

static oddline_status novelty_score(void *instance, const oddline_window *window)
{
    const struct novelty *novelty = instance;
    for (uint32_t i = 0; i < novelty->state.store.host->series_count; i++)
        if (isfinite(window->values[i]))
            judge(novelty, i, window->values[i], (double)window->records);
    return ODDLINE_OK;
}

static bool is_sane(const void *series, const void *instance)
{
    const struct series *s = series;
    const double numbers[] = {s->seen, s->occasions, s->windows,        s->exposure,
                              s->news, s->recent,    s->recent_exposure};
    (void)instance;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (!(numbers[i] >= 0 && isfinite(numbers[i])))
            return false;
    for (int i = 0; i < OCTAVES; i++)
        if (!(s->sizes[i] >= 0 && isfinite(s->sizes[i])))
            return false;
    return true;
}

static oddline_status novelty_open(const oddline_host *host, const oddline_value *values,
                                   void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    static const struct state_shape shape = {
        .instance = sizeof(struct novelty), .each = sizeof(struct series), .is_sane = is_sane};
    void *instance;
    oddline_status status = state_open(&shape, host, &instance, error);
    if (status != ODDLINE_OK)
        return status;
    struct novelty *novelty = instance;
    novelty->occasions = values[OCCASIONS].f64;
    novelty->longest = fmax((double)values[MEMORY].i64 / (double)host->window_ns, SHORTEST);
    novelty->recent = values[RECENT].f64;
    novelty->warmup = (double)values[WARMUP].i64;
    *ret_instance = novelty;
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .id = "novelty",
    .version = "1.0.0",
    .summary = "something is said that was never said before, where that is rare",
    .params = params,
    .param_count = PARAMS,
    .state_version = 1,
    .open = novelty_open,
    .score = novelty_score,
    .save = state_save,
    .load = state_load,
    .close = state_close,
};
