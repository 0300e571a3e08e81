/* SPDX-License-Identifier: MIT */

#include "judge/recur.h"

#include "base/clock.h"
#include "judge/state.h"

#include <math.h>

static const int64_t usual[] = {3600 * NS_PER_S, 86400 * NS_PER_S, 7 * 86400 * NS_PER_S};
enum { USUAL = sizeof(usual) / sizeof(usual[0]) };

/* What it may be larger, and how many windows longer, than the one before. */
static const double larger = 2;
enum { LONGER = 1 };

void episodes_note(struct episodes *episodes, const struct episode *over)
{
    episodes->at[episodes->count++ % EPISODES_MAX] = *over;
}

/* A period needs two of the same series, and there is none of this number. */
void episodes_drop(struct episodes *episodes, uint32_t series)
{
    for (size_t i = 0; i < EPISODES_MAX; i++)
        if (episodes->at[i].series == series)
            episodes->at[i].series = UINT32_MAX;
}

static bool is_near(int64_t a, int64_t b, int64_t slack)
{
    return a - b <= slack && b - a <= slack;
}

static bool is_like(const struct episode *before, const struct episode *now)
{
    return before->series == now->series && before->start_ns < now->start_ns &&
           now->size <= larger * before->size && now->windows <= before->windows + LONGER;
}

/* Is this how long people let pass, or how long passed the time before? */
static bool is_period(const struct episodes *episodes, const struct episode *before,
                      int64_t period_ns, int64_t window_ns)
{
    for (size_t i = 0; i < USUAL; i++)
        if (is_near(period_ns, usual[i], window_ns))
            return true;
    for (size_t i = 0; i < EPISODES_MAX && i < episodes->count; i++)
        if (is_like(&episodes->at[i], before) &&
            is_near(before->start_ns - episodes->at[i].start_ns, period_ns, window_ns))
            return true;
    return false;
}

bool episodes_expect(const struct episodes *episodes, const struct episode *now,
                     int64_t window_ns, int64_t *ret_period_ns)
{
    for (size_t i = 0; i < EPISODES_MAX && i < episodes->count; i++) {
        const struct episode *before = &episodes->at[i];
        int64_t period_ns = now->start_ns - before->start_ns;
        if (!is_like(before, now) || period_ns / RECUR_LEAST < window_ns ||
            !is_period(episodes, before, period_ns, window_ns))
            continue;
        *ret_period_ns = period_ns;
        return true;
    }
    return false;
}

/* ---- from run to run ---------------------------------------------------- */

void episodes_pack(const struct episodes *episodes, struct buffer *out)
{
    pack_u64(out, episodes->count);
    for (size_t i = 0; i < EPISODES_MAX && i < episodes->count; i++) {
        pack_i64(out, episodes->at[i].start_ns);
        pack_u32(out, episodes->at[i].series);
        pack_u32(out, episodes->at[i].windows);
        pack_f64(out, episodes->at[i].size);
    }
}

void episodes_unpack(struct unpacker *in, struct episodes *ret)
{
    *ret = (struct episodes){.count = unpack_u64(in)};
    for (size_t i = 0; i < EPISODES_MAX && i < ret->count; i++) {
        ret->at[i].start_ns = unpack_i64(in);
        ret->at[i].series = unpack_u32(in);
        ret->at[i].windows = unpack_u32(in);
        ret->at[i].size = unpack_f64(in);
        in->bad |= isnan(ret->at[i].size);
    }
}
