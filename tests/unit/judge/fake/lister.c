/* SPDX-License-Identifier: MIT */
/*
 * lister - a detector that takes patterns and says how many series its instance was given.
 */

#include <oddline/detector.h>

#include <math.h>

static const oddline_param params[] = {
    {.name = "patterns", .unit = "", .help = "Patterns to count.", .type = ODDLINE_PATTERNS}};

static oddline_status lister_open(const oddline_host *host, const oddline_value *values,
                                  void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    (void)values, (void)error;
    *ret_instance = (void *)(uintptr_t)host;
    return ODDLINE_OK;
}

static oddline_status lister_score(void *instance, const oddline_window *window)
{
    const oddline_host *host = instance;
    for (uint32_t i = 0; i < host->series_count; i++) {
        oddline_score score = {.size = sizeof(score),
                               .observed = window->values[i],
                               .expected = (double)host->series_count,
                               .lower = NAN,
                               .upper = NAN,
                               .series = i,
                               .kind = ODDLINE_SPIKE,
                               .flags = ODDLINE_SCORE_SURPRISE};
        host->report(host, &score);
    }
    return ODDLINE_OK;
}

static void lister_close(void *instance)
{
    (void)instance;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .id = "lister",
    .version = "1.0.0",
    .summary = "says how many series it was given",
    .params = params,
    .param_count = 1,
    .open = lister_open,
    .score = lister_score,
    .close = lister_close,
};
