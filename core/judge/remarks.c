/* SPDX-License-Identifier: MIT */

#include "judge/remarks.h"

#include "judge/state.h"

#include <string.h>

void remarks_free(struct remarks *remarks)
{
    deploys_free(&remarks->deploys);
    remarks->count = 0;
}

void remarks_add(struct remarks *remarks, const struct remark *remark)
{
    if (remarks->count == REMARKS_MAX)
        memmove(&remarks->at[0], &remarks->at[1], --remarks->count * sizeof(remarks->at[0]));
    remarks->at[remarks->count++] = *remark;
}

const struct remark *remarks_find(const struct remarks *remarks, enum remark_kind kind,
                                  uint64_t fingerprint, const char *id)
{
    for (size_t i = remarks->count; i-- > 0;) {
        const struct remark *remark = &remarks->at[i];
        bool same = remark->fingerprint ? remark->fingerprint == fingerprint
                                        : *id && strcmp(remark->id, id) == 0;
        if (same && remark->kind == kind)
            return remark;
    }
    return NULL;
}

/* ---- as bytes ------------------------------------------------------------ */

void remarks_pack(const struct remarks *remarks, struct buffer *out)
{
    deploys_pack(&remarks->deploys, out);
    pack_u32(out, (uint32_t)remarks->count);
    for (size_t i = 0; i < remarks->count; i++) {
        const struct remark *remark = &remarks->at[i];
        pack_u32(out, remark->kind);
        pack_u64(out, remark->fingerprint);
        pack_text(out, remark->id);
        pack_text(out, remark->text);
    }
}

void remarks_unpack(struct unpacker *in, struct remarks *ret)
{
    deploys_unpack(in, &ret->deploys);
    uint32_t count = unpack_count(in, REMARKS_MAX);
    for (ret->count = 0; ret->count < count && !in->bad; ret->count++) {
        struct remark *remark = &ret->at[ret->count];
        remark->kind = (enum remark_kind)unpack_count(in, REMARK_KINDS - 1);
        remark->fingerprint = unpack_u64(in);
        unpack_text(in, remark->id, sizeof(remark->id));
        unpack_text(in, remark->text, sizeof(remark->text));
    }
}
