/* SPDX-License-Identifier: MIT */
/*
 * surroundings.h - the environment of a command: ours, and a few words of the finding.
 *
 * Only words that cannot mean anything to a shell: of what came from outside, each byte but letters, digits and `._:@/+=,-`
 * becomes `_`. Everything else is in the JSON on stdin.
 */
#ifndef ACT_SURROUNDINGS_H
#define ACT_SURROUNDINGS_H

#include "act/action.h"
#include "act/letter.h"

enum { SURROUNDINGS_OWN = 16, SURROUNDINGS_WORD = 320, ACTION_ARGS_MAX = 63 };

struct surroundings {
    char **at; /* NULL-terminated */
    char words[SURROUNDINGS_OWN][SURROUNDINGS_WORD];
    size_t count;
};

void surroundings_make(struct surroundings *surroundings, const struct action *action,
                       const struct letter *letter, int attempt);
void surroundings_free(struct surroundings *surroundings);

#endif /* ACT_SURROUNDINGS_H */
