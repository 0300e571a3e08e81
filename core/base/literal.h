/* SPDX-License-Identifier: MIT */
/*
 * literal.h - words of which at least one stands in everything that a pattern matches.
 *
 *      Connection (?:refused|reset) by \S+    ──▶ "Connection "
 *      (?i)\b(?:error|fatal)\b                ──▶ "error" or "fatal", in any case
 *      \d{3}|x                                ──▶ none
 *
 * What is read here is the harmless part of PCRE2's syntax, without knowing it all: a construct that is not in the tables makes the
 * whole pattern one without words, which costs speed and no match. A text without any of the words need not be searched.
 */
#ifndef BASE_LITERAL_H
#define BASE_LITERAL_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    LITERAL_WORDS = 32, /* of one pattern; one that needs more has none */
    LITERAL_BYTES = 64, /* of one word; of a longer one the first */
};

struct literal_word {
    unsigned char len;
    bool caseless; /* letters of ASCII stand for both cases */
    char text[LITERAL_BYTES];
};

/* The words of a pattern as regex_compile() takes it; returns how many, 0: nothing is known of it. */
size_t literal_words(const char *pattern, struct literal_word ret[LITERAL_WORDS]);

#endif /* BASE_LITERAL_H */
