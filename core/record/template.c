/* SPDX-License-Identifier: MIT */

#include "record/template.h"

#include "base/hash.h"
#include "record/generalise.h"

#include <errno.h>
#include <stdlib.h>

enum {
    LEAVES = 2048,   /* heads of chains, by skeleton */
    CACHE = 16384,   /* texts whose template is known, direct-mapped: 256 KiB */
    NEW_PERCENT = 40 /* so many new lines, and nothing repeats here */
};

struct known {
    uint64_t text; /* its hash */
    uint32_t slot; /* index + 1 */
    uint32_t
        born; /* low bits of the template's number: a slot that was given away is told by it */
};

struct miner {
    struct template *templates; /* [TEMPLATES_MAX] */
    struct known *cache;        /* [CACHE] */
    uint32_t leaves[LEAVES];    /* index + 1 */
    uint64_t births;
    uint32_t hand;                            /* of the clock that finds who gives way */
    struct leaf leaf, members;                /* scratch */
    struct template fresh;                    /* scratch */
    struct masked masked;                     /* scratch */
    struct miner_health health;
};

int miner_create(struct miner **ret)
{
    struct miner *miner = calloc(1, sizeof(*miner));
    if (!miner)
        return -ENOMEM;
    miner->templates = calloc(TEMPLATES_MAX, sizeof(*miner->templates));
    miner->cache = calloc(CACHE, sizeof(*miner->cache));
    if (!miner->templates || !miner->cache) {
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
    free(miner->templates);
    free(miner->cache);
    free(miner);
}

/* ---- leaves ----------------------------------------------------------------- */

static uint32_t *leaf_head(struct miner *miner, uint64_t skeleton)
{
    return &miner->leaves[skeleton % LEAVES];
}

static void unchain(struct miner *miner, const struct template *t)
{
    uint32_t self = (uint32_t)(t - miner->templates) + 1;
    uint32_t *link = leaf_head(miner, t->skeleton);
    while (*link != self)
        link = &miner->templates[*link - 1].next;
    *link = t->next;
}

static void forget(struct miner *miner, struct template *t)
{
    unchain(miner, t);
    t->id = 0;
    miner->health.held--;
}

/* The templates of a skeleton. */
static void gather_leaf(struct miner *miner, uint64_t skeleton)
{
    struct leaf *leaf = &miner->leaf;
    leaf->count = 0;
    for (uint32_t at = *leaf_head(miner, skeleton); at && leaf->count < TEMPLATE_LEAF_MAX;) {
        struct template *t = &miner->templates[at - 1];
        if (t->skeleton == skeleton)
            leaf->at[leaf->count++] = t;
        at = t->next;
    }
}

/* A free slot; else, of the next few under the hand, the one not seen for longest gives way. */
static struct template *take_slot(struct miner *miner)
{
    enum { LOOK = 64 };
    struct template *oldest = NULL;
    for (int n = 0; n < (miner->health.held < TEMPLATES_MAX ? TEMPLATES_MAX : LOOK); n++) {
        struct template *t = &miner->templates[miner->hand];
        miner->hand = (miner->hand + 1) % TEMPLATES_MAX;
        if (!t->id)
            return t;
        if (!oldest || t->seen < oldest->seen)
            oldest = t;
    }
    forget(miner, oldest);
    miner->health.evicted++;
    return oldest;
}

/* ---- what a text is made of ------------------------------------------------------ */

static uint32_t word_hash(struct bytes word)
{
    uint32_t hash = (uint32_t)hash_bytes(word);
    return hash < WORD_FIRST ? hash + WORD_FIRST : hash;
}

/* Words, skeleton and id of a masked text. */
static void dissect(struct template *t, const struct masked *masked, uint64_t text_hash)
{
    uint32_t at = 0;
    t->skeleton = masked->count;
    t->constants = 0;
    t->masked = *masked;
    for (uint32_t i = 0; i < masked->count; i++) {
        struct mask_word word = masked->words[i];
        bool value = masked->values >> i & 1;
        t->words[i] = value ? (uint32_t)WORD_VALUE
                            : word_hash((struct bytes){masked->text + word.begin, word.len});
        t->constants += !value;
        struct bytes between = {masked->text + at, word.begin - at};
        t->skeleton = hash_join(t->skeleton, hash_bytes(between));
        at = word.begin + word.len;
    }
    t->skeleton =
        hash_join(t->skeleton, hash_bytes((struct bytes){masked->text + at, masked->len - at}));
    t->id = text_hash ? text_hash : 1;
}

static bool covers(const struct template *pattern, const struct template *t)
{
    for (uint32_t i = 0; i < t->masked.count; i++)
        if (!word_fits(pattern->words[i], t->words[i]))
            return false;
    return true;
}

static struct template *find_cover(struct miner *miner, const struct template *t)
{
    for (size_t i = 0; i < miner->leaf.count; i++)
        if (covers(miner->leaf.at[i], t))
            return miner->leaf.at[i];
    return NULL;
}

/* Words in the holes become any; the text is written anew. */
static void widen(struct template *t, uint64_t holes)
{
    struct masked narrow = t->masked, *wide = &t->masked;
    uint32_t at = 0;
    wide->len = 0;
    for (uint32_t i = 0; i <= narrow.count; i++) {
        uint32_t begin = i < narrow.count ? narrow.words[i].begin : narrow.len;
        uint32_t len = i < narrow.count ? narrow.words[i].len : 0;
        bool hole = i < narrow.count && (holes >> i & 1);
        struct bytes word = hole ? bytes_of("<*>") : (struct bytes){narrow.text + begin, len};
        if (wide->len + (begin - at) + word.len > MASK_TEXT)
            break; // cut, the same way everywhere
        memcpy(wide->text + wide->len, narrow.text + at, begin - at);
        wide->len += begin - at;
        memcpy(wide->text + wide->len, word.at, word.len);
        if (i < narrow.count)
            wide->words[i] = (struct mask_word){(uint16_t)wide->len, (uint16_t)word.len};
        wide->len += (uint32_t)word.len;
        if (hole)
            t->words[i] = WORD_ANY;
        at = begin + len;
    }
    wide->values |= holes;
    uint64_t id = hash_bytes(masked_text(wide));
    t->id = id ? id : 1;
}

/* ---- learning ---------------------------------------------------------------------- */

static struct template *keep(struct miner *miner, const struct template *t)
{
    struct template *kept = take_slot(miner);
    uint32_t *head = leaf_head(miner, t->skeleton);
    *kept = *t;
    kept->born = ++miner->births;
    kept->next = *head;
    *head = (uint32_t)(kept - miner->templates) + 1;
    miner->health.held++;
    return kept;
}

static uint64_t any_words(const struct template *t)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < t->masked.count; i++)
        any |= (uint64_t)(t->words[i] == WORD_ANY) << i;
    return any;
}

/* The members give way to the one that covers them all. */
static struct template *merge(struct miner *miner, struct template *fresh, uint64_t holes)
{
    struct template wide = *fresh;
    const struct template *most = fresh;
    wide.count = 0;
    for (size_t i = 0; i < miner->members.count; i++) {
        holes |= any_words(miner->members.at[i]);
        wide.count += miner->members.at[i]->count;
        if (miner->members.at[i]->count > most->count)
            most = miner->members.at[i];
    }
    widen(&wide, holes);
    wide.parent = most->id == wide.id ? most->parent : most->id;
    for (size_t i = 0; i < miner->members.count; i++)
        forget(miner, miner->members.at[i]);
    miner->health.generalised++;
    return keep(miner, &wide);
}

static struct template *learn(struct miner *miner, struct template *t)
{
    t->count = 1;
    t->parent = 0;
    t->seen = miner->health.messages;
    miner->health.created++;
    struct template *fresh = keep(miner, t);
    gather_leaf(miner, fresh->skeleton);
    uint64_t holes = generalise(&miner->leaf, fresh, &miner->members);
    return holes ? merge(miner, fresh, holes) : fresh;
}

static struct known *known_at(struct miner *miner, uint64_t text)
{
    return &miner->cache[text % CACHE];
}

static struct template *recall(struct miner *miner, uint64_t text)
{
    const struct known *known = known_at(miner, text);
    if (!known->slot || known->text != text)
        return NULL;
    struct template *t = &miner->templates[known->slot - 1];
    return t->id && (uint32_t)t->born == known->born ? t : NULL;
}

static void remember(struct miner *miner, uint64_t text, const struct template *t)
{
    uint32_t slot = (uint32_t)(t - miner->templates) + 1;
    *known_at(miner, text) = (struct known){text, slot, (uint32_t)t->born};
}

/* Look for a message's text in its leaf; what it is made of stays in `fresh`. */
static struct template *search(struct miner *miner, uint64_t text)
{
    dissect(&miner->fresh, &miner->masked, text);
    gather_leaf(miner, miner->fresh.skeleton);
    struct template *t = find_cover(miner, &miner->fresh);
    if (t)
        remember(miner, text, t);
    return t;
}

static struct template_view view_of(const struct template *t)
{
    if (!t || !t->id)
        return (struct template_view){0};
    return (struct template_view){t->id, t->parent, t->count, masked_text(&t->masked)};
}

/*
 * Nearly every line a new one: there is nothing to learn here, and looking costs most just then. Judged over all
 * that was seen, so that a burst of new lines does not silence a log that has had templates for days.
 */
static void judge_state(struct miner *miner)
{
    struct miner_health *health = &miner->health;
    if (health->messages % TEMPLATE_JUDGED == 0)
        health->no_templates = health->created * 100 >= health->messages * NEW_PERCENT;
}

struct template_view template_assign(struct miner *miner, struct bytes message)
{
    miner->health.messages++;
    if (miner->health.no_templates)
        return (struct template_view){0};
    mask_message(message, &miner->masked);
    uint64_t text = hash_bytes(masked_text(&miner->masked));
    struct template *t = recall(miner, text);
    miner->health.exact += t != NULL;
    if (!t)
        t = search(miner, text);
    if (t) {
        t->count++;
        t->seen = miner->health.messages;
    } else {
        t = learn(miner, &miner->fresh);
        remember(miner, text, t);
    }
    judge_state(miner);
    return view_of(t);
}

struct template_view template_find(struct miner *miner, struct bytes message)
{
    if (miner->health.no_templates)
        return (struct template_view){0};
    mask_message(message, &miner->masked);
    uint64_t text = hash_bytes(masked_text(&miner->masked));
    struct template *t = recall(miner, text);
    return view_of(t ? t : search(miner, text));
}

struct template_view template_at(const struct miner *miner, size_t i)
{
    return view_of(&miner->templates[i]);
}

struct miner_health miner_health(const struct miner *miner)
{
    return miner->health;
}
