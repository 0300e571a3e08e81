/* SPDX-License-Identifier: MIT */

#include "kit/state.h"

#include <stdio.h>
#include <stdlib.h>

oddline_status state_open(const struct state_shape *shape, const oddline_host *host,
                          void **ret_instance, char error[ODDLINE_ERROR_SIZE])
{
    struct state *state = calloc(1, shape->instance);
    if (!state) {
        snprintf(error, ODDLINE_ERROR_SIZE, "out of memory for %zu bytes", shape->instance);
        return ODDLINE_ENOMEM;
    }
    state->is_sane = shape->is_sane;
    oddline_status status =
        store_open_shared(&state->store, host, shape->each, &shape->shared, error);
    if (status != ODDLINE_OK) {
        free(state);
        return status;
    }
    *ret_instance = state;
    return ODDLINE_OK;
}

oddline_status state_save(void *instance, oddline_bytes *ret_state)
{
    const struct state *state = instance;
    return store_save(&state->store, ret_state);
}

oddline_status state_load(void *instance, oddline_bytes saved, uint32_t state_version)
{
    struct state *state = instance;
    (void)state_version; // every version so far has a size of its own
    return store_load(&state->store, saved, state->is_sane, state);
}

void state_close(void *instance)
{
    struct state *state = instance;
    store_close(&state->store);
    free(state);
}
