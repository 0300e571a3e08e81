/* SPDX-License-Identifier: MIT */
/*
 * slo_retire.c - claims whose SLO was removed or redefined: they are over, and nobody else would ever say so.
 *
 *      a reload, a restart ──▶ retirees ──at the first snapshot after it──▶ findings, resolved
 *
 * They are in no snapshot: the one in which they are missing comes after the block that holds what was said of them. Until then each
 * start finds them again.
 */

#include "base/arena.h"
#include "base/memory.h"
#include "judge/slo_inner.h"

#include <stdlib.h>

struct retired {
    struct retired *next;
    struct arena arena; /* of the names */
    struct judge_stream stream;
    struct judge_slo terms;
    struct slo slo; /* its claims */
    const char *why;
};

static struct finding_pairs copy_pairs(struct arena *arena, struct finding_pairs pairs)
{
    struct finding_pair *at = arena_alloc(arena, pairs.count, sizeof(*at));
    for (size_t i = 0; i < pairs.count; i++)
        at[i] = (struct finding_pair){arena_text(arena, bytes_of(pairs.at[i].name)),
                                      arena_text(arena, bytes_of(pairs.at[i].value))};
    return (struct finding_pairs){at, pairs.count};
}

void slo_retire(struct retirees *retirees, const struct slo_late *late,
                struct claim claims[BURN_CLAIMS])
{
    bool any = false;
    for (int i = 0; i < BURN_CLAIMS; i++)
        any |= claims[i].open;
    struct retired *retired = any ? calloc(1, sizeof(*retired)) : NULL;
    if (any && !retired)
        memory_gone();
    if (!any)
        return;
    retired->stream.name = arena_text(&retired->arena, bytes_of(late->stream));
    retired->terms.name = arena_text(&retired->arena, bytes_of(late->name));
    retired->terms.labels = copy_pairs(&retired->arena, late->labels);
    retired->slo.terms = &retired->terms;
    retired->why = late->redefined
                       ? "over: the objective is redefined, and its budget begins anew"
                       : "over: the objective is removed";
    for (int i = 0; i < BURN_CLAIMS; i++) {
        retired->slo.claims[i] = claims[i];
        claims[i] = (struct claim){0};
    }
    if (retirees->last)
        retirees->last->next = retired;
    else
        retirees->first = retired;
    retirees->last = retired;
}

static void say(struct retired *retired, const struct slo_sink *sink)
{
    struct slos slos = {.stream = &retired->stream};
    for (int i = 0; i < BURN_CLAIMS; i++) {
        if (!retired->slo.claims[i].open)
            continue;
        claim_reason(&retired->slo.claims[i], retired->why);
        slo_resolve(&slos, &retired->slo, (enum burn_claim)i, sink);
    }
}

void retirees_say(struct retirees *retirees, retirees_sink *sink_of, void *context)
{
    for (struct retired *r = retirees->first; r; r = r->next) {
        struct slo_sink sink = sink_of(context, &r->stream);
        say(r, &sink);
    }
    retirees_free(retirees);
}

void retirees_free(struct retirees *retirees)
{
    for (struct retired *r = retirees->first, *next; r; r = next) {
        next = r->next;
        for (int i = 0; i < BURN_CLAIMS; i++)
            claim_clear(&r->slo.claims[i]);
        arena_free(&r->arena);
        free(r);
    }
    *retirees = (struct retirees){0};
}
