/* SPDX-License-Identifier: MIT */
/*
 * nearest.h - "did you mean": the known name that a misspelt one is closest to.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/*
 * The one of names[0..count) with the smallest edit distance to `word`, or NULL when none is close enough to be a
 * misspelling: a third of the word's bytes, rounded down, and one more may be wrong.
 * Source   V. I. Levenshtein, Binary codes capable of correcting deletions, insertions and reversals, 1966.
 */
const char *nearest(const char *word, const char *const *names, size_t count);

#endif /* BASE_NEAREST_H */
