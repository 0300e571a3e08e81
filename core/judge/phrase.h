/* SPDX-License-Identifier: MIT */
/*
 * phrase.h - says in one sentence what an opinion means: "errors at 137 per minute, expected 0.4 (0 to 3.1)".
 */
#ifndef JUDGE_PHRASE_H
#define JUDGE_PHRASE_H

#include "judge/panel.h"

#include <stddef.h>

/* A name is cut at so many bytes, since the numbers behind it matter more than the end of a long pattern. */
enum { PHRASE_NAME_SIZE = 161 };

/* The name as it stands in a sentence: whole, or its beginning and an ellipsis. */
char *phrase_name(const char *name, char text[PHRASE_NAME_SIZE]);

/* Writes at most `size` bytes with the NUL; returns `text`. `window_ns` turns counts into rates. */
char *phrase_opinion(const struct judge_series *series, const struct opinion *opinion,
                     int64_t window_ns, char *text, size_t size);

/* The same with who said it and how sure: for the list of reasons. */
char *phrase_reason(const struct judge_series *series, const struct opinion *opinion,
                    int64_t window_ns, char *text, size_t size);

#endif /* JUDGE_PHRASE_H */
