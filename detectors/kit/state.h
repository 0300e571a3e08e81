/* SPDX-License-Identifier: MIT */
/*
 * state.h - open, save, load and close of a detector whose whole state is one store.
 *
 *      struct chart {
 *          struct state state;      <- first, so that an instance is its state
 *          double smoothing, ...    <- settings
 *      };
 *
 * A detector says its shape once; save, load and close then stand in its label as they are. A block of another shape is told by
 * its size, so the version in the label matters only when what the numbers mean has changed.
 */
#ifndef KIT_STATE_H
#define KIT_STATE_H

#include "kit/store.h"

struct state_shape {
    size_t instance; /* bytes of the instance, which begins with a struct state */
    size_t each;     /* bytes of the state of one series */
    bool (*is_sane)(const void *series, const void *instance);
    struct store_shared
        shared; /* all zero where series share nothing; its context is the instance */
};

/* What every such instance begins with. */
struct state {
    struct store store;
    bool (*is_sane)(const void *series, const void *instance);
};

/* An instance of zero bytes with an empty store. Nothing is left behind on failure. */
oddline_status state_open(const struct state_shape *shape, const oddline_host *host,
                          void **ret_instance, char error[ODDLINE_ERROR_SIZE]);
oddline_status state_save(void *instance, oddline_bytes *ret_state);
oddline_status state_load(void *instance, oddline_bytes state, uint32_t state_version);
void state_close(void *instance);

#endif /* KIT_STATE_H */
