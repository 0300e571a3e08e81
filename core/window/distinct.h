/* SPDX-License-Identifier: MIT */
/*
 * distinct.h - how many different values there were in one window, in bounded memory: HyperLogLog.
 *
 * Each of 2048 registers keeps the longest run of zeros among the hashes that fall to it. The standard error is 1.04/√2048 = 2.3 %;
 * a few hundred values are counted nearly exactly. The hash has no seed: the same values give the same number on every host.
 *
 *   Source   P. Flajolet, É. Fusy, O. Gandouet, F. Meunier, HyperLogLog, AofA 2007; the estimate is that of O. Ertl, New
 *            cardinality estimation algorithms for HyperLogLog sketches, 2017, which needs no table of biases and no other
 *            method for small counts.
 *   Cost     one hash for each value, 2048 bytes; the estimate some 3 µs
 */
#ifndef WINDOW_DISTINCT_H
#define WINDOW_DISTINCT_H

#include "base/pack.h"

enum { DISTINCT_BITS = 11, DISTINCT_REGISTERS = 1 << DISTINCT_BITS };

/* Zero-initialise. */
struct distinct {
    uint8_t registers[DISTINCT_REGISTERS];
};

void distinct_add(struct distinct *distinct, uint64_t hash);
/* To the nearest whole number. */
double distinct_value(const struct distinct *distinct);

void distinct_pack(const struct distinct *distinct, struct buffer *out);
/* Into a zero-initialised one; false when the bytes are none. */
bool distinct_unpack(struct distinct *distinct, struct unpacker *in);

#endif /* WINDOW_DISTINCT_H */
