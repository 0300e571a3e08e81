/* SPDX-License-Identifier: MIT */

#include "kit/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAGIC = 0x4f44534b, STATE_MAX = 1 << 20 /* what the ABI lets save() lend */ };

struct head {
    uint32_t magic, series_count;
    uint64_t each;
    uint64_t owner; /* hash of series names and window length */
};

/* FNV-1a, 64 bits. */
static uint64_t hash(uint64_t so_far, const void *data, size_t len)
{
    const unsigned char *at = data;
    for (size_t i = 0; i < len; i++)
        so_far = (so_far ^ at[i]) * UINT64_C(0x100000001b3);
    return so_far;
}

static struct head head_of(const struct store *store)
{
    const oddline_host *host = store->host;
    uint64_t owner =
        hash(UINT64_C(0xcbf29ce484222325), &host->window_ns, sizeof(host->window_ns));
    for (uint32_t i = 0; i < host->series_count; i++)
        owner = hash(owner, host->series[i], strlen(host->series[i]) + 1);
    return (struct head){.magic = MAGIC,
                         .series_count = host->series_count,
                         .each = store->each,
                         .owner = owner};
}

static void *series_in(const struct store *store, unsigned char *block, uint32_t series)
{
    return block + sizeof(struct head) + series * store->each;
}

oddline_status store_open_shared(struct store *store, const oddline_host *host, size_t each,
                                 const struct store_shared *shared,
                                 char error[ODDLINE_ERROR_SIZE])
{
    store->host = host;
    store->each = each;
    store->shared = *shared;
    store->bytes = sizeof(struct head) + host->series_count * each + shared->bytes;
    if (store->bytes > STATE_MAX) {
        snprintf(error, ODDLINE_ERROR_SIZE, "%u series need %zu bytes of state, %d are allowed",
                 host->series_count, store->bytes, STATE_MAX);
        return ODDLINE_EINVAL;
    }
    store->block = calloc(1, store->bytes);
    if (!store->block) {
        snprintf(error, ODDLINE_ERROR_SIZE, "out of memory for %zu bytes", store->bytes);
        return ODDLINE_ENOMEM;
    }
    struct head head = head_of(store);
    memcpy(store->block, &head, sizeof(head));
    return ODDLINE_OK;
}

oddline_status store_open(struct store *store, const oddline_host *host, size_t each,
                          char error[ODDLINE_ERROR_SIZE])
{
    static const struct store_shared nothing = {0};
    return store_open_shared(store, host, each, &nothing, error);
}

void store_close(struct store *store)
{
    free(store->block);
}

void *store_series(const struct store *store, uint32_t series)
{
    return series_in(store, store->block, series);
}

void *store_shared(const struct store *store)
{
    return series_in(store, store->block, store->host->series_count);
}

oddline_status store_save(const struct store *store, oddline_bytes *ret_state)
{
    *ret_state = (oddline_bytes){.data = store->block, .len = store->bytes};
    return ODDLINE_OK;
}

static bool all_sane(const struct store *store, unsigned char *block,
                     bool (*is_sane)(const void *, const void *), const void *context)
{
    for (uint32_t i = 0; i < store->host->series_count; i++)
        if (!is_sane(series_in(store, block, i), context))
            return false;
    return !store->shared.is_sane ||
           store->shared.is_sane(series_in(store, block, store->host->series_count), context);
}

oddline_status store_load(struct store *store, oddline_bytes state,
                          bool (*is_sane)(const void *, const void *), const void *context)
{
    struct head head = head_of(store);
    if (state.len != store->bytes || memcmp(state.data, &head, sizeof(head)) != 0)
        return ODDLINE_ESTATE;
    unsigned char *block = malloc(store->bytes); // aligned, which lent bytes need not be
    if (!block)
        return ODDLINE_ENOMEM;
    memcpy(block, state.data, store->bytes);
    if (!all_sane(store, block, is_sane, context)) {
        free(block);
        return ODDLINE_ESTATE;
    }
    free(store->block);
    store->block = block;
    return ODDLINE_OK;
}
