/* SPDX-License-Identifier: MIT */
/*
 * extreme - higher or lower than ever before.
 *
 * Method   With n windows behind it, any window is the highest so far with probability 1 / (n + 1), whatever the
 *          distribution. How far it is outside the range [low, high] seen so far makes it rarer still:
 *
 *              d = distance from the range / max(high - low, `margin` |edge|)      0 while that is 0
 *              score = log10(n + 1) + 3 log10(1 + d)          0 inside the range
 *
 * Input    any one series; values that are not finite are skipped
 * Score    -log10 of that probability, under windows that could have come in any order
 * State    32 bytes, O(1) per window
 * Limits   Remembers for ever, so the same trouble is odd only once, unless it is worse. A series that grows sets records
 *          all the time.
 * Sources  K. N. Chandler, The Distribution and Frequency of Record Values, J. R. Stat. Soc. B 14, 1952.
 *
 * This is the whole of a detector: it includes the installed header and nothing else of oddline.
 */

#include <oddline/detector.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARMUP, MARGIN, PARAMS };

static const oddline_param params[PARAMS] = {
    [WARMUP] = {.name = "warmup",
                .unit = "windows",
                .help = "Windows to learn the range from before a record is acted upon.",
                .type = ODDLINE_I64,
                .fallback.i64 = 30,
                .min.i64 = 1,
                .max.i64 = 1000000},
    [MARGIN] = {.name = "margin",
                .unit = "",
                .help = "Least width of the range, as a share of its edge.",
                .type = ODDLINE_F64,
                .fallback.f64 = 0.1,
                .min.f64 = 0,
                .max.f64 = 10},
};

/* What is saved: plain numbers. */
struct range {
    double seen, low, high;
    int64_t window_ns; /* whose range it is */
};

struct extreme {
    const oddline_host *host;
    int64_t warmup;
    double margin;
    struct range range;
};

static oddline_status extreme_open(const oddline_host *host, const oddline_value *values,
                                   void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    struct extreme *e = calloc(1, sizeof(*e));
    if (!e) {
        snprintf(error, ODDLINE_ERROR_SIZE, "out of memory");
        return ODDLINE_ENOMEM;
    }
    e->host = host; // valid until close
    e->warmup = values[WARMUP].i64;
    e->margin = values[MARGIN].f64;
    e->range.window_ns = host->window_ns;
    *ret_instance = e;
    return ODDLINE_OK;
}

static double surprise(const struct extreme *e, double x)
{
    const struct range *r = &e->range;
    double edge = x > r->high ? r->high : r->low;
    if (r->seen < 1 || (x >= r->low && x <= r->high))
        return 0;
    double width = fmax(r->high - r->low, e->margin * fabs(edge));
    double d = width > 0 ? fabs(x - edge) / width : 0; // a series that never moved has no scale
    return fmin(log10(r->seen + 1) + 3 * log10(1 + d), 300);
}

static void say(const struct extreme *e, double x)
{
    const struct range *r = &e->range;
    char reason[256];
    oddline_score score = {
        .size = sizeof(score),
        .score = surprise(e, x),
        .observed = x,
        .expected = NAN, // this method knows a range, not a level
        .lower = r->seen > 0 ? r->low : NAN,
        .upper = r->seen > 0 ? r->high : NAN,
        .samples = (uint64_t)r->seen,
        .reason = reason, // lent for the call
        .series = 0,
        .kind = r->seen > 0 && x < r->low ? ODDLINE_DROP : ODDLINE_SPIKE,
        .flags =
            ODDLINE_SCORE_SURPRISE | (r->seen < (double)e->warmup ? ODDLINE_SCORE_WARMING : 0),
    };
    snprintf(reason, sizeof(reason),
             "%.100s at %.4g, never outside %.4g to %.4g in %.0f windows", e->host->series[0],
             x, r->low, r->high, r->seen);
    e->host->report(e->host, &score);
}

static oddline_status extreme_score(void *instance, const oddline_window *window)
{
    struct extreme *e = instance;
    double x = window->values[0];
    if (!isfinite(x))
        return ODDLINE_OK;            // nothing to say about a window without a value
    x = fmax(-1e100, fmin(x, 1e100)); // differences of more would not be finite
    say(e, x);
    e->range.low = e->range.seen > 0 ? fmin(e->range.low, x) : x;
    e->range.high = e->range.seen > 0 ? fmax(e->range.high, x) : x;
    e->range.seen++;
    return ODDLINE_OK;
}

static oddline_status extreme_save(void *instance, oddline_bytes *ret_state)
{
    const struct extreme *e = instance;
    *ret_state = (oddline_bytes){.data = &e->range, .len = sizeof(e->range)};
    return ODDLINE_OK;
}

static oddline_status extreme_load(void *instance, oddline_bytes state, uint32_t state_version)
{
    struct extreme *e = instance;
    struct range range;
    if (state_version != 1 || state.len != sizeof(range))
        return ODDLINE_ESTATE;
    memcpy(&range, state.data, sizeof(range)); // lent bytes need not be aligned
    if (range.window_ns != e->range.window_ns || !(range.seen >= 0) ||
        !(range.low <= range.high))
        return ODDLINE_ESTATE;
    e->range = range;
    return ODDLINE_OK;
}

static void extreme_close(void *instance)
{
    free(instance);
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .id = "extreme",
    .version = "1.0.0",
    .summary = "higher or lower than ever before",
    .params = params,
    .param_count = PARAMS,
    .state_version = 1,
    .open = extreme_open,
    .score = extreme_score,
    .save = extreme_save,
    .load = extreme_load,
    .close = extreme_close,
};
