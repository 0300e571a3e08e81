/* SPDX-License-Identifier: MIT */

#include "config/group_plan.h"

#include "base/check.h"

#include <errno.h>
#include <string.h>

bool group_find(const struct group_wishes *wishes, const char *name, uint32_t *ret)
{
    for (size_t i = 0; i < wishes->count; i++)
        if (strcmp(wishes->at[i].spec.name, name) == 0) {
            *ret = GROUP_WISH | (uint32_t)i;
            return true;
        }
    return false;
}

int group_add(struct group_wishes *wishes, const struct group_wish *wish, uint32_t *ret,
              struct error *reterr)
{
    size_t slots = wish->slots;
    for (size_t i = 0; i < wishes->count; i++)
        slots += wishes->at[i].slots;
    if (wishes->count == GROUP_WISHES_MAX)
        return error_set(reterr, -EINVAL, "too many grouped series; at most %d are counted",
                         GROUP_WISHES_MAX);
    if (slots > WINDOW_GROUPS_MAX)
        return error_set(reterr, -EINVAL,
                         "series '%s': %zu groups with those before; at most %d in a stream",
                         wish->spec.name, slots, WINDOW_GROUPS_MAX);
    *ret = GROUP_WISH | (uint32_t)wishes->count;
    wishes->at[wishes->count++] = *wish;
    return 0;
}

/* ---- detectors ------------------------------------------------------------- */

/* Can an instance of it score one series alone, and so begin anew with a group while its neighbours go on? */
static bool takes_one(const struct plugin *plugin)
{
    return !(plugin_label(plugin)->needs & ODDLINE_NEEDS_ALL_SERIES);
}

int group_check(const struct group_wishes *wishes, const struct judge_use *uses,
                size_t use_count, struct error *reterr)
{
    for (size_t i = 0; i < use_count; i++)
        for (size_t k = 0; k < uses[i].on_count; k++)
            if (uses[i].on[k] & GROUP_WISH && !takes_one(uses[i].plugin))
                return error_set(reterr, -EINVAL,
                                 "%s scores all its series together, and '%s' is grouped: "
                                 "groups come and go",
                                 plugin_label(uses[i].plugin)->id,
                                 wishes->at[uses[i].on[k] & ~GROUP_WISH].spec.name);
    return 0;
}

static void give_slots(const struct group_spec *groups, struct arena *arena,
                       struct judge_use *use)
{
    size_t count = 0;
    for (size_t i = 0; i < use->on_count; i++)
        count += use->on[i] & GROUP_WISH ? groups[use->on[i] & ~GROUP_WISH].slots + 1 : 1;
    if (count == use->on_count)
        return; // no wish is that small
    uint32_t *on = arena_alloc(arena, count, sizeof(*on)), *next = on;
    for (size_t i = 0; i < use->on_count; i++) {
        const struct group_spec *g = &groups[use->on[i] & ~GROUP_WISH];
        if (!(use->on[i] & GROUP_WISH))
            *next++ = use->on[i];
        else
            for (uint32_t k = 0; k <= g->slots; k++)
                *next++ = g->first + k;
    }
    use->on = on;
    use->on_count = count;
}

/* ---- slots ------------------------------------------------------------------- */

/* What is longer than the list that is there, with a copy of that. */
static void *longer(struct arena *arena, const void *at, size_t count, size_t more, size_t size)
{
    void *copy = arena_alloc(arena, count + more, size);
    return count ? memcpy(copy, at, count * size) : copy;
}

static void lay_out(const struct group_wish *wish, uint32_t first, struct series_spec *series,
                    struct judge_series *judged, struct arena *arena)
{
    for (uint32_t k = 0; k <= wish->slots; k++) {
        const char *name = k < wish->slots
                               ? arena_printf(arena, "%s#%u", wish->spec.name, (unsigned)k)
                               : arena_printf(arena, "%s#other", wish->spec.name);
        series[first + k] = wish->spec;
        series[first + k].name = name;
        judged[first + k] = wish->judged;
        judged[first + k].name = name;
        judged[first + k].family = wish->spec.name;
        judged[first + k].key_name = wish->field_name;
    }
}

void group_spread(const struct group_wishes *wishes, struct plan *plan)
{
    struct window_options *window = &plan->lane.window;
    size_t slots = 0, first = window->series_count;
    if (!wishes->count)
        return;
    for (size_t i = 0; i < wishes->count; i++)
        slots += wishes->at[i].slots + 1;
    struct group_spec *groups = arena_alloc(&plan->arena, wishes->count, sizeof(*groups));
    struct series_spec *series =
        longer(&plan->arena, window->series, first, slots, sizeof(*series));
    struct judge_series *judged =
        longer(&plan->arena, plan->judge.series, first, slots, sizeof(*judged));
    for (size_t i = 0; i < wishes->count; i++) {
        const struct group_wish *wish = &wishes->at[i];
        groups[i] = (struct group_spec){.stream = plan->name,
                                        .name = wish->spec.name,
                                        .field_name = wish->field_name,
                                        .field = wish->field,
                                        .first = (uint32_t)first,
                                        .slots = wish->slots};
        lay_out(wish, (uint32_t)first, series, judged, &plan->arena);
        first += wish->slots + 1;
    }
    struct judge_use *uses =
        longer(&plan->arena, plan->judge.uses, plan->judge.use_count, 0, sizeof(*uses));
    for (size_t i = 0; i < plan->judge.use_count; i++)
        give_slots(groups, &plan->arena, &uses[i]);
    plan->judge.uses = uses;
    window->series = series;
    plan->judge.series = judged;
    window->series_count = plan->judge.series_count = first;
    window->groups = groups;
    window->group_count = wishes->count;
}
