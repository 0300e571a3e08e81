/* SPDX-License-Identifier: MIT */
/*
 * chain - the oracle: one lost, doubled or reordered line changes every value after it.
 *
 *   Method   chain_step.h over the text of every record, in the order in which they come
 *   Input    text of all records; any one series
 *   Score    always 1 and always "accepted", so it becomes a finding of each window, whatever the stream's policy.
 *            observed  the chain behind the last record before the window's end
 *            expected  how many records that were
 *            lower     the window's own value of the series (lines: what the core counted)
 *            upper     the sum of the records' hashes, which does not depend on their order
 *   State    the chain, and where it stood at the ends of windows that records have passed and nobody has scored: what is
 *            observed ahead of a window does not change its score, so batch cuts do not show
 *   Limits   records of several sources are chained as they come: there only count and sum say something
 */
#include <oddline/detector.h>

#include "chain_step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PASSED_MAX = 256 };

/* How the chain stood before the first record at or behind `start_ns`, the start of a window. */
struct passed {
    int64_t start_ns;
    struct chain before;
};

struct state {
    struct chain chain;
    int64_t reached_ns;  // start of the newest window that a record was in
    uint64_t first, end; // of `passed`, as a ring
    struct passed passed[PASSED_MAX];
};

struct oracle {
    const oddline_host *host;
    struct state state;
};

static oddline_status oracle_open(const oddline_host *host, const oddline_value *values,
                                  void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    (void)values;
    struct oracle *oracle = calloc(1, sizeof(*oracle));
    if (!oracle) {
        snprintf(error, ODDLINE_ERROR_SIZE, "out of memory");
        return ODDLINE_ENOMEM;
    }
    oracle->host = host;
    oracle->state.reached_ns = ODDLINE_NO_TIME;
    *ret_instance = oracle;
    return ODDLINE_OK;
}

static oddline_status enter_window(struct state *state, int64_t start_ns)
{
    if (start_ns <= state->reached_ns)
        return ODDLINE_OK;
    if (state->end - state->first == PASSED_MAX)
        return ODDLINE_EFAILED;
    state->passed[state->end++ % PASSED_MAX] = (struct passed){start_ns, state->chain};
    state->reached_ns = start_ns;
    return ODDLINE_OK;
}

static oddline_status oracle_observe(void *instance, const oddline_batch *batch)
{
    struct oracle *oracle = instance;
    int64_t window_ns = oracle->host->window_ns;
    for (uint32_t i = 0; i < batch->count; i++) {
        const oddline_record *record = &batch->records[i];
        oddline_status status = ODDLINE_OK;
        if (record->time_ns != ODDLINE_NO_TIME)
            status =
                enter_window(&oracle->state, record->time_ns - record->time_ns % window_ns);
        if (status != ODDLINE_OK)
            return status;
        chain_add(&oracle->state.chain, batch->text + record->text, record->text_len);
    }
    return ODDLINE_OK;
}

/* The chain before the first record at or behind `end_ns`. */
static struct chain chain_until(struct state *state, int64_t end_ns)
{
    while (state->first < state->end &&
           state->passed[state->first % PASSED_MAX].start_ns < end_ns)
        state->first++;
    return state->first < state->end ? state->passed[state->first % PASSED_MAX].before
                                     : state->chain;
}

static oddline_status oracle_score(void *instance, const oddline_window *window)
{
    struct oracle *oracle = instance;
    struct chain chain = chain_until(&oracle->state, window->end_ns);
    char reason[128];
    snprintf(reason, sizeof(reason), "%llu records", (unsigned long long)chain.count);
    oracle->host->report(oracle->host, &(oddline_score){.size = sizeof(oddline_score),
                                                        .score = 1,
                                                        .observed = (double)chain.value,
                                                        .expected = (double)chain.count,
                                                        .lower = window->values[0],
                                                        .upper = (double)chain.sum,
                                                        .samples = window->index + 1,
                                                        .reason = reason,
                                                        .kind = ODDLINE_SHIFT,
                                                        .flags = ODDLINE_SCORE_ACCEPTED});
    return ODDLINE_OK;
}

/* As it stands in memory: a test's program is never mixed with another build's state. */
static oddline_status oracle_save(void *instance, oddline_bytes *ret_state)
{
    struct oracle *oracle = instance;
    *ret_state = (oddline_bytes){&oracle->state, sizeof(oracle->state)};
    return ODDLINE_OK;
}

static oddline_status oracle_load(void *instance, oddline_bytes state, uint32_t state_version)
{
    struct oracle *oracle = instance;
    if (state_version != 1 || state.len != sizeof(oracle->state))
        return ODDLINE_ESTATE;
    memcpy(&oracle->state, state.data, sizeof(oracle->state));
    return ODDLINE_OK;
}

ODDLINE_EXPORT const struct oddline_plugin oddline_plugin = {
    .size = sizeof(oddline_plugin),
    .abi = ODDLINE_ABI,
    .needs = ODDLINE_NEEDS_TEXT,
    .id = "chain",
    .version = "1.0.0",
    .summary = "a hash chain over every line: tells a test what was lost, doubled or reordered",
    .state_version = 1,
    .open = oracle_open,
    .observe = oracle_observe,
    .score = oracle_score,
    .save = oracle_save,
    .load = oracle_load,
    .close = free,
};
