/* SPDX-License-Identifier: MIT */
/*
 * miner.h - inside the miner: what it and a template are in memory.
 *
 *      template.c     finds and learns
 *      generalise.c   says when neighbours become one
 *      snapshot.c     writes all of it down, and reads it back exactly: what follows a restart is what would have followed
 */
#ifndef RECORD_MINER_H
#define RECORD_MINER_H

#include "base/hash.h"
#include "record/template.h"

/* Words are compared by hash; these two stand for none. */
enum { WORD_VALUE = 0, WORD_ANY = 1, WORD_FIRST = 2 };

struct template
{
    uint64_t id, parent, count, skeleton;
    uint64_t born, seen; /* number of the message */
    uint32_t next;       /* of its leaf, index + 1; 0: the last */
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

enum {
    LEAVES = 2048, /* heads of chains, by skeleton */
    CACHE = 16384, /* texts whose template is known, direct-mapped: 256 KiB */
};

struct known {
    uint64_t text; /* its hash */
    uint32_t slot; /* index + 1 */
    uint32_t
        born; /* low bits of the template's number: a slot that was given away is told by it */
};

struct miner {
    struct template *templates; /* [TEMPLATES_MAX] */
    struct known *cache;        /* [CACHE] */
    uint32_t leaves[LEAVES];    /* index + 1 */
    uint64_t births;
    uint32_t hand;             /* of the clock that finds who gives way */
    struct leaf leaf, members; /* scratch */
    struct template fresh;     /* scratch */
    struct masked masked;      /* scratch */
    struct miner_health health;
};

/* 0 is no template. */
static inline uint64_t miner_id(struct bytes text)
{
    uint64_t id = hash_bytes(text);
    return id ? id : 1;
}

/* Puts a template where its leaf is found; the newest come first. */
void miner_chain(struct miner *miner, struct template *t);
/* Bits of the words that may be anything. */
uint64_t miner_any_words(const struct template *t);

/*
 * Bits of the words of `fresh`, newest of the leaf, that may be anything, given its neighbours; 0 when it stays as it is.
 * *ret_members gets the templates that the wider one takes in, `fresh` among them.
 */
uint64_t generalise(const struct leaf *leaf, const struct template *fresh,
                    struct leaf *ret_members);

#endif /* RECORD_MINER_H */
