/* SPDX-License-Identifier: MIT */

#include "record/template.h"

#include "base/hash.h"
#include "record/miner.h"

#include <errno.h>
#include <stdlib.h>

enum {
    NEW_PERCENT = 40, /* so many new lines in a hundred, and nothing repeats here */
    SETTLED_PERCENT =
        5, /* so few templates seen once in a hundred messages, and a new one is news */
    SETTLED_LEAST = 100, /* messages that say so */
};

int miner_create(struct miner **ret)
{
    struct miner *miner = calloc(1, sizeof(*miner));
    if (!miner)
        return -ENOMEM;
    miner->fresh = calloc(1, TEMPLATE_BYTES_MAX);
    miner->wide = calloc(1, TEMPLATE_BYTES_MAX);
    miner->health.bytes = sizeof(*miner) + 2 * (size_t)TEMPLATE_BYTES_MAX;
    if (!miner->fresh || !miner->wide || slots_resize(miner, SLOTS_FIRST) < 0 ||
        !miner->cache) {
        miner_free(miner);
        return -ENOMEM;
    }
    *ret = miner;
    return 0;
}

void miner_free(struct miner *miner)
{
    if (!miner)
        return;
    for (uint32_t i = 0; i < miner->capacity; i++)
        free(miner->slots[i]);
    free(miner->slots);
    free(miner->leaves);
    free(miner->cache);
    free(miner->fresh);
    free(miner->wide);
    free(miner);
}

/* Bits of the words that may be anything. */
static uint64_t miner_any_words(const struct template *t)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < t->word_count; i++)
        any |= (uint64_t)(t->words[i].hash == WORD_ANY) << i;
    return any;
}

/* ---- what a text is made of ------------------------------------------------------ */

static uint32_t word_hash(struct bytes word)
{
    uint32_t hash = (uint32_t)hash_bytes(word);
    return hash < WORD_FIRST ? hash + WORD_FIRST : hash;
}

/* Words, skeleton and id of a masked text. */
static void dissect(struct template *t, const struct masked *masked, uint64_t id)
{
    uint32_t at = 0;
    t->id = id;
    t->word_count = masked->count;
    t->values = masked->values;
    t->len = masked->len;
    memcpy(template_room(t), masked->text, masked->len);
    t->skeleton = masked->count;
    for (uint32_t i = 0; i < masked->count; i++) {
        struct mask_word word = masked->words[i];
        bool value = masked->values >> i & 1;
        uint32_t hash = value ? (uint32_t)WORD_VALUE
                              : word_hash((struct bytes){masked->text + word.begin, word.len});
        t->words[i] = (struct template_word){word.begin, word.len, hash};
        struct bytes between = {masked->text + at, word.begin - at};
        t->skeleton = hash_join(t->skeleton, hash_bytes(between));
        at = word.begin + word.len;
    }
    t->skeleton =
        hash_join(t->skeleton, hash_bytes((struct bytes){masked->text + at, masked->len - at}));
}

static bool covers(const struct template *pattern, const struct template *t)
{
    for (uint32_t i = 0; i < t->word_count; i++)
        if (!word_fits(pattern->words[i].hash, t->words[i].hash))
            return false;
    return true;
}

/* Of several that cover a text the one with the most words of its own; of equals the older. */
static struct template *find_cover(struct miner *miner, const struct template *t)
{
    struct template *best = NULL;
    int best_any = MASK_WORDS + 1;
    for (size_t i = 0; i < miner->leaf.count; i++) {
        struct template *at = miner->leaf.at[i];
        if (!covers(at, t))
            continue;
        int any = __builtin_popcountll(miner_any_words(at));
        if (any <= best_any)
            best = at;
        best_any = any < best_any ? any : best_any;
    }
    return best;
}

static void append(struct template *t, struct bytes text)
{
    memcpy(template_room(t) + t->len, text.at, text.len);
    t->len += (uint32_t)text.len;
}

/* Words in the holes become any; the text is written anew, and where it grows too long it ends, the same way everywhere. */
static void widen(const struct template *narrow, uint64_t holes, struct template *wide)
{
    struct bytes text = template_text(narrow);
    uint32_t at = 0;
    bool full = false;
    *wide = *narrow;
    wide->len = 0;
    for (uint32_t i = 0; i < narrow->word_count; i++) {
        struct template_word from = narrow->words[i];
        bool hole = holes >> i & 1;
        struct bytes between = {text.at + at, from.begin - at};
        struct bytes word =
            hole ? bytes_of("<*>") : (struct bytes){text.at + from.begin, from.len};
        full = full || wide->len + between.len + word.len > MASK_TEXT;
        if (full)
            between.len = word.len = 0;
        append(wide, between);
        wide->words[i] = (struct template_word){(uint16_t)wide->len, (uint16_t)word.len,
                                                hole ? (uint32_t)WORD_ANY : from.hash};
        append(wide, word);
        at = (uint32_t)from.begin + from.len;
    }
    if (!full && wide->len + text.len - at <= MASK_TEXT)
        append(wide, (struct bytes){text.at + at, text.len - at});
    wide->values |= holes;
    wide->id = miner_id(template_text(wide));
}

/* ---- learning ---------------------------------------------------------------------- */

/* The members give way to the one that covers them all. */
static struct template *merge(struct miner *miner, const struct template *fresh, uint64_t holes)
{
    const struct template *most = fresh;
    struct template *wide = miner->wide;
    uint64_t count = 0;
    for (size_t i = 0; i < miner->members.count; i++) {
        const struct template *member = miner->members.at[i];
        holes |= miner_any_words(member);
        count += member->count;
        if (member->count > most->count)
            most = member;
    }
    widen(fresh, holes, wide);
    wide->count = count;
    wide->parent = most->id == wide->id ? most->parent : most->id;
    for (size_t i = 0; i < miner->members.count; i++)
        slots_forget(miner, miner->members.at[i]);
    miner->health.generalised++;
    slots_distrust(miner);
    return slots_keep(miner, wide);
}

/* What is in `fresh` is a new template, or shows that some are one; NULL when there is no memory for it. */
static struct template *learn(struct miner *miner)
{
    miner->fresh->count = 1;
    miner->fresh->parent = 0;
    miner->fresh->seen = miner->health.messages;
    miner->health.created++;
    struct template *fresh = slots_keep(miner, miner->fresh);
    if (!fresh)
        return NULL;
    slots_gather(miner, fresh->skeleton);
    uint64_t holes = generalise(&miner->leaf, fresh, &miner->members);
    return holes ? merge(miner, fresh, holes) : fresh;
}

static struct known *known_at(struct miner *miner, uint64_t text)
{
    return &miner->cache[text % miner->cache_count];
}

static struct template *recall(struct miner *miner, uint64_t text)
{
    const struct known *known = known_at(miner, text);
    if (!known->slot || known->text != text)
        return NULL;
    struct template *t = miner->slots[known->slot - 1];
    return t && (uint32_t)t->born == known->born ? t : NULL;
}

static void remember(struct miner *miner, uint64_t text, const struct template *t)
{
    *known_at(miner, text) = (struct known){text, t->slot + 1, (uint32_t)t->born};
}

/* Look for a message's text in its leaf; what it is made of stays in `fresh`. */
static struct template *search(struct miner *miner, uint64_t text)
{
    dissect(miner->fresh, &miner->masked, text);
    slots_gather(miner, miner->fresh->skeleton);
    struct template *t = find_cover(miner, miner->fresh);
    if (t)
        remember(miner, text, t);
    return t;
}

static struct template_view view_of(const struct template *t)
{
    if (!t)
        return (struct template_view){0};
    return (struct template_view){
        .id = t->id, .parent = t->parent, .count = t->count, .text = template_text(t)};
}

/*
 * Nearly every line a new one: there is nothing to learn here, and looking costs most just then. Judged over all
 * that was seen, so that a burst of new lines does not silence a log that has had templates for days. The other way round: once
 * few templates were seen only once, a new one is rare (Good and Turing), and stays so whatever comes.
 */
static void judge_state(struct miner *miner)
{
    struct miner_health *health = &miner->health;
    if (health->messages % TEMPLATE_JUDGED == 0)
        health->no_templates = health->created * 100 >= health->messages * NEW_PERCENT;
    if (!health->settled && health->messages >= SETTLED_LEAST)
        health->settled = health->once * 100 <= health->messages * SETTLED_PERCENT;
}

static void count_one(struct miner *miner, struct template *t)
{
    miner->health.once -= t->count == 1;
    t->count++;
    t->seen = miner->health.messages;
}

struct template_view template_assign(struct miner *miner, struct bytes message)
{
    miner->health.messages++;
    if (miner->health.no_templates)
        return (struct template_view){0};
    mask_message(message, &miner->masked);
    uint64_t text = miner_id(masked_text(&miner->masked));
    struct template *t = recall(miner, text);
    miner->health.exact += t != NULL;
    if (!t)
        t = search(miner, text);
    bool known = t != NULL;
    if (known)
        count_one(miner, t);
    else
        t = learn(miner);
    if (!known && t)
        remember(miner, text, t);
    struct template_view view = view_of(t ? t : miner->fresh);
    view.fresh = !known && !view.parent && miner->health.settled;
    judge_state(miner);
    return view;
}

struct template_view template_find(struct miner *miner, struct bytes message)
{
    if (miner->health.no_templates)
        return (struct template_view){0};
    mask_message(message, &miner->masked);
    uint64_t text = miner_id(masked_text(&miner->masked));
    struct template *t = recall(miner, text);
    return view_of(t ? t : search(miner, text));
}

struct template_view template_at(const struct miner *miner, size_t i)
{
    return view_of(i < miner->capacity ? miner->slots[i] : NULL);
}

struct miner_health miner_health(const struct miner *miner)
{
    return miner->health;
}
