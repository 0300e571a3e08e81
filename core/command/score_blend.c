/* SPDX-License-Identifier: MIT */

#include "command/score_blend.h"

#include <math.h>

/* The surprise that becomes 0.5. */
static const double half_score = 6;

const struct blend_part blend_parts[BLEND_PARTS] = {
    {.detector = "season",
     .rule = {.act = 2.5, .hold = 40, .rise = 1, .memory = 1000},
     .low = 0.5,
     .high = 1,
     .murmur = 0.1},
    {.detector = "spike",
     .rule = {.act = 3, .hold = 5, .rise = 0.3, .memory = 100},
     .low = 0,
     .high = 0.5,
     .murmur = 1},
};

double stage_pass(struct stage *stage, const struct stage_rule *rule, double surprise)
{
    double left = fmax(0, surprise - rule->rise * stage->load);
    stage->load *= exp(-1 / rule->memory);
    if (stage->held > 0) {
        stage->held--;
        return 0;
    }
    if (left >= rule->act) {
        stage->held = rule->hold;
        stage->load++;
    }
    return left;
}

double blend_squash(double surprise)
{
    return surprise / (surprise + half_score);
}

static double rank(const struct blend_part *part, double surprise)
{
    static const double lowest = 0.5; /* width of the lowest rank */
    if (part->murmur < 1 && surprise < part->rule.act)
        return lowest * blend_squash(part->murmur * surprise);
    return part->low + (part->high - part->low) * blend_squash(surprise);
}

double blend_score(struct blend *blend, const double *surprises)
{
    double most = 0;
    for (int i = 0; i < BLEND_PARTS; i++) {
        const struct blend_part *part = &blend_parts[i];
        double left = stage_pass(&blend->stages[i], &part->rule, surprises[i]);
        most = fmax(most, rank(part, left));
    }
    return most;
}
