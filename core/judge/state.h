/* SPDX-License-Identifier: MIT */
/*
 * state.h - a few more words for base/pack.h, in which this room writes down what it remembers.
 *
 * The reader believes nothing, though a hash stands before all of it: what cannot be sets `bad`, and then nothing of it is used.
 */
#ifndef JUDGE_STATE_H
#define JUDGE_STATE_H

#include "base/pack.h"

static inline void pack_i64(struct buffer *out, int64_t value)
{
    pack_u64(out, (uint64_t)value);
}

static inline int64_t unpack_i64(struct unpacker *in)
{
    return (int64_t)unpack_u64(in);
}

static inline bool unpack_flag(struct unpacker *in)
{
    uint32_t value = unpack_u32(in);
    in->bad |= value > 1;
    return value == 1;
}

/* A number of things, of which there can be so many; 0 when that cannot be. */
static inline uint32_t unpack_count(struct unpacker *in, uint32_t most)
{
    uint32_t count = unpack_u32(in);
    in->bad |= count > most;
    return in->bad ? 0 : count;
}

/* Text with its NUL in `size` bytes. */
static inline void unpack_text(struct unpacker *in, char *into, size_t size)
{
    struct bytes text = unpack_bytes(in);
    in->bad |= text.len >= size || (text.len && memchr(text.at, '\0', text.len));
    size_t len = in->bad ? 0 : text.len;
    if (len)
        memcpy(into, text.at, len);
    into[len] = '\0';
}

#endif /* JUDGE_STATE_H */
