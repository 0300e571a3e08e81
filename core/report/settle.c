/* SPDX-License-Identifier: MIT */
/*
 * settle.c - what the span holds, in order, and counted.
 */

#include "report/inner.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>

static const char *const route_names[REPORT_ROUTES] = {"page", "ticket", "log"};

const char *report_route_name(enum report_route route)
{
    return route_names[route];
}

/* ---- time ------------------------------------------------------------------------ */

struct report_stay report_stay(const struct report *report, const struct report_finding *f)
{
    int64_t from = f->starts_ns, until = f->ends_ns;
    if (f->momentary)
        until = from;
    else if (until == NO_TIME || until > report->known_ns)
        until = report->known_ns;
    if (from < report->since_ns)
        from = report->since_ns;
    return (struct report_stay){from, until < from ? from : until};
}

static int by_from(const void *a, const void *b)
{
    const struct report_stay *x = a, *y = b;
    return (x->from_ns > y->from_ns) - (x->from_ns < y->from_ns);
}

int64_t report_union(struct report_stay *stays, size_t count)
{
    int64_t sum = 0, reached = INT64_MIN;
    qsort(stays, count, sizeof(*stays), by_from);
    for (size_t i = 0; i < count; i++) {
        int64_t from = stays[i].from_ns > reached ? stays[i].from_ns : reached;
        if (stays[i].until_ns > from)
            sum += stays[i].until_ns - from;
        if (stays[i].until_ns > reached)
            reached = stays[i].until_ns;
    }
    return sum;
}

/* How long something of `wanted` was open. */
static int64_t open_ns(const struct report *report, const struct report_budget *budget)
{
    struct report_stay *stays = calloc(report->finding_count + 1, sizeof(*stays));
    size_t count = 0;
    for (size_t i = 0; i < report->finding_count && stays; i++) {
        const struct report_finding *f = &report->findings[i];
        bool its = budget
                       ? strcmp(f->kind, "burn") == 0 && strcmp(f->series, budget->name) == 0 &&
                             strcmp(f->stream, budget->stream) == 0
                       : f->route == REPORT_PAGE && !f->momentary;
        if (its)
            stays[count++] = report_stay(report, f);
    }
    int64_t sum = stays ? report_union(stays, count) : 0;
    free(stays);
    return sum;
}

/* ---- findings ---------------------------------------------------------------------- */

/* What did not end lasted as long as anything is known. */
static bool in_span(const struct report *report, const struct report_draft *draft)
{
    int64_t until = draft->lasting ? report->drafts->newest_ns : draft->newest_ns;
    return draft->starts_ns <= report->until_ns && until >= report->since_ns;
}

static int by_start(const void *a, const void *b)
{
    const struct report_finding *x = a, *y = b;
    int64_t p = x->starts_ns, q = y->starts_ns;
    if (p == q) {
        p = x->first_window_ns;
        q = y->first_window_ns;
    }
    if (p != q)
        return p < q ? -1 : 1;
    int order = strcmp(x->stream, y->stream);
    order = order ? order : strcmp(x->series, y->series);
    order = order ? order : strcmp(x->fingerprint, y->fingerprint);
    return order ? order : strcmp(x->id, y->id);
}

static int by_window(const void *a, const void *b)
{
    const struct report_point *x = a, *y = b;
    return (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
}

static void read_all(struct report *report)
{
    struct report_drafts *drafts = report->drafts;
    report->findings = arena_alloc(&report->arena, drafts->count, sizeof(*report->findings));
    for (size_t i = 0; i < drafts->count; i++) {
        struct report_draft *draft = &drafts->at[i];
        struct report_finding *f = &report->findings[report->finding_count];
        if (!in_span(report, draft))
            continue;
        report_read(report, draft, f);
        // A gap is a moment, whether its end was said or not.
        if (f->momentary && f->starts_ns < report->since_ns)
            continue;
        f->points = arena_alloc(&report->arena, draft->point_count, sizeof(*f->points));
        f->point_count = draft->point_count;
        if (f->point_count) {
            memcpy(f->points, draft->points, f->point_count * sizeof(*f->points));
            qsort(f->points, f->point_count, sizeof(*f->points), by_window);
        }
        report->finding_count++;
    }
    qsort(report->findings, report->finding_count, sizeof(*report->findings), by_start);
}

/* A trouble that becomes more urgent ends as one finding and goes on as another, with the same beginning. */
static void find_escalations(struct report *report)
{
    for (size_t i = 1; i < report->finding_count; i++) {
        struct report_finding *f = &report->findings[i];
        for (size_t k = i; k-- > 0 && report->findings[k].starts_ns == f->starts_ns;)
            if (strcmp(report->findings[k].fingerprint, f->fingerprint) == 0 &&
                strcmp(report->findings[k].stream, f->stream) == 0)
                f->escalated |= report->findings[k].route > f->route;
    }
}

/* ---- what people said ---------------------------------------------------------------- */

/* Of the same trouble at another time nothing was said: not before it began, and that one of them was false is not of the others. */
static bool is_meant(const struct report_remark *remark, const struct report_finding *f)
{
    if (*remark->id && strcmp(remark->id, f->id) == 0)
        return true;
    return *remark->fingerprint && strcmp(remark->fingerprint, f->fingerprint) == 0 &&
           remark->time_ns >= f->starts_ns && (remark->kind != REPORT_FALSE || !*remark->id);
}

static void heed_remarks(struct report *report)
{
    for (size_t r = 0; r < report->remark_count; r++) {
        const struct report_remark *remark = &report->remarks[r];
        for (size_t i = 0; i < report->finding_count; i++) {
            struct report_finding *f = &report->findings[i];
            if (!is_meant(remark, f))
                continue;
            if (remark->kind == REPORT_FALSE)
                f->false_reason = remark->text;
            else
                f->postmortem = remark->text;
        }
    }
}

/* ---- deployments -------------------------------------------------------------------- */

static struct report_deploy *known_deploy(struct report *report, const struct report_finding *f)
{
    for (size_t i = 0; i < report->deploy_count; i++) {
        struct report_deploy *deploy = &report->deploys[i];
        int64_t apart = deploy->time_ns - f->deploy_ns;
        if (strcmp(deploy->service, f->deploy_service) == 0 &&
            strcmp(deploy->version, f->deploy_version) == 0 &&
            llabs(apart) < 6 * 3600 * NS_PER_S)
            return deploy;
    }
    return NULL;
}

static int by_time(const void *a, const void *b)
{
    const struct report_deploy *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    int order = strcmp(x->service, y->service);
    return order ? order : strcmp(x->version, y->version);
}

/* Those that findings name stand in the log, or were marked on another host: they belong here too. */
static void gather_deploys(struct report *report)
{
    bool named[REPORT_NOTES_MAX] = {false};
    size_t kept = 0;
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct report_finding *f = &report->findings[i];
        if (f->deploy_ns == NO_TIME)
            continue;
        if (!known_deploy(report, f) && report->deploy_count < REPORT_NOTES_MAX)
            report_add_deploy(report,
                              &(struct report_deploy){f->deploy_service, f->deploy_version,
                                                      f->deploy_url, f->deploy_ns});
        struct report_deploy *deploy = known_deploy(report, f);
        if (deploy)
            named[deploy - report->deploys] = true;
    }
    for (size_t i = 0; i < report->deploy_count; i++)
        if (named[i] || report_inside(report, report->deploys[i].time_ns))
            report->deploys[kept++] = report->deploys[i];
    report->deploy_count = kept;
    qsort(report->deploys, kept, sizeof(*report->deploys), by_time);
}

/* ---- counting ------------------------------------------------------------------------ */

static bool goes_on(const struct report *report, const struct report_finding *f)
{
    return !f->momentary && (f->ends_ns == NO_TIME || f->ends_ns > report->until_ns);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t count_troubles(const struct report *report)
{
    const char **all = calloc(report->finding_count + 1, sizeof(*all));
    size_t count = 0;
    for (size_t i = 0; i < report->finding_count && all; i++)
        all[i] = report->findings[i].fingerprint;
    if (all)
        qsort(all, report->finding_count, sizeof(*all), by_text);
    for (size_t i = 0; i < report->finding_count && all; i++)
        count += i == 0 || strcmp(all[i - 1], all[i]) != 0;
    free(all);
    return count;
}

/* Earlier; of two that are the same the one that knows more. */
static bool is_better(const struct report_began *began, const struct report_began *best)
{
    return began->starts_ns != best->starts_ns ? began->starts_ns < best->starts_ns
                                               : began->followed_count > best->followed_count;
}

/* Records say it more exactly than windows: of what fired at once, the beginning that is earliest. */
static const struct report_began *find_beginning(const struct report *report)
{
    const struct report_began *best = NULL;
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct report_finding *f = &report->findings[i];
        bool with =
            f->starts_ns == report->first->starts_ns && f->route <= report->first->route;
        if ((f == report->first || with) && *f->began.stream && f->began.starts_ns != NO_TIME &&
            (!best || is_better(&f->began, best)))
            best = &f->began;
    }
    return best;
}

static void count_all(struct report *report)
{
    struct report_counts *counts = &report->counts;
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct report_finding *f = &report->findings[i];
        counts->routes[f->route]++;
        counts->gaps += strcmp(f->kind, "gap") == 0;
        counts->hushed += *f->hushed != '\0';
        counts->open += goes_on(report, f);
        counts->falses += f->false_reason != NULL;
        if (!report->first || (report->first->route == REPORT_LOG && f->route < REPORT_LOG))
            report->first = f;
    }
    report->began = report->first ? find_beginning(report) : NULL;
    counts->troubles = count_troubles(report);
    counts->paged_ns = open_ns(report, NULL);
    for (size_t i = 0; i < report->budget_count; i++)
        report->budgets[i].burning_ns = open_ns(report, &report->budgets[i]);
}

/* A silence of no stream is of all. */
static void drop_outside(struct report *report)
{
    size_t kept = 0;
    for (size_t i = 0; i < report->silence_count; i++)
        if (report->silences[i].from_ns <= report->until_ns &&
            report->silences[i].until_ns >= report->since_ns &&
            (!*report->silences[i].stream || report_wants(report, report->silences[i].stream)))
            report->silences[kept++] = report->silences[i];
    report->silence_count = kept;
}

void report_settle(struct report *report)
{
    report->since_ns = report_begins(report);
    if (report->until_ns == NO_TIME && report->drafts)
        report->until_ns = report->drafts->newest_ns;
    if (report->until_ns == NO_TIME || report->until_ns < report->since_ns)
        report->until_ns = report->since_ns;
    if (report->since_ns != NO_TIME && report->until_ns > INT64_MIN + REPORT_SPAN_MAX &&
        report->since_ns < report->until_ns - REPORT_SPAN_MAX)
        report->since_ns = report->until_ns - REPORT_SPAN_MAX;
    report->known_ns = report->until_ns;
    if (report->drafts && report->drafts->newest_ns < report->until_ns)
        report->known_ns = report->drafts->newest_ns;
    if (report->drafts)
        read_all(report);
    report_drop_drafts(report);
    find_escalations(report);
    heed_remarks(report);
    gather_deploys(report);
    drop_outside(report);
    count_all(report);
    report_make_timeline(report);
    report_make_charts(report);
}

/* ---- putting in ----------------------------------------------------------------------- */

static const char *own(struct report *report, const char *text)
{
    return arena_text(&report->arena, bytes_of(text ? text : ""));
}

/* Of too many the oldest goes; they come in the order in which they were said. */
#define MAKE_ROOM(list, count)                                                                 \
    do {                                                                                       \
        if ((count) == REPORT_NOTES_MAX)                                                       \
            memmove((list), (list) + 1, --(count) * sizeof((list)[0]));                        \
    } while (0)

void report_add_deploy(struct report *report, const struct report_deploy *deploy)
{
    MAKE_ROOM(report->deploys, report->deploy_count);
    report->deploys[report->deploy_count++] =
        (struct report_deploy){own(report, deploy->service), own(report, deploy->version),
                               own(report, deploy->url), deploy->time_ns};
}

void report_add_remark(struct report *report, const struct report_remark *remark)
{
    MAKE_ROOM(report->remarks, report->remark_count);
    report->remarks[report->remark_count++] = (struct report_remark){
        remark->kind, own(report, remark->id), own(report, remark->fingerprint),
        own(report, remark->text), remark->time_ns};
}

void report_add_silence(struct report *report, const struct report_silence *silence)
{
    MAKE_ROOM(report->silences, report->silence_count);
    report->silences[report->silence_count++] =
        (struct report_silence){own(report, silence->stream),
                                own(report, silence->series),
                                own(report, silence->detector),
                                own(report, silence->reason),
                                silence->from_ns,
                                silence->until_ns};
}

void report_free(struct report *report)
{
    report_drop_drafts(report);
    arena_free(&report->arena);
}
