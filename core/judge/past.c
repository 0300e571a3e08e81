/* SPDX-License-Identifier: MIT */

#include "judge/past.h"

#include "base/clock.h"
#include "base/memory.h"
#include "judge/judge.h"
#include "judge/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void past_free(struct past *past)
{
    remarks_free(&past->remarks);
    deploys_free(&past->found);
}

void past_forget(struct past *past)
{
    deploys_clear(&past->remarks.deploys);
    deploys_clear(&past->found);
    past->remarks.count = past->count = 0;
    past->turns = 0;
}

/* ---- what is told -------------------------------------------------------- */

static const struct incident *with_id(const struct past *past, const char *id)
{
    for (size_t i = 0; i < past->count; i++)
        if (*id && strcmp(past->incidents[i].last.id, id) == 0)
            return &past->incidents[i];
    return NULL;
}

/* A remark that names only a finding is of its fingerprint, as soon as that is known and for as long as it is said. */
static void find_fingerprints(const struct past *past, struct remarks *fresh)
{
    const struct remarks *old = &past->remarks;
    for (size_t i = 0; i < fresh->count; i++) {
        struct remark *remark = &fresh->at[i];
        const struct incident *incident = with_id(past, remark->id);
        for (size_t k = 0; k < old->count && !remark->fingerprint; k++)
            if (*remark->id && strcmp(old->at[k].id, remark->id) == 0)
                remark->fingerprint = old->at[k].fingerprint;
        if (!remark->fingerprint && incident)
            remark->fingerprint = incident->fingerprint;
    }
}

int past_remark(struct past *past, struct bytes packed)
{
    struct remarks *fresh = calloc(1, sizeof(*fresh));
    struct unpacker in = {.rest = packed};
    if (!fresh)
        memory_gone();
    remarks_unpack(&in, fresh);
    int r = in.bad || in.rest.len ? -EBADMSG : 0;
    if (r == 0) {
        find_fingerprints(past, fresh);
        remarks_free(&past->remarks);
        past->remarks = *fresh;
    } else {
        remarks_free(fresh);
    }
    free(fresh);
    return r;
}

void past_found(struct past *past, const struct deploy *deploy)
{
    const struct deploy *before =
        deploys_last(&past->found, deploy->service, INT64_MIN, deploy->time_ns);
    if (!before || strcmp(before->version, deploy->version) != 0)
        deploys_add(&past->found, deploy);
}

/* ---- deployments --------------------------------------------------------- */

const struct deploy *past_deploy(const struct past *past, const char *service,
                                 int64_t starts_ns, int64_t until_ns)
{
    if (starts_ns == NO_TIME || starts_ns < INT64_MIN + DEPLOY_REACH_NS)
        return NULL;
    int64_t from_ns = starts_ns - DEPLOY_REACH_NS;
    const struct deploy *found = deploys_last(&past->found, service, from_ns, until_ns),
                        *said =
                            deploys_last(&past->remarks.deploys, service, from_ns, until_ns);
    if (!found || !said)
        return found ? found : said;
    if (strcmp(found->version, said->version) == 0)
        return said; // the same one; who says it may say where to read about it
    return found->time_ns > said->time_ns ? found : said;
}

/* ---- incidents ----------------------------------------------------------- */

static const struct incident *with_fingerprint(const struct past *past, uint64_t fingerprint)
{
    for (size_t i = 0; i < past->count; i++)
        if (past->incidents[i].fingerprint == fingerprint)
            return &past->incidents[i];
    return NULL;
}

static void put_remarks(const struct past *past, uint64_t fingerprint, struct before *before)
{
    const struct remark *read =
        remarks_find(&past->remarks, REMARK_POSTMORTEM, fingerprint, before->id);
    const struct remark *noise =
        remarks_find(&past->remarks, REMARK_FALSE, fingerprint, before->id);
    if (read && !before->postmortem[0])
        memcpy(before->postmortem, read->text, sizeof(before->postmortem));
    if (noise && !before->was_false)
        memcpy(before->false_reason, noise->text, sizeof(before->false_reason));
    before->was_false |= noise != NULL;
}

bool past_knows(const struct past *past, const struct incident_name *name)
{
    const struct incident *incident = with_fingerprint(past, name->fingerprint);
    return incident && incident->last.starts_ns == name->starts_ns;
}

void past_recall(const struct past *past, const struct incident_name *name, struct before *ret)
{
    const struct incident *incident = with_fingerprint(past, name->fingerprint);
    bool itself = incident && incident->last.starts_ns == name->starts_ns;
    *ret = (struct before){.count = incident ? incident->count - itself : 0};
    if (!incident || ret->count == 0)
        return;
    const struct occasion *last = itself ? &incident->prior : &incident->last;
    ret->starts_ns = last->starts_ns;
    ret->ends_ns = last->ends_ns;
    memcpy(ret->id, last->id, sizeof(ret->id));
    put_remarks(past, name->fingerprint, ret);
    if (name->other)
        put_remarks(past, name->other, ret);
}

/* A place for one more; of too many, that of the one seen longest ago. */
static struct incident *take_place(struct past *past)
{
    struct incident *oldest = &past->incidents[0];
    if (past->count < PAST_MAX)
        return &past->incidents[past->count++];
    for (size_t i = 1; i < past->count; i++)
        if (past->incidents[i].turn < oldest->turn)
            oldest = &past->incidents[i];
    return oldest;
}

void past_note(struct past *past, const struct incident_name *name, const char *id)
{
    const struct incident *known = with_fingerprint(past, name->fingerprint);
    struct incident *incident =
        known ? &past->incidents[known - past->incidents] : take_place(past);
    if (!known)
        *incident = (struct incident){.fingerprint = name->fingerprint};
    if (!known || incident->last.starts_ns != name->starts_ns) {
        incident->prior = incident->last;
        incident->count++;
    }
    incident->turn = ++past->turns;
    incident->last = (struct occasion){.starts_ns = name->starts_ns, .ends_ns = NO_TIME};
    memcpy(incident->last.id, id, strnlen(id, sizeof(incident->last.id) - 1));
}

void past_end(struct past *past, const char *id, int64_t ends_ns)
{
    for (size_t i = 0; i < past->count; i++)
        if (strcmp(past->incidents[i].last.id, id) == 0)
            past->incidents[i].last.ends_ns = ends_ns;
}

void past_told(struct past *past, const struct incident_name *name,
               const struct finding *finding, bool first)
{
    // what resolves under another name, since its leader changed, is known by both
    if (first || !past_knows(past, name))
        past_note(past, name, finding->id);
    if (finding->status == FINDING_RESOLVED)
        past_end(past, finding->id, finding->ends_ns);
}

const char *past_service(const struct past *past, const struct judge_stream *stream)
{
    return past->service[0] ? past->service : stream->service ? stream->service : stream->name;
}

/* ---- what a finding says -------------------------------------------------- */

void past_put_deploy(const struct deploy *deploy, struct finding *finding)
{
    finding->deploy = (struct finding_deploy){.version = deploy->version,
                                              .service = deploy->service,
                                              .url = deploy->url,
                                              .time_ns = deploy->time_ns};
}

void past_put_before(const struct before *before, struct finding *finding)
{
    if (before->count)
        finding->before = (struct finding_before){
            .count = before->count,
            .id = before->id,
            .starts_ns = before->starts_ns,
            .ends_ns = before->ends_ns,
            .postmortem = before->postmortem[0] ? before->postmortem : NULL,
            .false_reason = before->was_false ? before->false_reason : NULL};
}

/* ---- as bytes ------------------------------------------------------------ */

static void occasion_pack(const struct occasion *occasion, struct buffer *out)
{
    pack_i64(out, occasion->starts_ns);
    pack_i64(out, occasion->ends_ns);
    pack_text(out, occasion->id);
}

static void occasion_unpack(struct unpacker *in, struct occasion *ret)
{
    ret->starts_ns = unpack_i64(in);
    ret->ends_ns = unpack_i64(in);
    unpack_text(in, ret->id, sizeof(ret->id));
}

void past_pack(const struct past *past, struct buffer *out)
{
    remarks_pack(&past->remarks, out);
    deploys_pack(&past->found, out);
    pack_u64(out, past->found.evicted);
    pack_u64(out, past->turns);
    pack_u32(out, (uint32_t)past->count);
    for (size_t i = 0; i < past->count; i++) {
        const struct incident *incident = &past->incidents[i];
        pack_u64(out, incident->fingerprint);
        pack_u64(out, incident->count);
        pack_u64(out, incident->turn);
        occasion_pack(&incident->last, out);
        occasion_pack(&incident->prior, out);
    }
}

void past_unpack(struct unpacker *in, struct past *past)
{
    past_forget(past);
    remarks_unpack(in, &past->remarks);
    deploys_unpack(in, &past->found);
    past->found.evicted = unpack_u64(in);
    past->turns = unpack_u64(in);
    uint32_t count = unpack_count(in, PAST_MAX);
    for (; past->count < count && !in->bad; past->count++) {
        struct incident *incident = &past->incidents[past->count];
        *incident = (struct incident){.fingerprint = unpack_u64(in)};
        incident->count = unpack_u64(in);
        incident->turn = unpack_u64(in);
        in->bad |= incident->count == 0;
        occasion_unpack(in, &incident->last);
        occasion_unpack(in, &incident->prior);
    }
}

void before_pack(const struct before *before, struct buffer *out)
{
    pack_u64(out, before->count);
    if (before->count == 0)
        return;
    pack_text(out, before->id);
    pack_i64(out, before->starts_ns);
    pack_i64(out, before->ends_ns);
    pack_text(out, before->postmortem);
    pack_u32(out, before->was_false);
    pack_text(out, before->false_reason);
}

void before_unpack(struct unpacker *in, struct before *ret)
{
    *ret = (struct before){.count = unpack_u64(in)};
    if (ret->count == 0)
        return;
    unpack_text(in, ret->id, sizeof(ret->id));
    ret->starts_ns = unpack_i64(in);
    ret->ends_ns = unpack_i64(in);
    unpack_text(in, ret->postmortem, sizeof(ret->postmortem));
    ret->was_false = unpack_flag(in);
    unpack_text(in, ret->false_reason, sizeof(ret->false_reason));
}

void recall_pack(const struct recall *recall, struct buffer *out)
{
    deploy_pack(&recall->deploy, out);
    before_pack(&recall->before, out);
}

void recall_unpack(struct unpacker *in, struct recall *ret)
{
    deploy_unpack(in, &ret->deploy);
    before_unpack(in, &ret->before);
}
