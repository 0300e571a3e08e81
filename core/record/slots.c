/* SPDX-License-Identifier: MIT */
/*
 * slots.c - where templates live.
 *
 *      slots   [ t0 | t1 |  - | t3 ... ]    each of its own size; the room doubles when it is full
 *      leaves  skeleton ──▶ newest ──▶ older ──▶ ...
 *
 * A stream with fifty templates takes some 40 KiB, one with TEMPLATES_MAX two to five MiB. Memory is asked for when a
 * template is new, which is rare; when none is given, an old template gives way as if the room were full. Which slot a template
 * has decides only who gives way, so it is part of a snapshot.
 */

#include "record/miner.h"

#include <errno.h>
#include <stdlib.h>

/* ---- leaves ----------------------------------------------------------------- */

static uint32_t *head_of(struct miner *miner, uint64_t skeleton)
{
    return &miner->leaves[skeleton & (miner->capacity - 1)];
}

/* Puts a template where its leaf is found; the newest come first. */
static void chain(struct miner *miner, struct template *t)
{
    uint32_t *link = head_of(miner, t->skeleton);
    while (*link && miner->slots[*link - 1]->born > t->born)
        link = &miner->slots[*link - 1]->next;
    t->next = *link;
    *link = t->slot + 1;
}

static void unchain(struct miner *miner, const struct template *t)
{
    uint32_t *link = head_of(miner, t->skeleton);
    while (*link != t->slot + 1)
        link = &miner->slots[*link - 1]->next;
    *link = t->next;
}

void slots_gather(struct miner *miner, uint64_t skeleton)
{
    struct leaf *leaf = &miner->leaf;
    leaf->count = 0;
    for (uint32_t at = *head_of(miner, skeleton); at && leaf->count < TEMPLATE_LEAF_MAX;) {
        struct template *t = miner->slots[at - 1];
        if (t->skeleton == skeleton)
            leaf->at[leaf->count++] = t;
        at = t->next;
    }
}

/* ---- room -------------------------------------------------------------------- */

static size_t room_bytes(uint32_t capacity, uint32_t cache_count)
{
    return capacity * (sizeof(struct template *) + sizeof(uint32_t)) +
           cache_count * sizeof(struct known);
}

/* What was known by its hash is looked up once more. */
static void resize_cache(struct miner *miner)
{
    uint32_t count = miner->capacity * CACHE_PER_SLOT;
    count = count < CACHE_MOST ? count : CACHE_MOST;
    struct known *cache = count != miner->cache_count ? calloc(count, sizeof(*cache)) : NULL;
    if (!cache)
        return;
    free(miner->cache);
    miner->cache = cache;
    miner->cache_count = count;
}

int slots_resize(struct miner *miner, uint32_t capacity)
{
    struct template **slots = calloc(capacity, sizeof(struct template *));
    uint32_t *leaves = calloc(capacity, sizeof(*leaves));
    if (!slots || !leaves) {
        free(slots);
        free(leaves);
        return -ENOMEM;
    }
    if (miner->health.held)
        memcpy(slots, miner->slots, miner->capacity * sizeof(struct template *));
    free(miner->slots);
    free(miner->leaves);
    miner->health.bytes -= room_bytes(miner->capacity, miner->cache_count);
    miner->slots = slots;
    miner->leaves = leaves;
    miner->capacity = capacity;
    resize_cache(miner);
    miner->health.bytes += room_bytes(capacity, miner->cache_count);
    for (uint32_t i = 0; i < capacity; i++)
        if (slots[i])
            chain(miner, slots[i]);
    return 0;
}

/* Of the next few under the hand the one not seen for longest gives way. */
static void evict(struct miner *miner)
{
    enum { LOOK = 64 };
    struct template *oldest = NULL;
    for (int n = 0; n < LOOK; n++) {
        struct template *t = miner->slots[miner->hand];
        miner->hand = (miner->hand + 1) % miner->capacity;
        if (!oldest || t->seen < oldest->seen)
            oldest = t;
    }
    miner->hand = oldest->slot;
    slots_forget(miner, oldest);
    miner->health.evicted++;
}

static uint32_t free_slot(struct miner *miner)
{
    while (miner->slots[miner->hand])
        miner->hand = (miner->hand + 1) % miner->capacity;
    uint32_t slot = miner->hand;
    miner->hand = (miner->hand + 1) % miner->capacity;
    return slot;
}

/* ---- templates ----------------------------------------------------------------- */

struct template *slots_put(struct miner *miner, uint32_t slot, uint64_t born,
                           const struct template *t)
{
    struct template *kept = malloc(template_bytes(t));
    if (!kept)
        return NULL;
    memcpy(kept, t, template_bytes(t));
    kept->slot = slot;
    kept->born = born;
    miner->slots[slot] = kept;
    miner->health.bytes += template_bytes(t);
    miner->health.held++;
    miner->health.once += t->count == 1;
    chain(miner, kept);
    return kept;
}

struct template *slots_keep(struct miner *miner, const struct template *t)
{
    bool full = miner->health.held == miner->capacity;
    if (full &&
        (miner->capacity == TEMPLATES_MAX || slots_resize(miner, miner->capacity * 2) < 0))
        evict(miner);
    return slots_put(miner, free_slot(miner), ++miner->births, t);
}

void slots_forget(struct miner *miner, struct template *t)
{
    unchain(miner, t);
    miner->slots[t->slot] = NULL;
    miner->health.bytes -= template_bytes(t);
    miner->health.held--;
    miner->health.once -= t->count == 1;
    free(t);
}

void slots_clear(struct miner *miner)
{
    for (uint32_t i = 0; i < miner->capacity; i++) {
        free(miner->slots[i]);
        miner->slots[i] = NULL;
    }
    memset(miner->leaves, 0, miner->capacity * sizeof(*miner->leaves));
    slots_distrust(miner);
}

void slots_distrust(struct miner *miner)
{
    memset(miner->cache, 0, miner->cache_count * sizeof(*miner->cache));
}
