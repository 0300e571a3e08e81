/* SPDX-License-Identifier: MIT */
/*
 * Open classes.
 *
 *      Invalid user admin from <*>        count 9
 *      Invalid user oracle from <*>       count 1     user names: most were seen once, more will come: any word
 *      Invalid user test from <*>         count 1
 *
 *      <*> changed from NEW to READY      count 40
 *      <*> changed from READY to BUSY     count 38    states: all are old friends: two templates
 *
 * For each neighbour of a new template, the words in which the two differ are a candidate set of holes. All
 * neighbours that differ in these holes only are its members. Good and Turing estimate the chance that the next word is a
 * new one by the share of words seen once, so holes are an open class when enough members were seen hardly ever.
 *
 * Source   I. J. Good, The population frequencies of species and the estimation of population parameters, 1953.
 */

#include "record/miner.h"

enum {
    WORDS_LEAST = 4,    /* two or three of a kind may be chance */
    WORDS_COUNTED = 64, /* of a hole; more are open anyway */
    TRIALS = 16,        /* candidate sets of holes that are looked at */
};

static uint64_t holes_between(const struct template *a, const struct template *b)
{
    uint64_t holes = 0;
    for (uint32_t i = 0; i < a->word_count; i++) {
        bool any = a->words[i].hash == WORD_ANY || b->words[i].hash == WORD_ANY;
        holes |= (uint64_t)(!any && a->words[i].hash != b->words[i].hash) << i;
    }
    return holes;
}

/* Enough must be left around the holes; more when one is where a sentence begins: verbs stand there, and matter. */
static bool holds_together(const struct template *t, uint64_t holes)
{
    unsigned left = 0, need = 2 * (unsigned)__builtin_popcountll(holes);
    for (uint32_t i = 0; i < t->word_count; i++) {
        bool hole = holes >> i & 1;
        if (hole && !left)
            need++;
        left += !hole && t->words[i].hash >= WORD_FIRST;
    }
    return left >= need;
}

static void gather(const struct leaf *leaf, const struct template *fresh, uint64_t holes,
                   struct leaf *ret)
{
    ret->count = 0;
    for (size_t i = 0; i < leaf->count; i++)
        if (!(holes_between(leaf->at[i], fresh) & ~holes))
            ret->at[ret->count++] = leaf->at[i];
}

static struct bytes word_at(const struct template *t, uint32_t i)
{
    struct template_word word = t->words[i];
    return (struct bytes){template_text(t).at + word.begin, word.len};
}

/* RUNNING, LEADING, CBS_E_FAIL: capitals are the names of states and codes, and of those there are only so many. */
static bool is_capitals(const struct template *t, uint32_t i)
{
    struct bytes word = word_at(t, i);
    for (size_t k = 0; k < word.len; k++) {
        char c = word.at[k];
        if (!(c >= 'A' && c <= 'Z') && c != '_' && c != '-')
            return false;
    }
    return true;
}

/*
 * user=alice, user alice, relation "people": what stands there is a name and no part of the sentence, so that two of them
 * show that it varies. A word alone in quotes behind `=` may be a sentence's only constant: tag="request".
 */
static bool is_named(const struct template *t, uint32_t i)
{
    static const char *const before[] = {"user", "username", "account", "hostname"};
    struct bytes text = template_text(t), word = word_at(t, i);
    size_t begin = (size_t)(word.at - text.at), end = begin + word.len;
    char left = begin ? text.at[begin - 1] : '\0', right = end < text.len ? text.at[end] : '\0';
    char further = begin > 1 ? text.at[begin - 2] : '\0';
    if (left == '=' || (left == ' ' && further == '='))
        return true;
    if ((left == '"' || left == '\'') && left == right)
        return further != '=';
    for (size_t k = 0; k < sizeof(before) / sizeof(before[0]) && i && left == ' '; k++)
        if (bytes_is(word_at(t, i - 1), before[k]))
            return true;
    return false;
}

/* The words that members have in one hole. */
struct class
{
    uint32_t words[WORDS_COUNTED];
    uint64_t counts[WORDS_COUNTED];
    size_t count;
    size_t capitals; /* members whose word is in capitals */
    size_t plain;    /* members whose word is not */
    bool valued;
};

static void count_word(struct class *class, uint32_t word, uint64_t count)
{
    size_t i = 0;
    while (i < class->count && class->words[i] != word)
        i++;
    if (i == WORDS_COUNTED)
        return;
    if (i == class->count) {
        class->words[class->count++] = word;
        class->counts[i] = 0;
    }
    class->counts[i] += count;
}

static bool is_open(const struct leaf *members, uint32_t hole)
{
    if (is_named(members->at[0], hole))
        return true;
    struct class class = {.count = 0};
    size_t rare = 0;
    for (size_t i = 0; i < members->count; i++) {
        const struct template *t = members->at[i];
        class.valued |= t->words[hole].hash < WORD_FIRST;
        if (t->words[hole].hash < WORD_FIRST)
            continue;
        if (is_capitals(t, hole))
            class.capitals++;
        else
            class.plain++;
        count_word(&class, t->words[hole].hash, t->count);
    }
    for (size_t i = 0; i < class.count; i++)
        rare += class.counts[i] <= 1;
    if (class.capitals > class.plain)
        return false;
    return class.valued || (class.count >= WORDS_LEAST && rare * 2 >= class.count);
}

static bool are_open(const struct leaf *members, uint64_t holes)
{
    for (uint32_t i = 0; i < MASK_WORDS; i++)
        if ((holes >> i & 1) && !is_open(members, i))
            return false;
    return true;
}

uint64_t generalise(const struct leaf *leaf, const struct template *fresh,
                    struct leaf *ret_members)
{
    uint64_t tried[TRIALS], best = 0;
    size_t tries = 0;
    for (size_t i = 0; i < leaf->count && tries < TRIALS; i++) {
        uint64_t holes = holes_between(leaf->at[i], fresh);
        bool known = !holes || !holds_together(fresh, holes);
        for (size_t k = 0; k < tries && !known; k++)
            known = tried[k] == holes;
        if (known)
            continue;
        tried[tries++] = holes;
        gather(leaf, fresh, holes, ret_members);
        if (are_open(ret_members, holes) &&
            (!best || __builtin_popcountll(holes) < __builtin_popcountll(best)))
            best = holes;
    }
    if (best)
        gather(leaf, fresh, best, ret_members);
    return best;
}
