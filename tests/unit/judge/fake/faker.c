/* SPDX-License-Identifier: MIT */
/*
 * faker - a detector that does what its settings say: it reports the value as its score, fails at a window, counts the records it
 * observed, sees all series together. Scores are marked as surprises unless `raw` is set.
 */

#include <oddline/detector.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef FAKER_ID
#define FAKER_ID    "faker"
#define FAKER_NEEDS 0u
#endif

enum { FAIL_AT, RAW, REFUSE, OBSERVE_FAILS, PARAMS };

static const oddline_param params[PARAMS] = {
    [FAIL_AT] = {.name = "fail_at",
                 .unit = "window",
                 .help = "Fails in score() of this window.",
                 .type = ODDLINE_I64,
                 .fallback.i64 = -1,
                 .min.i64 = -1,
                 .max.i64 = 1000000},
    [RAW] = {.name = "raw",
             .unit = "",
             .help = "Scores are no surprises.",
             .type = ODDLINE_BOOL},
    [REFUSE] = {.name = "refuse", .unit = "", .help = "Does not open.", .type = ODDLINE_BOOL},
    [OBSERVE_FAILS] = {.name = "observe_fails",
                       .unit = "",
                       .help = "Fails in observe().",
                       .type = ODDLINE_BOOL},
};

struct faker {
    const oddline_host *host;
    int64_t fail_at, raw, observe_fails;
    uint64_t observed, next_seq, out_of_order;
};

static oddline_status faker_open(const oddline_host *host, const oddline_value *values,
                                 void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    if (values[REFUSE].i64) {
        snprintf(error, ODDLINE_ERROR_SIZE, "I would rather not");
        return ODDLINE_EINVAL;
    }
    struct faker *faker = calloc(1, sizeof(*faker));
    if (!faker)
        return ODDLINE_ENOMEM;
    faker->host = host;
    faker->fail_at = values[FAIL_AT].i64;
    faker->raw = values[RAW].i64;
    faker->observe_fails = values[OBSERVE_FAILS].i64;
    *ret_instance = faker;
    return ODDLINE_OK;
}

static oddline_status faker_observe(void *instance, const oddline_batch *batch)
{
    struct faker *faker = instance;
    if (faker->observe_fails)
        return ODDLINE_EFAILED;
    for (uint32_t i = 0; i < batch->count; i++) {
        faker->out_of_order += batch->records[i].seq != faker->next_seq;
        faker->next_seq = batch->records[i].seq + 1;
        faker->observed++;
    }
    return ODDLINE_OK;
}

/* observed: the value; expected: series in the instance; lower: records observed; upper: of them out of order. */
static oddline_status faker_score(void *instance, const oddline_window *window)
{
    struct faker *faker = instance;
    if ((int64_t)window->index == faker->fail_at)
        return ODDLINE_EFAILED;
    for (uint32_t i = 0; i < faker->host->series_count; i++) {
        oddline_score score = {.size = sizeof(score),
                               .score = window->values[i],
                               .observed = window->values[i],
                               .expected = (double)faker->host->series_count,
                               .lower = (double)faker->observed,
                               .upper = (double)faker->out_of_order,
                               .samples = window->counts[i],
                               .series = i,
                               .kind = ODDLINE_SPIKE,
                               .flags = faker->raw ? 0 : ODDLINE_SCORE_SURPRISE};
        if (!isnan(window->values[i]))
            faker->host->report(faker->host, &score);
    }
    return ODDLINE_OK;
}

static void faker_close(void *instance)
{
    free(instance);
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .needs = FAKER_NEEDS,
    .id = FAKER_ID,
    .version = "9.0.0",
    .summary = "does what its settings say",
    .params = params,
    .param_count = PARAMS,
    .open = faker_open,
    .observe = faker_observe,
    .score = faker_score,
    .close = faker_close,
};
