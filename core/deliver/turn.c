/* SPDX-License-Identifier: MIT */

#include "deliver/turn.h"

#include "base/clock.h"

#include <sys/random.h>

uint32_t turn_chance(void)
{
    uint32_t chance = 0;
    if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != sizeof(chance))
        chance = (uint32_t)clock_monotonic_ns();
    return chance;
}

void turn_lost(struct turn *turn, int64_t now_ns, uint32_t chance)
{
    uint64_t most = TURN_MOST_NS / TURN_EACH_NS;
    uint64_t hosts = turn->hosts < most ? turn->hosts : most;
    double part = chance / 4294967296.0;
    turn->not_before_ns = now_ns + (int64_t)((double)(hosts * TURN_EACH_NS) * part);
}

int64_t turn_wait(const struct turn *turn, int64_t now_ns)
{
    int64_t left = turn->not_before_ns - now_ns;
    return left > 0 ? left : 0;
}
