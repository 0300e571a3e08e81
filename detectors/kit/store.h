/* SPDX-License-Identifier: MIT */
/*
 * store.h - the state of an instance in one block, so that saving it is lending it.
 *
 *      | head | series 0 | series 1 | ... |
 *
 * A detector's state per series is a struct of plain numbers. The head says what the block belongs to (size, series names,
 * window length); a block of anything else is refused and the instance starts cold.
 */
#ifndef KIT_STORE_H
#define KIT_STORE_H

#include <oddline/detector.h>
#include <stdbool.h>

struct store {
    const oddline_host *host;
    unsigned char *block; /* owned */
    size_t each, bytes;
};

/* `each` is the size of the state of one series; it starts as zero bytes. */
oddline_status store_open(struct store *store, const oddline_host *host, size_t each,
                          char error[ODDLINE_ERROR_SIZE]);
void store_close(struct store *store);
void *store_series(const struct store *store, uint32_t series);

oddline_status store_save(const struct store *store, oddline_bytes *ret_state);
/* `is_sane` sees every series of the loaded state before it replaces the present one; `context` is handed through. */
oddline_status store_load(struct store *store, oddline_bytes state,
                          bool (*is_sane)(const void *series, const void *context),
                          const void *context);

#endif /* KIT_STORE_H */
