/* SPDX-License-Identifier: MIT */

#include "judge/deploys.h"

#include "base/hash.h"
#include "base/memory.h"
#include "judge/state.h"

#include <stdlib.h>
#include <string.h>

void deploys_free(struct deploys *deploys)
{
    free(deploys->slots);
    free(deploys->order);
    *deploys = (struct deploys){0};
}

void deploys_clear(struct deploys *deploys)
{
    deploys->count = 0;
    deploys->evicted = 0;
}

static void remove_at(struct deploys *deploys, size_t i)
{
    struct deploy_place *place = &deploys->order[i], gone = *place;
    deploys->count--;
    memmove(place, place + 1, (deploys->count - i) * sizeof(*place));
    deploys->order[deploys->count] = gone; // its slot is free
}

static bool is_last_of_service(const struct deploys *deploys, size_t i)
{
    for (size_t k = i + 1; k < deploys->count; k++)
        if (deploys->order[k].service == deploys->order[i].service)
            return false;
    return true;
}

/* ---- room ------------------------------------------------------------------ */

/* How many a service has, and where its oldest lies. */
struct share {
    uint64_t service;
    uint32_t count, oldest;
};
enum { SHARES = 2 * DEPLOYS_MAX };

static struct share *share_of(struct share shares[SHARES], uint64_t service)
{
    size_t i = service % SHARES;
    while (shares[i].count && shares[i].service != service)
        i = (i + 1) % SHARES;
    return &shares[i];
}

/* The oldest of the service with the most. From the newest on: of several the last to get there has the oldest. */
static size_t least_needed(const struct deploys *deploys)
{
    struct share shares[SHARES] = {{0}};
    const struct share *most = NULL;
    for (size_t i = deploys->count; i-- > 0;) {
        struct share *share = share_of(shares, deploys->order[i].service);
        share->service = deploys->order[i].service;
        share->count++;
        share->oldest = (uint32_t)i;
        if (!most || share->count >= most->count)
            most = share;
    }
    return most ? most->oldest : 0;
}

static void make_room(struct deploys *deploys)
{
    if (deploys->count == DEPLOYS_MAX) {
        remove_at(deploys, least_needed(deploys));
        deploys->evicted++;
    }
    if (deploys->count < deploys->room)
        return;
    size_t before = deploys->room;
    deploys->room = before ? 2 * before : 16;
    deploys->slots = realloc(deploys->slots, deploys->room * sizeof(*deploys->slots));
    deploys->order = realloc(deploys->order, deploys->room * sizeof(*deploys->order));
    if (!deploys->slots || !deploys->order)
        memory_gone();
    for (size_t i = before; i < deploys->room; i++)
        deploys->order[i].slot = (uint32_t)i;
}

/* ---- coming, going, found ---------------------------------------------------- */

void deploys_add(struct deploys *deploys, const struct deploy *deploy)
{
    make_room(deploys);
    struct deploy_place *order = deploys->order;
    struct deploy_place place = {.time_ns = deploy->time_ns,
                                 .service = hash_bytes(bytes_of(deploy->service)),
                                 .slot = order[deploys->count].slot};
    size_t i = deploys->count;
    while (i && order[i - 1].time_ns > place.time_ns)
        i--;
    memmove(&order[i + 1], &order[i], (deploys->count - i) * sizeof(*order));
    order[i] = place;
    deploys->slots[place.slot] = *deploy;
    deploys->count++;
}

void deploys_trim(struct deploys *deploys, size_t most, int64_t since_ns)
{
    for (size_t i = 0, left = deploys->count; i < deploys->count; left--)
        if ((left > most || deploys->order[i].time_ns < since_ns) &&
            !is_last_of_service(deploys, i))
            remove_at(deploys, i);
        else
            i++;
}

const struct deploy *deploys_last(const struct deploys *deploys, const char *service,
                                  int64_t from_ns, int64_t until_ns)
{
    uint64_t hash = hash_bytes(bytes_of(service));
    for (size_t i = deploys->count; i-- > 0;) {
        const struct deploy_place *place = &deploys->order[i];
        if (place->time_ns < from_ns)
            return NULL;
        if (place->time_ns < until_ns && place->service == hash)
            return &deploys->slots[place->slot];
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
        deploy_pack(deploys_at(deploys, i), out);
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
