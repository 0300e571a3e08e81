/* SPDX-License-Identifier: MIT */
/*
 * group_plan.h - grouped series (`by: FIELD`) on their way into a plan.
 *
 *      on: [errors_by_route] ──▶ wish 0 ──▶ slots 0 to 63 and other: the last series of the stream ──▶ `on` of its detectors
 *
 * Slots come behind all other series, so that what is counted for each record is one piece, and a stream without groups pays nothing.
 */
#ifndef CONFIG_GROUP_PLAN_H
#define CONFIG_GROUP_PLAN_H

#include "config/plan.h"

enum { GROUP_WISHES_MAX = 32 };
/* Set in `on` until group_spread(): the rest is the number of a wish. */
#define GROUP_WISH (UINT32_C(1) << 31)

/* A grouped series that a detector asked for. */
struct group_wish {
    struct series_spec spec;
    struct judge_series judged;
    const char *field_name;
    uint32_t field, slots;
};
struct group_wishes {
    struct group_wish at[GROUP_WISHES_MAX];
    size_t count;
};

/* The wish for a series of that name; false when there is none yet. */
bool group_find(const struct group_wishes *wishes, const char *name, uint32_t *ret);
int group_add(struct group_wishes *wishes, const struct group_wish *wish, uint32_t *ret,
              struct error *reterr);
/* Can these detectors score that many slots? */
int group_check(const struct group_wishes *wishes, const struct judge_use *uses,
                size_t use_count, struct error *reterr);
/* Lay out the slots behind the series that `plan` has, and give them to the detectors that asked. */
void group_spread(const struct group_wishes *wishes, struct plan *plan);

#endif /* CONFIG_GROUP_PLAN_H */
