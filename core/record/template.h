/* SPDX-License-Identifier: MIT */
/*
 * template.h - finds the sentences that a program writes, whatever it fills in.
 *
 *      message ──mask──▶ text ──exact?──▶ template                            (nearly always)
 *                          └──▶ leaf: same punctuation, same number of words
 *                                 ├─ a template that covers it
 *                                 └─ a new one ──▶ does it show, with its neighbours, a place that takes any word?
 *
 * After Drain (P. He, J. Zhu, Z. Zheng, M. R. Lyu, Drain: An Online Log Parsing Approach with Fixed Depth Tree, ICWS 2017):
 * a tree of fixed depth leads to few candidates. Departures: the inner nodes are one hash of the skeleton (punctuation
 * and number of words); and two lines are not one template because most of their words agree, but because the words that
 * differ look like an *open class*: see generalise.c.
 *
 * A template's id is the hash of its text and of nothing else, so it means the same on every host and after every restart. One
 * that takes in others has another text, so another id, and names the most frequent of them as its parent.
 *
 * Bounded: TEMPLATES_MAX templates, the one not seen for longest gives way. Memory grows with what is held: some 40 KiB
 * with fifty templates, 5 MiB at the very most; it is asked for when a template is new.
 * Data that has no templates (dumps, blobs) is noticed by how often lines are new, and left alone from then on.
 */
#ifndef RECORD_TEMPLATE_H
#define RECORD_TEMPLATE_H

#include "record/mask.h"

#include <stdbool.h>

enum {
    TEMPLATES_MAX = 4096,
    TEMPLATE_LEAF_MAX = 512, /* templates of one leaf: what a new line is compared with */
    TEMPLATE_JUDGED = 4096,  /* messages after which the state is judged, again and again */
};

struct miner;
int miner_create(struct miner **ret); /* 0 or -ENOMEM. Owns: the caller, until miner_free() */
void miner_free(struct miner *miner); /* accepts NULL */

struct template_view {
    uint64_t id;       /* never 0; 0: none, the source has no templates */
    uint64_t parent;   /* id of the template that it generalised, or 0 */
    uint64_t count;    /* messages */
    struct bytes text; /* lent until the next call that learns */
    bool
        fresh; /* never seen before, and that is rare here: it is none that only generalises others */
};

/* The template of a message, learnt if need be. Cost: about 0.3 µs for 100 bytes; no allocation for one that is known. */
struct template_view template_assign(struct miner *miner, struct bytes message);
/* The same without learning or counting: id 0 when no template covers it. */
struct template_view template_find(struct miner *miner, struct bytes message);
/* The i-th of those held now, in no order; id 0 where there is none. i < TEMPLATES_MAX. */
struct template_view template_at(const struct miner *miner, size_t i);

/*
 * All that is held, for a snapshot, and back; what the miner held before is forgotten. Loading: -EBADMSG when these bytes are no
 * snapshot of this version of the rules, or memory runs out; the miner is empty then.
 */
void miner_save(const struct miner *miner, struct buffer *out);
int miner_load(struct miner *miner, struct bytes saved);

struct miner_health {
    uint64_t messages, exact; /* exact: found by their text alone */
    uint64_t created, generalised, evicted;
    size_t held, bytes; /* templates, and all memory of the miner */
    size_t
        once; /* templates seen once: of so many messages their share is the chance that the next is new */
    bool settled;      /* that chance has been small: what is new from now on is news */
    bool no_templates; /* for good: messages are passed over */
};
struct miner_health miner_health(const struct miner *miner);

#endif /* RECORD_TEMPLATE_H */
