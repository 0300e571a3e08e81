/* SPDX-License-Identifier: MIT */
/*
 * The promise: what a beat says comes through, whoever wrote it cannot harm who reads it, it is never sent too often; hosts are spread
 * over shards for good, and do not come back to a server all at once.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "deliver/heartbeat.h"
#include "deliver/redis.h"
#include "deliver/shard.h"
#include "deliver/turn.h"
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

static struct beat full_beat(void)
{
    return (struct beat){.interval_ns = 30 * NS_PER_S,
                         .version = "1.2.3",
                         .epoch = UINT64_C(0xfedcba9876543210),
                         .n = 41,
                         .waiting = 3,
                         .running = true,
                         .troubled = true,
                         .hung_ns = 2500 * NS_PER_MS,
                         .facts = {.at_ns = INT64_C(1482167678) * NS_PER_S,
                                   .newest_ns = INT64_C(1482167600) * NS_PER_S,
                                   .lag_ns = 78 * NS_PER_S,
                                   .behind_bytes = 123456789,
                                   .config = 0xabcdef,
                                   .streams = 2,
                                   .files = 5,
                                   .firing = {1, 2, 3},
                                   .waits = true}};
}

static struct bytes as_object(const struct beat *beat, struct buffer *out)
{
    buffer_clear(out);
    buffer_text(out, "{\"beat\":1482167678123,");
    heartbeat_write(beat, out);
    buffer_char(out, '}');
    return buffer_bytes(out);
}

static void heartbeat_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct buffer text = {0};
    struct beat beat = full_beat(), got = {0};
    assert_true(heartbeat_read(as_object(&beat, &text), &got));
    beat.beat_ms = INT64_C(1482167678123);
    assert_true(text.len < HEARTBEAT_JSON_MAX);
    assert_string_equal(got.version, "1.2.3");
    assert_true(got.beat_ms == beat.beat_ms && got.interval_ns == beat.interval_ns &&
                got.epoch == beat.epoch && got.n == 41 && got.waiting == 3 && got.running &&
                got.troubled && got.hung_ns == beat.hung_ns);
    assert_memory_equal(got.facts.firing, beat.facts.firing, sizeof(beat.facts.firing));
    assert_true(
        got.facts.at_ns == beat.facts.at_ns && got.facts.newest_ns == beat.facts.newest_ns &&
        got.facts.lag_ns == beat.facts.lag_ns && got.facts.config == beat.facts.config &&
        got.facts.behind_bytes == beat.facts.behind_bytes && got.facts.waits &&
        got.facts.streams == 2 && got.facts.files == 5);
    buffer_free(&text);
}

static void heartbeat_of_a_stranger_is_refused_or_bounded(void **state)
{
    (void)state;
    static const char *const none[] = {"",  "x",         "[]", "null",
                                       "{", "{\"v\":2}", "1",  "{\"n\":1}"};
    struct beat beat = {.n = 7};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_false(heartbeat_read(bytes_of(none[i]), &beat));
    assert_true(beat.n == 7); // untouched
    assert_true(heartbeat_read(
        bytes_of(
            "{\"v\":1,\"beat\":1e300,\"interval_s\":-5,\"n\":1e999,\"lag_s\":1e30,\"firing\":"
            "{\"page\":-1},\"version\":\"a very long version that nobody has\",\"epoch\":7,"
            "\"alive\":\"yesterday\",\"newest\":{}}"),
        &beat));
    assert_true(beat.beat_ms == 0 && beat.interval_ns == 0 && beat.n == 0 && beat.epoch == 0);
    assert_true(beat.facts.lag_ns == 0 && beat.facts.firing[ROUTE_PAGE] == 0);
    assert_true(beat.facts.at_ns == NO_TIME && beat.facts.newest_ns == NO_TIME);
    assert_string_equal(beat.version, "");
    assert_false(beat.running);
}

/* However often findings are published, and whatever chance says. */
static void heartbeat_comes_each_interval_and_never_more_than_four_times(void **state)
{
    (void)state;
    static const uint32_t chances[] = {0, UINT32_MAX / 2, UINT32_MAX};
    for (size_t i = 0; i < 3; i++)
        for (int busy = 0; busy < 2; busy++) {
            struct heartbeat heartbeat;
            int beats = 0;
            heartbeat_init(&heartbeat, 40 * NS_PER_S);
            for (int64_t s = 1000; s < 1400; s++) { // ten intervals
                if (busy)
                    heartbeat_hurry(&heartbeat);
                if (!heartbeat_due(&heartbeat, s * NS_PER_S))
                    continue;
                heartbeat_done(&heartbeat, s * NS_PER_S, chances[i]);
                beats++;
            }
            if (busy)
                assert_int_equal(beats, 40);
            else
                assert_in_range(beats, 10, 14);
            heartbeat_free(&heartbeat);
        }
}

static void heartbeat_may_be_switched_off(void **state)
{
    (void)state;
    struct heartbeat heartbeat;
    heartbeat_init(&heartbeat, 0);
    assert_false(heartbeat_due(&heartbeat, INT64_MAX));
    heartbeat_free(&heartbeat);
}

static void shard_of_a_host_is_the_same_for_ever(void **state)
{
    (void)state;
    int hosts[16] = {0};
    assert_int_equal(shard_of("web1", 1), 0);
    assert_int_equal(shard_of("web1", 0), 0);
    assert_int_equal(shard_of("web1", 16), 6); // whoever changes this moves all hosts
    for (int i = 0; i < 16000; i++) {
        char name[32];
        snprintf(name, sizeof(name), "host%05d", i);
        hosts[shard_of(name, 16)]++;
    }
    for (int i = 0; i < 16; i++)
        assert_in_range(hosts[i], 850, 1150);
}

static void turn_spreads_hosts_by_how_many_they_are(void **state)
{
    (void)state;
    int seconds[64] = {0};
    struct turn alone = {.hosts = 1}, many = {.hosts = 10000}, lie = {.hosts = UINT64_MAX};
    turn_lost(&alone, 0, UINT32_MAX);
    assert_true(turn_wait(&alone, 0) < 3 * NS_PER_MS);
    for (uint32_t i = 0; i < 10000; i++) {
        turn_lost(&many, 0, i * (UINT32_MAX / 10000));
        seconds[turn_wait(&many, 0) / NS_PER_S]++;
    }
    for (int s = 0; s < 64; s++)
        assert_in_range(seconds[s], 0, 501);
    turn_lost(&lie, 5, UINT32_MAX);
    assert_true(turn_wait(&lie, 5) <= TURN_MOST_NS);
    assert_true(turn_wait(&lie, 5 + TURN_MOST_NS) == 0);
}

/* ---- against a real server ---------------------------------------------- */

static struct server server;

static int setup(void **state)
{
    (void)state;
    server_make(&server);
    server_start(&server);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    server_remove(&server);
    return 0;
}

static struct sink *open_sink(void)
{
    struct sink *sink = NULL;
    struct error error = {""};
    struct heartbeat_facts facts = full_beat().facts;
    struct redis_options options = {.url = server.url,
                                    .host = "web1",
                                    .epoch = 0xe,
                                    .shard = "3",
                                    .heartbeat_ns = NS_PER_S};
    assert_int_equal(redis_sink_open(&options, &sink, &error), 0);
    redis_sink_facts(sink, &facts);
    return sink;
}

static void beat_is_written_with_the_clock_of_the_server(void **state)
{
    (void)state;
    struct sink *sink = open_sink();
    struct beat beat;
    int64_t begin = clock_wall_ns() / NS_PER_MS;
    sink->ops->tend(sink, (struct sink_place){12, 10}, false);
    sink->ops->tend(sink, (struct sink_place){13, 13}, false); // not due yet
    assert_true(
        heartbeat_read(bytes_of(server_ask(&server, "HGET oddline:{3}:hosts web1")), &beat));
    assert_true(beat.n == 12 && beat.waiting == 2 && beat.running && beat.epoch == 0xe);
    assert_in_range(beat.beat_ms - begin, 0, 1000);
    assert_true(redis_sink_stats(sink).beats == 1 && redis_sink_stats(sink).hosts == 1);
    sink->ops->tend(sink, (struct sink_place){13, 13}, true);
    assert_true(
        heartbeat_read(bytes_of(server_ask(&server, "HGET oddline:{3}:hosts web1")), &beat));
    assert_true(beat.n == 13 && beat.waiting == 0 && !beat.running);
    sink->ops->close(sink);
}

/* The connection of a beat is not one on which the mark was asked for. */
static void beat_leaves_no_connection_behind(void **state)
{
    (void)state;
    struct sink *sink = open_sink();
    uint64_t confirmed = 77;
    struct error error = {""};
    assert_int_equal(sink->ops->publish(sink, NULL, 0, &confirmed, &error), 0);
    server_ask(&server, "CLIENT KILL TYPE normal");
    sink->ops->rest(sink);
    sink->ops->tend(sink, (struct sink_place){0, 0}, false);
    assert_true(redis_sink_stats(sink).beats == 1);
    assert_null(strstr(server_ask(&server, "CLIENT LIST"), "cmd=eval"));
    struct entry entry = {.epoch = 0xe, .n = 1, .id = bytes_of("x"), .data = bytes_of("{}")};
    assert_int_equal(sink->ops->publish(sink, &entry, 1, &confirmed, &error), 0);
    assert_true(confirmed == 1 && redis_sink_stats(sink).connects == 2);
    sink->ops->close(sink);
}

static void beat_that_fails_is_no_failure_of_the_sink(void **state)
{
    (void)state;
    struct sink *sink = open_sink();
    uint64_t confirmed = 0;
    struct error error = {""};
    struct entry entry = {.epoch = 0xe, .n = 1, .id = bytes_of("x"), .data = bytes_of("{}")};
    server_ask(&server, "SET oddline:{3}:hosts something");
    assert_int_equal(sink->ops->publish(sink, &entry, 1, &confirmed, &error), 0);
    sink->ops->tend(sink, (struct sink_place){1, 1}, false);
    assert_true(redis_sink_stats(sink).beat_errors == 1 && !redis_sink_stats(sink).troubled);
    entry.n = 2;
    assert_int_equal(sink->ops->publish(sink, &entry, 1, &confirmed, &error), 0);
    assert_true(confirmed == 2 && redis_sink_stats(sink).connects == 1);
    sink->ops->close(sink);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heartbeat_is_read_as_it_was_written),
        cmocka_unit_test(heartbeat_of_a_stranger_is_refused_or_bounded),
        cmocka_unit_test(heartbeat_comes_each_interval_and_never_more_than_four_times),
        cmocka_unit_test(heartbeat_may_be_switched_off),
        cmocka_unit_test(shard_of_a_host_is_the_same_for_ever),
        cmocka_unit_test(turn_spreads_hosts_by_how_many_they_are),
        cmocka_unit_test_setup_teardown(beat_is_written_with_the_clock_of_the_server, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(beat_leaves_no_connection_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(beat_that_fails_is_no_failure_of_the_sink, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
