/* SPDX-License-Identifier: MIT */
/*
 * A detector that breaks one promise: -DROGUE=name. Built by author.sh; `oddline plugins test` must name the promise.
 */
#include <oddline/detector.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    fine,
    constructor,
    blurb,
    range,
    empty,
    forever,
    net,
    leave,
    negative,
    seeded,
    shared,
    forgets,
    gullible,
    batches,
    keeps,
    writes,
};

static const oddline_param params[] = {
    {.name = "share",
     .unit = "",
     .help = ROGUE == blurb ? "no sentence" : "A number.",
     .type = ODDLINE_F64,
     .fallback.f64 = 1,
     .max.f64 = 2},
};

struct rogue {
    const oddline_host *host;
    double sum, batches;
    const char *text;
};

static double calls; // of all instances, which is what is wrong with it

__attribute__((constructor)) static void begin(void)
{
    if (ROGUE == constructor)
        abort();
}

static oddline_status rogue_open(const oddline_host *host, const oddline_value *values,
                                 void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    if (ROGUE == range && values[0].f64 > 1.5) {
        snprintf(error, ODDLINE_ERROR_SIZE, "too much");
        return ODDLINE_EINVAL;
    }
    if (ROGUE == net)
        socket(AF_INET, SOCK_STREAM, 0);
    struct rogue *r = calloc(1, sizeof(*r));
    if (!r)
        return ODDLINE_ENOMEM;
    r->host = host;
    *ret_instance = r;
    return ODDLINE_OK;
}

static oddline_status rogue_observe(void *instance, const oddline_batch *batch)
{
    struct rogue *r = instance;
    r->batches++;
    r->text = batch->text;
    if (ROGUE == writes)
        *(char *)(uintptr_t)batch->text = 'x';
    return ODDLINE_OK;
}

/* What the promise that is broken adds to a score that is good without it. */
static double extra(struct rogue *r, const oddline_window *window)
{
    if (ROGUE == empty && window->flags & ODDLINE_WINDOW_EMPTY)
        abort();
    if (ROGUE == leave)
        exit(0);
    for (volatile int on = ROGUE == forever; on;)
        ;
    switch (ROGUE) {
    case negative:
        return -1e9;
    case seeded:
        return (double)getpid();
    case shared:
        return ++calls;
    case batches:
        return r->batches;
    case keeps:
        return r->text ? *r->text : 0;
    default:
        return 0;
    }
}

static oddline_status rogue_score(void *instance, const oddline_window *window)
{
    struct rogue *r = instance;
    oddline_score score = {.size = sizeof(score), .kind = ODDLINE_SPIKE};
    double x = fmin(fabs(window->values[0]), 1e6);
    if (!isfinite(window->values[0]))
        return ODDLINE_OK;
    r->sum += x;
    score.observed = x;
    score.score = r->sum + extra(r, window);
    r->host->report(r->host, &score);
    return ODDLINE_OK;
}

static oddline_status rogue_save(void *instance, oddline_bytes *ret_state)
{
    struct rogue *r = instance;
    *ret_state = (oddline_bytes){.data = &r->sum, .len = sizeof(r->sum)};
    return ODDLINE_OK;
}

static oddline_status rogue_load(void *instance, oddline_bytes state, uint32_t state_version)
{
    struct rogue *r = instance;
    double sum = 0;
    if (ROGUE != gullible && (state_version != 0 || state.len != sizeof(sum)))
        return ODDLINE_ESTATE;
    memcpy(&sum, state.data, state.len < sizeof(sum) ? state.len : sizeof(sum));
    if (!(sum >= 0 && sum < 1e300))
        return ODDLINE_ESTATE;
    r->sum = ROGUE == forgets ? 0 : sum;
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .id = "rogue",
    .version = "1.0.0",
    .summary = "breaks one promise",
    .params = params,
    .param_count = 1,
    .open = rogue_open,
    .observe = ROGUE == batches || ROGUE == keeps || ROGUE == writes ? rogue_observe : NULL,
    .score = rogue_score,
    .save = rogue_save,
    .load = rogue_load,
    .close = free,
};
