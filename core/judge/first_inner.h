/* SPDX-License-Identifier: MIT */
/*
 * first_inner.h - first.c keeps the troubles of all streams, first_link.c says which belong together.
 */
#ifndef JUDGE_FIRST_INNER_H
#define JUDGE_FIRST_INNER_H

#include "judge/first.h"

/* One trouble of a stream, whatever the number of findings that tell of it. */
struct first {
    char *stream, *service; /* owned; service "": not known */
    int64_t starts_ns;      /* as its findings say */
    int64_t sign_ns;        /* the first record that shows it */
    int64_t over_ns;        /* NO_TIME: it is open */
    int64_t window_ns;
    bool little; /* a drop, a silence */
    bool aloud;  /* worth a call */
    enum finding_route route;
    uint64_t ids[FIRST_IDS]; /* hashes of trace ids, the newest id_count of them */
    uint64_t id_count;       /* ever */
};

struct firsts {
    struct first
        at[FIRST_TROUBLES + 1]; /* [count], in the order they became known; and a guest */
    size_t count;
    bool linked[FIRST_TROUBLES + 1]; /* scratch: with the finding at hand */
    uint32_t shared[FIRST_TROUBLES + 1];
};

static inline size_t first_ids(const struct first *first)
{
    return first->id_count < FIRST_IDS ? (size_t)first->id_count : FIRST_IDS;
}
bool first_has(const struct first *first, uint64_t id);

/* Trouble `self` is what the finding at hand tells of: where that began. *ret is untouched where it is linked with none. */
void firsts_link(struct firsts *firsts, int self, struct finding_began *ret);

#endif /* JUDGE_FIRST_INNER_H */
