/* SPDX-License-Identifier: MIT */
/*
 * judge_past.c - the judge's frames about what came before: remarks of people, deployments that a log told of.
 */

#include "judge/judge_inner.h"

#include "base/check.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whose deployments are those of all streams. */
static void take_service(struct judge *judge)
{
    const char *name = finding_pair_value(judge->options.resource, "service.name");
    snprintf(judge->past->service, sizeof(judge->past->service), "%s", name ? name : "");
}

int judge_past_create(struct judge *judge)
{
    judge->past = calloc(1, sizeof(*judge->past));
    if (!judge->past)
        return -ENOMEM;
    take_service(judge);
    return 0;
}

void judge_past_free(struct judge *judge)
{
    if (judge->past)
        past_free(judge->past);
    free(judge->past);
}

void judge_past_inherit(struct judge *judge, struct judge *old)
{
    struct past *past = judge->past; // verdicts that moved hold the old one's address
    judge->past = old->past;
    old->past = past;
    take_service(judge);
}

void judge_remarks(struct judge *judge, const struct remarks_notice *notice)
{
    if (past_remark(judge->past, (struct bytes){(const char *)(notice + 1), notice->bytes}) < 0)
        log_error("marks: what was handed on makes no sense; the ones before stay");
}

static struct incident_name name_of(const struct finding *finding)
{
    return (struct incident_name){.fingerprint = finding->fingerprint,
                                  .starts_ns = finding->starts_ns};
}

void judge_look_back(struct bench *bench, struct finding *finding, struct recall *kept)
{
    const struct past *past = bench->judge->past;
    struct incident_name name = name_of(finding);
    const struct deploy *deploy = past_deploy(past, past_service(past, bench->stream),
                                              finding->starts_ns, finding->starts_ns + 1);
    if (deploy && !kept->deploy.version[0])
        kept->deploy = *deploy;
    if (!finding->id[0])
        past_recall(past, &name, &kept->before);
    if (kept->deploy.version[0])
        past_put_deploy(&kept->deploy, finding);
    past_put_before(&kept->before, finding);
}

void judge_remember(struct bench *bench, const struct finding *finding, bool first)
{
    struct incident_name name = name_of(finding);
    past_told(bench->judge->past, &name, finding, first);
}

void judge_deploy(struct judge *judge, const struct deploy_notice *notice)
{
    CHECK(notice->stream < judge->bench_count && judge->benches[notice->stream]);
    const struct judge_stream *stream = judge->benches[notice->stream]->stream;
    struct deploy deploy = {.time_ns = notice->time_ns};
    snprintf(deploy.service, sizeof(deploy.service), "%s",
             notice->service[0] ? notice->service : past_service(judge->past, stream));
    memcpy(deploy.version, notice->version, sizeof(deploy.version));
    past_found(judge->past, &deploy);
}
