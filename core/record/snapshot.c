/* SPDX-License-Identifier: MIT */
/* The templates as bytes. Everything that decides what happens next is in them: slots, births and the clock's hand too. */

#include "record/miner.h"

#include "base/pack.h"

#include <errno.h>

/* Raise it when a rule of mask.c or the meaning of a word changes: the texts of before would match nothing. */
enum { SNAPSHOT_VERSION = 1 };

static void save_one(const struct miner *miner, const struct template *t, struct buffer *out)
{
    pack_u32(out, (uint32_t)(t - miner->templates));
    pack_u64(out, t->born);
    pack_bytes(out, masked_text(&t->masked));
    pack_u64(out, t->masked.values);
    pack_u64(out, t->skeleton);
    pack_u64(out, t->parent);
    pack_u64(out, t->count);
    pack_u64(out, t->seen);
    pack_u32(out, t->masked.count);
    for (uint32_t i = 0; i < t->masked.count; i++) {
        pack_u32(out, (uint32_t)t->masked.words[i].begin << 16 | t->masked.words[i].len);
        pack_u32(out,
                 t->words[i]); // of a text that was cut they are more than can be read in it
    }
}

void miner_save(const struct miner *miner, struct buffer *out)
{
    const struct miner_health *health = &miner->health;
    const uint64_t numbers[] = {health->messages,     health->exact,   health->created,
                                health->generalised,  health->evicted, miner->births,
                                health->no_templates, miner->hand,     health->held};
    pack_u32(out, SNAPSHOT_VERSION);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        pack_u64(out, numbers[i]);
    for (size_t i = 0; i < TEMPLATES_MAX; i++)
        if (miner->templates[i].id)
            save_one(miner, &miner->templates[i], out);
}

static bool load_words(struct unpacker *in, struct template *t)
{
    struct masked *masked = &t->masked;
    uint32_t at = 0;
    masked->count = unpack_u32(in);
    if (in->bad || masked->count > MASK_WORDS)
        return false;
    for (uint32_t i = 0; i < masked->count; i++) {
        uint32_t word = unpack_u32(in), begin = word >> 16, len = word & 0xffff;
        if (begin < at || begin + len > masked->len)
            return false;
        masked->words[i] = (struct mask_word){(uint16_t)begin, (uint16_t)len};
        t->words[i] = unpack_u32(in);
        at = begin + len;
    }
    return !in->bad;
}

static bool load_one(struct miner *miner, struct unpacker *in)
{
    uint32_t slot = unpack_u32(in);
    if (slot >= TEMPLATES_MAX || miner->templates[slot].id)
        return false;
    struct template *t = &miner->templates[slot];
    t->born = unpack_u64(in);
    struct bytes text = unpack_bytes(in);
    if (in->bad || text.len > MASK_TEXT)
        return false;
    t->masked.len = (uint32_t)text.len;
    if (text.len)
        memcpy(t->masked.text, text.at, text.len);
    t->masked.values = unpack_u64(in);
    t->skeleton = unpack_u64(in);
    t->parent = unpack_u64(in);
    t->count = unpack_u64(in);
    t->seen = unpack_u64(in);
    if (!load_words(in, t))
        return false;
    t->id = miner_id(text);
    miner_chain(miner, t);
    return true;
}

static void forget_all(struct miner *miner)
{
    memset(miner->templates, 0, TEMPLATES_MAX * sizeof(*miner->templates));
    memset(miner->cache, 0, CACHE * sizeof(*miner->cache));
    memset(miner->leaves, 0, sizeof(miner->leaves));
    miner->births = miner->hand = 0;
    miner->health = (struct miner_health){0};
}

static bool load_all(struct miner *miner, struct unpacker *in)
{
    bool good = unpack_u32(in) == SNAPSHOT_VERSION;
    struct miner_health health = {.messages = unpack_u64(in)};
    health.exact = unpack_u64(in);
    health.created = unpack_u64(in);
    health.generalised = unpack_u64(in);
    health.evicted = unpack_u64(in);
    miner->births = unpack_u64(in);
    health.no_templates = unpack_u64(in) != 0;
    miner->hand = (uint32_t)unpack_u64(in) % TEMPLATES_MAX;
    uint64_t held = unpack_u64(in);
    good = good && !in->bad && held <= TEMPLATES_MAX;
    for (uint64_t i = 0; i < held && good; i++)
        good = load_one(miner, in);
    health.held = miner->health.held;
    miner->health = health;
    return good && !in->bad && !in->rest.len;
}

int miner_load(struct miner *miner, struct bytes saved)
{
    struct unpacker in = {.rest = saved};
    forget_all(miner);
    if (load_all(miner, &in))
        return 0;
    forget_all(miner);
    return -EBADMSG;
}
