/* SPDX-License-Identifier: MIT */
/*
 * chain_step.h - the hash chain over all lines so far; the detector, the writer and model.py compute the same one.
 *
 *      chain' = ((chain ^ crc32(line)) * 0x5DEECE66D + 0xB + lines so far) mod 2^48
 *
 * 48 bits, so that a double carries it exactly. The step is a bijection of the chain: a difference never heals.
 */
#ifndef FAULT_CHAIN_STEP_H
#define FAULT_CHAIN_STEP_H

#include <stddef.h>
#include <stdint.h>

#define CHAIN_MASK ((UINT64_C(1) << 48) - 1)

struct chain {
    uint64_t value;
    uint64_t sum;   // of crc32 of every line: for lines that may come in any order
    uint64_t count; // lines
};

static inline uint32_t crc32_of(const char *text, size_t len)
{
    static const uint32_t nibbles[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                         0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                         0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                         0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= (unsigned char)text[i];
        crc = nibbles[crc & 15] ^ (crc >> 4);
        crc = nibbles[crc & 15] ^ (crc >> 4);
    }
    return ~crc;
}

static inline void chain_add(struct chain *chain, const char *text, size_t len)
{
    uint32_t crc = crc32_of(text, len);
    chain->count++;
    chain->sum = (chain->sum + crc) & CHAIN_MASK;
    chain->value =
        ((chain->value ^ crc) * UINT64_C(0x5DEECE66D) + 0xB + chain->count) & CHAIN_MASK;
}

#endif
