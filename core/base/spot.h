/* SPDX-License-Identifier: MIT */
/*
 * spot.h - the places in a text where one of a few words may stand.
 *
 * Of each word the two bytes that are rarest in logs are looked for, at their distance, in sixteen places at once: a mismatch of either
 * says that the word does not begin there. It is how grep finds one word; every further word costs as much again, so it is for a few.
 * Vectors of the compiler, no intrinsics: any machine has some.
 */
#ifndef BASE_SPOT_H
#define BASE_SPOT_H

#include "base/bytes.h"
#include "base/literal.h"

#include <stdint.h>

enum { SPOT_LANES = 16 };
typedef unsigned char spot_lanes __attribute__((vector_size(SPOT_LANES)));

/* A byte of the word, `at` bytes behind its beginning; `fold` are the bits in which small and large letters differ. */
struct spot_byte {
    spot_lanes byte, fold;
    size_t at;
};

struct spot {
    struct spot_byte rarest, second;
    size_t len; /* of the word */
};

/* How common a byte is in logs: 0 is the rarest. */
unsigned spot_commonness(char byte);

/* Of two bytes or more. */
void spot_init(struct spot *spot, const struct literal_word *word);

/*
 * Tell for each of `spots` where its word may begin and would fit, nearly in the order of the text.
 *   Cost     no allocation; some 0.05 ns for each byte and spot
 */
typedef void spot_fn(void *context, size_t spot, size_t at);
struct spots {
    const struct spot *at;
    size_t count;
    spot_fn *tell;
    void *context;
};
void spot_pass(const struct spots *spots, struct bytes text);

#endif /* BASE_SPOT_H */
