/* SPDX-License-Identifier: MIT */

#include "judge/deploys.h"

#include "base/memory.h"
#include "judge/state.h"

#include <stdlib.h>
#include <string.h>

void deploys_free(struct deploys *deploys)
{
    free(deploys->at);
    *deploys = (struct deploys){0};
}

void deploys_clear(struct deploys *deploys)
{
    deploys->count = 0;
}

static void remove_at(struct deploys *deploys, size_t i)
{
    struct deploy *at = &deploys->at[i];
    deploys->count--;
    memmove(at, at + 1, (deploys->count - i) * sizeof(*at));
}

static bool is_last_of_service(const struct deploys *deploys, size_t i)
{
    for (size_t k = i + 1; k < deploys->count; k++)
        if (strcmp(deploys->at[k].service, deploys->at[i].service) == 0)
            return false;
    return true;
}

static void make_room(struct deploys *deploys)
{
    if (deploys->count == DEPLOYS_MAX) {
        size_t i = 0;
        while (i < deploys->count && is_last_of_service(deploys, i))
            i++;
        remove_at(deploys, i < deploys->count ? i : 0);
    }
    if (deploys->count < deploys->room)
        return;
    deploys->room = deploys->room ? 2 * deploys->room : 16;
    deploys->at = realloc(deploys->at, deploys->room * sizeof(*deploys->at));
    if (!deploys->at)
        memory_gone();
}

void deploys_add(struct deploys *deploys, const struct deploy *deploy)
{
    make_room(deploys);
    size_t i = deploys->count;
    while (i && deploys->at[i - 1].time_ns > deploy->time_ns)
        i--;
    memmove(&deploys->at[i + 1], &deploys->at[i], (deploys->count - i) * sizeof(*deploys->at));
    deploys->at[i] = *deploy;
    deploys->count++;
}

void deploys_trim(struct deploys *deploys, size_t most, int64_t since_ns)
{
    for (size_t i = 0, left = deploys->count; i < deploys->count; left--)
        if ((left > most || deploys->at[i].time_ns < since_ns) &&
            !is_last_of_service(deploys, i))
            remove_at(deploys, i);
        else
            i++;
}

const struct deploy *deploys_last(const struct deploys *deploys, const char *service,
                                  int64_t from_ns, int64_t until_ns)
{
    for (size_t i = deploys->count; i-- > 0;) {
        const struct deploy *deploy = &deploys->at[i];
        if (deploy->time_ns < from_ns)
            return NULL;
        if (deploy->time_ns < until_ns && strcmp(deploy->service, service) == 0)
            return deploy;
    }
    return NULL;
}

/* ---- as bytes ------------------------------------------------------------ */

void deploy_pack(const struct deploy *deploy, struct buffer *out)
{
    pack_i64(out, deploy->time_ns);
    pack_text(out, deploy->service);
    pack_text(out, deploy->version);
    pack_text(out, deploy->url);
}

void deploy_unpack(struct unpacker *in, struct deploy *ret)
{
    ret->time_ns = unpack_i64(in);
    unpack_text(in, ret->service, sizeof(ret->service));
    unpack_text(in, ret->version, sizeof(ret->version));
    unpack_text(in, ret->url, sizeof(ret->url));
}

void deploys_pack(const struct deploys *deploys, struct buffer *out)
{
    pack_u32(out, (uint32_t)deploys->count);
    for (size_t i = 0; i < deploys->count; i++)
        deploy_pack(&deploys->at[i], out);
}

void deploys_unpack(struct unpacker *in, struct deploys *ret)
{
    struct deploy one;
    uint32_t count = unpack_count(in, DEPLOYS_MAX);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        deploy_unpack(in, &one);
        if (!in->bad)
            deploys_add(ret, &one);
    }
}
