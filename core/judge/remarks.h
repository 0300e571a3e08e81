/* SPDX-License-Identifier: MIT */
/*
 * remarks.h - what people said with `oddline mark`: deployments, post-mortems of findings, and which were false.
 *
 *      marks.jsonl ──as a whole, when it changed──▶ step, frame ──▶ judge (past.h)
 *
 * (In this program a *mark* is also the frame behind which a block of the journal ends; hence the other word.)
 */
#ifndef JUDGE_REMARKS_H
#define JUDGE_REMARKS_H

#include "judge/deploys.h"
#include "judge/finding.h"

enum {
    REMARKS_MAX = 512, /* about findings */
    REMARK_TEXT_SIZE = 512,
};

enum remark_kind { REMARK_POSTMORTEM, REMARK_FALSE, REMARK_KINDS };

/* Of a finding, and of all with its fingerprint where that is known. */
struct remark {
    enum remark_kind kind;
    uint64_t fingerprint;        /* 0: not known */
    char id[FINDING_ID_SIZE];    /* "": said of the fingerprint */
    char text[REMARK_TEXT_SIZE]; /* the URL of the post-mortem; why it was false, may be "" */
};

/* Zero-initialise. */
struct remarks {
    struct deploys deploys;
    struct remark at[REMARKS_MAX]; /* [count], in the order said */
    size_t count;
};
void remarks_free(struct remarks *remarks); /* what is in it */

/* When there are too many, the oldest goes. */
void remarks_add(struct remarks *remarks, const struct remark *remark);
/* The last one of that kind about this fingerprint or this finding; NULL: none. */
const struct remark *remarks_find(const struct remarks *remarks, enum remark_kind kind,
                                  uint64_t fingerprint, const char *id);

void remarks_pack(const struct remarks *remarks, struct buffer *out);
/* What makes no sense sets in->bad; *ret, which was empty, may then hold a part. */
void remarks_unpack(struct unpacker *in, struct remarks *ret);

#endif /* JUDGE_REMARKS_H */
