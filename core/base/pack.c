/* SPDX-License-Identifier: MIT */

#include "base/pack.h"

void pack_u32(struct buffer *out, uint32_t value)
{
    buffer_append(out, &value, sizeof(value));
}

void pack_u64(struct buffer *out, uint64_t value)
{
    buffer_append(out, &value, sizeof(value));
}

void pack_f64(struct buffer *out, double value)
{
    buffer_append(out, &value, sizeof(value));
}

void pack_bytes(struct buffer *out, struct bytes bytes)
{
    pack_u32(out, (uint32_t)bytes.len);
    buffer_append(out, bytes.at, bytes.len);
}

void pack_text(struct buffer *out, const char *text)
{
    pack_bytes(out, bytes_of(text ? text : ""));
}

static void take(struct unpacker *in, void *into, size_t size)
{
    if (in->bad || in->rest.len < size) {
        in->bad = true;
        memset(into, 0, size);
        return;
    }
    memcpy(into, in->rest.at, size);
    in->rest.at += size;
    in->rest.len -= size;
}

uint32_t unpack_u32(struct unpacker *in)
{
    uint32_t value;
    take(in, &value, sizeof(value));
    return value;
}

uint64_t unpack_u64(struct unpacker *in)
{
    uint64_t value;
    take(in, &value, sizeof(value));
    return value;
}

double unpack_f64(struct unpacker *in)
{
    double value;
    take(in, &value, sizeof(value));
    return value;
}

struct bytes unpack_bytes(struct unpacker *in)
{
    uint32_t len = unpack_u32(in);
    if (in->bad || in->rest.len < len) {
        in->bad = true;
        return (struct bytes){0};
    }
    struct bytes bytes = {in->rest.at, len};
    in->rest.at += len;
    in->rest.len -= len;
    return bytes;
}
