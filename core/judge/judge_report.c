/* SPDX-License-Identifier: MIT */
/*
 * judge_report.c - the judge's members of a status object.
 */

#include "base/json_put.h"
#include "judge/judge_inner.h"

#include <string.h>

static void report_seat(const struct crew_report *seat, struct json *json)
{
    json_begin(json, '{');
    json_put_text(json, "id", seat->label->id);
    json_put_text(json, "path", seat->path);
    json_put_text(json, "stream", seat->stream);
    json_put_text(json, "series", seat->series);
    json_put_int(json, "series_count", seat->series_count);
    json_put_text(json, "state",
                  seat->dead          ? "closed"
                  : seat->quarantined ? "quarantine"
                  : seat->running     ? "running"
                                      : "waiting");
    json_put_count(json, "windows", seat->windows);
    json_put_count(json, "records", seat->records);
    json_put_double(json, "ns_per_window",
                    seat->windows ? (double)seat->score_ns / (double)seat->windows : 0);
    json_put_double(json, "ns_per_record",
                    seat->records ? (double)seat->observe_ns / (double)seat->records : 0);
    json_put_count(json, "busy_ns", seat->score_ns + seat->observe_ns);
    json_put_count(json, "gaps", seat->gaps);
    json_end(json, '}');
}

/* The slots of a grouped series are one to whoever looks. False when this is none of them. */
static bool join_slot(struct crew_report *all, struct crew_report slot)
{
    if (!all->slot || !slot.slot || all->label != slot.label ||
        strcmp(all->stream, slot.stream) != 0 || strcmp(all->series, slot.series) != 0)
        return false;
    all->series_count += slot.series_count;
    all->observe_ns += slot.observe_ns;
    all->score_ns += slot.score_ns;
    all->gaps += slot.gaps;
    all->running |= slot.running;
    all->quarantined |= slot.quarantined;
    all->dead &= slot.dead;
    return true;
}

/* Windows of series that each plugin could not score, under its id. */
static void report_gaps(const struct crew *crew, struct json *json)
{
    json_put_begin(json, "plugin_gaps_by_id", '{');
    for (uint32_t i = 0; i < crew_seats(crew) && crew_counts(crew).gaps; i++) {
        const char *id = crew_report(crew, i).label->id;
        uint64_t gaps = 0;
        bool first = true;
        for (uint32_t k = 0; k < crew_seats(crew); k++) {
            struct crew_report seat = crew_report(crew, k);
            bool same = strcmp(seat.label->id, id) == 0;
            first &= k >= i || !same;
            gaps += same ? seat.gaps : 0;
        }
        if (!first || gaps == 0)
            continue;
        json_put_count(json, id, gaps);
    }
    json_end(json, '}');
}

/* The alarm stage of each stream, and how many silences there are. */
static void report_verdicts(const struct judge *judge, struct json *json)
{
    json_put_count(json, "silences", judge->silences->count);
    json_put_begin(json, "alarms", '[');
    for (size_t i = 0; i < judge->bench_count; i++)
        if (judge->benches[i] && judge->benches[i]->verdict)
            verdict_report(judge->benches[i]->verdict, json);
    json_end(json, ']');
}

void judge_report(const struct judge *judge, struct json *json)
{
    struct judge_counts counts = judge_counts(judge);
    struct crew_counts crew = crew_counts(judge->crew);
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {{"batches", counts.batches},
                   {"records", counts.records},
                   {"windows", counts.windows},
                   {"scores", counts.scores},
                   {"findings", counts.findings},
                   {"suppressed", counts.suppressed},
                   {"source_gaps", counts.gaps},
                   {"plugin_errors", counts.plugin_errors},
                   {"plugin_gaps", crew.gaps},
                   {"worker_restarts", crew.restarts},
                   {"deploys_evicted", judge->past->found.evicted}};
    json_put_begin(json, "judge", '{');
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        json_put_count(json, numbers[i].name, numbers[i].value);
    }
    report_gaps(judge->crew, json);
    json_end(json, '}');
    report_verdicts(judge, json);
    json_put_begin(json, "slos", '[');
    for (size_t i = 0; i < judge->bench_count; i++)
        if (judge->benches[i])
            slos_report(judge->benches[i]->slos, json);
    for (size_t i = 0; i < judge->service_count; i++)
        slos_report(judge->services[i]->slos, json);
    json_end(json, ']');
    json_put_begin(json, "detectors", '[');
    for (uint32_t i = 0; i < crew_seats(judge->crew);) {
        struct crew_report seat = crew_report(judge->crew, i++);
        while (i < crew_seats(judge->crew) && join_slot(&seat, crew_report(judge->crew, i)))
            i++;
        report_seat(&seat, json);
    }
    json_end(json, ']');
}

void judge_firing(const struct judge *judge, uint32_t ret[ROUTES])
{
    uint32_t counts[ROUTES] = {0};
    for (size_t i = 0; i < judge->bench_count; i++) {
        const struct bench *bench = judge->benches[i];
        if (bench && bench->verdict)
            verdict_firing(bench->verdict, counts);
        if (bench)
            slos_firing(bench->slos, counts);
    }
    for (size_t i = 0; i < judge->service_count; i++)
        slos_firing(judge->services[i]->slos, counts);
    memcpy(ret, counts, sizeof(counts));
}
