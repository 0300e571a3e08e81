/* SPDX-License-Identifier: MIT */
/* The columns of a source while they are being learnt, and as bytes. */

#include "record/lead.h"

enum { SAY_LEAST = 20 /* messages; of fewer the columns of the source before are better */ };

void columns_see(struct columns *columns, struct bytes message, uint32_t lines, size_t bytes)
{
    if (columns->known)
        return;
    if (columns->lines + lines >= LEAD_LINES || columns->bytes + bytes >= LEAD_BYTES) {
        columns->known = true;
        return;
    }
    columns->lines += lines;
    columns->bytes += bytes;
    columns->count++;
    message.len = message.len < LEAD_HEAD ? message.len : LEAD_HEAD;
    pack_bytes(&columns->heads, message);
}

static size_t messages_of(const struct columns *columns, struct bytes messages[LEAD_LINES])
{
    struct unpacker in = {.rest = buffer_bytes(&columns->heads)};
    size_t count = 0;
    while (count < columns->count && !in.bad)
        messages[count++] = unpack_bytes(&in);
    return in.bad ? 0 : count;
}

void columns_learn(struct columns *columns)
{
    struct bytes messages[LEAD_LINES];
    if (columns->count >= SAY_LEAST) {
        size_t count = messages_of(columns, messages);
        columns->lead = lead_learn(messages, count);
    }
    if (columns->known) {
        buffer_free(&columns->heads);
        columns->count = 0;
    }
}

const struct lead *columns_lead(const struct columns *columns, const struct lead *usual)
{
    return columns->known || columns->count >= SAY_LEAST ? &columns->lead : usual;
}

void columns_free(struct columns *columns)
{
    buffer_free(&columns->heads);
}

void columns_pack(const struct columns *columns, struct buffer *out)
{
    lead_pack(&columns->lead, out);
    pack_u32(out, columns->known);
    pack_u32(out, columns->lines);
    pack_u64(out, columns->bytes);
    pack_u32(out, columns->count);
    pack_bytes(out, buffer_bytes(&columns->heads));
}

/* What was kept is as many messages as it says, and nothing else. */
static bool holds(const struct columns *columns)
{
    struct unpacker in = {.rest = buffer_bytes(&columns->heads)};
    for (uint32_t i = 0; i < columns->count; i++)
        if (unpack_bytes(&in).len > LEAD_HEAD)
            return false;
    return !in.bad && !in.rest.len;
}

bool columns_unpack(struct columns *columns, struct unpacker *in)
{
    if (!lead_unpack(&columns->lead, in))
        return false;
    uint32_t known = unpack_u32(in);
    columns->known = known != 0;
    columns->lines = unpack_u32(in);
    columns->bytes = unpack_u64(in);
    columns->count = unpack_u32(in);
    struct bytes heads = unpack_bytes(in);
    if (in->bad || known > 1 || columns->lines >= LEAD_LINES || columns->bytes >= LEAD_BYTES ||
        columns->count > columns->lines || (known && columns->count))
        return false;
    buffer_append(&columns->heads, heads.at, heads.len);
    return holds(columns);
}
