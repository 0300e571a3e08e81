/* SPDX-License-Identifier: MIT */
/*
 * notice.h - deployments that a log tells of: "starting checkout v1.2.3".
 *
 *      records ──batch_matched──▶ the pattern once more, for its groups ──▶ aside ──behind the batch──▶ RING_DEPLOY
 *
 * A pattern is one of those of the stream, searched with all the others; a record costs a bit test for each rule, and a stream without
 * rules a comparison a batch.
 *
 * Thread   the lane's
 */
#ifndef LANE_NOTICE_H
#define LANE_NOTICE_H

#include "lane/lane.h"

/* Lent for the stream's life. */
struct deploy_rule {
    struct regex *match;         /* with the group `version` */
    uint32_t pattern;            /* its number among those of the stream */
    int version, service;        /* numbers of groups; service -1: there is none */
    const char *default_service; /* where the group takes no part; "": that of the stream */
};

/* What is taken out of a name. */
struct notice_redact {
    const struct redaction *rules; /* [count] */
    size_t count;
};
/* Does the text tell of a deployment, by this rule? Fills version and service ("": that of the stream). */
bool notice_read(const struct deploy_rule *rule, const struct notice_redact *with,
                 struct bytes text, struct deploy_notice *notice);

/* The batch is not in the ring yet. */
void notice_deploys(struct lane *lane, const struct lane_plan *plan,
                    const struct oddline_batch *batch);
/* Now it is. */
void notice_emit(struct lane *lane);

#endif /* LANE_NOTICE_H */
