/* SPDX-License-Identifier: MIT */
/*
 * quantity.h - a number with its unit of time, as people write it: `123 ms`, `0.02 s`, `1.5e-05`, `1m2.5s`.
 */
#ifndef RECORD_QUANTITY_H
#define RECORD_QUANTITY_H

#include "base/bytes.h"

struct unit {
    const char *name;
    double ms;
    bool bare; /* measured, not set, when no word says so */
};

struct quantity {
    double value;            /* in milliseconds when there is a unit */
    const struct unit *unit; /* of the first of several parts; NULL: none */
    bool fraction;
    size_t end; /* bytes of it */
};

/* Does `text`, of which the first byte is a digit, begin with one? Dates, addresses, versions and rates are none. */
bool quantity_read(struct bytes text, struct quantity *ret);
/* The unit of that name in any case, or NULL. */
const struct unit *unit_of(struct bytes word);

/* Is it this word, in any case? */
bool word_is(struct bytes word, const char *text);

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static inline bool is_letter(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

#endif /* RECORD_QUANTITY_H */
