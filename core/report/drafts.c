/* SPDX-License-Identifier: MIT */
/*
 * drafts.c - revisions become findings, as they come.
 *
 * Which of them the span holds is known only when the newest was seen, so the JSON of each one's last revision is kept, and what can no longer
 * matter goes whenever the room is full: the end of the span only ever moves on.
 */

#include "report/inner.h"

#include "base/hash.h"
#include "base/memory.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>

enum { INDEX_SIZE = 1 << 15 }; /* three times REPORT_FINDINGS_MAX */

static void *sure(void *memory)
{
    if (!memory)
        memory_gone();
    return memory;
}

static struct report_drafts *open_drafts(void)
{
    struct report_drafts *drafts = sure(calloc(1, sizeof(*drafts)));
    drafts->at = sure(calloc(REPORT_FINDINGS_MAX, sizeof(*drafts->at)));
    drafts->index = sure(calloc(INDEX_SIZE, sizeof(*drafts->index)));
    drafts->newest_ns = NO_TIME;
    drafts->packed_ns = NO_TIME;
    return drafts;
}

static void drop(struct report_drafts *drafts, struct report_draft *draft)
{
    drafts->bytes -= draft->len;
    free(draft->json);
    free(draft->points);
}

void report_drop_drafts(struct report *report)
{
    struct report_drafts *drafts = report->drafts;
    if (!drafts)
        return;
    for (size_t i = 0; i < drafts->count; i++)
        drop(drafts, &drafts->at[i]);
    free(drafts->at);
    free(drafts->index);
    free(drafts);
    report->drafts = NULL;
}

int64_t report_begins(const struct report *report)
{
    int64_t until = report->until_ns != NO_TIME ? report->until_ns
                    : report->drafts            ? report->drafts->newest_ns
                                                : NO_TIME;
    if (!report->ago_ns)
        return report->since_ns;
    return until == NO_TIME ? NO_TIME : until - report->ago_ns;
}

/* ---- finding one again ------------------------------------------------------ */

static uint32_t *place_of(struct report_drafts *drafts, uint64_t id)
{
    size_t i = id % INDEX_SIZE;
    while (drafts->index[i] && drafts->at[drafts->index[i] - 1].id != id)
        i = (i + 1) % INDEX_SIZE;
    return &drafts->index[i];
}

/* What ended before the span goes. */
static void compact(struct report *report)
{
    struct report_drafts *drafts = report->drafts;
    int64_t floor = report_begins(report);
    size_t kept = 0;
    memset(drafts->index, 0, INDEX_SIZE * sizeof(*drafts->index));
    for (size_t i = 0; i < drafts->count; i++) {
        struct report_draft draft = drafts->at[i];
        if (!draft.lasting && draft.newest_ns < floor) {
            drop(drafts, &draft);
            continue;
        }
        drafts->at[kept++] = draft;
        *place_of(drafts, draft.id) = (uint32_t)kept;
    }
    drafts->count = kept;
    drafts->stale = 0;
    drafts->packed_ns = floor;
}

/* To look through all of them for each one that is refused would take for ever. */
static bool may_gain(const struct report *report)
{
    int64_t floor = report_begins(report), packed = report->drafts->packed_ns;
    return report->drafts->stale > 0 ||
           (floor != NO_TIME && (packed == NO_TIME || floor - packed > report->ago_ns / 64));
}

static bool is_full(const struct report_drafts *drafts, size_t len)
{
    return drafts->count == REPORT_FINDINGS_MAX || drafts->bytes + len > REPORT_BYTES_MAX;
}

static struct report_draft *draft_of(struct report *report, uint64_t id, size_t len)
{
    struct report_drafts *drafts = report->drafts;
    uint32_t *place = place_of(drafts, id);
    if (*place)
        return &drafts->at[*place - 1];
    if (is_full(drafts, len) && may_gain(report)) {
        compact(report);
        place = place_of(drafts, id);
    }
    if (is_full(drafts, len))
        return NULL;
    struct report_draft *draft = &drafts->at[drafts->count++];
    *draft = (struct report_draft){
        .id = id, .starts_ns = NO_TIME, .newest_ns = NO_TIME, .first_window_ns = NO_TIME};
    *place = (uint32_t)drafts->count;
    return draft;
}

/* ---- one revision ------------------------------------------------------------- */

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool is_before(const struct report_point *a, const struct report_point *b)
{
    return a->start_ns != b->start_ns ? a->start_ns < b->start_ns : a->observed < b->observed;
}

/* In order; of too many the first ones stay, whichever came first. */
static void add_point(struct report_draft *draft, const struct report_point *point)
{
    size_t at = draft->point_count;
    if (!draft->points)
        draft->points = sure(calloc(REPORT_POINTS_MAX + 1, sizeof(*draft->points)));
    while (at > 0 && is_before(point, &draft->points[at - 1]))
        at--;
    if (at > 0 && draft->points[at - 1].start_ns == point->start_ns &&
        same_number(draft->points[at - 1].observed, point->observed))
        return;
    memmove(&draft->points[at + 1], &draft->points[at],
            (draft->point_count - at) * sizeof(*point));
    draft->points[at] = *point;
    draft->point_count += draft->point_count < REPORT_POINTS_MAX;
}

static void keep_json(struct report_drafts *drafts, struct report_draft *draft,
                      struct bytes json)
{
    drafts->bytes += json.len - draft->len;
    free(draft->json);
    draft->json = memory_text(json.at, json.len);
    draft->len = json.len;
}

/* Two that say to be the same revision: which one stands must not hang on which came first. */
static bool is_later(const struct report_draft *draft, struct bytes json)
{
    if (json.len != draft->len)
        return json.len > draft->len;
    return memcmp(json.at, draft->json, json.len) > 0;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t newest_of(struct json_value finding)
{
    int64_t ends = later(report_time(finding, "ends_at"), report_time(finding, "window.end"));
    return later(report_time(finding, "starts_at"), ends);
}

static void merge(struct report_drafts *drafts, struct report_draft *draft,
                  struct json_value finding)
{
    uint32_t revision = (uint32_t)report_count(finding, "revision");
    struct report_point point;
    draft->newest_ns = later(draft->newest_ns, newest_of(finding));
    if (report_point_of(finding, &point))
        add_point(draft, &point);
    if (point.end_ns != NO_TIME &&
        (draft->first_window_ns == NO_TIME || point.end_ns < draft->first_window_ns))
        draft->first_window_ns = point.end_ns;
    if (draft->json && (revision < draft->revision ||
                        (revision == draft->revision && !is_later(draft, finding.raw))))
        return;
    draft->revision = revision;
    draft->starts_ns = report_time(finding, "starts_at");
    draft->lasting = !bytes_is(json_at(finding, "status").raw, "resolved");
    keep_json(drafts, draft, finding.raw);
}

bool report_wants(const struct report *report, const char *stream)
{
    for (size_t i = 0; i < report->stream_count; i++)
        if (fnmatch(report->streams[i], stream, 0) == 0)
            return true;
    return !report->stream_count;
}

static bool wanted(const struct report *report, struct json_value finding)
{
    char name[1024] = "";
    struct json_value stream = json_at(finding, "stream");
    if (stream.type == JSON_STRING && stream.raw.len < sizeof(name))
        name[json_unescape(stream.raw, name)] = '\0';
    return report_wants(report, name);
}

/*
 * Scans begin their ids anew and have no epoch: those of two files are told apart by what they are about and by when that began, which no
 * revision changes.
 */
static uint64_t key_of(struct json_value finding)
{
    struct bytes id = json_at(finding, "id").raw;
    uint64_t key = hash_join(hash_bytes(id), hash_bytes(json_at(finding, "fingerprint").raw));
    return bytes_starts_with(id, "0000000000000000-")
               ? hash_join(key, hash_bytes(json_at(finding, "starts_at").raw))
               : key;
}

void report_take(struct report *report, struct json_value finding)
{
    struct json_value id = json_at(finding, "id");
    int64_t starts = report_time(finding, "starts_at");
    if (finding.type != JSON_OBJECT || id.type != JSON_STRING || starts == NO_TIME) {
        report->senseless++;
        return;
    }
    if (!wanted(report, finding))
        return;
    if (!report->drafts)
        report->drafts = open_drafts();
    // before room is sought: it may be what makes others old; and what lies behind the span says that all of that is known
    report->drafts->newest_ns = later(report->drafts->newest_ns, newest_of(finding));
    if (report->until_ns != NO_TIME && starts > report->until_ns)
        return;
    struct report_draft *draft = draft_of(report, key_of(finding), finding.raw.len);
    if (!draft) {
        report->left_out++;
        return;
    }
    merge(report->drafts, draft, finding);
    report->drafts->stale += !draft->lasting && draft->newest_ns < report_begins(report);
}
