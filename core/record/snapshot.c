/* SPDX-License-Identifier: MIT */
/* The templates as bytes. Everything that decides what happens next is in them: slots, births and the clock's hand too. */

#include "record/miner.h"

#include "base/pack.h"

#include <errno.h>

/* Raise it when a rule of mask.c or the meaning of a word changes: the texts of before would match nothing. */
enum { SNAPSHOT_VERSION = 2 };

static void save_one(const struct template *t, struct buffer *out)
{
    pack_u32(out, t->slot);
    pack_u64(out, t->born);
    pack_bytes(out, template_text(t));
    pack_u64(out, t->values);
    pack_u64(out, t->skeleton);
    pack_u64(out, t->parent);
    pack_u64(out, t->count);
    pack_u64(out, t->seen);
    pack_u32(out, t->word_count);
    for (uint32_t i = 0; i < t->word_count; i++) {
        pack_u32(out, (uint32_t)t->words[i].begin << 16 | t->words[i].len);
        pack_u32(
            out,
            t->words[i].hash); // of a text that was cut they are more than can be read in it
    }
}

void miner_save(const struct miner *miner, struct buffer *out)
{
    const struct miner_health *health = &miner->health;
    const uint64_t numbers[] = {health->messages,     health->exact,   health->created,
                                health->generalised,  health->evicted, health->settled,
                                health->no_templates, miner->births,   miner->capacity,
                                miner->hand,          health->held};
    pack_u32(out, SNAPSHOT_VERSION);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        pack_u64(out, numbers[i]);
    lead_pack(&miner->usual, out);
    for (uint32_t i = 0; i < miner->capacity; i++)
        if (miner->slots[i])
            save_one(miner->slots[i], out);
}

/* Words, which lie in the text in order; read before it is known where that is. */
static bool load_words(struct unpacker *in, struct template *t)
{
    uint32_t at = 0;
    t->word_count = unpack_u32(in);
    if (in->bad || t->word_count > MASK_WORDS)
        return false;
    for (uint32_t i = 0; i < t->word_count; i++) {
        uint32_t word = unpack_u32(in), begin = word >> 16, len = word & 0xffff;
        if (begin < at || begin + len > t->len)
            return false;
        t->words[i] = (struct template_word){(uint16_t)begin, (uint16_t)len, unpack_u32(in)};
        at = begin + len;
    }
    return !in->bad;
}

static bool load_one(struct miner *miner, struct unpacker *in)
{
    struct template *t = miner->fresh;
    uint32_t slot = unpack_u32(in);
    uint64_t born = unpack_u64(in);
    struct bytes text = unpack_bytes(in);
    if (in->bad || slot >= miner->capacity || miner->slots[slot] || text.len > MASK_TEXT)
        return false;
    t->id = miner_id(text);
    t->len = (uint32_t)text.len;
    t->values = unpack_u64(in);
    t->skeleton = unpack_u64(in);
    t->parent = unpack_u64(in);
    t->count = unpack_u64(in);
    t->seen = unpack_u64(in);
    if (!load_words(in, t))
        return false;
    if (text.len)
        memcpy(template_room(t), text.at, text.len);
    return slots_put(miner, slot, born, t) != NULL;
}

static void forget_all(struct miner *miner)
{
    size_t bytes = miner->health.bytes;
    for (uint32_t i = 0; i < miner->capacity; i++)
        bytes -= miner->slots[i] ? template_bytes(miner->slots[i]) : 0;
    slots_clear(miner);
    miner->births = miner->hand = 0;
    miner->usual = (struct lead){0};
    miner->health = (struct miner_health){.bytes = bytes};
}

static bool is_capacity(uint64_t capacity)
{
    return capacity >= SLOTS_FIRST && capacity <= TEMPLATES_MAX && !(capacity & (capacity - 1));
}

static bool load_head(struct miner *miner, struct unpacker *in, uint64_t *ret_held)
{
    struct miner_health *health = &miner->health;
    bool good = unpack_u32(in) == SNAPSHOT_VERSION;
    uint64_t settled = 0, none = 0, capacity = 0, hand = 0;
    uint64_t *const numbers[] = {&health->messages,
                                 &health->exact,
                                 &health->created,
                                 &health->generalised,
                                 &health->evicted,
                                 &settled,
                                 &none,
                                 &miner->births,
                                 &capacity,
                                 &hand,
                                 ret_held};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        *numbers[i] = unpack_u64(in);
    if (!good || in->bad || settled > 1 || none > 1 || !is_capacity(capacity) ||
        hand >= capacity || *ret_held > capacity || !lead_unpack(&miner->usual, in))
        return false;
    health->settled = settled;
    health->no_templates = none;
    miner->hand = (uint32_t)hand;
    return slots_resize(miner, (uint32_t)capacity) == 0;
}

int miner_load(struct miner *miner, struct bytes saved)
{
    struct unpacker in = {.rest = saved};
    uint64_t held = 0;
    forget_all(miner);
    bool good = load_head(miner, &in, &held);
    for (uint64_t i = 0; i < held && good; i++)
        good = load_one(miner, &in);
    if (good && !in.bad && !in.rest.len)
        return 0;
    forget_all(miner);
    return -EBADMSG;
}
