/* SPDX-License-Identifier: MIT */
/* The promise: any finding becomes one valid, bounded JSON object that keeps to docs/finding.schema.json. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "deliver/encode.h"
#include "fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct json_value parse(const struct buffer *out)
{
    struct bytes rest;
    struct json_value value = json_read(buffer_bytes(out), &rest);
    assert_int_equal(value.type, JSON_OBJECT);
    assert_int_equal(rest.len, 0);
    return value;
}

static void encode_writes_all_members_in_the_promised_order(void **state)
{
    (void)state;
    static const char *const names[] = {"v",           "id",
                                        "epoch",       "n",
                                        "fingerprint", "status",
                                        "revision",    "starts_at",
                                        "ends_at",     "detected_at",
                                        "stream",      "series",
                                        "key",         "detector",
                                        "kind",        "route",
                                        "score",       "raw",
                                        "calibration", "threshold",
                                        "observed",    "expected",
                                        "lower",       "upper",
                                        "samples",     "window",
                                        "explain",     "summary",
                                        "reasons",     "evidence",
                                        "resource",    "trace_ids",
                                        "began",       "deploy",
                                        "seen_before", "labels",
                                        "annotations", "detector_version",
                                        "config_hash", "suppressed"};
    struct buffer out = {0};
    struct finding f = sample_finding(ROUTE_PAGE);
    finding_encode(&f, &out);
    struct json_walk walk = json_walk(parse(&out));
    struct json_value member;
    struct bytes key;
    size_t i = 0;
    for (; json_next(&walk, &key, &member); i++)
        assert_true(bytes_is(key, names[i]));
    assert_false(walk.bad);
    assert_int_equal(i, sizeof(names) / sizeof(names[0]));
    buffer_free(&out);
}

static void encode_writes_what_is_unknown_as_null(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct finding f = sample_finding(ROUTE_LOG);
    f.observed = INFINITY;
    finding_encode(&f, &out);
    struct json_value o = parse(&out);
    assert_int_equal(json_at(o, "upper").type, JSON_NULL);
    assert_int_equal(json_at(o, "observed").type, JSON_NULL);
    assert_int_equal(json_at(o, "ends_at").type, JSON_NULL);
    assert_int_equal(json_at(o, "deploy").type, JSON_NULL);
    assert_int_equal(json_at(o, "seen_before").type, JSON_NULL);
    assert_true(bytes_is(json_at(o, "lower").raw, "0"));
    assert_true(bytes_is(json_at(o, "starts_at").raw, "2016-12-19T17:14:38.000Z"));
    assert_true(bytes_is(json_at(o, "fingerprint").raw, "9f2c41d07a55be01"));
    assert_true(bytes_is(json_at(o, "calibration.shape").raw, "0.25"));
    buffer_free(&out);
}

static void encode_writes_traces_and_where_it_began(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct finding f = sample_finding(ROUTE_PAGE);
    finding_encode(&f, &out);
    struct json_value o = parse(&out);
    assert_true(bytes_is(json_at(o, "trace_ids").raw, "[]"));
    assert_int_equal(json_at(o, "began").type, JSON_NULL);
    buffer_clear(&out);
    memcpy(f.trace_ids[0], "0af7651916cd43dd", 17);
    memcpy(f.trace_ids[1], "req/1\"2", 8);
    f.trace_id_count = 2;
    f.began = (struct finding_began){.stream = "db\n",
                                     .starts_ns = f.starts_ns,
                                     .shared = 2,
                                     .followed = {"front", "mail"},
                                     .followed_count = 2};
    finding_encode(&f, &out);
    o = parse(&out);
    assert_true(bytes_is(json_at(o, "trace_ids").raw, "[\"0af7651916cd43dd\",\"req/1\\\"2\"]"));
    assert_true(bytes_is(json_at(o, "began.stream").raw, "db\\n"));
    assert_int_equal(json_at(o, "began.service").type, JSON_NULL);
    assert_true(bytes_is(json_at(o, "began.starts_at").raw, "2016-12-19T17:14:38.000Z"));
    assert_true(bytes_is(json_at(o, "began.shared_traces").raw, "2"));
    assert_true(bytes_is(json_at(o, "began.followed").raw, "[\"front\",\"mail\"]"));
    buffer_free(&out);
}

static void encode_writes_what_came_before(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct finding f = sample_finding(ROUTE_PAGE);
    f.deploy = (struct finding_deploy){
        .version = "v1\"", .service = "shop", .time_ns = f.starts_ns - 211500 * NS_PER_MS};
    f.before = (struct finding_before){.count = 3,
                                       .id = "e-1",
                                       .starts_ns = f.starts_ns - 3600 * NS_PER_S,
                                       .ends_ns = NO_TIME,
                                       .false_reason = ""};
    finding_encode(&f, &out);
    struct json_value o = parse(&out);
    assert_true(bytes_is(json_at(o, "deploy.version").raw, "v1\\\""));
    assert_true(bytes_is(json_at(o, "deploy.service").raw, "shop"));
    assert_true(bytes_is(json_at(o, "deploy.seconds_before").raw, "211.5"));
    assert_int_equal(json_at(o, "deploy.url").type, JSON_NULL);
    assert_true(bytes_is(json_at(o, "seen_before.count").raw, "3"));
    assert_int_equal(json_at(o, "seen_before.ends_at").type, JSON_NULL);
    assert_int_equal(json_at(o, "seen_before.postmortem").type, JSON_NULL);
    assert_int_equal(json_at(o, "seen_before.marked_false").type, JSON_STRING);
    buffer_clear(&out);
    f.deploy.time_ns = f.starts_ns + 30 * NS_PER_S; // in the window in which it began
    f.deploy.url = "https://ci/1";
    f.before.postmortem = "https://pm/1";
    finding_encode(&f, &out);
    o = parse(&out);
    assert_true(bytes_is(json_at(o, "deploy.seconds_before").raw, "0"));
    assert_true(bytes_is(json_at(o, "deploy.url").raw, "https://ci/1"));
    assert_true(bytes_is(json_at(o, "seen_before.postmortem").raw, "https://pm/1"));
    buffer_free(&out);
}

static void encode_says_which_evidence_was_lossy(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct finding f = sample_finding(ROUTE_PAGE);
    f.key = (struct bytes){"\xff", 1}; // must not make the first line lossy
    finding_encode(&f, &out);
    struct json_walk walk = json_walk(json_at(parse(&out), "evidence"));
    struct json_value line;
    struct bytes key;
    assert_true(json_next(&walk, &key, &line));
    assert_int_equal(json_at(line, "lossy").type, JSON_FALSE);
    assert_true(bytes_is(json_at(line, "line").raw, "456"));
    assert_true(json_next(&walk, &key, &line));
    assert_int_equal(json_at(line, "lossy").type, JSON_TRUE);
    assert_int_equal(json_at(line, "line").type, JSON_NULL);
    assert_true(bytes_is(json_at(line, "text").raw, "bad \xef\xbf\xbd byte"));
    buffer_free(&out);
}

/* Everything as long and as nasty as it can be. */
static struct finding monster(char *bulk, size_t size)
{
    static struct finding_pair pairs[100];
    struct finding f = sample_finding(ROUTE_PAGE);
    memset(bulk, 1, size - 1);
    bulk[size - 1] = '\0';
    f.summary = f.stream = f.series = f.detector = f.detector_version = bulk;
    for (size_t i = 0; i < 100; i++)
        pairs[i] = (struct finding_pair){bulk, bulk};
    f.labels = f.annotations = f.resource = (struct finding_pairs){pairs, 100};
    f.key = (struct bytes){bulk, size - 1};
    f.deploy = (struct finding_deploy){bulk, bulk, bulk, f.starts_ns};
    f.before = (struct finding_before){1, "e-1", 0, 0, bulk, bulk};
    for (size_t i = 0; i < FINDING_OPINIONS_MAX; i++)
        f.explain.raised[i].basis = f.explain.lowered[i].basis = BASIS_CALIBRATED;
    f.explain.raised_count = f.explain.lowered_count = FINDING_OPINIONS_MAX;
    for (size_t i = 0; i < FINDING_OPINIONS_MAX; i++)
        f.explain.raised[i].detector = f.explain.raised[i].series =
            f.explain.lowered[i].detector = f.explain.lowered[i].series = bulk;
    f.reason_count = FINDING_REASONS_MAX;
    for (size_t i = 0; i < FINDING_REASONS_MAX; i++)
        f.reasons[i] = bulk;
    f.evidence_count = FINDING_EVIDENCE_MAX;
    for (size_t i = 0; i < FINDING_EVIDENCE_MAX; i++)
        f.evidence[i].path = f.evidence[i].text = f.key;
    return f;
}

static void encode_stays_below_its_bound(void **state)
{
    (void)state;
    static char bulk[100000];
    struct buffer out = {0};
    struct finding f = monster(bulk, sizeof(bulk));
    finding_encode(&f, &out);
    parse(&out);
    assert_true(out.len > 500000);
    assert_true(out.len <= ENCODE_MAX);
    buffer_free(&out);
}

static void encode_cuts_between_characters(void **state)
{
    (void)state;
    static char bulk[ENCODE_TEXT_MAX + 10];
    struct buffer out = {0};
    struct finding f = sample_finding(ROUTE_PAGE);
    memset(bulk, 'x', sizeof(bulk));
    memcpy(bulk + ENCODE_TEXT_MAX - 1, "\xc3\xa9", 2);
    f.evidence[0].text = (struct bytes){bulk, sizeof(bulk)};
    f.evidence_count = 1;
    finding_encode(&f, &out);
    struct json_walk walk = json_walk(json_at(parse(&out), "evidence"));
    struct json_value line;
    struct bytes key;
    assert_true(json_next(&walk, &key, &line));
    assert_int_equal(json_at(line, "text").raw.len, ENCODE_TEXT_MAX - 1);
    assert_int_equal(json_at(line, "lossy").type, JSON_FALSE);
    buffer_free(&out);
}

/* One finding per line to a file, then Debian's jsonschema looks at them. */
static int validate(const char *path)
{
    static const char program[] = "import json, sys, jsonschema\n"
                                  "schema = json.load(open(sys.argv[1]))\n"
                                  "jsonschema.Draft202012Validator.check_schema(schema)\n"
                                  "v = jsonschema.Draft202012Validator(schema)\n"
                                  "bad = [e.message for l in open(sys.argv[2], 'rb') for e in "
                                  "v.iter_errors(json.loads(l))]\n"
                                  "print('\\n'.join(b[:300] for b in bad), file=sys.stderr)\n"
                                  "sys.exit(bool(bad))\n";
    pid_t pid = fork();
    if (pid == 0) {
        execl("/usr/bin/python3", "python3", "-c", program,
              SOURCE_DIR "/docs/finding.schema.json", path, NULL);
        _exit(127);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    return status;
}

static void encode_keeps_to_the_schema(void **state)
{
    (void)state;
    static char bulk[100000];
    struct sandbox sandbox;
    struct buffer out = {0};
    sandbox_make(&sandbox);
    for (int kind = FINDING_SPIKE; kind <= FINDING_PLUGIN + 2; kind++) {
        struct finding f = kind > FINDING_PLUGIN
                               ? monster(bulk, sizeof(bulk))
                               : sample_finding((enum finding_route)(kind % ROUTES));
        f.n = 1 + (uint64_t)kind;
        f.kind = (enum finding_kind)(kind % (FINDING_PLUGIN + 1));
        snprintf(f.id, sizeof(f.id), "%016x-%d", 1, kind);
        if (kind % 2) {
            f.status = FINDING_RESOLVED;
            f.ends_ns = f.starts_ns + NS_PER_S;
            f.key.len = f.evidence_count = 0;
        }
        finding_encode(&f, &out);
        buffer_char(&out, '\n');
    }
    const char *path = sandbox_path(&sandbox, "good");
    write_file(path, out.at, out.len);
    assert_int_equal(validate(path), 0);
    // and the schema is no rubber stamp
    static const char wrong[] = "{\"v\":1}\n";
    write_file(path, wrong, sizeof(wrong) - 1);
    assert_int_not_equal(validate(path), 0);
    buffer_free(&out);
    sandbox_remove(&sandbox);
}

static void names_are_the_words_of_the_documents(void **state)
{
    (void)state;
    assert_string_equal(finding_route_name(ROUTE_TICKET), "ticket");
    assert_string_equal(finding_kind_name(FINDING_SILENCE), "silence");
    assert_string_equal(finding_status_name(FINDING_RESOLVED), "resolved");
    assert_int_equal(finding_severity_number(ROUTE_PAGE), 17);
    assert_int_equal(finding_severity_number(ROUTE_TICKET), 13);
    assert_int_equal(finding_severity_number(ROUTE_LOG), 9);
}

static void finding_without_a_time_gets_that_of_its_delivery(void **state)
{
    (void)state;
    const int64_t now = INT64_C(1500000000) * NS_PER_S;
    struct finding f = {.status = FINDING_RESOLVED,
                        .starts_ns = NO_TIME,
                        .ends_ns = NO_TIME,
                        .detected_ns = NO_TIME};
    finding_date(&f, now);
    assert_int_equal(f.detected_ns, now);
    assert_int_equal(f.starts_ns, now);
    assert_int_equal(f.ends_ns, now);
    finding_date(&f, now + 1);
    assert_int_equal(f.detected_ns, now);
    f = (struct finding){
        .status = FINDING_FIRING, .starts_ns = 7, .ends_ns = NO_TIME, .detected_ns = NO_TIME};
    finding_date(&f, now);
    assert_int_equal(f.detected_ns, now);
    assert_int_equal(f.starts_ns, 7);
    assert_int_equal(f.ends_ns, NO_TIME); // it has not ended
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode_writes_all_members_in_the_promised_order),
        cmocka_unit_test(encode_writes_what_is_unknown_as_null),
        cmocka_unit_test(encode_writes_traces_and_where_it_began),
        cmocka_unit_test(encode_writes_what_came_before),
        cmocka_unit_test(encode_says_which_evidence_was_lossy),
        cmocka_unit_test(encode_stays_below_its_bound),
        cmocka_unit_test(encode_cuts_between_characters),
        cmocka_unit_test(encode_keeps_to_the_schema),
        cmocka_unit_test(names_are_the_words_of_the_documents),
        cmocka_unit_test(finding_without_a_time_gets_that_of_its_delivery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
