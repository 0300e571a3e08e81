/* SPDX-License-Identifier: MIT */
/*
 * past.h - what came before a trouble: the deployment of its service, and the same trouble earlier.
 *
 *      marks.jsonl ──RING_REMARKS──▶ ┌──────┐ ◀── a finding fires, resolves
 *      a log ────────RING_DEPLOY───▶ │ past │
 *                                    └──────┘ ──▶ "deploy", "seen_before" of the next one
 *
 * It belongs to all streams, and changes only at frames of the ring: a replay knows what was known. Of fingerprints the PAST_MAX that
 * were seen last are remembered.
 */
#ifndef JUDGE_PAST_H
#define JUDGE_PAST_H

#include "base/clock.h"
#include "judge/remarks.h"

enum { PAST_MAX = 1024 };

/* A finding names a deployment for so long. */
#define DEPLOY_REACH_NS (6 * 3600 * NS_PER_S)

/* The same fingerprint before. */
struct before {
    uint64_t count; /* how often it fired; 0: never */
    char id[FINDING_ID_SIZE];
    int64_t starts_ns, ends_ns;        /* of the last time; NO_TIME: it did not end */
    char postmortem[REMARK_TEXT_SIZE]; /* "": none */
    bool was_false;
    char false_reason[REMARK_TEXT_SIZE];
};

/* What a finding said of its past, kept for its revisions; deploy.version "": nothing yet. */
struct recall {
    struct deploy deploy;
    struct before before;
};

/* How a trouble is known: by fingerprint, or by another one that people may have been told; 0: there is none. */
struct incident_name {
    uint64_t fingerprint, other;
    int64_t starts_ns;
};

/* One time. */
struct occasion {
    int64_t starts_ns, ends_ns; /* NO_TIME: it did not end */
    char id[FINDING_ID_SIZE];
};

/* A trouble of the past, or one that is going on. */
struct incident {
    uint64_t fingerprint, count, turn; /* turn: when it was seen last, among all */
    struct occasion last, prior;       /* prior: the one before the last, where count > 1 */
};

/* Zero-initialise. */
struct past {
    char service[DEPLOY_NAME_SIZE]; /* of the whole configuration; "": that of each stream */
    struct remarks remarks;
    struct deploys found;                /* in logs */
    struct incident incidents[PAST_MAX]; /* [count] */
    size_t count;
    uint64_t turns;
};
void past_free(struct past *past); /* what is in it */
void past_forget(struct past *past);

/* Packed remarks take the place of those before. -EBADMSG: they make no sense, and nothing changed. */
int past_remark(struct past *past, struct bytes packed);
/* A log told of a deployment. A version that is there already is none: somebody was started again. */
void past_found(struct past *past, const struct deploy *deploy);

/* The deployment of `service` before a trouble that began in [starts, until); NULL: none, or too long ago. */
const struct deploy *past_deploy(const struct past *past, const char *service,
                                 int64_t starts_ns, int64_t until_ns);

/* What came before it? */
void past_recall(const struct past *past, const struct incident_name *name, struct before *ret);
/* Is it the last of this fingerprint? It may be known under another id: a worse one that took its place. */
bool past_knows(const struct past *past, const struct incident_name *name);
/* It has fired. One that is known is not counted again. */
void past_note(struct past *past, const struct incident_name *name, const char *id);
/* The finding is over. */
void past_end(struct past *past, const char *id, int64_t ends_ns);
/* It was delivered. `first`: under an id of its own, which a worse or louder one of a known trouble has, too. */
void past_told(struct past *past, const struct incident_name *name,
               const struct finding *finding, bool first);

/* Whose deployments are those of a stream. */
struct judge_stream;
const char *past_service(const struct past *past, const struct judge_stream *stream);

/* In the words of finding.h, lent by what is given. */
void past_put_deploy(const struct deploy *deploy, struct finding *finding);
void past_put_before(const struct before *before, struct finding *finding);

void past_pack(const struct past *past, struct buffer *out);
/* What makes no sense sets in->bad; then past_forget() is for the caller. */
void past_unpack(struct unpacker *in, struct past *past);

void before_pack(const struct before *before, struct buffer *out);
void before_unpack(struct unpacker *in, struct before *ret);
void recall_pack(const struct recall *recall, struct buffer *out);
void recall_unpack(struct unpacker *in, struct recall *ret);

#endif /* JUDGE_PAST_H */
