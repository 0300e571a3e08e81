/* SPDX-License-Identifier: MIT */
/*
 * counter - reports every window that holds anything, so that tests of whole programs can add up what was counted.
 *
 *   Score   always 1, and always "accepted as the new normal": the verdict makes a finding of its own of each such window,
 *           for the route `log`, whose `observed` is the window's value
 *   State   none, so nothing is counted twice by a restart
 */
#include <oddline/detector.h>

#include <math.h>
#include <stdlib.h>

struct counter {
    const oddline_host *host;
};

static oddline_status counter_open(const oddline_host *host, const oddline_value *values,
                                   void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    (void)values, (void)error;
    struct counter *counter = calloc(1, sizeof(*counter));
    if (!counter)
        return ODDLINE_ENOMEM;
    counter->host = host;
    *ret_instance = counter;
    return ODDLINE_OK;
}

static oddline_status counter_score(void *instance, const oddline_window *window)
{
    const struct counter *counter = instance;
    double value = window->values[0];
    if (!isfinite(value) || !(value > 0))
        return ODDLINE_OK;
    counter->host->report(counter->host, &(oddline_score){.size = sizeof(oddline_score),
                                                          .score = 1,
                                                          .observed = value,
                                                          .expected = NAN,
                                                          .lower = NAN,
                                                          .upper = NAN,
                                                          .kind = ODDLINE_SHIFT,
                                                          .flags = ODDLINE_SCORE_ACCEPTED});
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .id = "counter",
    .version = "1.0.0",
    .summary = "says what every window holds",
    .open = counter_open,
    .score = counter_score,
    .close = free,
};
