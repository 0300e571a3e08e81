/* SPDX-License-Identifier: MIT */

#include "window/evidence.h"

#include "base/hash.h"

static void keep(struct exhibit *exhibit, const struct sighting *s)
{
    const struct oddline_record *record = s->record;
    struct bytes raw = {s->batch->text + record->text, record->text_len};
    path_drop(exhibit->path);
    exhibit->path = path_take(s->path);
    exhibit->offset = s->offset;
    exhibit->line = s->line;
    exhibit->hash = hash_bytes(raw);
    exhibit->time_ns = record->time_ns;
    exhibit->length = record->text_len;
    exhibit->level = record->level;
    exhibit->text_len = (uint32_t)redact(s->redactions, s->redaction_count, raw, exhibit->text,
                                         sizeof(exhibit->text));
}

void evidence_see(struct evidence *evidence, const struct sighting *sighting, uint64_t count,
                  bool by_value, bool extreme)
{
    struct exhibit *worst = &evidence->roles[EVIDENCE_WORST];
    if (count == 1)
        keep(&evidence->roles[EVIDENCE_FIRST], sighting);
    if (count == 1 || (by_value ? extreme : sighting->record->level > worst->level))
        keep(worst, sighting);
    if ((count & (count - 1)) == 0)
        keep(&evidence->roles[EVIDENCE_TYPICAL], sighting);
}

void evidence_clear(struct evidence *evidence)
{
    for (int role = 0; role < EVIDENCE_ROLES; role++) {
        path_drop(evidence->roles[role].path);
        evidence->roles[role].path = NULL;
        evidence->roles[role].level = 0;
    }
}

static struct bytes bounded_path(const struct path *path)
{
    struct bytes name = bytes_of(path_text(path));
    size_t over = name.len > EVIDENCE_PATH_BYTES ? name.len - EVIDENCE_PATH_BYTES : 0;
    return (struct bytes){name.at + over, name.len - over};
}

static struct closed_evidence write_one(const struct exhibit *x, struct buffer *out,
                                        size_t base)
{
    struct bytes name = bounded_path(x->path);
    struct closed_evidence e = {
        .offset = x->offset,
        .line = x->line,
        .time_ns = x->time_ns,
        .hash = x->hash,
        .length = x->length,
        .level = x->level,
        .path = (uint32_t)(out->len - base),
        .path_len = (uint32_t)name.len,
        .text_len = x->text_len,
    };
    buffer_append(out, name.at, name.len);
    e.text = (uint32_t)(out->len - base);
    buffer_append(out, x->text, x->text_len);
    return e;
}

/* Files may hold the same line at the same place: the name decides too. */
static bool is_same(const struct exhibit *a, const struct exhibit *b)
{
    return a->offset == b->offset && a->hash == b->hash &&
           strcmp(path_text(a->path), path_text(b->path)) == 0;
}

size_t evidence_write(const struct evidence *evidence, uint32_t series, struct buffer *out,
                      size_t base, struct closed_evidence ret[EVIDENCE_ROLES])
{
    const struct exhibit *written[EVIDENCE_ROLES];
    size_t count = 0;
    for (int role = 0; role < EVIDENCE_ROLES; role++) {
        const struct exhibit *x = &evidence->roles[role];
        if (!x->path)
            continue;
        size_t same = 0;
        while (same < count && !is_same(written[same], x))
            same++;
        if (same == count) {
            written[count] = x;
            ret[count] = write_one(x, out, base);
            ret[count++].series = series;
        }
        ret[same].roles |= 1u << role;
    }
    return count;
}

/* ---- as bytes --------------------------------------------------------------- */

/* What stands for a role: nothing, a record, or SAME + the role whose record it is too. */
enum { PACKED_NONE, PACKED_OWN, PACKED_SAME };

static bool is_equal(const struct exhibit *a, const struct exhibit *b)
{
    return is_same(a, b) && a->line == b->line && a->time_ns == b->time_ns &&
           a->length == b->length && a->level == b->level &&
           bytes_equal((struct bytes){a->text, a->text_len},
                       (struct bytes){b->text, b->text_len});
}

/* The role before `role` that has the same record; `role` when there is none. */
static uint32_t role_like(const struct evidence *evidence, uint32_t role)
{
    const struct exhibit *x = &evidence->roles[role];
    for (uint32_t i = 0; i < role; i++)
        if (evidence->roles[i].path && is_equal(&evidence->roles[i], x))
            return i;
    return role;
}

static void pack_exhibit(const struct exhibit *x, struct buffer *out)
{
    path_pack(x->path, out);
    pack_u64(out, x->offset);
    pack_u64(out, x->line);
    pack_u64(out, x->hash);
    pack_u64(out, (uint64_t)x->time_ns);
    pack_u32(out, x->length);
    pack_u32(out, x->level);
    pack_bytes(out, (struct bytes){x->text, x->text_len});
}

void evidence_pack(const struct evidence *evidence, struct buffer *out)
{
    for (uint32_t role = 0; role < EVIDENCE_ROLES; role++) {
        const struct exhibit *x = &evidence->roles[role];
        uint32_t like = x->path ? role_like(evidence, role) : role;
        pack_u32(out, !x->path ? PACKED_NONE : like < role ? PACKED_SAME + like : PACKED_OWN);
        if (x->path && like == role)
            pack_exhibit(x, out);
    }
}

static bool unpack_exhibit(struct exhibit *x, struct unpacker *in, struct path **path)
{
    x->path = path_unpack(in, *path);
    if (!x->path)
        return false;
    *path = x->path;
    x->offset = unpack_u64(in);
    x->line = unpack_u64(in);
    x->hash = unpack_u64(in);
    x->time_ns = (int64_t)unpack_u64(in);
    x->length = unpack_u32(in);
    x->level = unpack_u32(in);
    struct bytes text = unpack_bytes(in);
    if (in->bad || text.len > sizeof(x->text))
        return false;
    x->text_len = (uint32_t)text.len;
    if (text.len)
        memcpy(x->text, text.at, text.len);
    return true;
}

static bool unpack_role(struct evidence *evidence, uint32_t role, struct unpacker *in,
                        struct path **path)
{
    uint32_t kind = unpack_u32(in);
    if (kind == PACKED_OWN)
        return unpack_exhibit(&evidence->roles[role], in, path);
    if (kind == PACKED_NONE)
        return !in->bad;
    if (kind - PACKED_SAME >= role || !evidence->roles[kind - PACKED_SAME].path)
        return false;
    evidence->roles[role] = evidence->roles[kind - PACKED_SAME];
    path_take(evidence->roles[role].path);
    return true;
}

bool evidence_unpack(struct evidence *evidence, struct unpacker *in, struct path **path)
{
    for (uint32_t role = 0; role < EVIDENCE_ROLES; role++)
        if (!unpack_role(evidence, role, in, path))
            return false;
    return true;
}
