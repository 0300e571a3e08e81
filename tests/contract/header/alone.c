/* SPDX-License-Identifier: MIT */
/* Promise: the public header stands alone, twice, and a label can be written with it in every standard it names. */
#include <oddline/detector.h>

static oddline_status alone_open(const oddline_host *host, const oddline_value *values,
                                 void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    (void)values;
    error[0] = '\0';
    *ret_instance = (void *)(uintptr_t)host;
    return ODDLINE_OK;
}

static oddline_status alone_score(void *instance, const oddline_window *window)
{
    const oddline_host *host = (const oddline_host *)instance;
    oddline_score score;
    score.size = sizeof(score);
    score.score = 0;
    score.observed = window->values[0];
    score.expected = score.lower = score.upper = 0;
    score.samples = window->index;
    score.reason = NULL;
    score.series = 0;
    score.kind = ODDLINE_SPIKE;
    score.flags = ODDLINE_SCORE_WARMING;
    host->report(host, &score);
    return ODDLINE_OK;
}

static void alone_close(void *instance)
{
    (void)instance;
}

/* By position: designated initialisers came to C++ in 2020. */
ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    sizeof(struct oddline_plugin),
    ODDLINE_ABI,
    0,
    "alone",
    "1.0.0",
    "the header alone",
    NULL,
    0,
    0,
    alone_open,
    NULL,
    alone_score,
    NULL,
    NULL,
    alone_close,
};
