/* SPDX-License-Identifier: MIT */
/*
 * miner.h - inside the miner: what it and a template are in memory.
 *
 *      template.c     finds and learns
 *      generalise.c   says when neighbours become one
 *      slots.c        where templates live: as many as are held, and no more
 *      snapshot.c     writes all of it down, and reads it back exactly: what follows a restart is what would have followed
 */
#ifndef RECORD_MINER_H
#define RECORD_MINER_H

#include "base/hash.h"
#include "record/lead.h"
#include "record/template.h"

/* Words are compared by hash; these two stand for none. */
enum { WORD_VALUE = 0, WORD_ANY = 1, WORD_FIRST = 2 };

struct template_word {
    uint16_t begin, len; /* in the text */
    uint32_t hash;
};

/* As long as its words and its text need: a common one takes 300 bytes. */
struct template
{
    uint64_t id, parent, count, skeleton;
    uint64_t born, seen; /* number of the birth, and of the message */
    uint64_t values;     /* bit i: word i is a value */
    uint32_t slot;
    uint32_t next; /* of its leaf, slot + 1; 0: the last */
    uint32_t word_count, len;
    struct template_word words[]; /* [word_count], and the text behind them */
};

enum {
    TEMPLATE_BYTES_MAX =
        sizeof(struct template) + MASK_WORDS * sizeof(struct template_word) + MASK_TEXT,
};

static inline char *template_room(struct template *t)
{
    return (char *)(t->words + t->word_count);
}

static inline struct bytes template_text(const struct template *t)
{
    return (struct bytes){(const char *)(t->words + t->word_count), t->len};
}

static inline size_t template_bytes(const struct template *t)
{
    return sizeof(*t) + t->word_count * sizeof(t->words[0]) + t->len;
}

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
    SLOTS_FIRST = 16,      /* room at the start; it doubles up to TEMPLATES_MAX */
    CACHE_PER_SLOT = 16,   /* texts whose template is known, direct-mapped ... */
    CACHE_MOST = 16 * 1024 /* ... 256 KiB at most */
};

struct known {
    uint64_t text; /* its hash */
    uint32_t slot; /* index + 1 */
    uint32_t
        born; /* low bits of the template's number: a slot that was given away is told by it */
};

struct miner {
    struct template **slots; /* [capacity], owned; NULL: free */
    uint32_t *leaves;        /* [capacity]: heads of chains by skeleton, slot + 1 */
    struct known *cache;     /* [cache_count] */
    uint32_t capacity, cache_count;
    uint64_t births;
    uint32_t hand; /* of the clock that finds who gives way */
    struct lead
        usual; /* columns of the source that learnt them last: new ones begin with them */
    struct leaf leaf, members; /* scratch */
    struct template *fresh;    /* scratch, of TEMPLATE_BYTES_MAX */
    struct template *wide;     /* scratch, likewise */
    struct masked masked;      /* scratch */
    struct miner_health health;
};

/* 0 is no template. */
static inline uint64_t miner_id(struct bytes text)
{
    uint64_t id = hash_bytes(text);
    return id ? id : 1;
}

/* ---- slots.c ---------------------------------------------------------------- */

/* Room for so many, a power of two: more of it, when nothing is held also less. -ENOMEM leaves it as it was. */
int slots_resize(struct miner *miner, uint32_t capacity);
/* A copy of `t` in a free slot; when there can be none, in place of one not seen for long. NULL: out of memory. */
struct template *slots_keep(struct miner *miner, const struct template *t);
/* The same in a slot that is free, with its number of birth. */
struct template *slots_put(struct miner *miner, uint32_t slot, uint64_t born,
                           const struct template *t);
void slots_forget(struct miner *miner, struct template *t);
/* All of them; the room for them stays. What is counted of them is for the caller. */
void slots_clear(struct miner *miner);
/* A text may now have another template than the one it is known to have. */
void slots_distrust(struct miner *miner);
/* The templates of a skeleton, the newest first, into miner->leaf. */
void slots_gather(struct miner *miner, uint64_t skeleton);

/* ---- generalise.c ----------------------------------------------------------- */

/*
 * Bits of the words of `fresh`, newest of the leaf, that may be anything, given its neighbours; 0 when it stays as it is.
 * *ret_members gets the templates that the wider one takes in, `fresh` among them.
 */
uint64_t generalise(const struct leaf *leaf, const struct template *fresh,
                    struct leaf *ret_members);

#endif /* RECORD_MINER_H */
