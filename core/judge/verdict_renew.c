/* SPDX-License-Identifier: MIT */
/*
 * verdict_renew.c - the slot of a grouped series is another group's: what a verdict knows of it is of the one that gave way.
 */

#include "judge/verdict_inner.h"

void verdict_renew(struct verdict *verdict, uint32_t series, int64_t now_ns)
{
    for (int side = 0; side < SIDES; side++) {
        struct trouble *trouble = &verdict->troubles[side];
        if (trouble->open && trouble->leader.series == series) {
            trouble_reason(trouble,
                           "it is not followed any more: another group took its place");
            verdict_resolve(verdict, side, now_ns);
        }
        trouble_drop(trouble, series);
    }
    episodes_drop(&verdict->episodes, series);
    verdict->accepted[series] = 0;
}
