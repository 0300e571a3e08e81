/* SPDX-License-Identifier: MIT */
/*
 * store.h - the state of an instance in one block, so that saving it is lending it.
 *
 *      | head | series 0 | series 1 | ... | shared |
 *
 * A detector's state per series is a struct of plain numbers; so is what all series share, where there is such a thing. The head
 * says what the block belongs to (size, series names, window length); a block of anything else is refused and the instance
 * starts cold.
 */
#ifndef KIT_STORE_H
#define KIT_STORE_H

#include <oddline/detector.h>
#include <stdbool.h>

/* What concerns all series; `is_sane` is asked before a loaded one replaces the present one. */
struct store_shared {
    size_t bytes;
    bool (*is_sane)(const void *shared, const void *context);
};

struct store {
    const oddline_host *host;
    unsigned char *block; /* owned */
    size_t each, bytes;
    struct store_shared shared;
};

/* `each` is the size of the state of one series; it starts as zero bytes. */
oddline_status store_open(struct store *store, const oddline_host *host, size_t each,
                          char error[ODDLINE_ERROR_SIZE]);
/* The same with a shared part, zero bytes too. */
oddline_status store_open_shared(struct store *store, const oddline_host *host, size_t each,
                                 const struct store_shared *shared,
                                 char error[ODDLINE_ERROR_SIZE]);
void store_close(struct store *store);
void *store_series(const struct store *store, uint32_t series);
void *store_shared(const struct store *store);

oddline_status store_save(const struct store *store, oddline_bytes *ret_state);
/* `is_sane` sees every series of the loaded state before it replaces the present one; `context` is handed through. */
oddline_status store_load(struct store *store, oddline_bytes state,
                          bool (*is_sane)(const void *series, const void *context),
                          const void *context);

#endif /* KIT_STORE_H */
