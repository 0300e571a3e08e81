/* SPDX-License-Identifier: MIT */

#include "window/distinct.h"

#include <math.h>

enum { REST_BITS = 64 - DISTINCT_BITS, RANK_MAX = REST_BITS + 1 };

void distinct_add(struct distinct *distinct, uint64_t hash)
{
    uint8_t *reg = &distinct->registers[hash & (DISTINCT_REGISTERS - 1)];
    uint64_t rest = hash >> DISTINCT_BITS;
    int rank = rest ? __builtin_ctzll(rest) + 1 : RANK_MAX;
    *reg = rank > *reg ? (uint8_t)rank : *reg;
}

/* Ertl's σ: what registers that are still zero say. Each turn squares x, so there are few. */
static double sigma(double x)
{
    if (x == 1)
        return INFINITY;
    double y = 1, z = x, before;
    do {
        before = z;
        x *= x;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

/* Ertl's τ: what registers that cannot rise any more say. */
static double tau(double x)
{
    if (x == 0 || x == 1)
        return 0;
    double y = 1, z = 1 - x, before;
    do {
        before = z;
        x = sqrt(x);
        y /= 2;
        z -= (1 - x) * (1 - x) * y;
    } while (z != before);
    return z / 3;
}

double distinct_value(const struct distinct *distinct)
{
    const double m = DISTINCT_REGISTERS;
    uint32_t of_rank[RANK_MAX + 1] = {0};
    for (uint32_t i = 0; i < DISTINCT_REGISTERS; i++)
        of_rank[distinct->registers[i]]++;
    double z = m * tau(1 - of_rank[RANK_MAX] / m);
    for (int rank = REST_BITS; rank >= 1; rank--)
        z = (z + of_rank[rank]) / 2;
    z += m * sigma(of_rank[0] / m);
    return round(m * m / (2 * M_LN2 * z));
}

/* A window of few values has few registers: then each with its number. */
enum { SPARSE = DISTINCT_REGISTERS / 8 };

void distinct_pack(const struct distinct *distinct, struct buffer *out)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < DISTINCT_REGISTERS; i++)
        used += distinct->registers[i] != 0;
    pack_u32(out, used);
    if (used > SPARSE)
        buffer_append(out, distinct->registers, DISTINCT_REGISTERS);
    for (uint32_t i = 0; used <= SPARSE && i < DISTINCT_REGISTERS; i++)
        if (distinct->registers[i])
            pack_u32(out, i << 8 | distinct->registers[i]);
}

static bool unpack_sparse(struct distinct *distinct, struct unpacker *in, uint32_t used)
{
    for (uint32_t n = 0, next = 0; n < used; n++) {
        uint32_t pair = unpack_u32(in), index = pair >> 8, rank = pair & 0xff;
        if (index < next || index >= DISTINCT_REGISTERS || rank == 0 || rank > RANK_MAX)
            return false;
        distinct->registers[index] = (uint8_t)rank;
        next = index + 1;
    }
    return true;
}

static bool unpack_dense(struct distinct *distinct, struct unpacker *in, uint32_t used)
{
    if (used > DISTINCT_REGISTERS || in->rest.len < DISTINCT_REGISTERS)
        return false;
    memcpy(distinct->registers, in->rest.at, DISTINCT_REGISTERS);
    in->rest =
        (struct bytes){in->rest.at + DISTINCT_REGISTERS, in->rest.len - DISTINCT_REGISTERS};
    for (uint32_t i = 0; i < DISTINCT_REGISTERS; i++) {
        used -= distinct->registers[i] != 0;
        if (distinct->registers[i] > RANK_MAX)
            return false;
    }
    return used == 0;
}

bool distinct_unpack(struct distinct *distinct, struct unpacker *in)
{
    uint32_t used = unpack_u32(in);
    return used <= SPARSE ? unpack_sparse(distinct, in, used) && !in->bad
                          : unpack_dense(distinct, in, used);
}
