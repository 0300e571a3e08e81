/* SPDX-License-Identifier: MIT */
/*
 * hash.h - 64 bits that stand for some bytes.
 *
 * XXH3 from libxxhash, never seeded: a fingerprint is the same on every host, in every run, for ever. Not for
 * secrets. The same function guards frames on disk against torn writes.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/bytes.h"

#include <stdint.h>

uint64_t hash_bytes(struct bytes bytes);
/* Mixes one more value into a hash; the order counts. */
uint64_t hash_join(uint64_t hash, uint64_t value);

enum { HASH_TEXT_SIZE = 17 };
/* 16 lower-case hex digits. Returns `text`. */
char *hash_format(uint64_t hash, char text[HASH_TEXT_SIZE]);

#endif /* BASE_HASH_H */
