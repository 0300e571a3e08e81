/* SPDX-License-Identifier: MIT */
/*
 * needle.h - finds one id in many bytes, however it is written there.
 *
 * The last twelve digits of an id stand together in all its forms (a UUID has its last dash before them), so they are what is searched
 * for, in lower and in upper case; the rest is compared only where they were found. An id that is no hex is searched for as it is.
 * What is found stands alone: no letter or number touches it.
 *
 *   Cost     one or two memmem(3)
 */
#ifndef TRACE_NEEDLE_H
#define TRACE_NEEDLE_H

#include "trace/id.h"

struct needle {
    struct trace_id id;
    size_t len;                   /* of the id */
    bool hex;                     /* 16 or 32 digits */
    size_t tail_len;              /* of what is searched for ... */
    char tails[2][TRACE_ID_SIZE]; /* ... in so many ways */
    size_t tail_count;
};

/* `text` is what a person gave; its canonical form where it has one. False for what is too short, or too long, to be searched for. */
bool needle_make(struct bytes text, struct needle *ret);
/* Does the id stand in the text? */
bool needle_in(const struct needle *needle, struct bytes text);

#endif /* TRACE_NEEDLE_H */
