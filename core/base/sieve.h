/* SPDX-License-Identifier: MIT */
/*
 * sieve.h - which of many patterns may match where, found in one pass over a text.
 *
 *      patterns ──literal.h──▶ words ──▶ sieve
 *      text ──one look at every few bytes──▶ a word stands here ──▶ its pattern is searched there, and nowhere else
 *
 * A few words are looked for each by itself (spot.h). Of more, four bytes of each word, or as many as the shortest has, are kept in a table of hashes, once for each place that they can have between
 * two looks: with words of at least seven bytes every fourth byte of the text is looked at. What the table knows is
 * compared with the word, so what is told is a word that stands there. A pattern without words has to be searched everywhere.
 *
 * Wu and Manber, A fast algorithm for multi-pattern searching, 1994, with the shift fixed: a text of ours is short, and lines of a
 * log differ too little for skipping far. A sieve says where not to search, so how good it is changes the time and nothing else.
 */
#ifndef BASE_SIEVE_H
#define BASE_SIEVE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct sieve;

enum { SIEVE_PATTERNS = 256 }; /* at most */

/* For patterns as regex_compile() takes them. -ENOMEM, nothing else. Owns: the caller, until sieve_free(). */
int sieve_create(const char *const *patterns, size_t count, struct sieve **ret);
void sieve_free(struct sieve *sieve); /* accepts NULL */

/* Has the pattern no words, so that it may match anywhere? */
bool sieve_blind(const struct sieve *sieve, size_t pattern);

/* A word of `pattern` begins at byte `at` of the text. */
struct sieve_hit {
    uint32_t pattern, len;
    size_t at;
};
typedef void sieve_fn(void *context, const struct sieve_hit *hit);

/*
 * Tell of every word in `text`, nearly in the order in which they stand there: a hundred bytes at most behind it.
 *   Cost     no allocation; a nanosecond or less for every look, some five for each word
 */
void sieve_pass(const struct sieve *sieve, struct bytes text, sieve_fn *tell, void *context);

#endif /* BASE_SIEVE_H */
