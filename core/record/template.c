/* SPDX-License-Identifier: MIT */

#include "record/template.h"

#include "base/check.h"
#include "base/hash.h"
#include "record/miner.h"

#include <errno.h>
#include <stdlib.h>

/* So many new lines in a hundred, and nothing repeats here. */
enum { NEW_PERCENT = 40 };

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

void miner_chain(struct miner *miner, struct template *t)
{
    uint32_t *link = leaf_head(miner, t->skeleton);
    while (*link && miner->templates[*link - 1].born > t->born)
        link = &miner->templates[*link - 1].next;
    t->next = *link;
    *link = (uint32_t)(t - miner->templates) + 1;
    miner->health.held++;
}

uint64_t miner_any_words(const struct template *t)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < t->masked.count; i++)
        any |= (uint64_t)(t->words[i] == WORD_ANY) << i;
    return any;
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
    CHECK(oldest); // at least LOOK were looked at
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
static void dissect(struct template *t, const struct masked *masked, uint64_t id)
{
    uint32_t at = 0;
    t->skeleton = masked->count;
    t->masked = *masked;
    for (uint32_t i = 0; i < masked->count; i++) {
        struct mask_word word = masked->words[i];
        bool value = masked->values >> i & 1;
        t->words[i] = value ? (uint32_t)WORD_VALUE
                            : word_hash((struct bytes){masked->text + word.begin, word.len});
        struct bytes between = {masked->text + at, word.begin - at};
        t->skeleton = hash_join(t->skeleton, hash_bytes(between));
        at = word.begin + word.len;
    }
    t->skeleton =
        hash_join(t->skeleton, hash_bytes((struct bytes){masked->text + at, masked->len - at}));
    t->id = id;
}

static bool covers(const struct template *pattern, const struct template *t)
{
    for (uint32_t i = 0; i < t->masked.count; i++)
        if (!word_fits(pattern->words[i], t->words[i]))
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

static void append(struct masked *masked, struct bytes text)
{
    memcpy(masked->text + masked->len, text.at, text.len);
    masked->len += (uint32_t)text.len;
}

/* Words in the holes become any; the text is written anew, and where it grows too long it ends, the same way everywhere. */
static void widen(struct template *t, uint64_t holes)
{
    struct masked narrow = t->masked, *wide = &t->masked;
    uint32_t at = 0;
    bool full = false;
    wide->len = 0;
    for (uint32_t i = 0; i < narrow.count; i++) {
        struct mask_word from = narrow.words[i];
        struct bytes between = {narrow.text + at, from.begin - at};
        struct bytes word = {narrow.text + from.begin, from.len};
        if (holes >> i & 1) {
            word = bytes_of("<*>");
            t->words[i] = WORD_ANY;
        }
        full = full || wide->len + between.len + word.len > MASK_TEXT;
        if (full)
            between.len = word.len = 0;
        append(wide, between);
        wide->words[i] = (struct mask_word){(uint16_t)wide->len, (uint16_t)word.len};
        append(wide, word);
        at = (uint32_t)from.begin + from.len;
    }
    if (!full && wide->len + narrow.len - at <= MASK_TEXT)
        append(wide, (struct bytes){narrow.text + at, narrow.len - at});
    wide->values |= holes;
    t->id = miner_id(masked_text(wide));
}

/* ---- learning ---------------------------------------------------------------------- */

static struct template *keep(struct miner *miner, const struct template *t)
{
    struct template *kept = take_slot(miner);
    *kept = *t;
    kept->born = ++miner->births;
    miner_chain(miner, kept);
    return kept;
}

/* The members give way to the one that covers them all. */
static struct template *merge(struct miner *miner, struct template *fresh, uint64_t holes)
{
    struct template wide = *fresh;
    const struct template *most = fresh;
    wide.count = 0;
    for (size_t i = 0; i < miner->members.count; i++) {
        holes |= miner_any_words(miner->members.at[i]);
        wide.count += miner->members.at[i]->count;
        if (miner->members.at[i]->count > most->count)
            most = miner->members.at[i];
    }
    widen(&wide, holes);
    wide.parent = most->id == wide.id ? most->parent : most->id;
    for (size_t i = 0; i < miner->members.count; i++)
        forget(miner, miner->members.at[i]);
    miner->health.generalised++;
    // a text may now have a better cover than the one it is known to have
    memset(miner->cache, 0, CACHE * sizeof(*miner->cache));
    // cppcheck-suppress CastIntegerToAddressAtReturn ; takes a function of that name in another file for this one
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
    uint64_t text = miner_id(masked_text(&miner->masked));
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
    uint64_t text = miner_id(masked_text(&miner->masked));
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
