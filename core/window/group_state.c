/* SPDX-License-Identifier: MIT */
/*
 * group_state.c - who sits in which slot, as bytes that outlive the program.
 *
 *      [ counts, what was said │ [ taken │ key, from, seen ] of each slot, `other` last ] of each grouped series
 */

#include "base/hash.h"
#include "window/pane.h"

static void group_pack(const struct group *g, struct buffer *out)
{
    const struct group_counts *c = &g->counts;
    const uint64_t numbers[] = {c->slots,   c->taken, c->records,   c->seated,
                                c->evicted, c->other, g->full_said, g->useless_said};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        pack_u64(out, numbers[i]);
    for (uint32_t i = 0; i <= g->spec->slots; i++) {
        const struct group_slot *s = &g->slots[i];
        pack_u32(out, s->taken);
        if (!s->taken)
            continue;
        pack_bytes(out, (struct bytes){s->key, s->key_len});
        pack_u64(out, s->from);
        pack_u64(out, s->seen);
    }
}

void groups_pack(const struct windows *w, struct buffer *out)
{
    for (size_t i = 0; i < w->options.group_count; i++)
        group_pack(&w->groups[i], out);
}

/* Those of values come first, without a hole, and each has a key. */
static bool unpack_slot(const struct windows *w, struct group *g, uint32_t slot,
                        struct unpacker *in)
{
    struct group_slot *s = &g->slots[slot];
    bool other = slot == g->spec->slots;
    uint32_t taken = unpack_u32(in);
    if (!taken)
        return !in->bad && (other || slot >= g->counts.taken);
    struct bytes key = unpack_bytes(in);
    if (in->bad || taken > 1 || key.len > GROUP_KEY_BYTES || !key.len != other ||
        (!other && slot >= g->counts.taken))
        return false;
    *s = (struct group_slot){
        .taken = true, .hash = hash_bytes(key), .key_len = (uint32_t)key.len};
    if (key.len)
        memcpy(s->key, key.at, key.len);
    s->from = unpack_u64(in);
    s->seen = unpack_u64(in);
    if (!other)
        group_enter(g, slot);
    return !in->bad && s->from <= s->seen && s->seen <= w->newest;
}

static bool group_unpack(const struct windows *w, struct group *g, struct unpacker *in)
{
    struct group_counts *c = &g->counts;
    bool same = unpack_u64(in) == c->slots;
    c->taken = unpack_u64(in);
    c->records = unpack_u64(in);
    c->seated = unpack_u64(in);
    c->evicted = unpack_u64(in);
    c->other = unpack_u64(in);
    g->full_said = unpack_u64(in) != 0;
    g->useless_said = unpack_u64(in) != 0;
    if (!same || in->bad || c->taken > c->slots)
        return false;
    for (uint32_t i = 0; i <= g->spec->slots; i++)
        if (!unpack_slot(w, g, i, in))
            return false;
    return true;
}

bool groups_unpack(struct windows *w, struct unpacker *in)
{
    for (size_t i = 0; i < w->options.group_count; i++)
        if (!group_unpack(w, &w->groups[i], in))
            return false;
    return true;
}
