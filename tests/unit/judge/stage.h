/* SPDX-License-Identifier: MIT */
/*
 * stage.h - what the tests of this room play with: closed windows made by hand, opinions, and a deliver() that takes notes.
 *
 * Windows are a minute long and begin at STAGE_START; window n is closed when it ends.
 */
#ifndef UNIT_JUDGE_STAGE_H
#define UNIT_JUDGE_STAGE_H

#include "base/clock.h"
#include "base/log.h"
#include "judge/judge.h"
#include "judge/panel.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define STAGE_START  (INT64_C(1482165240) * NS_PER_S)
#define STAGE_LENGTH (60 * NS_PER_S)

enum { ERRORS, WARNINGS, RATIO, PATTERN, STAGE_SERIES };
enum { TOLD_MAX = 512, STAGE_EVIDENCE_MAX = 12 };

static const struct judge_series stage_series[STAGE_SERIES] = {
    [ERRORS] = {.name = "errors", .is_count = true},
    [WARNINGS] = {.name = "warnings", .is_count = true},
    [RATIO] = {.name = "error_ratio"},
    [PATTERN] = {.name = "pattern disk full", .key = {"disk full", 9}, .is_count = true},
};
static const struct oddline_plugin stage_ewma = {.id = "ewma", .version = "1.2.3"};
static const struct oddline_plugin stage_burst = {.id = "burst", .version = "1.0.0"};

static inline struct judge_stream stage_stream(void)
{
    return (struct judge_stream){.name = "checkout",
                                 .series = stage_series,
                                 .series_count = STAGE_SERIES,
                                 .policy = judge_policy_default};
}

static inline int64_t stage_start(uint64_t nth)
{
    return STAGE_START + (int64_t)nth * STAGE_LENGTH;
}

/* ---- detectors ----------------------------------------------------------- */

/* -1: one of them cannot be loaded; it is said why. */
static inline int stage_load(const char *const files[], struct plugin *plugins[], size_t count)
{
    struct error error;
    log_setup(LOG_QUIET, 0);
    for (size_t i = 0; i < count; i++)
        if (plugin_load(files[i], "", &plugins[i], &error) < 0) {
            fprintf(stderr, "%s\n", error.text);
            return -1;
        }
    return 0;
}

static inline int stage_unload(struct plugin *plugins[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        plugin_free(plugins[i]);
    return 0;
}

/* ---- opinions ------------------------------------------------------------ */

/* `observed` where `expected` is usual; a spike or a drop. */
static inline struct opinion stage_opinion(uint32_t series, double observed, double expected,
                                           double surprise)
{
    return (struct opinion){
        .plugin = &stage_ewma,
        .series = series,
        .surprise = surprise,
        .score = {.size = sizeof(struct oddline_score),
                  .score = surprise,
                  .observed = observed,
                  .expected = expected,
                  .lower = NAN,
                  .upper = NAN,
                  .samples = 100,
                  .series = 0,
                  .kind = observed >= expected ? ODDLINE_SPIKE : ODDLINE_DROP,
                  .flags = ODDLINE_SCORE_SURPRISE}};
}

/* Silent for so many seconds. */
static inline struct opinion stage_silence(double seconds, double surprise)
{
    struct opinion o = stage_opinion(ERRORS, seconds, 60, surprise);
    o.score.kind = ODDLINE_SILENCE;
    return o;
}

/* ---- closed windows ------------------------------------------------------ */

struct stage_record {
    uint32_t series;
    uint64_t offset;
    const char *path, *text;
};

struct stage_closed {
    struct closed head;
    double values[STAGE_SERIES];
    uint64_t counts[STAGE_SERIES];
    struct closed_evidence evidence[STAGE_EVIDENCE_MAX];
    char text[STAGE_EVIDENCE_MAX * 64 + EVIDENCE_TEXT_BYTES];
};

static inline uint32_t stage_text(struct stage_closed *c, size_t *used, const char *text)
{
    size_t at = *used;
    memcpy(c->text + at, text, strlen(text));
    *used += strlen(text);
    return (uint32_t)(offsetof(struct stage_closed, text) + at);
}

static inline void stage_close(struct stage_closed *c, uint64_t nth,
                               const struct stage_record *records, uint32_t count)
{
    size_t used = 0;
    memset(c, 0, sizeof(*c));
    c->head = (struct closed){
        .start_ns = stage_start(nth),
        .end_ns = stage_start(nth + 1),
        .closed_ns = stage_start(nth + 1) + 500 * NS_PER_MS,
        .index = nth,
        .repeat = 1,
        .records = count,
        .series_count = STAGE_SERIES,
        .values = offsetof(struct stage_closed, values),
        .counts = offsetof(struct stage_closed, counts),
        .evidence = offsetof(struct stage_closed, evidence),
        .evidence_count = count,
    };
    for (uint32_t i = 0; i < count; i++) {
        struct closed_evidence *e = &c->evidence[i];
        *e = (struct closed_evidence){.series = records[i].series,
                                      .offset = records[i].offset,
                                      .line = records[i].offset / 10 + 1,
                                      .hash = records[i].offset * 7 + 1,
                                      .time_ns = stage_start(nth) + i,
                                      .length = (uint32_t)strlen(records[i].text)};
        e->path_len = (uint32_t)strlen(records[i].path);
        e->path = stage_text(c, &used, records[i].path);
        e->text_len = (uint32_t)strlen(records[i].text);
        e->text = stage_text(c, &used, records[i].text);
    }
}

/* ---- what was told ------------------------------------------------------- */

/* A finding as it was delivered, copied: everything in it is lent for the call only. */
struct told {
    struct finding finding; /* its pointers are dead */
    char summary[512], reasons[FINDING_REASONS_MAX][512], detector[32], stream[32];
    char label[320], annotation[320]; /* the first of each, "name=value" */
    char paths[FINDING_EVIDENCE_MAX][64], texts[FINDING_EVIDENCE_MAX][64];
};

struct notes {
    struct told told[TOLD_MAX];
    size_t count;
    uint64_t ids;
};

static inline void told_pair(char *into, size_t size, struct finding_pairs pairs)
{
    snprintf(into, size, "%s%s%s", pairs.count ? pairs.at[0].name : "", pairs.count ? "=" : "",
             pairs.count ? pairs.at[0].value : "");
}

static inline void notes_take(struct notes *notes, struct finding *finding)
{
    struct told *told = &notes->told[notes->count++ % TOLD_MAX];
    if (!finding->id[0])
        snprintf(finding->id, sizeof(finding->id), "id-%" PRIu64, ++notes->ids);
    told->finding = *finding;
    snprintf(told->summary, sizeof(told->summary), "%s", finding->summary);
    snprintf(told->detector, sizeof(told->detector), "%s", finding->detector);
    snprintf(told->stream, sizeof(told->stream), "%s", finding->stream);
    told_pair(told->label, sizeof(told->label), finding->labels);
    told_pair(told->annotation, sizeof(told->annotation), finding->annotations);
    for (size_t i = 0; i < finding->reason_count; i++)
        snprintf(told->reasons[i], sizeof(told->reasons[i]), "%s", finding->reasons[i]);
    for (size_t i = 0; i < finding->evidence_count; i++) {
        const struct finding_evidence *e = &finding->evidence[i];
        snprintf(told->paths[i], sizeof(told->paths[i]), "%.*s", (int)e->path.len, e->path.at);
        snprintf(told->texts[i], sizeof(told->texts[i]), "%.*s", (int)e->text.len, e->text.at);
    }
}

static inline size_t notes_count(const struct notes *notes, enum finding_status status)
{
    size_t n = 0;
    for (size_t i = 0; i < notes->count; i++)
        n += notes->told[i].finding.status == status;
    return n;
}

static inline size_t told_says(const struct told *told, const char *text)
{
    size_t n = 0;
    for (size_t i = 0; i < told->finding.reason_count; i++)
        n += strstr(told->reasons[i], text) != NULL;
    return n;
}

#endif /* UNIT_JUDGE_STAGE_H */
