/* SPDX-License-Identifier: MIT */
/*
 * The promise: of heartbeats and entries, in any order, comes who is silent, who is configured otherwise, and what fires on how many hosts;
 * and two configurations are alike when they mean the same but for what names the host.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "command/fleet.h"
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW (INT64_C(1482167678) * NS_PER_S)

static struct fleet fleet;

static int setup(void **state)
{
    (void)state;
    fleet_begin(&fleet, NOW, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fleet_free(&fleet);
    return 0;
}

static struct beat beat_of(uint64_t config)
{
    return (struct beat){.interval_ns = 30 * NS_PER_S,
                         .running = true,
                         .facts = {.at_ns = NOW, .config = config, .newest_ns = NO_TIME}};
}

static void add(const char *name, int64_t age_s, struct beat beat)
{
    struct buffer text = {0};
    buffer_printf(&text, "{\"beat\":%lld,", (long long)(NOW / NS_PER_MS - age_s * 1000));
    heartbeat_write(&beat, &text);
    buffer_char(&text, '}');
    fleet_add_host(&fleet, 0, bytes_of(name), buffer_bytes(&text));
    buffer_free(&text);
}

static void entry_of(const char *host, const char *id, const char *status, const char *epoch)
{
    fleet_add_entry(&fleet, &(struct fleet_entry){
                                .epoch = bytes_of(epoch),
                                .id = bytes_of(id),
                                .host = bytes_of(host),
                                .stream = bytes_of("shop"),
                                .status = bytes_of(status),
                                .fingerprint = bytes_of("00000000000000f1"),
                                .data = bytes_of("{\"starts_at\":\"2016-12-19T17:14:38.000Z\","
                                                 "\"summary\":\"a \\u001b[31mbad\\nthing\"}"),
                                .route = ROUTE_PAGE});
}

static void entry(const char *host, const char *id, const char *status)
{
    entry_of(host, id, status, "");
}

static void fleet_tells_the_silent_from_the_stopped(void **state)
{
    (void)state;
    struct beat hung = beat_of(1), stopped = beat_of(1), behind = beat_of(1),
                waits = beat_of(1);
    hung.hung_ns = 31 * NS_PER_S;
    stopped.running = false;
    behind.facts.lag_ns = NS_PER_S;
    waits.facts.waits = true;
    add("stopped", 9999, stopped);
    add("silent", 91, beat_of(1));
    add("alive", 89, beat_of(1));
    add("hung", 1, hung);
    add("behind", 1, behind);
    add("waits", 1, waits);
    add("ahead", -89, beat_of(1));
    add("future", -500, beat_of(1)); // of a clock that the server had: who lives beats again
    fleet_judge(&fleet);
    assert_int_equal(fleet_find(&fleet, bytes_of("stopped"))->state, FLEET_STOPPED);
    assert_int_equal(fleet_find(&fleet, bytes_of("silent"))->state, FLEET_SILENT);
    assert_int_equal(fleet_find(&fleet, bytes_of("alive"))->state, FLEET_OK);
    assert_int_equal(fleet_find(&fleet, bytes_of("hung"))->state, FLEET_HUNG);
    assert_int_equal(fleet_find(&fleet, bytes_of("behind"))->state, FLEET_BEHIND);
    assert_int_equal(fleet_find(&fleet, bytes_of("waits"))->state, FLEET_WAITS);
    assert_int_equal(fleet_find(&fleet, bytes_of("future"))->state, FLEET_SILENT);
    assert_int_equal(fleet_find(&fleet, bytes_of("ahead"))->state, FLEET_OK);
    assert_null(fleet_find(&fleet, bytes_of("silen")));
    assert_null(fleet_find(&fleet, bytes_of("silent2")));
    fleet_sort(&fleet);
    assert_string_equal(fleet.hosts[0].name, "future");
    assert_string_equal(fleet.hosts[1].name, "silent");
    assert_string_equal(fleet.hosts[fleet.host_count - 1].name, "stopped");
}

static void fleet_takes_the_commonest_configuration_for_the_norm(void **state)
{
    (void)state;
    add("a", 1, beat_of(9));
    add("b", 1, beat_of(5));
    add("c", 1, beat_of(9));
    fleet_add_host(&fleet, 0, bytes_of("d"), bytes_of("garbage"));
    fleet_judge(&fleet);
    assert_true(fleet.norm == 9 && fleet.drifts == 1);
    assert_true(fleet_find(&fleet, bytes_of("b"))->drift);
    assert_false(fleet_find(&fleet, bytes_of("d"))->drift);
}

/* So that it does not change from look to look. */
static void fleet_takes_the_lowest_hash_of_a_tie(void **state)
{
    (void)state;
    add("a", 1, beat_of(9));
    add("b", 1, beat_of(5));
    fleet_judge(&fleet);
    assert_true(fleet.norm == 5 && fleet.drifts == 1);
}

static void fleet_counts_a_host_that_was_moved_once(void **state)
{
    (void)state;
    add("a", 500, beat_of(1));
    add("a", 3, beat_of(1));
    add("a", 100, beat_of(1));
    fleet_judge(&fleet);
    assert_int_equal(fleet.host_count, 1);
    assert_int_equal(fleet.hosts[0].state, FLEET_OK);
}

/* The newest entry of a finding decides; they come newest first. */
static void fleet_shows_the_same_trouble_on_two_hosts_once(void **state)
{
    (void)state;
    add("web1", 1, beat_of(1));
    add("web2", 999, beat_of(1));
    fleet_judge(&fleet);
    entry("web1", "e-2", "firing"); // a revision
    entry("web3", "g-9", "resolved");
    entry("web3", "g-9", "firing");
    entry("web2", "f-1", "firing");
    entry("web1", "e-2", "firing");
    entry("web1", "e-1", "firing"); // another finding, the same trouble
    fleet_sort(&fleet);
    assert_int_equal(fleet.trouble_count, 1);
    assert_int_equal(fleet.troubles[0].hosts, 2);
    assert_int_equal(fleet.troubles[0].silent, 1);
    assert_string_equal(fleet.troubles[0].stream, "shop");
}

/* Where the server does not tell its time, ours may be behind. */
static void fleet_forgives_its_own_clock(void **state)
{
    (void)state;
    fleet.own_clock = true;
    add("a", -500, beat_of(1));
    fleet_judge(&fleet);
    assert_int_equal(fleet.hosts[0].state, FLEET_OK);
}

static void fleet_reads_a_beat_of_any_time(void **state)
{
    static const char *const beats[] = {"9000000000000000", "9223372036855", "-1", "1e300"};
    (void)state;
    for (size_t i = 0; i < sizeof(beats) / sizeof(beats[0]); i++) {
        char text[160], name[8];
        snprintf(name, sizeof(name), "h%zu", i);
        snprintf(text, sizeof(text),
                 "{\"v\":1,\"beat\":%s,\"running\":true,\"alive\":\"1678-01-01T00:00:00Z\"}",
                 beats[i]);
        fleet_add_host(&fleet, 0, bytes_of(name), bytes_of(text));
        assert_int_equal(fleet.hosts[i].state, FLEET_SILENT);
        assert_true(fleet.hosts[i].age_ns == NOW);
    }
}

/* Stopped, taken off the list, or begun anew after its disk was lost: what it said last stands in Redis for long. */
static void fleet_says_of_how_many_nobody_knows(void **state)
{
    (void)state;
    struct beat stopped = beat_of(1), anew = beat_of(1), same = beat_of(1);
    struct buffer out = {0};
    stopped.running = false;
    anew.epoch = 0xe2;
    same.epoch = 0xe1;
    add("stopped", 5, stopped);
    add("anew", 5, anew);
    add("same", 5, same);
    add("silent", 999, same);
    fleet_judge(&fleet);
    entry_of("stopped", "s-1", "firing", "00000000000000e1");
    entry_of("anew", "a-1", "firing", "00000000000000e1");
    entry_of("same", "c-1", "firing", "00000000000000e1");
    entry_of("silent", "d-1", "firing", "00000000000000e1");
    entry_of("forgotten", "f-1", "firing", "00000000000000e1");
    assert_int_equal(fleet.trouble_count, 1);
    assert_int_equal(fleet.troubles[0].hosts, 5);
    assert_int_equal(fleet.troubles[0].silent, 1);
    assert_int_equal(fleet.troubles[0].unheard, 3);
    fleet_sort(&fleet);
    fleet_table(&fleet, &(struct fleet_look){.hosts = 9, .troubles = 9}, &out);
    buffer_char(&out, '\0');
    assert_non_null(strstr(out.at, "(1 SILENT since) (of 3 nobody knows)"));
    buffer_free(&out);
}

static void fleet_takes_the_earliest_start_that_is_known(void **state)
{
    (void)state;
    fleet_judge(&fleet);
    fleet_add_entry(&fleet, &(struct fleet_entry){.id = bytes_of("x"),
                                                  .host = bytes_of("none"),
                                                  .status = bytes_of("firing"),
                                                  .fingerprint = bytes_of("00000000000000f1"),
                                                  .data = bytes_of("{}"),
                                                  .route = ROUTE_PAGE});
    entry("known", "y", "firing");
    assert_string_equal(fleet.troubles[0].first, "known");
    assert_true(fleet.troubles[0].starts_ns != NO_TIME);
}

/* In another shard nobody refuses it. */
static void fleet_sees_two_daemons_of_one_name(void **state)
{
    (void)state;
    struct beat one = beat_of(1), other = beat_of(1), stopped = beat_of(1);
    struct buffer out = {0};
    one.epoch = 1;
    other.epoch = stopped.epoch = 2;
    stopped.running = false;
    add("both", 1, one);
    add("both", 2, other);
    add("moved", 1, one);
    add("moved", 40, one);
    add("renewed", 1, one);
    add("renewed", 2, stopped);
    fleet_add_host(&fleet, 1, bytes_of("odd"), bytes_of("garbage"));
    add("odd", 3, one);
    fleet_judge(&fleet);
    assert_int_equal(fleet.host_count, 4);
    assert_int_equal(fleet.twice, 1);
    assert_true(fleet_find(&fleet, bytes_of("both"))->twice);
    assert_int_equal(fleet_find(&fleet, bytes_of("odd"))->state, FLEET_OK);
    fleet_sort(&fleet);
    fleet_table(&fleet, &(struct fleet_look){.hosts = 9, .troubles = 9}, &out);
    buffer_char(&out, '\0');
    assert_non_null(strstr(out.at, "NAME USED TWICE"));
    assert_non_null(strstr(out.at, "1 of a name that another has"));
    buffer_free(&out);
}

/* In a cloud they are alike up to their end. */
static void fleet_does_not_cut_the_names_of_hosts_short(void **state)
{
    static const char name[] = "ip-10-0-12-34.eu-central-1.compute.internal";
    struct buffer out = {0};
    (void)state;
    add(name, 1, beat_of(1));
    fleet_judge(&fleet);
    entry(name, "e", "firing");
    fleet_sort(&fleet);
    fleet_table(&fleet, &(struct fleet_look){.hosts = 9, .troubles = 9}, &out);
    buffer_char(&out, '\0');
    const char *first = strstr(out.at, name);
    assert_non_null(first);
    assert_non_null(strstr(first + 1, name));
    buffer_free(&out);
}

static void fleet_fits_on_a_screen(void **state)
{
    (void)state;
    for (int lines = 12; lines < 60; lines += 7)
        for (size_t hosts = 0; hosts < 80; hosts += 13)
            for (size_t troubles = 0; troubles < 80; troubles += 13) {
                struct fleet_look look = {0};
                fleet.host_count = hosts;
                fleet.trouble_count = troubles;
                fleet_fit(&fleet, lines, &look);
                assert_true(look.hosts + look.troubles <= lines - 8);
                assert_true(look.hosts >= 1 || !hosts);
                assert_true(look.troubles >= 1 || !troubles);
                // no line is left empty while something is left out
                size_t h = (size_t)look.hosts < hosts ? (size_t)look.hosts : hosts;
                size_t t = (size_t)look.troubles < troubles ? (size_t)look.troubles : troubles;
                assert_true(h + t == (size_t)lines - 8 || (h == hosts && t == troubles));
            }
    fleet.host_count = fleet.trouble_count = 0;
}

static void fleet_sends_no_control_bytes_to_a_terminal(void **state)
{
    (void)state;
    struct buffer out = {0};
    fleet_add_host(&fleet, 0, bytes_of("\033]0;x\007"), bytes_of("x"));
    fleet_judge(&fleet);
    entry("\033[2J", "i", "firing");
    fleet_sort(&fleet);
    fleet_table(&fleet, &(struct fleet_look){.hosts = 9, .troubles = 9}, &out);
    assert_null(memchr(out.at, '\033', out.len));
    assert_null(memchr(out.at, '\007', out.len));
    buffer_char(&out, '\0');
    assert_non_null(strstr(out.at, "\\x1b[31mbad\\x0athing"));
    buffer_free(&out);
}

static void fleet_keeps_no_more_than_it_has_room_for(void **state)
{
    (void)state;
    fleet_judge(&fleet);
    for (int i = 0; i < FLEET_TROUBLES_MAX + 5; i++) {
        char fingerprint[24], id[24];
        snprintf(fingerprint, sizeof(fingerprint), "%016x", i);
        snprintf(id, sizeof(id), "i%d", i);
        fleet_add_entry(&fleet, &(struct fleet_entry){.id = bytes_of(id),
                                                      .host = bytes_of("h"),
                                                      .status = bytes_of("firing"),
                                                      .fingerprint = bytes_of(fingerprint),
                                                      .data = bytes_of("{}")});
    }
    assert_int_equal(fleet.trouble_count, FLEET_TROUBLES_MAX);
    assert_int_equal(fleet.troubles_over, 5);
    for (int i = 0; i < FLEET_HOSTS_MAX + 3; i++)
        fleet_add_host(&fleet, 0, bytes_of("h"), bytes_of("x"));
    assert_int_equal(fleet.host_count, FLEET_HOSTS_MAX);
    assert_int_equal(fleet.hosts_over, 3);
}

/* ---- likeness ----------------------------------------------------------- */

static uint64_t likeness(const char *text)
{
    char path[] = "/tmp/oddline-fleet-XXXXXX";
    int fd = mkstemp(path);
    struct config config = {0};
    struct error error = {""};
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    if (config_read(path, &config, &error) < 0)
        fail_msg("%s", error.text);
    unlink(path);
    uint64_t hash = config.likeness;
    config_free(&config);
    return hash;
}

#define STREAM "streams: [{name: a, paths: [/x], window: 10s}]\n"

static void likeness_is_of_what_is_meant_and_not_of_who_means_it(void **state)
{
    (void)state;
    uint64_t one =
        likeness(STREAM "sinks: {redis: {url: 'unix:///s', host: a}}\nstate_dir: /a\n"
                        "resource: {host.name: a, service.name: s}\n");
    assert_true(one ==
                likeness("# said otherwise\n" STREAM
                         "sinks:\n  redis:\n    url: unix:///s\n    host: 'b'\n    shard: 0\n"
                         "resource: {host.name: b, service.name: s}\n"));
    assert_true(one != likeness(STREAM
                                "sinks: {redis: {url: 'unix:///s', host: a}}\nstate_dir: /a\n"
                                "resource: {host.name: a, service.name: t}\n"));
    assert_true(likeness(STREAM) !=
                likeness("streams: [{name: a, paths: [/x], window: 11s}]\n"));
    assert_true(likeness("streams: [{name: a, paths: [/x, /y]}]\n") !=
                likeness("streams: [{name: a, paths: [/y, /x]}]\n"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(fleet_tells_the_silent_from_the_stopped),
        TEST(fleet_takes_the_commonest_configuration_for_the_norm),
        TEST(fleet_takes_the_lowest_hash_of_a_tie),
        TEST(fleet_counts_a_host_that_was_moved_once),
        TEST(fleet_shows_the_same_trouble_on_two_hosts_once),
        TEST(fleet_forgives_its_own_clock),
        TEST(fleet_reads_a_beat_of_any_time),
        TEST(fleet_says_of_how_many_nobody_knows),
        TEST(fleet_takes_the_earliest_start_that_is_known),
        TEST(fleet_sees_two_daemons_of_one_name),
        TEST(fleet_does_not_cut_the_names_of_hosts_short),
        TEST(fleet_fits_on_a_screen),
        TEST(fleet_sends_no_control_bytes_to_a_terminal),
        TEST(fleet_keeps_no_more_than_it_has_room_for),
        cmocka_unit_test(likeness_is_of_what_is_meant_and_not_of_who_means_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
