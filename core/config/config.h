/* SPDX-License-Identifier: MIT */
/*
 * config.h - what people wrote in oddline.yaml, checked.
 *
 * The tables in config_keys.c are the one place that knows the keys. A name and a path are enough; everything else has a
 * default.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/arena.h"
#include "base/error.h"
#include "host/crew.h"
#include "judge/finding.h"

#include <stdbool.h>
#include <stdio.h>

/* Where the journal and the snapshots live, unless somebody says so. */
#define CONFIG_STATE_DIR "/var/lib/oddline"

struct config_texts {
    const char **at;
    size_t count;
};

/* name = value pairs, in the order written */
struct config_pairs {
    struct finding_pair *at;
    size_t count;
};

/* Which records a series counts. */
struct config_select {
    const char *match; /* a pattern */
    const char *level; /* "error", ">=warn" */
    const char *where; /* "status >= 500", "method = GET" */
    bool unparsed;
};

/* What is a share of what: `select` of all records, or `of` of `to`. */
struct config_ratio {
    struct config_select select, *of, *to;
};

/* Of which records, and of which field for a quantile. */
struct config_of {
    struct config_select select;
    const char *field;
};

struct config_series {
    const char *name;
    struct config_select *count; /* one of these, or ... */
    struct config_ratio *ratio;
    const char *sum, *mean, *min, *max, *distinct; /* ... one of these: a field, or ... */
    double quantile;                               /* ... this; 0: not given */
    struct config_of *of;                          /* for sum to quantile */
    int64_t min_samples;
    const char *by; /* a field: a series for each of its values ... */
    int64_t groups; /* ... of at most so many at a time; 0: nobody said */
    int line;
};

struct config_redact {
    const char *match, *with;
};

struct config_multiline {
    const char *start;
    int64_t flush_after_ns;
};

struct config_detector {
    const char *use;
    struct config_texts on;
    struct config_pairs set;      /* scalars */
    struct config_texts patterns; /* the one list that a setting may be */
    const char *patterns_name;    /* under which it was given */
    const char *on_lag;           /* wait | skip; NULL = skip */
    bool shadow;
    int line;
};

struct config_route {
    double page, ticket, log;
    int line;
};

/* Records that tell of deployments. */
struct config_deploys {
    const char *match, *service;
    int line;
};

/* Hours in which nobody wants to be called. */
struct config_mute {
    const char *when, *timezone, *reason, *author;
    int line;
};

/* Where findings of that kind go. */
struct config_when {
    struct config_texts streams, kinds, series, detectors; /* globs, but for the kinds */
    struct config_pairs labels;                            /* values are globs */
    const char *score, *time, *timezone;
};
struct config_rule {
    const char *name;
    struct config_when *when; /* NULL: always */
    const char *route;        /* page | ticket | log; NULL: by the score */
    struct config_pairs labels, annotations;
    const char *file;
    int line;
    uint64_t hash; /* of its text */
};

/* How many records of a stream, or of all streams of a service, must be good. */
struct config_slo {
    const char *name, *stream, *service;      /* one of stream and service */
    struct config_select *good, *bad, *total; /* one of good and bad; total NULL: all records */
    double objective;                         /* percent */
    int64_t period_ns, min_total;
    struct config_pairs labels, annotations;
    const char *file;
    int line;
};

struct config_stream {
    const char *name;
    struct config_texts paths;
    const char *format, *regex, *timezone;
    int64_t year;
    struct config_multiline *multiline;
    int64_t window_ns, lateness_ns;
    struct config_pairs fields; /* name: number | text */
    struct config_series *series;
    size_t series_count;
    struct config_redact *redact;
    size_t redact_count;
    struct config_detector *detectors;
    size_t detector_count;
    struct config_route *route;
    const char *budget; /* instead of route */
    struct config_mute *mutes;
    size_t mute_count;
    struct config_deploys *deploys;
    size_t deploy_count;
    int64_t warmup, hold, resolve_after, storm_per_hour;
    double floor, floor_ratio;
    const char *policy; /* normal | every */
    struct config_pairs labels, annotations;
    struct config_test *tests;
    size_t test_count;
    const char *start; /* begin | end */
    const char *file;  /* that says so; NULL when nobody wrote it */
    int line;          /* of `file`, like those of all in it */
    uint64_t hash; /* of its text and of the rules about it: the same text is the same stream */
    const char
        *configured; /* its name there, whatever a scan calls it; NULL: nobody wrote it */
    const struct config_rule *rules; /* [rule_count], all of the configuration */
    size_t rule_count;
    const struct config_slo *const *slos; /* [slo_count], those of this stream */
    size_t slo_count;
    struct config_pairs resource; /* of the configuration */
};

/* A test inside a configuration: these lines must give these findings. */
struct config_expect {
    const char *kind, *series, *detector, *route;
    int64_t count;
};
struct config_test {
    const char *name, *lines;
    struct config_expect *expect;
    size_t expect_count;
    int line;
};

struct config_jsonl {
    const char *path;
};

struct config_redis {
    bool allow_plaintext;
    const char *url, *prefix, *user, *password_file, *host;
    int64_t max_len, shards, shard, heartbeat_ns; /* shard -1: by the host's name */
};

/* What oddline act does with which findings. */
struct config_action_when {
    struct config_texts routes, streams, kinds, statuses; /* streams are globs */
    struct config_pairs labels;                           /* values are globs */
    double min_score;
};
struct config_action {
    const char *name;
    struct config_action_when *when;             /* NULL: each finding */
    struct config_texts run, post, alertmanager; /* one of them */
    const char *header_file, *mode;
    int64_t timeout_ns, cooldown_ns, resend_ns, at_once, per_hour, retries;
    bool dry_run;
    int line;
};
struct config_act {
    const char *consumer_group, *consumer, *audit;
    int64_t since_ns, claim_after_ns;
};

struct config_sinks {
    struct config_jsonl *jsonl;
    struct config_redis *redis;
};

struct config {
    struct arena arena; /* owns everything below */
    const char *path;
    uint64_t hash;     /* of the text of all files read */
    uint64_t likeness; /* of what they mean, but for what names the host (fleet_likeness.h) */
    const char *isolation; /* workers | none */
    struct config_pairs resource;
    const char *state_dir;
    uint64_t ring_bytes, outbox_bytes;
    struct config_stream *streams;
    size_t stream_count;
    struct config_slo *slos;
    size_t slo_count;
    struct config_rule *rules;
    size_t rule_count;
    struct config_sinks *sinks;
    struct config_action *actions;
    size_t action_count;
    struct config_act *act; /* NULL: all defaults */
};

/*
 * Read `path` (and, beside a file named oddline.yaml, conf.d/<any>.yaml in alphabetical order, whose streams are added). The
 * error is one sentence, `file:line: what, why, did you mean`. A file of conf.d that cannot be read is an error too: a stream
 * that silently is not watched is worse than a daemon that does not start.
 *   Owns     the caller, until config_free(); `config` is untouched on failure
 */
int config_read(const char *path, struct config *config, struct error *reterr);
/* The same for oddline act: no stream is needed. */
int config_read_actions(const char *path, struct config *config, struct error *reterr);
void config_free(struct config *config);

/* May it be about a stream of that name? */
bool config_rule_names(const struct config_rule *rule, const char *stream);

/* Where its detectors run. */
enum isolation config_isolation(const struct config *config);

/* A stream as if nobody configured anything: for scan, and for tests. */
struct config_stream config_stream_default(void);

/* `act` as if nobody wrote it. */
struct config_act config_act_default(void);

/* The reference, as Markdown. */
void config_reference(FILE *out);

#endif /* CONFIG_CONFIG_H */
