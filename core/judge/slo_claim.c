/* SPDX-License-Identifier: MIT */
/*
 * slo_claim.c - the life of a claim: when it begins, goes on, and is over.
 */

#include "base/clock.h"
#include "judge/slo_inner.h"

#include <stdio.h>

/* Nothing is over before it was calm for so many units (minutes of 30 days). */
static const int64_t calm_units[BURN_CLAIMS] = {
    [BURN_PAGE] = 10, [BURN_TICKET] = 60, [BURN_GONE] = 0};
/* A budget that is gone is back when so much of it is left: it must not come and go with each record. */
static const double back_share = 0.05;
/* Used up to the last record is gone, whatever the last bit says. */
static const double rounding = 1e-9;

void claim_clear(struct claim *claim)
{
    for (size_t i = 0; i < SLO_PROOFS; i++)
        proof_clear(&claim->proofs[i]);
    *claim = (struct claim){0};
}

static struct hush hush_now(const struct slos *slos, const struct slo *slo, int64_t now_ns,
                            const struct slo_sink *sink)
{
    struct hush_about about = {.stream = slos->stream->name,
                               .series = slo->terms->name,
                               .detector = "burn",
                               .start_ns = now_ns - 1,
                               .end_ns = now_ns};
    struct hush hush = {.kind = HUSH_NONE};
    hush_find(slos->stream->mutes, slos->stream->mute_count, sink->silences, &about, &hush);
    return hush;
}

/* The rule that is met with the most to spare, or -1. */
static int leading(const struct slo_look *look, enum burn_claim which)
{
    int best = -1;
    double most = 0;
    for (int i = 0; i < BURN_RULES; i++) {
        double times = look->stands[i].long_burn / burn_rate(&burn_rules[i]);
        if (burn_rules[i].claim != which || !look->stands[i].fires || times < most)
            continue;
        best = i;
        most = times;
    }
    return best;
}

static void claim_open(const struct slos *slos, struct slo *slo, enum burn_claim which,
                       const struct slo_look *look, const struct slo_sink *sink)
{
    struct claim *claim = &slo->claims[which];
    int rule = leading(look, which);
    int64_t since =
        rule < 0 ? look->now_ns : ledger_bad_since(&slo->ledger, burn_rules[rule].short_units);
    const struct burn_rule *asked = &burn_rules[rule < 0 ? 0 : rule];
    // halfway between nothing and what the rule allows: trouble lies above, the days before it below
    int64_t sign =
        ledger_onset(&slo->ledger, asked->long_units, burn_rate(asked) * slo->burn.allowed / 2);
    claim_clear(claim);
    claim->open = true;
    claim->starts_ns = since == NO_TIME ? look->now_ns : since;
    claim->kept.sign_ns = sign == NO_TIME ? claim->starts_ns : sign;
    claim->detected_ns = look->closed_ns;
    claim->met_ns = look->now_ns;
    claim->route = which == BURN_PAGE ? ROUTE_PAGE : ROUTE_TICKET;
    claim->hush = hush_now(slos, slo, look->now_ns, sink);
    claim_phrase(claim, slo, look, rule);
    for (size_t i = 0; i < slo->proof_count; i++)
        proof_copy(&claim->proofs[i], &slo->proofs[i]);
    claim->proof_count = slo->proof_count;
}

static void fire(const struct slos *slos, struct slo *slo, enum burn_claim which,
                 const struct slo_look *look, const struct slo_sink *sink)
{
    claim_open(slos, slo, which, look, sink);
    slo_send(slos, slo, which, FINDING_FIRING, sink);
}

void slo_resolve(const struct slos *slos, struct slo *slo, enum burn_claim which,
                 const struct slo_sink *sink)
{
    struct claim *claim = &slo->claims[which];
    claim->revision++;
    slo_send(slos, slo, which, FINDING_RESOLVED, sink);
    claim_clear(claim);
}

/* Nobody hushes it any more, and it still burns: a route never changes, so it is said anew and the old one names it. */
static void fire_aloud(const struct slos *slos, struct slo *slo, enum burn_claim which,
                       const struct slo_look *look, const struct slo_sink *sink)
{
    struct claim was = slo->claims[which];
    char text[96];
    slo->claims[which] = (struct claim){0};
    claim_open(slos, slo, which, look, sink);
    slo->claims[which].starts_ns = was.starts_ns;
    slo->claims[which].kept.sign_ns = was.kept.sign_ns;
    slo_send(slos, slo, which, FINDING_FIRING, sink);
    struct claim now = slo->claims[which];
    snprintf(text, sizeof(text), "replaced_by %s", now.id);
    slo->claims[which] = was;
    claim_reason(&slo->claims[which], text);
    slo->claims[which].met_ns = look->now_ns;
    slo_resolve(slos, slo, which, sink);
    slo->claims[which] = now;
}

/* Is there anything at all in the windows of its rules? */
static bool has_records(const struct slo_look *look, enum burn_claim which)
{
    uint64_t total = which == BURN_GONE ? look->budget.sum.total : 0;
    for (int i = 0; i < BURN_RULES; i++)
        if (burn_rules[i].claim == which)
            total += look->stands[i].longer.total;
    return total > 0;
}

/* Is it met; and if not, is that because nothing came? */
static bool is_met(const struct slo_look *look, enum burn_claim which, bool *ret_blind)
{
    bool met = which == BURN_GONE && look->budget.left < back_share;
    *ret_blind = which != BURN_GONE;
    for (int i = 0; i < BURN_RULES; i++) {
        if (burn_rules[i].claim != which)
            continue;
        met |= look->stands[i].over;
        *ret_blind &= look->stands[i].blind;
    }
    return met;
}

static void go_on(const struct slos *slos, struct slo *slo, enum burn_claim which,
                  const struct slo_look *look, const struct slo_sink *sink)
{
    struct claim *claim = &slo->claims[which];
    bool blind;
    if (is_met(look, which, &blind)) {
        claim->met_ns = look->now_ns;
        claim->calm_ns = 0;
        if (claim->hush.kind != HUSH_NONE &&
            hush_now(slos, slo, look->now_ns, sink).kind == HUSH_NONE)
            fire_aloud(slos, slo, which, look, sink);
        return;
    }
    bool empty = !has_records(look, which);
    claim->calm_ns += blind ? 0 : look->passed_ns;
    if (!empty && (blind || claim->calm_ns < calm_units[which] * slo->ledger.unit_ns))
        return;
    claim_phrase_end(claim, slo, look, which);
    slo_resolve(slos, slo, which, sink);
}

static bool begins(const struct slo *slo, const struct slo_look *look, enum burn_claim which)
{
    const struct burn_budget *budget = &look->budget;
    if (which == BURN_GONE)
        return budget->left <= rounding && budget->sum.bad >= BURN_BAD_LEAST &&
               budget->sum.total >= slo->burn.min_total;
    bool covered = which == BURN_TICKET && slo->claims[BURN_PAGE].open;
    return !covered && leading(look, which) >= 0;
}

void slo_look_at(const struct slos *slos, struct slo *slo, int64_t closed_ns,
                 const struct slo_sink *sink)
{
    int64_t now = slo->ledger.until_ns;
    struct slo_look look = {.now_ns = now, .closed_ns = closed_ns};
    look.passed_ns =
        slo->looked_ns == NO_TIME || slo->looked_ns > now ? 0 : now - slo->looked_ns;
    slo->looked_ns = now;
    for (int i = 0; i < BURN_RULES; i++)
        look.stands[i] = burn_stand(&slo->burn, &burn_rules[i], &slo->ledger);
    look.budget = burn_budget(&slo->burn, &slo->ledger);
    for (enum burn_claim which = 0; which < BURN_CLAIMS; which++) {
        if (slo->claims[which].open)
            go_on(slos, slo, which, &look, sink);
        else if (begins(slo, &look, which))
            fire(slos, slo, which, &look, sink);
    }
}
