/* SPDX-License-Identifier: MIT */
/*
 * slo_words.c - what a claim of an SLO says, with its numbers.
 */

#include "base/clock.h"
#include "judge/slo_inner.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void claim_reason(struct claim *claim, const char *text)
{
    if (claim->reason_count < SLO_REASONS)
        claim->reason_count++;
    snprintf(claim->reasons[claim->reason_count - 1], SLO_TEXT_SIZE, "%s", text);
}

static void reason(struct claim *claim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void reason(struct claim *claim, const char *format, ...)
{
    char text[SLO_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    claim_reason(claim, text);
}

static const char *span(const struct slo *slo, uint32_t units, char text[BURN_TEXT_SIZE])
{
    return burn_span_text(units * slo->ledger.unit_ns, text);
}

static double percent(uint64_t bad, uint64_t total)
{
    return total ? 100 * (double)bad / (double)total : 0;
}

/* ---- reasons ---------------------------------------------------------------- */

static void say_window(struct claim *claim, const struct slo *slo, uint32_t units,
                       const struct ledger_sum *sum, double burn)
{
    char text[BURN_TEXT_SIZE];
    reason(claim, "%s: %" PRIu64 " of %" PRIu64 " bad (%.3g %%), burn rate %.3g",
           span(slo, units, text), sum->bad, sum->total, percent(sum->bad, sum->total), burn);
}

static void say_rule(struct claim *claim, const struct slo *slo, const struct burn_stand *stand,
                     const struct burn_rule *rule)
{
    char text[BURN_TEXT_SIZE];
    say_window(claim, slo, rule->long_units, &stand->longer, stand->long_burn);
    say_window(claim, slo, rule->short_units, &stand->shorter, stand->short_burn);
    reason(claim,
           "rule: both at least %.3g, which is %.3g %% of the budget in %s; so many by chance: "
           "below %.0e",
           burn_rate(rule), 100 * rule->share, span(slo, rule->long_units, text), rule->chance);
}

static void say_budget(struct claim *claim, const struct slo *slo,
                       const struct burn_budget *budget)
{
    char left[BURN_TEXT_SIZE], out[CLOCK_TEXT_SIZE];
    double whole_ns = (double)slo->burn.period_ns * slo->burn.allowed;
    clock_format_duration((int64_t)(whole_ns * fmax(budget->left, 0)), left);
    reason(claim, "budget left: %.3g %%, %s or %.0f bad records of %.0f", 100 * budget->left,
           left, fmax(budget->left, 0) * budget->records, budget->records);
    if (budget->left > 0 && budget->out_ns != NO_TIME)
        reason(claim, "at the rate of the last day it is gone on %s",
               clock_format(budget->out_ns, out));
}

static void say_unknown(struct claim *claim, const struct slo *slo,
                        const struct burn_budget *budget)
{
    char unknown[CLOCK_TEXT_SIZE], period[BURN_TEXT_SIZE];
    if (budget->sum.unknown_ns > slo->ledger.unit_ns)
        reason(claim, "%s of %s are unknown: nothing came, or it lies in a gap",
               clock_format_duration(budget->sum.unknown_ns, unknown),
               burn_span_text(slo->burn.period_ns, period));
}

/* ---- what is claimed --------------------------------------------------------- */

static void phrase_rule(struct claim *claim, const struct slo *slo, const struct slo_look *look,
                        int which)
{
    const struct burn_rule *rule = &burn_rules[which];
    const struct burn_stand *stand = &look->stands[which];
    char text[2][BURN_TEXT_SIZE];
    claim->burn = stand->long_burn;
    claim->expected = 1;
    claim->threshold = burn_rate(rule);
    claim->samples = stand->longer.total;
    claim->until_ns = look->now_ns;
    claim->from_ns = look->now_ns - rule->long_units * slo->ledger.unit_ns;
    snprintf(
        claim->summary, sizeof(claim->summary),
        "SLO %s burns its budget %.3g times too fast: %.3g %% bad in %s, %.3g %% in %s, "
        "where %.4g %% may be",
        slo->terms->name, stand->long_burn, percent(stand->longer.bad, stand->longer.total),
        span(slo, rule->long_units, text[0]), percent(stand->shorter.bad, stand->shorter.total),
        span(slo, rule->short_units, text[1]), 100 * slo->burn.allowed);
    say_rule(claim, slo, stand, rule);
}

static void phrase_gone(struct claim *claim, const struct slo *slo, const struct slo_look *look)
{
    const struct burn_budget *budget = &look->budget;
    char text[BURN_TEXT_SIZE];
    claim->burn = 1 - budget->left;
    claim->expected = 1;
    claim->threshold = 1;
    claim->samples = budget->sum.total;
    claim->until_ns = look->now_ns;
    claim->from_ns = look->now_ns - slo->burn.period_ns;
    snprintf(claim->summary, sizeof(claim->summary),
             "SLO %s: the budget of %s is gone, stop feature releases: %" PRIu64
             " bad records, %.0f are allowed",
             slo->terms->name, burn_span_text(slo->burn.period_ns, text), budget->sum.bad,
             budget->records);
}

void claim_phrase(struct claim *claim, const struct slo *slo, const struct slo_look *look,
                  int rule)
{
    if (rule < 0)
        phrase_gone(claim, slo, look);
    else
        phrase_rule(claim, slo, look, rule);
    say_budget(claim, slo, &look->budget);
    say_unknown(claim, slo, &look->budget);
}

void claim_phrase_end(struct claim *claim, const struct slo *slo, const struct slo_look *look,
                      enum burn_claim which)
{
    char text[BURN_TEXT_SIZE];
    if (which == BURN_GONE) {
        snprintf(claim->summary, sizeof(claim->summary),
                 "SLO %s: the budget is back: %.3g %% of it is left", slo->terms->name,
                 100 * look->budget.left);
        return;
    }
    if (claim->calm_ns)
        reason(claim, "over: no rule was met for %s; budget left: %.3g %%",
               burn_span_text(claim->calm_ns, text), 100 * look->budget.left);
    else
        reason(claim, "over: no record is left to judge by");
}
