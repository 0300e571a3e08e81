/* SPDX-License-Identifier: MIT */
/*
 * Promise: a name and a path are enough; what cannot be meant is refused in one sentence with file and line, what is allowed
 * and what was probably meant; a configuration that is refused changes nothing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "config/config.h"
#include "rig.h"

#include <errno.h>

#define LEAST "streams:\n- name: web\n  paths: /var/log/web.log\n"

static struct error error;

static int read_text(const char *text, struct config *config)
{
    rig_write("c.yaml", text);
    error.text[0] = '\0';
    return config_read("c.yaml", config, &error);
}

/* These lines, refused with this sentence. */
struct refusal {
    const char *lines, *sentence;
};

static void refuse_all(const char *before, const struct refusal *refusals, size_t count)
{
    char text[4096];
    for (size_t i = 0; i < count; i++) {
        struct config config = {.hash = 4711};
        snprintf(text, sizeof(text), "%s%s", before, refusals[i].lines);
        assert_int_equal(read_text(text, &config), -EINVAL);
        assert_string_equal(error.text, refusals[i].sentence);
        assert_int_equal(config.hash, 4711);
    }
}
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void config_of_a_name_and_a_path_has_defaults_for_the_rest(void **state)
{
    (void)state;
    struct config config;
    assert_int_equal(read_text(LEAST, &config), 0);
    const struct config_stream *s = config.streams;
    assert_int_equal(config.stream_count, 1);
    assert_string_equal(s->name, "web");
    assert_int_equal(s->paths.count, 1);
    assert_string_equal(s->paths.at[0], "/var/log/web.log");
    assert_string_equal(s->format, "auto");
    assert_string_equal(s->timezone, "UTC");
    assert_string_equal(s->start, "end");
    assert_int_equal(s->window_ns, 0);
    assert_int_equal(s->lateness_ns, 500 * NS_PER_MS);
    assert_int_equal(s->warmup, 20);
    assert_int_equal(s->hold, 1);
    assert_int_equal(s->resolve_after, 5);
    assert_int_equal(s->storm_per_hour, 6);
    assert_true(s->floor == 3.5 && s->floor_ratio == 2);
    assert_null(s->detectors);
    assert_null(s->route);
    assert_int_equal(s->line, 2);
    assert_string_equal(s->file, "c.yaml");
    assert_string_equal(config.state_dir, "/var/lib/oddline");
    assert_int_equal(config.ring_bytes, 8 << 20);
    assert_null(config.sinks);
    config_free(&config);
}

static void config_reads_every_kind_of_value(void **state)
{
    (void)state;
    struct config config;
    assert_int_equal(
        read_text(
            "state_dir: /tmp/x\nring: 16MiB\nresource: {service.name: web, a: '1'}\n"
            "sinks:\n  jsonl: {path: out.jsonl}\n  redis: {url: 'redis://h', max_len: 500}\n"
            "streams:\n- name: web\n  paths: [a.log, 'b*.log']\n  window: 1.5m\n"
            "  floor: 2.5\n  warmup: 7\n  multiline: {start: '^\\d'}\n"
            "  series:\n  - {name: slow, mean: ms, of: {where: status = 200}, min_samples: 5}\n"
            "  - {name: odd, count: {unparsed: true}}\n"
            "  detectors:\n  - {use: pattern, set: {events: 50, patterns: [a, 'b c']}}\n"
            "  - {use: ewma, on: [slow, odd]}\n"
            "  tests:\n  - name: t\n    lines: x.log\n    expect: [{kind: spike, count: 2}, "
            "{}]\n",
            &config),
        0);
    const struct config_stream *s = config.streams;
    assert_int_equal(config.ring_bytes, 16 << 20);
    assert_string_equal(config.resource.at[1].name, "a");
    assert_string_equal(config.sinks->jsonl->path, "out.jsonl");
    assert_int_equal(config.sinks->redis->max_len, 500);
    assert_string_equal(config.sinks->redis->prefix, "oddline");
    assert_int_equal(s->paths.count, 2);
    assert_int_equal(s->window_ns, 90 * NS_PER_S);
    assert_true(s->floor == 2.5);
    assert_int_equal(s->multiline->flush_after_ns, 300 * NS_PER_MS);
    assert_string_equal(s->multiline->start, "^\\d");
    assert_int_equal(s->series_count, 2);
    assert_string_equal(s->series[0].of->select.where, "status = 200");
    assert_int_equal(s->series[0].min_samples, 5);
    assert_true(s->series[1].count->unparsed);
    assert_int_equal(s->detectors[0].set.count, 1);
    assert_string_equal(s->detectors[0].patterns_name, "patterns");
    assert_string_equal(s->detectors[0].patterns.at[1], "b c");
    assert_int_equal(s->detectors[1].on.count, 2);
    assert_int_equal(s->tests[0].expect_count, 2);
    assert_int_equal(s->tests[0].expect[0].count, 2);
    assert_int_equal(s->tests[0].expect[1].count, -1);
    config_free(&config);
}

static void config_refuses_what_is_not_there_and_what_is_not_known(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {"state_dir: x\n", "c.yaml:1: the configuration: 'streams' is missing"},
        {"- a\n", "c.yaml:1: the configuration: keys and values are expected here"},
        {"streams: web\n", "c.yaml:1: streams: a list is expected here"},
        {"streams:\n- web\n", "c.yaml:2: a stream: keys and values are expected here"},
        {"streams:\n- paths: x\n", "c.yaml:2: a stream: 'name' is missing"},
        {"streams:\n- name: web\n", "c.yaml:2: a stream: 'paths' is missing"},
        {"stream:\n", "c.yaml:1: unknown key 'stream' in the configuration; did you mean "
                      "'streams'?"},
        {"xyzzy: 1\n", "c.yaml:1: unknown key 'xyzzy' in the configuration"},
        {"? [a]\n: 1\n", "c.yaml:1: unknown key '(not a word)' in the configuration"},
        {LEAST "  widnow: 10s\n",
         "c.yaml:4: unknown key 'widnow' in a stream; did you mean 'window'?"},
        {LEAST "  route: {pager: 3}\n",
         "c.yaml:4: unknown key 'pager' in route; did you mean 'page'?"},
        {LEAST "  name: web\n", "c.yaml:4: 'name' is given twice"},
        {LEAST LEAST, "c.yaml:4: 'streams' is given twice"},
        {LEAST "- name: web\n  paths: y\n",
         "c.yaml:4: stream 'web' is there twice (first in line 2)"},
        {LEAST "  labels: {team: a, team: b}\n", "c.yaml:4: labels: 'team' is given twice"},
    };
    refuse_all("", refusals, COUNT(refusals));
}

static void config_refuses_values_out_of_range_and_says_the_range(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {"  window: 10\n", "c.yaml:4: window: 10: not a duration; write a number and ms, s, m, "
                           "h or d, like 10s"},
        {"  lateness: 2h\n", "c.yaml:4: lateness: 2h is out of range; allowed is 0ms to 60m"},
        {"  hold: 0\n", "c.yaml:4: hold: 0 is out of range; allowed is 1 to 1000"},
        {"  hold: -1\n", "c.yaml:4: hold: -1 is out of range; allowed is 1 to 1000"},
        {"  hold: 1.5\n", "c.yaml:4: hold: '1.5' is not a whole number"},
        {"  hold: 1e300\n", "c.yaml:4: hold: 1e300 is out of range; allowed is 1 to 1000"},
        {"  hold: many\n", "c.yaml:4: hold: 'many' is not a whole number"},
        {"  hold:\n", "c.yaml:4: hold: '' is not a whole number"},
        {"  hold: [1]\n", "c.yaml:4: hold: a single value is expected here"},
        {"  storm_per_hour: 0\n",
         "c.yaml:4: storm_per_hour: 0 is out of range; allowed is 1 to 1000000"},
        {"  floor: nan\n",
         "c.yaml:4: floor: nan is out of range; allowed is 0 to 1000000000000"},
        {"  floor: 3,5\n", "c.yaml:4: floor: '3,5' is not a number"},
        {"  start: middle\n", "c.yaml:4: start: 'middle' is none of begin|end"},
        {"  format: xml\n", "c.yaml:4: format: 'xml' is none of "
                            "auto|text|json|logfmt|combined|syslog|cri|docker|regex"},
        {"  route: {page: 0.5}\n", "c.yaml:4: page: 0.5 is out of range; allowed is 1 to 300"},
        {"  labels: [a]\n", "c.yaml:4: labels: a mapping of names to values is expected here"},
        {"  labels: {a: [b]}\n", "c.yaml:4: labels: a must be a single value"},
        {"  labels: {[a]: b}\n", "c.yaml:4: labels: a name must be a single word"},
        {"  series: [{name: x, count: {unparsed: yes}}]\n",
         "c.yaml:4: unparsed: 'yes' is neither true nor false"},
        {"  redact: [{with: x}]\n", "c.yaml:4: redact: 'match' is missing"},
        {"  detectors:\n  - use: x\n    on: {a: b}\n", "c.yaml:6: on: a list is expected here"},
        {"  detectors:\n  - use: x\n    on: [[a]]\n",
         "c.yaml:6: on: each entry of the list must be a single value"},
        {"  detectors:\n  - use: x\n    set: {a: [b], c: [d]}\n",
         "c.yaml:6: set: only one setting may be a list, and a is one already"},
        {"  tests: [{name: a, lines: b, expect: [{kind: bump}]}]\n",
         "c.yaml:4: kind: 'bump' is none of "
         "spike|drop|shift|trend|new|silence|burn|gap|plugin"},
    };
    refuse_all(LEAST, refusals, COUNT(refusals));
    static const struct refusal sizes[] = {
        {"ring: 1MiB\n", "c.yaml:4: ring: 1MiB is out of range; allowed is 4MiB to 1024MiB"},
        {"ring: lots\n", "c.yaml:4: ring: lots: not a size; write a number and B, KiB, MiB or "
                         "GiB, like 64MiB"},
    };
    refuse_all(LEAST, sizes, COUNT(sizes));
}

static void config_refuses_what_is_there_and_says_nothing(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {"streams: []\n", "c.yaml:1: streams: the list is empty"},
        {"streams:\n- name: ''\n  paths: x\n", "c.yaml:2: name: is empty"},
        {"streams:\n- name:\n  paths: x\n", "c.yaml:2: name: is empty"},
        {"streams:\n- name: web\n  paths: []\n", "c.yaml:3: paths: the list is empty"},
        {"streams:\n- name: web\n  paths: ''\n", "c.yaml:3: paths: is empty"},
        {"streams:\n- name: web\n  paths:\n  - a\n  - ''\n",
         "c.yaml:5: paths: one of the list is empty"},
        {LEAST "  detectors: [{use: ''}]\n", "c.yaml:4: use: is empty"},
        {LEAST "  tests: [{name: t, lines: x, expect: []}]\n",
         "c.yaml:4: expect: the list is empty"},
        {LEAST "sinks: {redis: {url: ''}}\n", "c.yaml:4: url: is empty"},
    };
    refuse_all("", refusals, COUNT(refusals));
}

static void config_refuses_routes_that_are_not_in_order(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {"  budget: 1 page a week\n  route: {page: 9}\n",
         "c.yaml:5: route and budget exclude each other: thresholds follow from a budget"},
        {"  mute:\n  - {when: '02:00-04:00', author: me}\n",
         "c.yaml:5: a mute: 'reason' is missing"},
        {"  warmup: 1\n  route: {page: 5, ticket: 5.5}\n",
         "c.yaml:5: route: page 5 is below ticket 5.5; it must be at least that"},
        {"  route: {page: 3.5}\n",
         "c.yaml:4: route: page 3.5 is below ticket 4; it must be at least that"},
        {"  route: {ticket: 2}\n",
         "c.yaml:4: route: ticket 2 is below log 3; it must be at least that"},
    };
    refuse_all(LEAST, refusals, COUNT(refusals));
    struct config config;
    assert_int_equal(read_text(LEAST "  route: {page: 4, ticket: 4, log: 4}\n", &config), 0);
    config_free(&config);
}

static void config_refuses_series_beside_patterns(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {"  detectors:\n  - {use: ewma, on: a}\n  - {use: pattern, on: lines, set: {patterns: "
         "[a]}}\n",
         "c.yaml:6: pattern: 'on' and the list 'patterns' exclude each other: each pattern is "
         "a "
         "series of its own"},
    };
    refuse_all(LEAST, refusals, COUNT(refusals));
}

static void config_is_one_document(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {"---\n" LEAST, "c.yaml:4: a second document begins here; a configuration is one"},
        {"...\n---\nanything\n",
         "c.yaml:5: a second document begins here; a configuration is one"},
    };
    refuse_all(LEAST, refusals, COUNT(refusals));
    struct config config;
    assert_int_equal(read_text("---\n" LEAST "...\n# the end\n", &config), 0);
    config_free(&config);
    assert_int_equal(read_text(LEAST "---\na: [\n", &config), -EINVAL);
    assert_non_null(strstr(error.text, "c.yaml:"));
    assert_non_null(strstr(error.text, "no valid YAML"));
}

static void config_says_where_yaml_breaks(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "streams:\n- name: [\n", "a: 'b\n",  "a: b: c\n", "\tx: 1\n",
        "a: *nowhere\n",         "a: \x01\n"};
    for (size_t i = 0; i < COUNT(broken); i++) {
        struct config config;
        assert_int_equal(read_text(broken[i], &config), -EINVAL);
        assert_true(strncmp(error.text, "c.yaml:", 7) == 0);
        assert_true(error.text[7] >= '1' && error.text[7] <= '9');
        assert_non_null(strstr(error.text, ": no valid YAML: "));
    }
}

static void config_refuses_an_empty_file_a_directory_and_none(void **state)
{
    (void)state;
    struct config config;
    assert_int_equal(read_text("", &config), -EINVAL);
    assert_string_equal(error.text, "c.yaml: is empty");
    assert_int_equal(read_text("# nothing\n", &config), -EINVAL);
    assert_int_equal(config_read(".", &config, &error), -EIO);
    assert_non_null(strstr(error.text, "it is a directory"));
    assert_int_equal(config_read("none.yaml", &config, &error), -ENOENT);
    assert_string_equal(error.text, "none.yaml: cannot be read: No such file or directory");
}

static void config_refuses_more_than_four_mebibytes(void **state)
{
    (void)state;
    struct config config;
    size_t most = 4 << 20, least = strlen(LEAST);
    char *text = malloc(most + 2);
    assert_non_null(text);
    memcpy(text, LEAST, least);
    memset(text + least, '#', most + 1 - least);
    text[most + 1] = '\0';
    assert_int_equal(read_text(text, &config), -EFBIG);
    assert_string_equal(error.text, "c.yaml: longer than 4 MiB, which no configuration is");
    text[most] = '\0';
    assert_int_equal(read_text(text, &config), 0);
    config_free(&config);
    free(text);
}

static void config_adds_the_streams_of_conf_d_in_order(void **state)
{
    (void)state;
    struct config alone, all;
    assert_int_equal(mkdir("conf.d", 0700), 0);
    rig_write("oddline.yaml", LEAST);
    assert_int_equal(config_read("oddline.yaml", &alone, &error), 0);
    rig_write("conf.d/20-b.yaml", "streams: [{name: b, paths: b}]\n");
    rig_write("conf.d/10-a.yaml", "streams: [{name: a1, paths: a}, {name: a2, paths: a}]\n");
    rig_write("conf.d/ignored.txt", "not: yaml: at: all\n");
    assert_int_equal(config_read("oddline.yaml", &all, &error), 0);
    static const char *const names[] = {"web", "a1", "a2", "b"};
    assert_int_equal(all.stream_count, COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++)
        assert_string_equal(all.streams[i].name, names[i]);
    static const char *const files[] = {"oddline.yaml", "conf.d/10-a.yaml", "conf.d/10-a.yaml",
                                        "conf.d/20-b.yaml"};
    for (size_t i = 0; i < COUNT(files); i++)
        assert_string_equal(all.streams[i].file, files[i]);
    assert_string_equal(all.streams[3].timezone, "UTC");
    assert_true(all.hash != alone.hash);
    assert_string_equal(all.state_dir, "/var/lib/oddline");
    config_free(&all);
    config_free(&alone);
    struct config other;
    rig_write("other.yaml", LEAST);
    assert_int_equal(config_read("other.yaml", &other, &error), 0);
    assert_int_equal(other.stream_count, 1); // conf.d belongs to oddline.yaml
    config_free(&other);
}

static void config_names_the_file_of_conf_d_that_is_wrong(void **state)
{
    (void)state;
    struct config config;
    assert_int_equal(mkdir("conf.d", 0700), 0);
    rig_write("oddline.yaml", LEAST);
    rig_write("conf.d/a.yaml", "streams: [{name: a, paths: a}]\nstate_dir: x\n");
    assert_int_equal(config_read("oddline.yaml", &config, &error), -EINVAL);
    assert_string_equal(error.text,
                        "conf.d/a.yaml:2: unknown key 'state_dir' in a conf.d file");
    rig_write("conf.d/a.yaml",
              "# mine\n\nstreams:\n- name: other\n  paths: x\n- name: web\n  paths: x\n");
    assert_int_equal(config_read("oddline.yaml", &config, &error), -EINVAL);
    assert_string_equal(error.text,
                        "conf.d/a.yaml:6: stream 'web' is there already, in oddline.yaml:2");
    rig_write("conf.d/a.yaml", "streams:\n- {name: x, paths: x}\n- {name: x, paths: x}\n");
    assert_int_equal(config_read("oddline.yaml", &config, &error), -EINVAL);
    assert_string_equal(error.text,
                        "conf.d/a.yaml:3: stream 'x' is there twice (first in line 2)");
}

static void config_says_what_of_conf_d_cannot_be_read(void **state)
{
    (void)state;
    struct config config = {.hash = 4711};
    rig_write("oddline.yaml", LEAST);
    assert_int_equal(symlink("conf.d", "conf.d"), 0);
    assert_int_equal(config_read("oddline.yaml", &config, &error), -ELOOP);
    assert_non_null(strstr(error.text, "conf.d: cannot be read: "));
    assert_int_equal(unlink("conf.d"), 0);
    rig_write("conf.d", "a file\n");
    assert_int_equal(config_read("oddline.yaml", &config, &error), -ENOTDIR);
    assert_int_equal(unlink("conf.d"), 0);
    assert_int_equal(mkdir("conf.d", 0700), 0);
    assert_int_equal(symlink("nowhere", "conf.d/a.yaml"), 0);
    assert_int_equal(config_read("oddline.yaml", &config, &error), -ENOENT);
    assert_string_equal(error.text, "conf.d/a.yaml: cannot be read: No such file or directory");
    assert_int_equal(config.hash, 4711);
    assert_int_equal(rename("conf.d/a.yaml", "conf.d/.a.yaml"), 0); // as editors leave behind
    assert_int_equal(config_read("oddline.yaml", &config, &error), 0);
    config_free(&config);
}

static void config_has_a_hash_of_all_that_was_read(void **state)
{
    (void)state;
    struct config a, b, c;
    assert_int_equal(read_text(LEAST, &a), 0);
    assert_int_equal(read_text(LEAST, &b), 0);
    assert_int_equal(read_text(LEAST "# changed\n", &c), 0);
    assert_true(a.hash == b.hash && a.hash != c.hash);
    config_free(&a);
    config_free(&b);
    config_free(&c);
}

/* A reload keeps what is open in a stream only where the rules that decided are the ones that it has. */
static void config_stream_is_another_one_when_a_rule_about_it_is(void **state)
{
    (void)state;
    static const char text[] = "streams: [{name: web, paths: a}, {name: db, paths: b}]\n"
                               "routes:\n- {name: x, when: {stream: w*}, route: %s}\n"
                               "- {name: y, when: {kind: gap}, route: log}\n";
    char one[400], two[400];
    struct config a, b, none;
    snprintf(one, sizeof(one), text, "page");
    snprintf(two, sizeof(two), text, "log");
    assert_int_equal(read_text(one, &a), 0);
    assert_int_equal(read_text(two, &b), 0);
    assert_int_equal(
        read_text("streams: [{name: web, paths: a}, {name: db, paths: b}]\n", &none), 0);
    assert_int_equal(a.streams[1].rule_count, 2);
    assert_int_equal(a.rules[1].line, 4);
    assert_true(a.streams[0].hash != b.streams[0].hash);
    assert_true(a.streams[1].hash == b.streams[1].hash);
    assert_true(a.streams[1].hash != none.streams[1].hash);
    config_free(&a);
    config_free(&b);
    config_free(&none);
}

static void config_default_stream_is_what_an_empty_one_would_be(void **state)
{
    (void)state;
    struct config config;
    assert_int_equal(read_text(LEAST, &config), 0);
    struct config_stream bare = config_stream_default(), *s = config.streams;
    s->name = NULL;
    s->file = s->configured = NULL;
    s->paths = (struct config_texts){0};
    s->line = 0;
    s->hash = 0;
    assert_memory_equal(&bare, s, sizeof(bare));
    config_free(&config);
}

static void config_reference_is_a_table_of_all_keys(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0, lines = 0;
    FILE *out = open_memstream(&text, &size);
    config_reference(out);
    fclose(out);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        size_t pipes = 0;
        for (const char *p = line; *p; p++)
            pipes += *p == '|';
        assert_int_equal(pipes, 5);
    }
    assert_true(lines > 60);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(config_of_a_name_and_a_path_has_defaults_for_the_rest),
        RIG_TEST(config_reads_every_kind_of_value),
        RIG_TEST(config_refuses_what_is_not_there_and_what_is_not_known),
        RIG_TEST(config_refuses_values_out_of_range_and_says_the_range),
        RIG_TEST(config_refuses_what_is_there_and_says_nothing),
        RIG_TEST(config_refuses_routes_that_are_not_in_order),
        RIG_TEST(config_refuses_series_beside_patterns),
        RIG_TEST(config_is_one_document),
        RIG_TEST(config_says_where_yaml_breaks),
        RIG_TEST(config_refuses_an_empty_file_a_directory_and_none),
        RIG_TEST(config_refuses_more_than_four_mebibytes),
        RIG_TEST(config_adds_the_streams_of_conf_d_in_order),
        RIG_TEST(config_names_the_file_of_conf_d_that_is_wrong),
        RIG_TEST(config_says_what_of_conf_d_cannot_be_read),
        RIG_TEST(config_has_a_hash_of_all_that_was_read),
        RIG_TEST(config_stream_is_another_one_when_a_rule_about_it_is),
        RIG_TEST(config_default_stream_is_what_an_empty_one_would_be),
        RIG_TEST(config_reference_is_a_table_of_all_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
