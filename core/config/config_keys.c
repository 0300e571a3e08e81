/* SPDX-License-Identifier: MIT */

#include "config/config_keys.h"

#include "base/clock.h"
#include "config/config.h"
#include "deliver/shard.h"
#include "window/window.h"

#include <stddef.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- the keys ----------------------------------------------------------- */

#define AT(member) offsetof(struct THIS, member)

/* The keys of a selection, which is the member before `in` of THIS. */
#define SELECTION(in)                                                                          \
    {"match", KEY_TEXT, AT(in match), .help = "PCRE2 pattern that the record must match."},    \
        {"level", KEY_TEXT, AT(in level),                                                      \
         .help = "A level (`error`) or that and worse (`>=error`)."},                          \
        {"where", KEY_TEXT, AT(in where),                                                      \
         .help = "A field compared with a value: `status >= 500`, `method = GET`."},           \
    {                                                                                          \
        "unparsed", KEY_BOOL, AT(in unparsed),                                                 \
            .help = "Only records that the format did not fit."                                \
    }

#define THIS config_select
static const struct key select_keys[] = {SELECTION()};
static const struct schema select_schema = {
    "a selection", sizeof(struct THIS), NULL, SCHEMA_NO_LINE, select_keys, COUNT(select_keys)};
#undef THIS

#define THIS config_ratio
static const struct key ratio_keys[] = {
    SELECTION(select.),
    {"of", KEY_OBJECT, AT(of), &select_schema, .help = "Or: these records, divided by"},
    {"to", KEY_OBJECT, AT(to), &select_schema, .help = "these."},
};
static const struct schema ratio_schema = {
    "a ratio", sizeof(struct THIS), NULL, SCHEMA_NO_LINE, ratio_keys, COUNT(ratio_keys)};
#undef THIS

#define THIS config_of
static const struct key of_keys[] = {
    SELECTION(select.),
    {"field", KEY_TEXT, AT(field),
     .help = "The numeric field of a quantile; `of: NAME` is short for `of: {field: NAME}`."},
};
static const struct schema of_schema = {"of",    sizeof(struct THIS), NULL, SCHEMA_NO_LINE,
                                        of_keys, COUNT(of_keys)};
#undef THIS

#define THIS config_series
static const struct key series_keys[] = {
    {"name", KEY_TEXT, AT(name), .required = true,
     .help = "Name by which detectors ask for it."},
    {"count", KEY_OBJECT, AT(count), &select_schema, .help = "Counts the records selected."},
    {"ratio", KEY_OBJECT, AT(ratio), &ratio_schema,
     .help = "Share of all records that is selected, or of some records."},
    {"sum", KEY_TEXT, AT(sum), .help = "Sum of a numeric field."},
    {"mean", KEY_TEXT, AT(mean), .help = "Mean of a numeric field."},
    {"min", KEY_TEXT, AT(min), .help = "Minimum of a numeric field."},
    {"max", KEY_TEXT, AT(max), .help = "Maximum of a numeric field."},
    {"quantile", KEY_NUMBER, AT(quantile), .min = 0.0001, .max = 0.9999,
     .help = "The number below which so much of a numeric field lies (0.99), to 2 % of it."},
    {"distinct", KEY_TEXT, AT(distinct),
     .help = "How many different values a field has, to some 2 %."},
    {"of", KEY_OBJECT, AT(of), &of_schema, .single = "field",
     .help = "Of which records (for sum to distinct); for a quantile, of which field."},
    {"min_samples", KEY_INTEGER, AT(min_samples), .max = 1e9,
     .help = "Fewer records than this give no value."},
    {"by", KEY_TEXT, AT(by),
     .help = "A field: each of its values is a series of its own, `NAME{FIELD=\"VALUE\"}`."},
    {"groups", KEY_INTEGER, AT(groups), .min = 1, .max = WINDOW_GROUPS_MAX,
     .help = "With `by`: so many values at a time, 64 when absent. A new one takes the place "
             "of one "
             "not seen for 60 windows, or counts as `NAME{other}`."},
};
static const struct schema series_schema = {"a series",  sizeof(struct THIS), NULL, AT(line),
                                            series_keys, COUNT(series_keys)};
#undef THIS

#define THIS config_redact
static const struct config_redact redact_default = {.with = "<redacted>"};
static const struct key redact_keys[] = {
    {"match", KEY_TEXT, AT(match), .required = true,
     .help = "PCRE2 pattern of what must not leave."},
    {"with", KEY_TEXT, AT(with), .help = "What stands there instead."},
};
static const struct schema redact_schema = {"redact",        sizeof(struct THIS),
                                            &redact_default, SCHEMA_NO_LINE,
                                            redact_keys,     COUNT(redact_keys)};
#undef THIS

#define THIS config_multiline
static const struct config_multiline multiline_default = {.flush_after_ns = 300 * NS_PER_MS};
static const struct key multiline_keys[] = {
    {"start", KEY_TEXT, AT(start),
     .help = "PCRE2 pattern of a line that begins a record; empty: every line is a record."},
    {"flush_after", KEY_DURATION, AT(flush_after_ns), .min = 1e6, .max = 60e9,
     .help = "The last record is complete when nothing follows for so long."},
};
static const struct schema multiline_schema = {"multiline",        sizeof(struct THIS),
                                               &multiline_default, SCHEMA_NO_LINE,
                                               multiline_keys,     COUNT(multiline_keys)};
#undef THIS

#define THIS config_detector
static const struct key detector_keys[] = {
    {"use", KEY_TEXT, AT(use), .required = true,
     .help = "Id of a built-in detector, or the path of a `.so`."},
    {"on", KEY_TEXTS, AT(on), .help = "Series to score; `lines` when absent."},
    {"set", KEY_SETTINGS, AT(set),
     .help = "Parameters of the detector; see `oddline plugins`."},
    {"on_lag", KEY_TEXT, AT(on_lag), .choices = "wait|skip",
     .help = "A stranger that is too slow: reading waits, or it goes on with a gap (default)."},
    {"shadow", KEY_BOOL, AT(shadow),
     .help = "Only watched: its findings go to the log, with the label shadow."},
};
static const struct schema detector_schema = {
    "a detector", sizeof(struct THIS), NULL, AT(line), detector_keys, COUNT(detector_keys)};
_Static_assert(offsetof(struct THIS, patterns) == AT(set) + sizeof(struct config_pairs),
               "KEY_SETTINGS needs this order");
#undef THIS

#define THIS config_route
static const struct config_route route_default = {.page = 6, .ticket = 4, .log = 3};
static const struct key route_keys[] = {
    {"page", KEY_NUMBER, AT(page), .min = 1, .max = 300,
     .help = "Surprise from which someone acts now."},
    {"ticket", KEY_NUMBER, AT(ticket), .min = 1, .max = 300,
     .help = "Surprise from which someone looks this week."},
    {"log", KEY_NUMBER, AT(log), .min = 1, .max = 300,
     .help = "Surprise from which it is kept for search."},
};
static const struct schema route_schema = {"route",  sizeof(struct THIS), &route_default,
                                           AT(line), route_keys,          COUNT(route_keys)};
#undef THIS

#define THIS config_deploys
static const struct key deploys_keys[] = {
    {"match", KEY_TEXT, AT(match), .required = true,
     .help = "PCRE2 pattern of a record that tells of one, with the group `version` and, if it "
             "is there, `service`."},
    {"service", KEY_TEXT, AT(service),
     .help = "What was deployed, where the group does not say; else service.name, or the "
             "stream."},
};
static const struct schema deploys_schema = {"deploys",    sizeof(struct THIS), NULL, AT(line),
                                             deploys_keys, COUNT(deploys_keys)};
#undef THIS

#define THIS config_mute
static const struct key mute_keys[] = {
    {"when", KEY_TEXT, AT(when), .required = true,
     .help = "`02:00-04:00`, `Sat 02:00-04:00`, `Mon-Fri 22:00-06:00`."},
    {"timezone", KEY_TEXT, AT(timezone),
     .help = "Of these hours; that of the stream when absent."},
    {"reason", KEY_TEXT, AT(reason), .required = true,
     .help = "Why nobody wants to be called; goes with each finding as the label muted."},
    {"author", KEY_TEXT, AT(author), .required = true, .help = "Who says so."},
};
static const struct schema mute_schema = {"a mute", sizeof(struct THIS), NULL,
                                          AT(line), mute_keys,           COUNT(mute_keys)};
#undef THIS

#define THIS config_when
static const struct key when_keys[] = {
    {"stream", KEY_TEXTS, AT(streams), .help = "Of which streams; `*` stands for any text."},
    {"kind", KEY_TEXTS, AT(kinds),
     .help = "Of which kinds: spike, drop, shift, trend, new, silence, burn, gap, plugin."},
    {"series", KEY_TEXTS, AT(series), .help = "Of which series; `*` stands for any text."},
    {"detector", KEY_TEXTS, AT(detectors),
     .help = "Of which detectors; `*` stands for any text."},
    {"labels", KEY_PAIRS, AT(labels),
     .help = "Labels of the stream, or attributes of the resource, that must be so; `*` stands "
             "for any text."},
    {"score", KEY_TEXT, AT(score), .help = "How odd: `>= 8`, `< 5`."},
    {"time", KEY_TEXT, AT(time),
     .help = "Hours, in event time, in which it begins: `Mon-Fri 09:00-18:00`."},
    {"timezone", KEY_TEXT, AT(timezone),
     .help = "Of these hours; that of the stream when absent."},
};
static const struct schema when_schema = {"when",    sizeof(struct THIS), NULL, SCHEMA_NO_LINE,
                                          when_keys, COUNT(when_keys)};
#undef THIS

#define THIS config_rule
static const struct key rule_keys[] = {
    {"name", KEY_TEXT, AT(name), .required = true,
     .help = "Goes with each finding that it is about, as the label rule."},
    {"when", KEY_OBJECT, AT(when), &when_schema,
     .help = "All of it must fit; any when absent."},
    {"route", KEY_TEXT, AT(route), .choices = "page|ticket|log",
     .help = "Where it goes, whatever its score; by the score when absent."},
    {"labels", KEY_PAIRS, AT(labels), .help = "Go with it, before those of the stream."},
    {"annotations", KEY_PAIRS, AT(annotations),
     .help = "Go with it, before those of the stream."},
};
static const struct schema rule_schema = {
    "a rule of routes", sizeof(struct THIS), NULL, AT(line), rule_keys, COUNT(rule_keys)};
#undef THIS

#define THIS config_slo
static const struct config_slo slo_default = {.period_ns = 30 * 86400 * NS_PER_S};
static const struct key slo_keys[] = {
    {"name", KEY_TEXT, AT(name), .required = true,
     .help = "Name of the objective; its findings have it as their series."},
    {"stream", KEY_TEXT, AT(stream), .help = "Stream whose records are counted. Or:"},
    {"service", KEY_TEXT, AT(service),
     .help =
         "service whose records are counted: those of all streams with this label `service` "
         "or `service.name`; where they have none, that of the resource."},
    {"good", KEY_OBJECT, AT(good), &select_schema,
     .help = "Records that are good; the others of `total` are bad. Or:"},
    {"bad", KEY_OBJECT, AT(bad), &select_schema,
     .help = "records that are bad; the others of `total` are good."},
    {"total", KEY_OBJECT, AT(total), &select_schema,
     .help = "Records that count at all; all when absent."},
    {"objective", KEY_NUMBER, AT(objective), .min = 1, .max = 99.9999, .required = true,
     .help = "Percent of the records that must be good: `99.9`."},
    {"period", KEY_DURATION, AT(period_ns), .min = 86400e9, .max = 366 * 86400e9,
     .help = "Over which the budget, the rest, is spread; the windows of the rules are shares "
             "of it."},
    {"min_total", KEY_INTEGER, AT(min_total), .max = 1e12,
     .help = "Nothing is said of a burn over fewer records than this."},
    {"labels", KEY_PAIRS, AT(labels),
     .help = "Go with its findings, before those of the stream."},
    {"annotations", KEY_PAIRS, AT(annotations),
     .help = "Go with its findings, before those of the stream."},
};
static const struct schema slo_schema = {"an SLO", sizeof(struct THIS), &slo_default, AT(line),
                                         slo_keys, COUNT(slo_keys)};
#undef THIS

#define THIS config_expect
static const struct config_expect expect_default = {.count = -1};
static const struct key expect_keys[] = {
    {"kind", KEY_TEXT, AT(kind),
     .choices = "spike|drop|shift|trend|new|silence|burn|gap|plugin",
     .help = "Kind of finding."},
    {"series", KEY_TEXT, AT(series), .help = "Series of the finding."},
    {"detector", KEY_TEXT, AT(detector), .help = "Detector of the finding."},
    {"route", KEY_TEXT, AT(route), .choices = "page|ticket|log",
     .help = "Route of the finding."},
    {"count", KEY_INTEGER, AT(count), .max = 1e6,
     .help = "How many such findings; at least one when absent."},
};
static const struct schema expect_schema = {"expect",        sizeof(struct THIS),
                                            &expect_default, SCHEMA_NO_LINE,
                                            expect_keys,     COUNT(expect_keys)};
#undef THIS

#define THIS config_test
static const struct key test_keys[] = {
    {"name", KEY_TEXT, AT(name), .required = true, .help = "What is expected, in words."},
    {"lines", KEY_TEXT, AT(lines), .required = true,
     .help = "File with the lines, relative to the file that says so."},
    {"expect", KEY_OBJECTS, AT(expect), &expect_schema, .required = true,
     .help = "Findings that must come out."},
};
static const struct schema test_schema = {"a test", sizeof(struct THIS), NULL,
                                          AT(line), test_keys,           COUNT(test_keys)};
#undef THIS

#define THIS config_stream
static const struct config_stream stream_default = {
    .format = "auto",
    .policy = "normal",
    .timezone = "UTC",
    .lateness_ns = 500 * NS_PER_MS,
    .warmup = 20,
    .hold = 1,
    .resolve_after = 5,
    .storm_per_hour = 6,
    .floor = 3.5,
    .floor_ratio = 2,
    .start = "end",
};
static const struct key stream_keys[] = {
    {"name", KEY_TEXT, AT(name), .required = true, .help = "Name of the stream."},
    {"paths", KEY_TEXTS, AT(paths), .required = true,
     .help = "Files, globs or directories to tail."},
    {"start", KEY_TEXT, AT(start), .choices = "begin|end",
     .help = "Where to begin in a file that is there at the first start."},
    {"format", KEY_TEXT, AT(format),
     .choices = "auto|text|json|logfmt|combined|syslog|cri|docker|regex",
     .help = "How a record is written."},
    {"regex", KEY_TEXT, AT(regex),
     .help = "For format regex: pattern with the groups time, level, message and any field."},
    {"timezone", KEY_TEXT, AT(timezone),
     .help = "Of stamps without a zone: UTC, +01:00, Europe/Paris."},
    {"year", KEY_INTEGER, AT(year), .max = 9999, .help = "Of stamps without one; 0 infers it."},
    {"multiline", KEY_OBJECT, AT(multiline), &multiline_schema,
     .help = "How lines are joined to records."},
    {"window", KEY_DURATION, AT(window_ns), .min = 1e9, .max = 86400e9,
     .help = "Length of a window; chosen from the log when absent."},
    {"lateness", KEY_DURATION, AT(lateness_ns), .min = 0, .max = 3600e9,
     .help = "How long a window waits for stragglers."},
    {"fields", KEY_PAIRS, AT(fields), .help = "Named fields to read, each `number` or `text`."},
    {"series", KEY_OBJECTS, AT(series), &series_schema,
     .help = "Series besides the built-in ones."},
    {"redact", KEY_OBJECTS, AT(redact), &redact_schema,
     .help = "What is taken out of evidence before it is stored."},
    {"detectors", KEY_OBJECTS, AT(detectors), &detector_schema,
     .help = "Detectors; the default set when absent."},
    {"route", KEY_OBJECT, AT(route), &route_schema,
     .help = "Surprise, −log10(p), from which a finding takes a route."},
    {"budget", KEY_TEXT, AT(budget),
     .help = "Instead of route: how often somebody may be called for nothing, `1 page a week`, "
             "`1 page a week, 2 tickets a day`; thresholds follow from it."},
    {"mute", KEY_OBJECTS, AT(mutes), &mute_schema,
     .help = "Hours, in event time, in which pages and tickets go to the log."},
    {"deploys", KEY_OBJECTS, AT(deploys), &deploys_schema,
     .help = "Deployments that the log tells of; findings name the one before them."},
    {"warmup", KEY_INTEGER, AT(warmup), .max = 1e6,
     .help = "Windows before anything may page."},
    {"hold", KEY_INTEGER, AT(hold), .min = 1, .max = 1000,
     .help = "Odd windows in a row before firing."},
    {"resolve_after", KEY_INTEGER, AT(resolve_after), .min = 1, .max = 1e5,
     .help = "Calm windows in a row before resolving."},
    {"floor", KEY_NUMBER, AT(floor), .max = 1e12,
     .help = "A count must differ by more than this from what is expected."},
    {"floor_ratio", KEY_NUMBER, AT(floor_ratio), .min = 1, .max = 1e6,
     .help = "And by this factor."},
    {"storm_per_hour", KEY_INTEGER, AT(storm_per_hour), .min = 1, .max = 1e6,
     .help = "Pages and tickets an hour; more are counted, not sent."},
    {"policy", KEY_TEXT, AT(policy), .choices = "normal|every",
     .help =
         "`every` hands each score on as a finding for the log, as the detector gave it; for "
         "tests, research and consumers that judge by themselves."},
    {"labels", KEY_PAIRS, AT(labels), .help = "Go with each finding."},
    {"annotations", KEY_PAIRS, AT(annotations),
     .help = "Go with each finding: runbook_url, dashboard_url."},
    {"tests", KEY_OBJECTS, AT(tests), &test_schema, .help = "Run by `oddline check`."},
};
static const struct schema stream_schema = {"a stream",      sizeof(struct THIS),
                                            &stream_default, AT(line),
                                            stream_keys,     COUNT(stream_keys)};
#undef THIS

#define THIS config_jsonl
static const struct key jsonl_keys[] = {
    {"path", KEY_TEXT, AT(path), .required = true,
     .help = "File that findings are appended to, one JSON object a line."},
};
static const struct schema jsonl_schema = {
    "sinks.jsonl", sizeof(struct THIS), NULL, SCHEMA_NO_LINE, jsonl_keys, COUNT(jsonl_keys)};
#undef THIS

#define THIS config_redis
static const struct config_redis redis_default = {.prefix = "oddline",
                                                  .max_len = 100000,
                                                  .shards = 1,
                                                  .shard = -1,
                                                  .heartbeat_ns = 30 * NS_PER_S};
static const struct key redis_keys[] = {
    {"url", KEY_TEXT, AT(url), .required = true,
     .help = "redis://HOST:PORT/DB, unix:///PATH, or "
             "redis-sentinel://HOST:PORT,HOST:PORT/MASTER/DB."},
    {"prefix", KEY_TEXT, AT(prefix), .help = "Keys are PREFIX:{SHARD}:page and so on."},
    {"max_len", KEY_INTEGER, AT(max_len), .min = 100, .max = 1e9,
     .help = "Entries kept per route, about."},
    {"user", KEY_TEXT, AT(user), .help = "ACL user."},
    {"password_file", KEY_TEXT, AT(password_file),
     .help = "File whose first line is the password."},
    {"allow_plaintext", KEY_BOOL, AT(allow_plaintext),
     .help = "Send the password over a network that can read it."},
    {"host", KEY_TEXT, AT(host),
     .help = "Name of this host in Redis; the host name when absent."},
    {"shards", KEY_INTEGER, AT(shards), .min = 1, .max = SHARDS_MAX,
     .help = "Hosts are spread over so many groups of keys, by their names (docs/fleet.md)."},
    {"shard", KEY_INTEGER, AT(shard), .max = SHARDS_MAX - 1,
     .help = "Or this host is in this one; −1: by its name."},
    {"heartbeat", KEY_DURATION, AT(heartbeat_ns), .max = 3600e9,
     .help = "How often it says there that it is alive; `0s`: never."},
};
static const struct schema redis_schema = {"sinks.redis",  sizeof(struct THIS),
                                           &redis_default, SCHEMA_NO_LINE,
                                           redis_keys,     COUNT(redis_keys)};
#undef THIS

#define THIS config_sinks
static const struct key sinks_keys[] = {
    {"jsonl", KEY_OBJECT, AT(jsonl), &jsonl_schema, .help = "A file."},
    {"redis", KEY_OBJECT, AT(redis), &redis_schema, .help = "Redis streams."},
};
static const struct schema sinks_schema = {
    "sinks", sizeof(struct THIS), NULL, SCHEMA_NO_LINE, sinks_keys, COUNT(sinks_keys)};
#undef THIS

#define THIS config
static const struct config config_default = {.state_dir = CONFIG_STATE_DIR,
                                             .ring_bytes = 8 << 20,
                                             .outbox_bytes = 64 << 20,
                                             .isolation = "workers"};
static const struct key config_keys[] = {
    {"resource", KEY_PAIRS, AT(resource),
     .help = "OpenTelemetry resource attributes that go with each finding."},
    {"state_dir", KEY_TEXT, AT(state_dir), .help = "Where the journal and the snapshots live."},
    {"ring", KEY_SIZE, AT(ring_bytes), .min = 4 << 20, .max = 1 << 30,
     .help = "Memory in which records wait."},
    {"outbox", KEY_SIZE, AT(outbox_bytes), .min = 256 << 10, .max = 64e9,
     .help = "Findings that a sink has not confirmed; when there are more, reading waits."},
    {"streams", KEY_OBJECTS, AT(streams), &stream_schema, .required = true,
     .help = "What to tail, and how to judge it."},
    {"slos", KEY_OBJECTS, AT(slos), &slo_schema,
     .help = "Objectives, whose error budgets are watched (docs/slo.md)."},
    {"routes", KEY_OBJECTS, AT(rules), &rule_schema,
     .help =
         "Where findings go that would go elsewhere by their score; the first rule that fits."},
    {"sinks", KEY_OBJECT, AT(sinks), &sinks_schema, .help = "Where findings go."},
    {"isolation", KEY_TEXT, AT(isolation), .choices = "workers|none",
     .help = "Detectors run in processes of their own, or, for debugging, in this one."},
    {"actions", KEY_OBJECTS, AT(actions), &config_action_schema,
     .help = "What `oddline act` does with findings (docs/act.md)."},
    {"act", KEY_OBJECT, AT(act), &config_act_schema, .help = "How it does it."},
};
const struct schema config_schema = {"the configuration", sizeof(struct THIS),
                                     &config_default,     SCHEMA_NO_LINE,
                                     config_keys,         COUNT(config_keys)};
/* A file of conf.d only adds streams and SLOs. */
const struct schema config_part_schema = {"a conf.d file", sizeof(struct THIS), &config_default,
                                          SCHEMA_NO_LINE,  &config_keys[4],     2};
#undef THIS

struct config_stream config_stream_default(void)
{
    return stream_default;
}

void config_reference(FILE *out)
{
    fprintf(out, "| key | value | default | what it does |\n| --- | --- | --- | --- |\n");
    schema_reference(&config_schema, out, 0);
}
