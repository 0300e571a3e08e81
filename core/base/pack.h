/* SPDX-License-Identifier: MIT */
/*
 * pack.h - numbers and bytes in a row, for what crosses a process border.
 *
 * Both sides are the same program on the same machine: native byte order, no versions. The reader trusts nothing: running
 * over the end sets `bad` and gives zeros from then on, so the caller checks once.
 */
#ifndef BASE_PACK_H
#define BASE_PACK_H

#include "base/bytes.h"

void pack_u32(struct buffer *out, uint32_t value);
void pack_u64(struct buffer *out, uint64_t value);
void pack_f64(struct buffer *out, double value);
void pack_bytes(struct buffer *out, struct bytes bytes); /* length first */
void pack_text(struct buffer *out, const char *text);    /* NULL becomes "" */

struct unpacker {
    struct bytes rest;
    bool bad;
};
uint32_t unpack_u32(struct unpacker *in);
uint64_t unpack_u64(struct unpacker *in);
double unpack_f64(struct unpacker *in);
struct bytes unpack_bytes(struct unpacker *in); /* lent from the input */

#endif /* BASE_PACK_H */
