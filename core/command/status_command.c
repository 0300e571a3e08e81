/* SPDX-License-Identifier: MIT */

/* oddline status, oddline metrics: the file that the daemon writes (status.h), for people and for Prometheus. */

#include "base/json.h"
#include "command/given.h"
#include "command/status_read.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_CONFIG, OPT_STATE_DIR, OPT_JSON, OPTIONS };

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = GIVEN_CONFIG,
    [OPT_STATE_DIR] = GIVEN_STATE_DIR,
    [OPT_JSON] = {"json", NULL, "the whole of it as JSON (status only)"},
};

/* ---- for people --------------------------------------------------------- */

static double number(struct json_value object, const char *path)
{
    return json_number(json_at(object, path), 0);
}

static void print_text(struct json_value object, const char *path, int width)
{
    struct bytes text = json_at(object, path).raw;
    int len = (int)(text.len > 200 ? 200 : text.len);
    printf("%-*.*s", width, len, text.at ? text.at : "");
}

static void print_head(struct json_value status)
{
    bool running = json_at(status, "running").type == JSON_TRUE;
    printf("oddline ");
    print_text(status, "version", 0);
    printf(", pid %.0f, %s since ", number(status, "pid"), running ? "running" : "ended; ran");
    print_text(status, "started_at", 0);
    printf(", as of ");
    print_text(status, "updated_at", 0);
    printf("\n%.0f lines, %.1f MiB, %.0f files followed, %.0f findings%s\n",
           number(status, "lines"), number(status, "bytes") / 1048576,
           number(status, "files.followed"), number(status, "judge.findings"),
           json_at(status, "backpressure").type == JSON_TRUE
               ? "; READING WAITS: the journal has no room"
               : "");
    printf("%.0f bytes scored, %.0f in %.0f gaps, %.0f lost unread%s\n",
           number(status, "conservation.scored"), number(status, "conservation.gap"),
           number(status, "conservation.gaps"), number(status, "conservation.lost"),
           json_at(status, "conservation.balanced").type == JSON_FALSE
               ? "; BYTES DO NOT ADD UP, please report this"
               : "");
}

static void each(struct json_value status, const char *list, void (*print)(struct json_value))
{
    struct json_walk walk = json_walk(json_at(status, list));
    struct json_value member;
    struct bytes key;
    while (json_next(&walk, &key, &member))
        print(member);
}

static void print_stream(struct json_value stream)
{
    printf("  ");
    print_text(stream, "name", 28);
    printf(" window %4.0fs  %12.0f records  %6.0f late  reached ", number(stream, "window_s"),
           number(stream, "records"), number(stream, "late"));
    print_text(stream, "reached", 0);
    printf("\n");
}

static void print_group(struct json_value group)
{
    printf("  ");
    print_text(group, "series", 28);
    printf(" by ");
    print_text(group, "field", 20);
    printf(" %.0f of %.0f groups  %.0f evicted  %.0f records of none\n", number(group, "taken"),
           number(group, "groups"), number(group, "evicted"), number(group, "other"));
}

static void print_groups(struct json_value stream)
{
    each(stream, "groups", print_group);
}

static void print_alarm(struct json_value alarm)
{
    printf("  ");
    print_text(alarm, "stream", 28);
    printf(" warm-up %.0f of %.0f windows, %.0f of %.0f opinions still warming  page %.2f  "
           "ticket %.2f  raised by %.2f  %.0f capped  %.0f hushed\n",
           number(alarm, "warm_windows"), number(alarm, "warmup"),
           number(alarm, "opinions_warming"), number(alarm, "opinions"),
           number(alarm, "thresholds.page"), number(alarm, "thresholds.ticket"),
           number(alarm, "raised_by"), number(alarm, "suppressed"), number(alarm, "hushed"));
}

static void print_detector(struct json_value detector)
{
    printf("  ");
    print_text(detector, "id", 12);
    print_text(detector, "stream", 24);
    print_text(detector, "series", 20);
    print_text(detector, "state", 11);
    printf("%9.0f windows  %8.0f ns/window  %7.1f ns/line  %.0f gaps\n",
           number(detector, "windows"), number(detector, "ns_per_window"),
           number(detector, "ns_per_record"), number(detector, "gaps"));
}

static void print_pattern(struct json_value pattern)
{
    printf("  %12.0f searches  %6.0f ns each  %.0f limit errors%s  ",
           number(pattern, "searches"), number(pattern, "ns_per_search"),
           number(pattern, "limit_errors"),
           json_at(pattern, "quarantined").type == JSON_TRUE ? "  QUARANTINED" : "");
    print_text(pattern, "pattern", 0);
    printf("\n");
}

static void print_patterns(struct json_value stream)
{
    each(stream, "patterns", print_pattern);
}

static void print_sink(struct json_value sink)
{
    printf("  ");
    print_text(sink, "name", 12);
    printf("%.0f confirmed, %.0f waiting, %.0f errors%s\n", number(sink, "confirmed"),
           number(sink, "waiting"), number(sink, "errors"),
           json_at(sink, "troubled").type == JSON_TRUE ? "; IN TROUBLE" : "");
}

static void print_status(struct json_value status)
{
    print_head(status);
    printf("\nstreams\n");
    each(status, "streams", print_stream);
    each(status, "streams", print_groups);
    printf("\nalarms (%.0f silences)\n", number(status, "silences"));
    each(status, "alarms", print_alarm);
    printf("\ndetectors\n");
    each(status, "detectors", print_detector);
    printf("\npatterns\n");
    each(status, "streams", print_patterns);
    printf("\nsinks\n");
    each(status, "sinks", print_sink);
}

/* ---- for Prometheus ----------------------------------------------------- */

struct metric {
    const char *name, *type, *help, *path;
};

static const struct metric totals[] = {
    {"oddline_up", "gauge", "1 while the daemon runs.", "running"},
    {"oddline_lines_total", "counter", "Lines read.", "lines"},
    {"oddline_records_total", "counter", "Records made of them.", "records"},
    {"oddline_bytes_total", "counter", "Bytes read.", "bytes"},
    {"oddline_backpressure", "gauge", "1 while reading waits for the sinks.", "backpressure"},
    {"oddline_ring_in_flight_bytes", "gauge", "Bytes of the ring that a reader still needs.",
     "ring_in_flight"},
    {"oddline_files_followed", "gauge", "Files that are followed.", "files.followed"},
    {"oddline_files_rotated_total", "counter", "Rotations seen.", "files.rotated"},
    {"oddline_files_truncated_total", "counter", "Truncations seen.", "files.truncated"},
    {"oddline_checkpoint_invalid_total", "counter", "Bookmarks that did not fit their file.",
     "files.bookmark_invalid"},
    {"oddline_windows_total", "counter", "Windows judged.", "judge.windows"},
    {"oddline_findings_total", "counter", "Findings delivered, revisions included.",
     "judge.findings"},
    {"oddline_findings_suppressed_total", "counter", "Findings that the storm cap held back.",
     "judge.suppressed"},
    {"oddline_bytes_committed_total", "counter",
     "Bytes that committed offsets of files passed: scored plus in gaps.",
     "conservation.moved"},
    {"oddline_bytes_scored_total", "counter", "Of these, bytes that were scored.",
     "conservation.scored"},
    {"oddline_bytes_gap_total", "counter", "Of these, bytes that lie in gaps.",
     "conservation.gap"},
    {"oddline_bytes_lost_total", "counter",
     "Bytes that were truncated or deleted before they could be read.", "conservation.lost"},
    {"oddline_findings_committed_total", "counter", "Findings in the journal.",
     "journal.findings"},
    {"oddline_journal_blocks_total", "counter", "Blocks written.", "journal.blocks"},
    {"oddline_journal_disk_bytes", "gauge", "Room that the journal takes.",
     "journal.bytes_on_disk"},
    {"oddline_journal_ns_per_sync", "gauge", "Cost of making a block durable.",
     "journal.ns_per_sync"},
    {"oddline_journal_damaged_total", "counter", "Damaged places found in the journal.",
     "journal.damaged"},
    {"oddline_redis_evicts", "gauge",
     "1 when the Redis server may delete our streams: maxmemory-policy allkeys-*.",
     "redis.evicts"},
    {"oddline_redis_connects_total", "counter", "Connections made.", "redis.connects"},
    {"oddline_redis_beats_total", "counter", "Heartbeats that Redis took.", "redis.beats"},
    {"oddline_redis_beat_errors_total", "counter", "Heartbeats that failed.",
     "redis.beat_errors"},
    {"oddline_snapshots_total", "counter", "Snapshots written.", "journal.snapshots"},
    {"oddline_snapshot_failures_total", "counter", "Snapshots that could not be written.",
     "journal.snapshot_failures"},
    {"oddline_source_gaps_total", "counter", "Gaps in what was read.", "judge.source_gaps"},
    {"oddline_plugin_gaps_total", "counter", "Windows that a detector did not score.",
     "judge.plugin_gaps"},
    {"oddline_worker_restarts_total", "counter", "Workers replaced.", "judge.worker_restarts"},
    {"oddline_deploys_evicted_total", "counter",
     "Deployments found in logs that made room for newer ones.", "judge.deploys_evicted"},
};
static const struct metric of_streams[] = {
    {"oddline_stream_records_total", "counter", "Records counted in windows.", "records"},
    {"oddline_stream_late_total", "counter", "Records whose window was closed already.",
     "late"},
    {"oddline_stream_suspect_stamps_total", "counter", "Stamps that were not believed at once.",
     "suspect_stamps"},
    {"oddline_stream_groups_evicted_total", "counter",
     "Groups of grouped series that gave way to others.", "groups_evicted_total"},
    {"oddline_stream_groups_other_total", "counter",
     "Records of no group, since all were taken.", "groups_other_total"},
};
static const struct metric of_detectors[] = {
    {"oddline_detector_windows_total", "counter", "Windows scored since its worker started.",
     "windows"},
    {"oddline_detector_ns_per_window", "gauge", "Cost of a window.", "ns_per_window"},
    {"oddline_detector_ns_per_record", "gauge", "Cost of a record.", "ns_per_record"},
    {"oddline_detector_gaps_total", "counter", "Windows it did not score.", "gaps"},
};
static const struct metric of_slos[] = {
    {"oddline_slo_objective_percent", "gauge", "Share of records that is to be good.",
     "objective"},
    {"oddline_slo_period_seconds", "gauge", "Over which the budget is spread.", "period_s"},
    {"oddline_slo_records", "gauge", "Records of the period that count.", "total"},
    {"oddline_slo_bad_records", "gauge", "Of these, bad ones.", "bad"},
    {"oddline_slo_unknown_seconds", "gauge", "Of the period, nobody knows what happened.",
     "unknown_s"},
    {"oddline_slo_budget_left", "gauge",
     "Share of the budget that is left; below 0: overdrawn.", "budget_left"},
};
static const struct metric of_slo_rates[] = {
    {"oddline_slo_burn_rate", "gauge", "1: the budget lasts exactly a period.", "burn"},
};
static const struct metric of_patterns[] = {
    {"oddline_pattern_searches_total", "counter", "Searches.", "searches"},
    {"oddline_pattern_ns_per_search", "gauge", "Cost of a search.", "ns_per_search"},
    {"oddline_pattern_limit_errors_total", "counter", "Searches given up at a limit.",
     "limit_errors"},
};
static const struct metric of_sinks[] = {
    {"oddline_sink_confirmed", "gauge", "Highest n that the sink has.", "confirmed"},
    {"oddline_sink_waiting", "gauge", "Findings that wait for it.", "waiting"},
    {"oddline_sink_errors_total", "counter", "Failed attempts.", "errors"},
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static double metric_value(struct json_value object, const char *path)
{
    struct json_value value = json_at(object, path);
    double none = value.type == JSON_NULL ? NAN : 0;
    return value.type == JSON_TRUE ? 1 : json_number(value, none);
}

/* A label's value is the JSON string as it stands: its escapes are those of the exposition format, but for \uXXXX, which stays. */
static void print_label(struct json_value object, const char *name, const char *path,
                        bool first)
{
    struct bytes raw = json_at(object, path).raw;
    printf("%s%s=\"%.*s\"", first ? "{" : ",", name, (int)raw.len, raw.at ? raw.at : "");
}

static void print_help(const struct metric *metric)
{
    printf("# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
           metric->type);
}

struct labelled {
    const char *names[3], *paths[3];
    size_t count;
};

static void print_row(const struct metric *metric, struct json_value member,
                      const struct labelled *labels)
{
    printf("%s", metric->name);
    for (size_t i = 0; i < labels->count; i++)
        print_label(member, labels->names[i], labels->paths[i], i == 0);
    printf("} %.17g\n", metric_value(member, metric->path));
}

static void print_list(struct json_value list, const struct metric *metric,
                       const struct labelled *labels)
{
    struct json_walk walk = json_walk(list);
    struct json_value member;
    struct bytes key;
    while (json_next(&walk, &key, &member))
        print_row(metric, member, labels);
}

static void print_lists(struct json_value list, const struct metric *metrics, size_t count,
                        const struct labelled *labels)
{
    for (size_t i = 0; i < count; i++) {
        print_help(&metrics[i]);
        print_list(list, &metrics[i], labels);
    }
}

/* Of lists that lie in the members of a list. */
static void print_inner_lists(struct json_value outer, const char *path,
                              const struct metric *metrics, size_t count,
                              const struct labelled *labels)
{
    for (size_t i = 0; i < count; i++) {
        struct json_walk walk = json_walk(outer);
        struct json_value member;
        struct bytes key;
        print_help(&metrics[i]);
        while (json_next(&walk, &key, &member))
            print_list(json_at(member, path), &metrics[i], labels);
    }
}

static void print_metrics(struct json_value status)
{
    static const struct labelled stream = {{"stream"}, {"name"}, 1};
    static const struct labelled detector = {
        {"detector", "stream", "series"}, {"id", "stream", "series"}, 3};
    static const struct labelled sink = {{"sink"}, {"name"}, 1};
    static const struct labelled pattern = {{"pattern"}, {"pattern"}, 1};
    static const struct labelled slo = {{"slo", "stream"}, {"slo", "stream"}, 2};
    static const struct labelled rate = {
        {"slo", "stream", "window"}, {"slo", "stream", "window"}, 3};
    for (size_t i = 0; i < COUNT(totals); i++) {
        print_help(&totals[i]);
        printf("%s %.17g\n", totals[i].name, metric_value(status, totals[i].path));
    }
    print_lists(json_at(status, "streams"), of_streams, COUNT(of_streams), &stream);
    print_lists(json_at(status, "detectors"), of_detectors, COUNT(of_detectors), &detector);
    print_inner_lists(json_at(status, "streams"), "patterns", of_patterns, COUNT(of_patterns),
                      &pattern);
    print_lists(json_at(status, "slos"), of_slos, COUNT(of_slos), &slo);
    print_inner_lists(json_at(status, "slos"), "rates", of_slo_rates, COUNT(of_slo_rates),
                      &rate);
    print_lists(json_at(status, "sinks"), of_sinks, COUNT(of_sinks), &sink);
}

/* ---- commands ----------------------------------------------------------- */

static int show(const char *command, int argc, char **argv, void (*print)(struct json_value))
{
    const char *v[OPTIONS] = {0};
    struct option_set set = {command, specs, OPTIONS, given_keep, v};
    struct buffer text = {0};
    struct bytes rest;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    code = status_open(v[OPT_CONFIG], v[OPT_STATE_DIR], &text);
    if (code == EXIT_DONE && v[OPT_JSON])
        fwrite(text.at, 1, text.len, stdout);
    else if (code == EXIT_DONE)
        print(json_read(buffer_bytes(&text), &rest));
    buffer_free(&text);
    return fflush(stdout) == 0 ? code : EXIT_IO;
}

int command_status(int argc, char **argv)
{
    return show("status", argc, argv, print_status);
}

int command_metrics(int argc, char **argv)
{
    return show("metrics", argc, argv, print_metrics);
}
