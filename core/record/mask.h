/* SPDX-License-Identifier: MIT */
/*
 * mask.h - what varies in a message becomes <*>, by its looks alone.
 *
 *      Failed password for root from 10.0.0.7 port 53309 ssh2
 *      Failed password for root from <*> port <*> <*>            text
 *             [words: constants are slices of text; values are <*>]
 *
 * A message is words with punctuation and blanks between them. A word is a value when it holds a digit (numbers, hex, UUIDs,
 * IPv4, dates, versions, names such as blk_17), or is a path, a URL, an address of mail or host:port, a MAC or IPv6 address, a
 * month or weekday in front of a number, true, false, null. Values that only joints (blanks, commas, colons, dashes)
 * separate are one value, since lists vary in length; a unit belongs to its value; and a value alone in parentheses is an
 * aside: it says again what stands before it, is there or is not, and is left out. Quotes mask nothing: what is quoted may be
 * a request line whose verb matters. The plain word behind `=` is masked as soon as there are two of them (generalise.c).
 *
 * The same message gives the same text on every host, for ever: the rules above are part of every template's identity.
 * Only the first line of a message counts, its first MASK_INPUT bytes and MASK_WORDS words.
 */
#ifndef RECORD_MASK_H
#define RECORD_MASK_H

#include "base/bytes.h"

#include <stdint.h>

enum {
    MASK_INPUT = 1024, /* bytes looked at: templates differ early */
    MASK_TEXT = 512,   /* bytes of a masked text */
    MASK_WORDS = 64,   /* one bit each in `values` */
};

struct mask_word {
    uint16_t begin, len; /* in the text */
};

struct masked {
    uint32_t len;
    uint32_t count;  /* words */
    uint64_t values; /* bit i: word i is a value */
    struct mask_word words[MASK_WORDS];
    char text[MASK_TEXT]; /* not NUL-terminated */
};

/* Cost: 1 to 2 ns a byte, no allocation. */
void mask_message(struct bytes message, struct masked *ret);

static inline struct bytes masked_text(const struct masked *masked)
{
    return (struct bytes){masked->text, masked->len};
}

#endif /* RECORD_MASK_H */
