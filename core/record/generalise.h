/* SPDX-License-Identifier: MIT */
/*
 * generalise.h - inside the miner: what a template is in memory, and when neighbours become one.
 */
#ifndef RECORD_GENERALISE_H
#define RECORD_GENERALISE_H

#include "record/template.h"

/* Words are compared by hash; these two stand for none. */
enum { WORD_VALUE = 0, WORD_ANY = 1, WORD_FIRST = 2 };

struct template
{
    uint64_t id, parent, count, skeleton;
    uint64_t born, seen; /* number of the message */
    uint32_t next;       /* of its leaf, index + 1; 0: the last */
    uint32_t constants;  /* words that are neither value nor any */
    struct masked masked;
    uint32_t words[MASK_WORDS];
};

/* One leaf, gathered for a look: lent pointers to its templates. */
struct leaf {
    struct template *at[TEMPLATE_LEAF_MAX];
    size_t count;
};

static inline bool word_fits(uint32_t pattern, uint32_t word)
{
    return pattern == word || pattern == WORD_ANY;
}

/*
 * Bits of the words of `fresh`, newest of the leaf, that may be anything, given its neighbours; 0 when it stays as it is.
 * *ret_members gets the templates that the wider one takes in, `fresh` among them.
 */
uint64_t generalise(const struct leaf *leaf, const struct template *fresh,
                    struct leaf *ret_members);

#endif /* RECORD_GENERALISE_H */
