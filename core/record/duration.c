/* SPDX-License-Identifier: MIT */

#include "record/duration.h"

#include "record/quantity.h"

#include <ctype.h>
#include <string.h>

enum {
    REACH = 4096, /* bytes of a record that are searched */
    BETWEEN = 6,  /* bytes between a name and its number: `": "` */
    NAME_MAX = 48,
    SHARE = 20,  /* one in so many */
    AGAIN = 1000 /* records until the second bout; each further one is four times as far */
};

/* ---- words ------------------------------------------------------------------ */

/* Words for a duration. Those that mean other things as well need a unit. */
static const struct name {
    const char *word;
    bool needs_unit;
} names[] = {
    {"duration", false}, {"elapsed", false}, {"took", false}, {"taken", false},
    {"latency", false},  {"time", true},     {"spent", true}, {"cost", true},
    {"stopped", true},   {"paused", true},   {"pause", true}, {"in", true},
};

/* Between a word and its number: "took about 5 ms". */
static const char *const fillers[] = {"of", "is", "was", "about", "only"};

/* Behind these stands what is allowed or planned, not what was measured. */
static const char *const limits[] = {
    "timeout", "interval", "every", "within", "limit", "than", "threshold", "ttl",  "period",
    "delay",   "last",     "past",  "retry",  "next",  "max",  "min",       "wait", "least"};

/* Before "in": it has not happened yet. */
static const char *const plans[] = {"retry",   "retrying", "again",    "reconnecting",
                                    "expires", "expire",   "waiting",  "next",
                                    "due",     "starting", "sleeping", "scheduled"};

#define IS_ANY(word, table) is_any(word, table, sizeof(table) / sizeof((table)[0]))

static bool is_any(struct bytes word, const char *const *table, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (word_is(word, table[i]))
            return true;
    return false;
}

static const struct name *name_of(struct bytes word)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (word_is(word, names[i].word))
            return &names[i];
    return NULL;
}

/* ---- what is before it ---------------------------------------------------------- */

/* Cuts the last word off a name: `ms` of `response_time_ms`, `Time` of `responseTime`. */
static struct bytes last_word(struct bytes *name)
{
    while (name->len && !is_letter(name->at[name->len - 1]))
        name->len--;
    size_t begin = name->len;
    while (begin > 0 && is_letter(name->at[begin - 1])) {
        begin--;
        if (begin > 0 && isupper((unsigned char)name->at[begin]) &&
            islower((unsigned char)name->at[begin - 1]))
            break;
    }
    struct bytes word = {name->at + begin, name->len - begin};
    name->len = begin;
    return word;
}

/* The name before text[at], with what is between: blanks, and `=` or `:`, which make it a pair. */
static struct bytes name_before(struct bytes text, size_t at, bool *ret_pair)
{
    size_t end = at;
    *ret_pair = false;
    for (; end > 0 && at - end < BETWEEN && strchr(" =:\"'(<[~\\", text.at[end - 1]); end--)
        *ret_pair |= text.at[end - 1] == '=' || text.at[end - 1] == ':';
    size_t begin = end;
    while (begin > 0 && end - begin < NAME_MAX &&
           (isalnum((unsigned char)text.at[begin - 1]) || text.at[begin - 1] == '_' ||
            text.at[begin - 1] == '-' || text.at[begin - 1] == '.'))
        begin--;
    return (struct bytes){text.at + begin, end - begin};
}

/* Is it a duration, by its name? Completes what the name says of the unit. */
static bool is_named(struct bytes text, struct bytes whole, bool pair,
                     struct quantity *quantity)
{
    struct bytes name = whole, word = last_word(&name);
    const struct unit *suffix = quantity->unit ? NULL : unit_of(word);
    if (suffix)
        word = last_word(&name);
    const struct name *known = word.len ? name_of(word) : NULL;
    if (!known)
        return false;
    if (suffix) {
        quantity->unit = suffix;
        quantity->value *= suffix->ms;
    }
    bool ignored, is_in = word_is(whole, "in");
    if (is_in) {
        struct bytes before = name_before(text, (size_t)(whole.at - text.at), &ignored);
        return quantity->unit && !IS_ANY(last_word(&before), plans);
    }
    if (word_is(word, "in")) // `min_in=5` or the end of another word
        return false;
    bool time = word_is(word, "time") && quantity->fraction && quantity->value < 1e6;
    return quantity->unit || (pair && (!known->needs_unit || time));
}

/* Measured, though no word says of what; behind "in" it would be named, were it not planned. */
static bool is_bare(struct bytes name, const struct quantity *quantity)
{
    const struct unit *unit = quantity->unit;
    struct bytes word = last_word(&name);
    return unit && (unit->bare || (unit->ms == 1e3 && quantity->fraction)) &&
           !word_is(word, "in") && !IS_ANY(word, limits);
}

/* What the number at text[at] is, if it is a duration. */
static struct duration judge(struct bytes text, size_t at, struct quantity quantity)
{
    bool pair, more = false;
    struct bytes name = name_before(text, at, &pair);
    if (!quantity.unit && !pair) // a number like any other
        return (struct duration){.found = DURATION_OFF};
    if (IS_ANY(name, fillers))
        name = name_before(text, (size_t)(name.at - text.at), &more);
    enum duration_mode found = is_named(text, name, pair || more, &quantity) ? DURATION_NAMED
                               : is_bare(name, &quantity)                    ? DURATION_ANY
                                                                             : DURATION_OFF;
    return (struct duration){found, quantity.unit != NULL, quantity.fraction, quantity.value};
}

/* ---- searching ------------------------------------------------------------------ */

/* Could a number of its own begin at text[at], which is a digit? */
static bool begins(struct bytes text, size_t at)
{
    char before = at ? text.at[at - 1] : ' ';
    if (before == ' ')
        return true;
    if (is_letter(before) || is_digit(before) || (signed char)before < 0 ||
        strchr("_.-/$#+", before))
        return false;
    return (before != ':' && before != ',') || at < 2 || !is_digit(text.at[at - 2]);
}

struct duration duration_find(struct bytes text)
{
    struct duration bare = {.found = DURATION_OFF};
    text.len = text.len < REACH ? text.len : REACH;
    for (size_t at = 0; at < text.len; at++) {
        struct quantity quantity;
        if (!is_digit(text.at[at]) || !begins(text, at) ||
            !quantity_read((struct bytes){text.at + at, text.len - at}, &quantity))
            continue;
        struct duration found = judge(text, at, quantity);
        if (found.found == DURATION_NAMED)
            return found;
        if (bare.found == DURATION_OFF && found.found != DURATION_OFF)
            bare = found;
        at += quantity.end - 1;
    }
    return bare;
}

struct duration duration_read(struct bytes text)
{
    struct quantity quantity;
    if (!text.len || !is_digit(*text.at) || !quantity_read(text, &quantity) ||
        quantity.end != text.len)
        return (struct duration){.found = DURATION_OFF};
    return (struct duration){DURATION_NAMED, quantity.unit != NULL, quantity.fraction,
                             quantity.value};
}

/* ---- the habit ------------------------------------------------------------------- */

static bool settle(struct duration_habit *habit)
{
    habit->mode = habit->named * SHARE >= DURATION_BOUT ? DURATION_NAMED
                  : habit->any * SHARE >= DURATION_BOUT ? DURATION_ANY
                                                        : DURATION_OFF;
    habit->seconds = habit->fraction;
    habit->next = habit->next ? 4 * habit->next : AGAIN;
    habit->looked = habit->named = habit->any = 0;
    habit->fraction = false;
    return habit->mode != DURATION_OFF;
}

bool duration_learn(struct duration_habit *habit, const struct duration *found)
{
    if (habit->mode != DURATION_OFF)
        return false;
    habit->named += found->found == DURATION_NAMED;
    habit->any += found->found != DURATION_OFF;
    habit->fraction |= found->found != DURATION_OFF && !found->unit && found->fraction;
    return ++habit->looked == DURATION_BOUT && settle(habit);
}

bool duration_ms(const struct duration_habit *habit, const struct duration *found, double *ret)
{
    bool counts = habit->mode == DURATION_ANY ? found->found != DURATION_OFF
                                              : found->found == habit->mode;
    if (habit->mode == DURATION_OFF || !counts)
        return false;
    *ret = found->value * (!found->unit && habit->seconds ? 1e3 : 1);
    return true;
}
