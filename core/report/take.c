/* SPDX-License-Identifier: MIT */
/*
 * take.c - the JSON of a finding, as far as a report tells of it. What is missing is "" or none; what is foreign is passed over.
 */

#include "report/inner.h"

#include <math.h>
#include <stddef.h>

enum { TEXT_MAX = 4096 };

/* People are not named. */
static const char *const unnamed[] = {"muted_by", "silenced_by", "author", "owner", "assignee"};
/* Labels that say why a finding is for the log only. */
static const char *const hushed[] = {"muted", "silenced", "capped", "recurs"};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* ---- values ------------------------------------------------------------------- */

static int64_t time_of(struct json_value value)
{
    char text[64];
    int64_t time;
    if (value.type != JSON_STRING || value.raw.len >= sizeof(text))
        return NO_TIME;
    memcpy(text, value.raw.at, value.raw.len);
    text[value.raw.len] = '\0';
    return clock_parse(text, &time, NULL) == 0 ? time : NO_TIME;
}

int64_t report_time(struct json_value object, const char *path)
{
    return time_of(json_at(object, path));
}

/* A text ends at a NUL; one that was in it is shown instead. */
static const char *keep(struct report *report, struct bytes text)
{
    struct buffer shown = {0};
    for (size_t i = 0; i < text.len && shown.len < TEXT_MAX; i++)
        if (text.at[i])
            buffer_char(&shown, text.at[i]);
        else
            buffer_text(&shown, "\\x00");
    const char *kept = arena_text(&report->arena, buffer_bytes(&shown));
    buffer_free(&shown);
    return kept;
}

static const char *text_of(struct report *report, struct json_value value)
{
    struct buffer plain = {0};
    if (value.type != JSON_STRING || value.raw.len == 0)
        return "";
    plain.len = json_unescape(value.raw, buffer_room(&plain, value.raw.len));
    const char *text = keep(report, buffer_bytes(&plain));
    buffer_free(&plain);
    return text;
}

const char *report_text(struct report *report, struct json_value object, const char *path)
{
    return text_of(report, json_at(object, path));
}

uint64_t report_count(struct json_value object, const char *path)
{
    double value = json_number(json_at(object, path), 0);
    return value > 0 && value < UINT32_MAX ? (uint64_t)value : 0;
}

/* That of a byte in a file, which may be longer. */
static uint64_t offset_of(struct json_value object, const char *path)
{
    double value = json_number(json_at(object, path), 0);
    return value > 0 && value < 9e15 ? (uint64_t)value : 0;
}

bool report_point_of(struct json_value finding, struct report_point *ret)
{
    ret->start_ns = report_time(finding, "window.start");
    ret->end_ns = report_time(finding, "window.end");
    ret->observed = json_number(json_at(finding, "observed"), NAN);
    ret->expected = json_number(json_at(finding, "expected"), NAN);
    ret->lower = json_number(json_at(finding, "lower"), NAN);
    ret->upper = json_number(json_at(finding, "upper"), NAN);
    return ret->start_ns != NO_TIME && ret->end_ns > ret->start_ns && isfinite(ret->observed);
}

/* ---- lists --------------------------------------------------------------------- */

static bool is_one_of(struct bytes name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_is(name, names[i]))
            return true;
    return false;
}

static size_t take_pairs(struct report *report, struct json_value object,
                         struct report_pair pairs[REPORT_PAIRS_MAX])
{
    struct json_walk walk = json_walk(object);
    struct json_value value;
    struct bytes key;
    size_t count = 0;
    while (count < REPORT_PAIRS_MAX && json_next(&walk, &key, &value))
        if (value.type == JSON_STRING && !is_one_of(key, unnamed, COUNT(unnamed)))
            pairs[count++] = (struct report_pair){
                text_of(report, (struct json_value){JSON_STRING, key}), text_of(report, value)};
    return count;
}

static size_t take_texts(struct report *report, struct json_value array, const char **texts,
                         size_t most)
{
    struct json_walk walk = json_walk(array);
    struct json_value value;
    struct bytes key;
    size_t count = 0;
    while (count < most && json_next(&walk, &key, &value))
        if (value.type == JSON_STRING)
            texts[count++] = text_of(report, value);
    return count;
}

static void take_evidence(struct report *report, struct json_value array,
                          struct report_finding *f)
{
    struct json_walk walk = json_walk(array);
    struct json_value line;
    struct bytes key;
    while (f->evidence_count < REPORT_EVIDENCE_MAX && json_next(&walk, &key, &line))
        f->evidence[f->evidence_count++] = (struct report_evidence){
            .path = report_text(report, line, "path"),
            .text = report_text(report, line, "text"),
            .line = offset_of(line, "line"),
            .offset = offset_of(line, "offset"),
            .time_ns = report_time(line, "time"),
        };
}

/* ---- what came before ------------------------------------------------------------ */

static void take_began(struct report *report, struct json_value began, struct report_began *ret)
{
    *ret = (struct report_began){
        .stream = report_text(report, began, "stream"),
        .service = report_text(report, began, "service"),
        .starts_ns = report_time(began, "starts_at"),
        .shared = (uint32_t)report_count(began, "shared_traces"),
    };
    ret->followed_count =
        take_texts(report, json_at(began, "followed"), ret->followed, REPORT_FOLLOWED_MAX);
}

static void take_before(struct report *report, struct json_value before,
                        struct report_before *ret)
{
    bool false_said = json_at(before, "marked_false").type == JSON_STRING;
    *ret = (struct report_before){
        .count = report_count(before, "count"),
        .id = report_text(report, before, "id"),
        .postmortem = report_text(report, before, "postmortem"),
        .false_reason = false_said ? report_text(report, before, "marked_false") : NULL,
        .starts_ns = report_time(before, "starts_at"),
        .ends_ns = report_time(before, "ends_at"),
    };
}

static void take_deploy(struct report *report, struct json_value deploy,
                        struct report_finding *f)
{
    double before = json_number(json_at(deploy, "seconds_before"), NAN);
    f->deploy_version = report_text(report, deploy, "version");
    f->deploy_service = report_text(report, deploy, "service");
    f->deploy_url = report_text(report, deploy, "url");
    f->deploy_ns = before >= 0 && before <= 1e9 && *f->deploy_version
                       ? f->starts_ns - (int64_t)(before * (double)NS_PER_S)
                       : NO_TIME;
}

/* ---- one finding ------------------------------------------------------------------- */

/* Texts that stand for themselves. */
static const struct {
    const char *path;
    size_t offset;
} texts[] = {
    {"id", offsetof(struct report_finding, id)},
    {"fingerprint", offsetof(struct report_finding, fingerprint)},
    {"stream", offsetof(struct report_finding, stream)},
    {"series", offsetof(struct report_finding, series)},
    {"kind", offsetof(struct report_finding, kind)},
    {"detector", offsetof(struct report_finding, detector)},
    {"summary", offsetof(struct report_finding, summary)},
};

static enum report_route route_of(struct json_value finding)
{
    enum report_route route = REPORT_PAGE;
    while (route < REPORT_LOG &&
           !bytes_is(json_at(finding, "route").raw, report_route_name(route)))
        route++;
    return route;
}

static const char *why_hushed(const struct report_finding *f)
{
    for (size_t i = 0; i < f->label_count; i++)
        if (is_one_of(bytes_of(f->labels[i].name), hushed, COUNT(hushed)))
            return f->labels[i].name;
    return "";
}

/* A name with dots in it is one name, not a path. "": none. */
static const char *named(struct report *report, struct json_value object, const char *name)
{
    struct json_walk walk = json_walk(object);
    struct json_value value;
    struct bytes key;
    while (json_next(&walk, &key, &value))
        if (bytes_is(key, name))
            return text_of(report, value);
    return "";
}

/* As judge/first.c says it of where it began: that of the stream, else that of the host. */
static const char *service_of(struct report *report, struct json_value finding)
{
    struct json_value labels = json_at(finding, "labels");
    const char *service = named(report, labels, "service");
    if (!*service)
        service = named(report, labels, "service.name");
    return *service ? service : named(report, json_at(finding, "resource"), "service.name");
}

/* The template or pattern that the series counts. */
static const char *key_of(struct report *report, struct json_value finding)
{
    const char *key = "";
    take_texts(report, json_at(finding, "key"), &key, 1);
    return key;
}

static void take_times(const struct report_draft *draft, struct json_value finding,
                       struct report_finding *f)
{
    f->starts_ns = draft->starts_ns;
    f->ends_ns = report_time(finding, "ends_at");
    f->detected_ns = report_time(finding, "detected_at");
    f->first_window_ns = draft->first_window_ns;
    f->resolved = !draft->lasting;
    if (f->resolved && f->ends_ns == NO_TIME)
        f->ends_ns = draft->newest_ns;
}

void report_read(struct report *report, const struct report_draft *draft,
                 struct report_finding *ret)
{
    struct bytes rest, json = {draft->json, draft->len};
    struct json_value finding = json_read(json, &rest);
    struct report_finding f = {.revision = draft->revision, .deploy_ns = NO_TIME};
    for (size_t i = 0; i < COUNT(texts); i++)
        *(const char **)((char *)&f + texts[i].offset) =
            report_text(report, finding, texts[i].path);
    take_times(draft, finding, &f);
    f.service = service_of(report, finding);
    f.key = key_of(report, finding);
    f.route = route_of(finding);
    f.momentary = strcmp(f.kind, "gap") == 0 || strcmp(f.kind, "plugin") == 0;
    f.score = json_number(json_at(finding, "score"), NAN);
    f.reason_count =
        take_texts(report, json_at(finding, "reasons"), f.reasons, REPORT_REASONS_MAX);
    f.trace_count =
        take_texts(report, json_at(finding, "trace_ids"), f.traces, REPORT_TRACES_MAX);
    take_evidence(report, json_at(finding, "evidence"), &f);
    f.label_count = take_pairs(report, json_at(finding, "labels"), f.labels);
    f.annotation_count = take_pairs(report, json_at(finding, "annotations"), f.annotations);
    f.hushed = why_hushed(&f);
    take_began(report, json_at(finding, "began"), &f.began);
    take_before(report, json_at(finding, "seen_before"), &f.before);
    take_deploy(report, json_at(finding, "deploy"), &f);
    *ret = f;
}
