/* SPDX-License-Identifier: MIT */
/*
 * judge.h - hands batches and windows to the detectors and turns their scores into findings.
 *
 *      ring ──frames──▶ panel (detectors of a stream) ──scores──▶ calibrate ──surprise──▶ verdict ──finding──▶ deliver
 *
 * Detectors score; the verdict decides: warm-up, floors, thresholds, fatigue, hold, one trouble a stream, storm cap, route. Behind the ring
 * there is no wall clock: the same frames give the same findings.
 *
 * Thread   one, the judge's; it never touches a tailed file
 */
#ifndef JUDGE_JUDGE_H
#define JUDGE_JUDGE_H

#include "base/error.h"
#include "base/json.h"
#include "base/redact.h"
#include "host/crew.h"
#include "host/host.h"
#include "judge/finding.h"
#include "judge/hush.h"
#include "judge/routing.h"
#include "ring/batch.h"
#include "ring/closed.h"
#include "ring/ring.h"

#include <stdbool.h>

/* How a series may be judged. */
struct judge_series {
    const char *name;
    struct bytes key; /* the pattern or template it counts; empty when none */
    bool is_count;    /* whole numbers of something: floors apply, rates are shown per minute */
    bool is_bad;      /* it counts what nobody wants: only more of it is a trouble */
    const char *family;   /* it is a slot of this grouped series; NULL: it is not */
    const char *key_name; /* the field it is grouped by */
};
/* The name that people gave: of a slot that of the whole. */
static inline const char *judge_series_name(const struct judge_series *series)
{
    return series->family ? series->family : series->name;
}

/* One `use` of a detector: the core opens an instance per series, or one for all where the label asks for that. */
struct judge_use {
    struct plugin *plugin;
    const struct plugin_setting *settings; /* [setting_count] */
    size_t setting_count;
    const uint32_t *
        on; /* [on_count] indices of the stream's series; in the order of its patterns for a PATTERNS plugin */
    size_t on_count;
    bool wait;   /* on_lag: wait */
    bool shadow; /* its findings are kept apart: route log, label shadow=true */
};

/* When a score becomes a finding. */
struct judge_policy {
    double thresholds[ROUTES]; /* surprise from which a finding goes to page, ticket, log */
    double budget[ROUTES];     /* or: pages and tickets a second that may come; 0: not given */
    uint32_t warmup;           /* windows before anything but `log` */
    uint32_t hold;             /* windows in a row over the threshold before firing */
    uint32_t resolve_after;    /* windows in a row below it before resolving */
    double floor;              /* a count must be this much over what is expected */
    double floor_ratio;        /* and this many times as much */
    uint32_t
        storm_per_hour; /* new pages and tickets of one stream; more are counted, not sent */
    bool
        every; /* none of this: each score is a finding of its own, for who judges by himself */
};
extern const struct judge_policy judge_policy_default;

/* A service level objective; slo.h. */
struct judge_slo {
    const char *name;
    uint64_t
        hash; /* of all that its numbers depend on: equal where the ledger may be handed on */
    double objective; /* share of records that is to be good, 0 to 1 */
    int64_t period_ns;
    uint64_t min_total; /* records below which nothing is said */
    uint32_t
        series; /* of the stream: its count is that of bad records, its value that of all */
    struct finding_pairs labels, annotations; /* before those of the stream */
    const struct judge_stream *
        service; /* it counts all streams of this service, in whose name its findings go; NULL: it does not */
};

/* Lent for the life of the judge. */
struct judge_stream {
    const char *name;
    const char *
        service; /* whose deployments are its own, where the resource names none; NULL: `name` */
    uint64_t hash; /* of what was configured: equal where state may be handed on */
    const struct judge_series *series; /* [series_count], as the windows have them */
    size_t series_count;
    const char *const *field_names; /* [field_count] */
    size_t field_count;
    const struct judge_use *uses; /* [use_count] */
    size_t use_count;
    struct judge_policy policy;
    const struct redaction *
        redactions; /* [redaction_count], for what detectors say; the judge's thread alone uses them */
    size_t redaction_count;
    const struct mute *mutes; /* [mute_count] */
    size_t mute_count;
    const struct judge_slo *slos; /* [slo_count] */
    size_t slo_count;
    struct routing routing; /* those of all rules that may be about it */
    struct finding_pairs labels, annotations;
};

struct judge_options {
    bool
        live; /* detected_at is the delivery's wall clock, else the event time that closed the window */
    struct finding_pairs resource;
    uint64_t config_hash;
    struct ring *ring; /* whose frames come */
    enum isolation isolation;
    const char *worker_exe; /* NULL = this executable */
    bool never_skip;        /* a slow stranger is waited for */
    /* Takes the finding; gives it its id when it has none. Called on the judge's thread; may wait. */
    void (*deliver)(void *context, struct finding *finding);
    /* A RING_MARK was met: everything before it was delivered. With MARK_SNAPSHOT judge_pack() gives the state as of here. */
    void (*mark)(void *context, const struct mark *mark);
    /* Is this revision said already, after the state that judge_unpack() was given? May be NULL: nothing is. */
    bool (*told)(void *context, const struct finding *finding);
    void *context;
};

/* A detector's sentence as it may leave (promise P7), NULL for NULL; lent from `room`, or the sentence itself. Thread: the judge's. */
enum { JUDGE_SENTENCE_SIZE = 512 };
const char *judge_redact(const struct judge_stream *stream, const char *sentence,
                         char room[JUDGE_SENTENCE_SIZE]);

struct judge;
int judge_create(const struct judge_options *options, struct judge **ret);
void judge_free(struct judge *judge); /* accepts NULL */

/* Make `stream` known under `number`, before judge_start(). Its detectors open when its RING_STREAM frame comes. */
int judge_add(struct judge *judge, uint32_t number, const struct judge_stream *stream);
/* Start the workers. From now on all calls come from one thread. */
int judge_start(struct judge *judge, struct error *reterr);

/* Judge the next frame of the ring, waiting at most `timeout_ms`; returns false once RING_END was it. */
bool judge_step(struct judge *judge, int timeout_ms);

/* After RING_END: have the detectors save what they know, for a judge that comes after. */
void judge_finish(struct judge *judge);
/*
 * Before judge_start(): go on where `old`, which finished, left off. Streams that are the very same object keep open troubles and
 * calibration; the detectors of all streams are offered the states of their predecessors. `old` can only be freed then.
 */
void judge_inherit(struct judge *judge, struct judge *old);

/*
 * What judge and detectors know: open troubles, calibration, states of the seats. To be called from the `mark` of a MARK_SNAPSHOT, or
 * after judge_finish(). And back, before judge_start(): streams are told apart by name and by `hash` of judge_stream; where these are
 * not the same, only what the detectors know is offered to them.
 * Detectors that could only hand on a state older than the log are named once a mark with MARK_REPLAYED was met.
 *   Returns  -EBADMSG when the bytes are torn or not ours: then everything begins cold
 */
void judge_pack(struct judge *judge, struct buffer *out);
int judge_unpack(struct judge *judge, struct bytes packed);

struct judge_counts {
    uint64_t batches, records, windows, scores, findings, suppressed, plugin_errors;
    uint64_t bytes; /* of the sources, that the batches cover */
    uint64_t gaps;  /* said or held back */
};
struct judge_counts judge_counts(const struct judge *judge);
/* Members "judge" and "detectors" of a status object. */
void judge_report(const struct judge *judge, struct json *json);
/* How many troubles and burns are open, by where their findings went. */
void judge_firing(const struct judge *judge, uint32_t ret[ROUTES]);

#endif /* JUDGE_JUDGE_H */
