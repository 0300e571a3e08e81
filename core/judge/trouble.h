/* SPDX-License-Identifier: MIT */
/*
 * trouble.h - one thing that is wrong with a stream, from the window it began in until it is over.
 *
 *      fire ──▶ grow* ──▶ resolve            (to escalate: a new one fires, this one resolves and names it)
 *
 * It owns copies of everything a finding says, since the windows it came from are gone when it resolves.
 */
#ifndef JUDGE_TROUBLE_H
#define JUDGE_TROUBLE_H

#include "base/clock.h"
#include "base/pack.h"
#include "judge/panel.h"
#include "judge/past.h"

enum { TROUBLE_REASON_SIZE = 512 };

/* A trouble of which nothing is known yet; trouble_clear() leaves the same. */
#define TROUBLE_NONE                                                                           \
    {                                                                                          \
        .starts_ns = NO_TIME                                                                   \
    }

/* A record kept as proof. */
struct proof {
    char *path; /* owned */
    uint64_t offset, line, hash;
    int64_t time_ns;
    uint32_t length, text_len;
    char text[EVIDENCE_TEXT_BYTES];
};

struct trouble {
    bool open;
    char id[FINDING_ID_SIZE];
    uint32_t revision;
    enum finding_route route;
    enum finding_route scored;       /* where its score alone would have sent it */
    const struct routing_rule *rule; /* of the stream, that decided; NULL: the score did */
    struct opinion leader;           /* the strongest so far; its `reason` is not kept */
    double threshold;
    int64_t starts_ns; /* NO_TIME until somebody leads */
    int64_t odd_until_ns;
    int64_t detected_ns; /* when it first fired; the same in every revision */
    int64_t window_start_ns, window_end_ns; /* of the leader */
    uint32_t quiet;                         /* windows in a row without anything odd */
    uint64_t suppressed;
    char summary[TROUBLE_REASON_SIZE];
    char reasons[FINDING_REASONS_MAX][TROUBLE_REASON_SIZE];
    size_t reason_count;
    struct opinion raised[FINDING_OPINIONS_MAX],
        lowered[FINDING_OPINIONS_MAX]; /* see finding.h */
    size_t raised_count, lowered_count;
    uint64_t nth; /* number of the leader's window in its stream */
    struct proof proofs[FINDING_EVIDENCE_MAX];
    size_t proof_count;
    struct deploy deploy; /* before it; version "": none */
    struct before before; /* the same earlier */
};

/* What a trouble is told from: a closed window and the stream it is of. */
struct scene {
    const struct judge_stream *stream;
    const struct closed *closed;
    int64_t start_ns, end_ns, closed_ns; /* of this window, where `closed` stands for several */
    const struct proof *
        last; /* a record from before, for windows that hold none; path NULL when there is none */
    const struct opinion *opinions; /* [opinion_count], all that were given on this window */
    size_t opinion_count;
    uint64_t nth; /* number of the window in its stream */
};

/* `leader` is the strongest opinion yet: take over what it says, and the evidence of its series. */
void trouble_lead(struct trouble *trouble, const struct scene *scene,
                  const struct opinion *leader);
/* Another opinion that agrees: listed once. */
void trouble_support(struct trouble *trouble, const struct scene *scene,
                     const struct opinion *opinion);
void trouble_reason(struct trouble *trouble, const char *text);
/* Who spoke of that series beside the leader spoke of what is gone. */
void trouble_drop(struct trouble *trouble, uint32_t series);
/* Forget everything, give back what is owned. */
void trouble_clear(struct trouble *trouble);

/* In the words of finding.h. */
enum finding_kind trouble_kind(const struct opinion *opinion);
/* The route whose threshold it must stay near to go on: its own, or that of its score where a rule made it a harder one. */
enum finding_route trouble_bar(const struct trouble *trouble);

/* The finding as it stands; everything in it is lent by the trouble and the stream. */
struct finding trouble_finding(const struct trouble *trouble, const struct judge_stream *stream,
                               enum finding_status status);

uint64_t trouble_fingerprint(const struct judge_stream *stream, const struct opinion *leader);
/* What came before it, into its finding. */
void trouble_put_past(const struct trouble *trouble, struct finding *finding);

void proof_take(struct proof *proof, const struct closed *closed,
                const struct closed_evidence *evidence);
void proof_copy(struct proof *to, const struct proof *from);
void proof_clear(struct proof *proof);
/* The transactions they belong to, read from what was redacted: an id that a rule took out is not there. */
void proof_put_trace_ids(const struct proof *proofs, size_t proof_count,
                         struct finding *finding);

/*
 * For another run of the program. What is read back is checked; what cannot be sets in->bad and leaves something that
 * trouble_clear() takes. The leader is one of `panel`.
 */
void proof_pack(const struct proof *proof, struct buffer *out);
void proof_unpack(struct proof *proof, struct unpacker *in);
void trouble_pack(const struct trouble *trouble, const struct judge_stream *stream,
                  struct buffer *out);
void trouble_unpack(struct trouble *trouble, struct unpacker *in,
                    const struct judge_stream *stream, const struct panel *panel);

#endif /* JUDGE_TROUBLE_H */
