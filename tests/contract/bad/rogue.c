/* SPDX-License-Identifier: MIT */
/*
 * rogue - a good label on an instance that misbehaves as its parameter `how` says.
 */
#include <oddline/detector.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const oddline_param params[] = {
    {.name = "how",
     .unit = "",
     .help = "What goes wrong.",
     .type = ODDLINE_TEXT,
     .fallback.text = ""},
    {.name = "share",
     .unit = "ratio",
     .help = "A number.",
     .type = ODDLINE_F64,
     .fallback.f64 = 0.5,
     .max.f64 = 1},
    {.name = "count",
     .unit = "windows",
     .help = "A count.",
     .type = ODDLINE_I64,
     .fallback.i64 = 3,
     .min.i64 = 2,
     .max.i64 = 9},
    {.name = "on", .unit = "", .help = "A switch.", .type = ODDLINE_BOOL, .fallback.i64 = 1},
    {.name = "wait",
     .unit = "",
     .help = "A time.",
     .type = ODDLINE_DURATION,
     .fallback.i64 = 5000000000,
     .max.i64 = 60000000000},
    {.name = "patterns", .unit = "", .help = "Patterns.", .type = ODDLINE_PATTERNS},
};

struct rogue {
    const oddline_host *host;
    char how[32], state[64];
    oddline_value values[6];
};

static oddline_status rogue_open(const oddline_host *host, const oddline_value *values,
                                 void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    if (strcmp(values[0].text, "open") == 0) {
        snprintf(error, ODDLINE_ERROR_SIZE, "not today");
        return ODDLINE_EINVAL;
    }
    struct rogue *rogue = calloc(1, sizeof(*rogue));
    if (!rogue)
        return ODDLINE_ENOMEM;
    rogue->host = host;
    memcpy(rogue->values, values, sizeof(rogue->values));
    snprintf(rogue->how, sizeof(rogue->how), "%.31s", values[0].text);
    *ret_instance = rogue;
    return ODDLINE_OK;
}

static oddline_status rogue_observe(void *instance, const oddline_batch *batch)
{
    const struct rogue *rogue = instance;
    if (strcmp(rogue->how, "early") == 0)
        rogue->host->report(rogue->host, &(oddline_score){.size = sizeof(oddline_score),
                                                          .kind = ODDLINE_SPIKE});
    return batch->count == 13 ? ODDLINE_EFAILED : ODDLINE_OK;
}

static oddline_status rogue_score(void *instance, const oddline_window *window)
{
    const struct rogue *rogue = instance;
    const char *how = rogue->how;
    char reason[600];
    memset(reason, 'r', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    oddline_score score = {.size = sizeof(score),
                           .score = 1,
                           .observed = window->values[0],
                           .expected = rogue->values[1].f64,
                           .lower = (double)rogue->values[2].i64,
                           .upper = (double)rogue->values[4].i64,
                           .samples = (uint64_t)rogue->values[3].i64,
                           .reason = reason,
                           .kind = ODDLINE_SPIKE};
    if (strcmp(how, "negative") == 0)
        score.score = -1;
    if (strcmp(how, "nan") == 0)
        score.score = NAN;
    if (strcmp(how, "infinite") == 0)
        score.score = INFINITY;
    if (strcmp(how, "series") == 0)
        score.series = 1;
    if (strcmp(how, "kind") == 0)
        score.kind = 77;
    if (strcmp(how, "flags") == 0)
        score.flags = 1u << 30;
    if (strcmp(how, "small") == 0)
        score.size = 8;
    if (strcmp(how, "status") == 0)
        return (oddline_status)99;
    if (strcmp(how, "fails") == 0)
        return ODDLINE_EFAILED;
    if (strcmp(how, "mute") != 0)
        rogue->host->report(rogue->host, &score);
    if (strcmp(how, "twice") == 0)
        rogue->host->report(rogue->host, &score);
    memset(reason, 'x', sizeof(reason) - 1); // what was lent is gone when score() returns
    return ODDLINE_OK;
}

static oddline_status rogue_save(void *instance, oddline_bytes *ret_state)
{
    struct rogue *rogue = instance;
    *ret_state = (oddline_bytes){.data = rogue->state, .len = strlen(rogue->state)};
    if (strcmp(rogue->how, "big") == 0)
        ret_state->len = (1 << 20) + 1;
    return ODDLINE_OK;
}

static oddline_status rogue_load(void *instance, oddline_bytes state, uint32_t state_version)
{
    struct rogue *rogue = instance;
    if (state_version != 7 || state.len >= sizeof(rogue->state))
        return ODDLINE_ESTATE;
    memcpy(rogue->state, state.data, state.len);
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .id = "rogue",
    .version = "1.0.0",
    .summary = "misbehaves on request",
    .params = params,
    .param_count = sizeof(params) / sizeof(*params),
    .state_version = 7,
    .open = rogue_open,
    .observe = rogue_observe,
    .score = rogue_score,
    .save = rogue_save,
    .load = rogue_load,
    .close = free,
};
