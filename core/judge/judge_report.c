/* SPDX-License-Identifier: MIT */
/*
 * judge_report.c - the judge's members of a status object.
 */

#include "judge/judge_inner.h"

#include <string.h>

static void report_seat(const struct crew_report *seat, struct json *json)
{
    json_begin(json, '{');
    json_key(json, "id");
    json_text(json, seat->label->id);
    json_key(json, "path");
    json_text(json, seat->path);
    json_key(json, "stream");
    json_text(json, seat->stream);
    json_key(json, "series");
    json_text(json, seat->series);
    json_key(json, "series_count");
    json_int(json, seat->series_count);
    json_key(json, "state");
    json_text(json, seat->dead          ? "closed"
                    : seat->quarantined ? "quarantine"
                    : seat->running     ? "running"
                                        : "waiting");
    json_key(json, "windows");
    json_int(json, (int64_t)seat->windows);
    json_key(json, "records");
    json_int(json, (int64_t)seat->records);
    json_key(json, "ns_per_window");
    json_double(json, seat->windows ? (double)seat->score_ns / (double)seat->windows : 0);
    json_key(json, "ns_per_record");
    json_double(json, seat->records ? (double)seat->observe_ns / (double)seat->records : 0);
    json_key(json, "busy_ns");
    json_int(json, (int64_t)(seat->score_ns + seat->observe_ns));
    json_key(json, "gaps");
    json_int(json, (int64_t)seat->gaps);
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
    json_begin(json, '{');
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
        json_key(json, id);
        json_int(json, (int64_t)gaps);
    }
    json_end(json, '}');
}

/* The alarm stage of each stream, and how many silences there are. */
static void report_verdicts(const struct judge *judge, struct json *json)
{
    json_key(json, "silences");
    json_int(json, (int64_t)judge->silences->count);
    json_key(json, "alarms");
    json_begin(json, '[');
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
    json_key(json, "judge");
    json_begin(json, '{');
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        json_key(json, numbers[i].name);
        json_int(json, (int64_t)numbers[i].value);
    }
    json_key(json, "plugin_gaps_by_id");
    report_gaps(judge->crew, json);
    json_end(json, '}');
    report_verdicts(judge, json);
    json_key(json, "slos");
    json_begin(json, '[');
    for (size_t i = 0; i < judge->bench_count; i++)
        if (judge->benches[i])
            slos_report(judge->benches[i]->slos, json);
    for (size_t i = 0; i < judge->service_count; i++)
        slos_report(judge->services[i]->slos, json);
    json_end(json, ']');
    json_key(json, "detectors");
    json_begin(json, '[');
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
