/* SPDX-License-Identifier: MIT */

#include "command/audit.h"

#include "base/clock.h"
#include "base/hash.h"
#include "command/show_text.h"
#include "deliver/encode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- one finding ------------------------------------------------------------- */

/* Names come again and again: the last one of each place is kept once. */
static const char *keep(struct audit *audit, struct json_value finding, const char *path)
{
    struct buffer text = {0};
    show_text(finding, path, &text);
    struct bytes bytes = {text.at, text.len < ENCODE_SHORT_MAX ? text.len : ENCODE_SHORT_MAX};
    const char **place = &audit->recent[hash_bytes(bytes) % AUDIT_RECENT];
    if (!*place || !bytes_is(bytes, *place))
        *place = arena_text(&audit->arena, bytes);
    buffer_free(&text);
    return *place;
}

static bool take_time(struct json_value finding, const char *path, int64_t *ret)
{
    struct json_value value = json_at(finding, path);
    char text[64];
    *ret = NO_TIME;
    if (value.type == JSON_NULL || value.type == JSON_BAD)
        return true;
    if (value.type != JSON_STRING || value.raw.len >= sizeof(text))
        return false;
    memcpy(text, value.raw.at, value.raw.len);
    text[value.raw.len] = '\0';
    return clock_parse(text, ret, NULL) == 0;
}

static bool take_times(struct json_value finding, struct audit_case *c)
{
    int64_t start, end;
    if (!take_time(finding, "starts_at", &c->starts_ns) || c->starts_ns == NO_TIME ||
        !take_time(finding, "ends_at", &c->ends_ns) ||
        !take_time(finding, "detected_at", &c->called_ns) ||
        !take_time(finding, "window.start", &start) || !take_time(finding, "window.end", &end))
        return false;
    if (c->called_ns == NO_TIME)
        c->called_ns = c->starts_ns;
    c->window_ns = start == NO_TIME || end == NO_TIME ? 0 : end - start;
    return true;
}

static bool take_route(struct json_value finding, struct audit_case *c)
{
    struct bytes route = json_at(finding, "route").raw;
    for (c->route = ROUTE_PAGE; c->route < ROUTES; c->route++)
        if (bytes_is(route, finding_route_name(c->route)))
            return true;
    return false;
}

static void take_score(struct json_value finding, struct audit_case *c)
{
    c->score = json_number(json_at(finding, "score"), NAN);
    c->threshold = json_number(json_at(finding, "threshold"), NAN);
    c->page = json_number(json_at(finding, "explain.thresholds.page"), NAN);
    c->scored = bytes_is(json_at(finding, "explain.route").raw, "page") && isfinite(c->page) &&
                isfinite(c->score) && isfinite(c->threshold);
}

static bool take(struct audit *audit, struct json_value finding, struct audit_case *c)
{
    struct json_value id = json_at(finding, "id");
    char fingerprint[HASH_TEXT_SIZE] = "";
    struct bytes hex = json_at(finding, "fingerprint").raw;
    if (id.type != JSON_STRING || id.raw.len == 0 || hex.len >= sizeof(fingerprint) ||
        !take_times(finding, c) || !take_route(finding, c))
        return false;
    memcpy(fingerprint, hex.at, hex.len);
    c->fingerprint = strtoull(fingerprint, NULL, 16);
    c->revision = (uint32_t)json_number(json_at(finding, "revision"), 0);
    c->resolved = bytes_is(json_at(finding, "status").raw, "resolved");
    c->id = arena_text(&audit->arena, id.raw);
    c->stream = keep(audit, finding, "stream");
    c->series = keep(audit, finding, "series");
    c->kind = keep(audit, finding, "kind");
    c->detector = keep(audit, finding, "detector");
    c->rule = keep(audit, finding, "labels.rule");
    take_score(finding, c);
    return true;
}

/* How far back what is kept goes. */
static void note_span(struct audit *audit, struct json_value finding, int64_t called_ns)
{
    if (!audit->read++ || called_ns < audit->oldest_ns) {
        audit->oldest_ns = called_ns;
        audit->whole = false;
    }
    if (called_ns == audit->oldest_ns) // revisions have one time, and a number each
        audit->whole |= json_number(json_at(finding, "n"), 0) == 1;
}

void audit_add(struct audit *audit, struct json_value finding)
{
    struct audit_case c = {0};
    bool good = take(audit, finding, &c);
    if (good)
        note_span(audit, finding, c.called_ns);
    if (good && audit->watched && c.called_ns < audit->from_ns)
        return;
    if (!good || audit->count == AUDIT_CASES_MAX) {
        audit->skipped++;
        return;
    }
    if (audit->count == audit->capacity) {
        size_t capacity = audit->capacity ? 2 * audit->capacity : 1024;
        struct audit_case *grown = arena_alloc(&audit->arena, capacity, sizeof(*grown));
        if (audit->count)
            memcpy(grown, audit->cases, audit->count * sizeof(*grown));
        audit->cases = grown;
        audit->capacity = capacity;
    }
    audit->cases[audit->count++] = c;
}

/* ---- all of them --------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const struct audit_case *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order ? order : (x->revision > y->revision) - (x->revision < y->revision);
}

/* The last revision stands; but a score that was higher before it was the one that called. */
static void keep_last(struct audit *audit)
{
    size_t kept = 0;
    if (audit->count)
        qsort(audit->cases, audit->count, sizeof(*audit->cases), by_id);
    for (size_t i = 0; i < audit->count; i++) {
        struct audit_case *last = kept ? &audit->cases[kept - 1] : NULL;
        if (!last || strcmp(last->id, audit->cases[i].id) != 0) {
            audit->cases[kept++] = audit->cases[i];
            continue;
        }
        double score = fmax(last->score, audit->cases[i].score);
        *last = audit->cases[i];
        last->score = score;
    }
    audit->count = kept;
}

void audit_settle(struct audit *audit, int64_t since_ns, int64_t ago_ns)
{
    size_t kept = 0;
    keep_last(audit);
    audit->until_ns = NO_TIME;
    for (size_t i = 0; i < audit->count; i++)
        if (audit->cases[i].called_ns > audit->until_ns)
            audit->until_ns = audit->cases[i].called_ns;
    audit->since_ns = ago_ns && audit->count ? audit->until_ns - ago_ns : since_ns;
    if (audit_is_short(audit)) // a rate is one of the time that was seen
        audit->since_ns = audit->oldest_ns;
    for (size_t i = 0; i < audit->count; i++)
        if (audit->cases[i].called_ns >= audit->since_ns)
            audit->cases[kept++] = audit->cases[i];
    audit->count = kept;
}

struct audit_case *audit_find(const struct audit *audit, const char *id)
{
    size_t low = 0, high = audit->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(audit->cases[middle].id, id);
        if (order == 0)
            return &audit->cases[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void audit_free(struct audit *audit)
{
    arena_free(&audit->arena);
    *audit = (struct audit){0};
}
