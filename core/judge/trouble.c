/* SPDX-License-Identifier: MIT */

#include "judge/trouble.h"

#include "base/clock.h"
#include "base/memory.h"
#include "judge/phrase.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- proofs ------------------------------------------------------------- */

void proof_clear(struct proof *proof)
{
    free(proof->path);
    proof->path = NULL;
}

void proof_take(struct proof *proof, const struct closed *closed,
                const struct closed_evidence *e)
{
    const char *base = (const char *)closed;
    proof_clear(proof);
    proof->path = memory_text(base + e->path, e->path_len);
    proof->offset = e->offset;
    proof->line = e->line;
    proof->hash = e->hash;
    proof->time_ns = e->time_ns;
    proof->length = e->length;
    proof->text_len = e->text_len;
    memcpy(proof->text, base + e->text, e->text_len);
}

void proof_copy(struct proof *to, const struct proof *from)
{
    proof_clear(to);
    *to = *from;
    to->path = memory_text(from->path, strlen(from->path));
}

static bool has_proof(const struct trouble *trouble, const struct closed_evidence *e)
{
    for (size_t i = 0; i < trouble->proof_count; i++)
        if (trouble->proofs[i].offset == e->offset && trouble->proofs[i].hash == e->hash)
            return true;
    return false;
}

/* The evidence of one series, at most `most` records. */
static void take_proofs(struct trouble *trouble, const struct scene *scene, uint32_t series,
                        size_t most)
{
    const struct closed *closed = scene->closed;
    const struct closed_evidence *e =
        (const struct closed_evidence *)(const void *)((const char *)closed + closed->evidence);
    for (uint32_t i = 0; i < closed->evidence_count && most; i++) {
        if (e[i].series != series || trouble->proof_count == FINDING_EVIDENCE_MAX ||
            has_proof(trouble, &e[i]))
            continue;
        struct proof *proof = &trouble->proofs[trouble->proof_count];
        proof_take(proof, closed, &e[i]);
        trouble->proof_count += proof->path != NULL;
        most--;
    }
}

/* ---- what it says ------------------------------------------------------- */

/* When the list is full it takes the last place: what was said by name matters more than the eighth voice. */
void trouble_reason(struct trouble *trouble, const char *text)
{
    for (size_t i = 0; i < trouble->reason_count; i++)
        if (strcmp(trouble->reasons[i], text) == 0)
            return;
    if (trouble->reason_count < FINDING_REASONS_MAX)
        trouble->reason_count++;
    snprintf(trouble->reasons[trouble->reason_count - 1], TROUBLE_REASON_SIZE, "%s", text);
}

static int64_t began(const struct scene *scene, const struct opinion *opinion)
{
    if (opinion->score.kind != ODDLINE_SILENCE || !(opinion->score.observed > 0))
        return scene->start_ns;
    static const double most = 10000 * 86400.0; // a plugin may report any number
    return scene->end_ns - (int64_t)(fmin(opinion->score.observed, most) * (double)NS_PER_S);
}

/* Does a reason begin as phrase_reason() begins those of this detector about this series? */
static bool is_reason_of(const char *reason, const char *plugin, const char *series)
{
    static const char *const words[][2] = {{"", " at "}, {"no ", " for "}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        char name[PHRASE_NAME_SIZE], begin[TROUBLE_REASON_SIZE];
        snprintf(begin, sizeof(begin), "%s: %s%s%s", plugin, words[i][0],
                 phrase_name(series, name), words[i][1]);
        if (strncmp(reason, begin, strlen(begin)) == 0)
            return true;
    }
    return false;
}

/* Where what the detector says of the series stands in the list, or belongs. */
static size_t reason_at(const struct trouble *trouble, const struct scene *scene,
                        const struct opinion *opinion)
{
    size_t at = 0;
    while (at < trouble->reason_count &&
           !is_reason_of(trouble->reasons[at], opinion->plugin->id,
                         scene->stream->series[opinion->series].name))
        at++;
    return at;
}

/* Each voice is listed once, in its latest words. */
static void add_reason(struct trouble *trouble, const struct scene *scene,
                       const struct opinion *opinion)
{
    size_t at = reason_at(trouble, scene, opinion);
    if (at == FINDING_REASONS_MAX)
        return;
    char room[JUDGE_SENTENCE_SIZE];
    struct opinion clean = *opinion; // a detector may quote a line
    clean.score.reason = judge_redact(scene->stream, opinion->score.reason, room);
    phrase_reason(&scene->stream->series[opinion->series], &clean,
                  scene->end_ns - scene->start_ns, trouble->reasons[at], TROUBLE_REASON_SIZE);
    if (at == trouble->reason_count)
        trouble->reason_count++;
}

/* ---- who raised it and who lowered it ----------------------------------- */

static bool is_same_voice(const struct opinion *a, const struct opinion *b)
{
    return a->plugin == b->plugin && a->series == b->series;
}

static void drop_voice(struct trouble *trouble, const struct opinion *voice)
{
    for (size_t i = 0; i < trouble->raised_count; i++)
        if (is_same_voice(&trouble->raised[i], voice)) {
            trouble->raised[i] = trouble->raised[--trouble->raised_count];
            return;
        }
}

/* It agrees; the same voice again takes the place of what it said before. */
static void raise_by(struct trouble *trouble, const struct opinion *opinion)
{
    drop_voice(trouble, opinion);
    if (trouble->raised_count == FINDING_OPINIONS_MAX)
        return;
    trouble->raised[trouble->raised_count] = *opinion;
    trouble->raised[trouble->raised_count++].score.reason = NULL;
}

/* Who looked at the leader's series in the same window and saw nothing in it. */
static void lower_by(struct trouble *trouble, const struct scene *scene)
{
    const struct opinion *leader = &trouble->leader;
    trouble->lowered_count = 0;
    for (size_t i = 0; i < scene->opinion_count; i++) {
        const struct opinion *o = &scene->opinions[i];
        if (o->series != leader->series || is_same_voice(o, leader) ||
            o->score.flags & ODDLINE_SCORE_WARMING ||
            o->surprise >= scene->stream->policy.thresholds[ROUTE_LOG] ||
            trouble->lowered_count == FINDING_OPINIONS_MAX)
            continue;
        trouble->lowered[trouble->lowered_count] = *o;
        trouble->lowered[trouble->lowered_count++].score.reason = NULL;
    }
}

/* ---- its life ----------------------------------------------------------- */

void trouble_lead(struct trouble *trouble, const struct scene *scene,
                  const struct opinion *leader)
{
    bool first = trouble->starts_ns == NO_TIME;
    const struct judge_series *series = &scene->stream->series[leader->series];
    if (trouble->leader.plugin && !is_same_voice(&trouble->leader, leader))
        raise_by(trouble, &trouble->leader);
    drop_voice(trouble, leader);
    trouble->leader = *leader;
    trouble->leader.score.reason = NULL;
    trouble->nth = scene->nth;
    lower_by(trouble, scene);
    trouble->window_start_ns = scene->start_ns;
    trouble->window_end_ns = scene->end_ns;
    if (first)
        trouble->starts_ns = began(scene, leader);
    phrase_opinion(series, leader, scene->end_ns - scene->start_ns, trouble->summary,
                   sizeof(trouble->summary));
    add_reason(trouble, scene, leader);
    take_proofs(trouble, scene, leader->series, EVIDENCE_ROLES);
    if (trouble->proof_count == 0 && scene->last->path &&
        !series->family) // not of another group
        proof_copy(&trouble->proofs[trouble->proof_count++], scene->last);
}

void trouble_support(struct trouble *trouble, const struct scene *scene,
                     const struct opinion *opinion)
{
    if (reason_at(trouble, scene, opinion) < trouble->reason_count)
        return;
    add_reason(trouble, scene, opinion);
    if (!is_same_voice(&trouble->leader, opinion))
        raise_by(trouble, opinion);
    take_proofs(trouble, scene, opinion->series, 1);
}

static size_t drop_series(struct opinion *opinions, size_t count, uint32_t series)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        if (opinions[i].series != series)
            opinions[left++] = opinions[i];
    return left;
}

void trouble_drop(struct trouble *trouble, uint32_t series)
{
    trouble->raised_count = drop_series(trouble->raised, trouble->raised_count, series);
    trouble->lowered_count = drop_series(trouble->lowered, trouble->lowered_count, series);
}

void trouble_clear(struct trouble *trouble)
{
    for (size_t i = 0; i < FINDING_EVIDENCE_MAX; i++)
        proof_clear(&trouble->proofs[i]);
    memset(trouble, 0, sizeof(*trouble));
    trouble->starts_ns = NO_TIME;
}
