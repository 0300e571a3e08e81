/* SPDX-License-Identifier: MIT */
/* The promise: a server that refuses, hangs or dies adds nothing in part, holds nobody up, and later gets each once. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "deliver/courier.h"
#include "deliver/redis.h"
#include "fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct server server;

static int setup(void **state)
{
    (void)state;
    server_make(&server);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    server_remove(&server);
    return 0;
}

static struct redis_options base_options(void)
{
    return (struct redis_options){.url = server.url,
                                  .host = "web1",
                                  .epoch = 0xe,
                                  .connect_timeout_ns = 300 * NS_PER_MS,
                                  .command_timeout_ns = 300 * NS_PER_MS};
}

static struct sink *open_with(struct redis_options options)
{
    struct sink *sink = NULL;
    struct error error = {""};
    if (redis_sink_open(&options, &sink, &error) < 0)
        fail_msg("%s", error.text);
    return sink;
}

/* Publishes first..last over the three routes, with `size` bytes each. */
static int publish(struct sink *sink, uint64_t first, uint64_t last, size_t size,
                   struct error *error)
{
    static struct entry entries[300];
    static char bulk[65536];
    uint64_t confirmed = 0;
    memset(bulk, 'x', sizeof(bulk));
    for (uint64_t n = first; n <= last; n++)
        entries[n - first] = (struct entry){.epoch = 0xe,
                                            .n = n,
                                            .route = (enum finding_route)(n % ROUTES),
                                            .data = {bulk, size}};
    return sink->ops->publish(sink, entries, last + 1 - first, &confirmed, error);
}

static long total(void)
{
    return server_number(&server, "XLEN oddline:{0}:page") +
           server_number(&server, "XLEN oddline:{0}:ticket") +
           server_number(&server, "XLEN oddline:{0}:log");
}

static void redis_survives_that_nobody_is_there(void **state)
{
    (void)state;
    struct sink *sink = open_with(base_options());
    struct error error = {""};
    assert_int_equal(publish(sink, 1, 3, 10, &error), -ECONNREFUSED);
    assert_non_null(strstr(error.text, "cannot connect"));
    server_start(&server);
    assert_int_equal(publish(sink, 1, 3, 10, &error), 0);
    server_kill(
        &server); // the open connection is found dead before anything is written into it
    assert_int_equal(publish(sink, 4, 6, 10, &error), -ECONNREFUSED);
    sink->ops->close(sink);
}

static void redis_touches_nothing_when_a_key_is_something_else(void **state)
{
    (void)state;
    static const char *const keys[] = {"page", "ticket", "log", "seen"};
    server_start(&server);
    struct sink *sink = open_with(base_options());
    struct error error = {""};
    for (size_t i = 0; i < 4; i++) {
        server_ask(&server, "SET oddline:{0}:%s text", keys[i]);
        assert_int_equal(publish(sink, 1, 3, 10, &error), -EINVAL);
        assert_non_null(strstr(error.text, keys[i]));
        assert_int_equal(server_number(&server, "DBSIZE"), 1);
        server_ask(&server, "DEL oddline:{0}:%s", keys[i]);
    }
    assert_int_equal(publish(sink, 1, 3, 10, &error), 0);
    sink->ops->close(sink);
}

static void redis_is_refused_whole_when_memory_is_full(void **state)
{
    (void)state;
    server.options[0] = "--maxmemory-policy";
    server.options[1] = "noeviction";
    server_start(&server);
    struct sink *sink = open_with(base_options());
    struct error error = {""};
    assert_int_equal(publish(sink, 1, 3, 10, &error), 0);
    server_ask(&server, "CONFIG SET maxmemory 1mb"); // less than what it has
    assert_int_equal(publish(sink, 4, 30, 10, &error), -ENOSPC);
    assert_non_null(strstr(error.text, "maxmemory"));
    assert_int_equal(total(), 3);
    server_ask(&server, "CONFIG SET maxmemory 0");
    assert_int_equal(publish(sink, 4, 30, 10, &error), 0);
    assert_int_equal(total(), 30);
    sink->ops->close(sink);
}

/* A batch that begins below the bound and ends above it is there whole. */
static void redis_batch_that_fills_the_memory_is_there_whole(void **state)
{
    (void)state;
    server.options[0] = "--maxmemory-policy";
    server.options[1] = "noeviction";
    server.options[2] = "--maxmemory";
    server.options[3] = "2500kb";
    server_start(&server);
    struct sink *sink = open_with(base_options());
    struct error error = {""};
    uint64_t done = 0;
    int r = 0;
    while (r == 0 && done < 2000) {
        r = publish(sink, done + 1, done + 20, 20000, &error);
        assert_true(r == 0 || r == -ENOSPC);
        done += r == 0 ? 20 : 0;
    }
    assert_int_equal(r, -ENOSPC);
    assert_int_equal(total(), done);
    server_ask(&server, "CONFIG SET maxmemory 0");
    assert_int_equal(publish(sink, done + 1, done + 20, 20000, &error), 0);
    assert_int_equal(total(), done + 20);
    sink->ops->close(sink);
}

static void redis_user_without_a_permission_adds_nothing(void **state)
{
    (void)state;
    static const char *const lacks[] = {"-xadd", "-hset", "-eval -evalsha",
                                        "resetkeys ~oddline:{0}:page"};
    server_start(&server);
    write_file(sandbox_path(&server.sandbox, "pw"), "secret\n", 7);
    struct redis_options options = base_options();
    options.user = "writer";
    options.password_file = sandbox_path(&server.sandbox, "pw");
    for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
        server_ask(&server, "ACL SETUSER writer reset on >secret ~oddline:{0}:* +@all %s",
                   lacks[i]);
        struct sink *sink = open_with(options);
        struct error error = {""};
        int r = publish(sink, 1, 3, 10, &error);
        if (r != -EPERM)
            fail_msg("%s: %d %s", lacks[i], r, error.text);
        assert_int_equal(total(), 0);
        sink->ops->close(sink);
    }
    // what docs/stream.md says is enough
    server_ask(&server, "ACL SETUSER writer reset on >secret ~oddline:{0}:* +eval +evalsha "
                        "+type +exists +xinfo|stream "
                        "+xadd +xrevrange +hget +hset");
    struct sink *sink = open_with(options);
    struct error error = {""};
    if (publish(sink, 1, 3, 10, &error) < 0 || publish(sink, 4, 6, 10, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(total(), 6);
    sink->ops->close(sink);
}

static void redis_password_comes_from_its_file_each_time(void **state)
{
    (void)state;
    server_start(&server);
    server_ask(&server, "ACL SETUSER default resetpass >topsecret");
    struct redis_options options = base_options();
    struct error error = {""};
    struct sink *sink = open_with(options);
    assert_int_equal(publish(sink, 1, 3, 10, &error), -EACCES);
    assert_non_null(strstr(error.text, "password_file"));
    sink->ops->close(sink);
    options.password_file = sandbox_path(&server.sandbox, "pw");
    sink = open_with(options);
    assert_int_equal(publish(sink, 1, 3, 10, &error), -ENOENT);
    write_file(options.password_file, "wrong-topsecre\n", 15);
    assert_int_equal(publish(sink, 1, 3, 10, &error), -EACCES);
    assert_null(strstr(error.text, "topsecre"));
    write_file(options.password_file, "\n", 1);
    assert_int_equal(publish(sink, 1, 3, 10, &error), -EINVAL);
    write_file(options.password_file, "topsecret\n", 10);
    assert_int_equal(publish(sink, 1, 3, 10, &error), 0);
    sink->ops->close(sink);
}

static void redis_readonly_replica_is_named(void **state)
{
    (void)state;
    server_start(&server);
    struct sink *sink = open_with(base_options());
    struct error error = {""};
    server_ask(&server, "REPLICAOF 127.0.0.1 1");
    int r = publish(sink, 1, 3, 10, &error);
    if (r != -EROFS)
        fail_msg("%d %s", r, error.text);
    server_ask(&server, "REPLICAOF NO ONE");
    assert_int_equal(publish(sink, 1, 3, 10, &error), 0);
    sink->ops->close(sink);
}

/* One publish that takes at most `most_ms`, and fails. */
static void fails_within(struct sink *sink, int64_t most_ms)
{
    struct error error = {""};
    int64_t begin = clock_monotonic_ns();
    int r = publish(sink, 4, 6, 10, &error);
    int64_t took = (clock_monotonic_ns() - begin) / NS_PER_MS;
    if (r != -ETIMEDOUT && r != -ECONNREFUSED)
        fail_msg("%d %s", r, error.text);
    assert_in_range(took, 0, most_ms);
}

static void redis_that_hangs_is_left_in_time(void **state)
{
    (void)state;
    server_start(&server);
    struct sink *sink = open_with(base_options());
    struct error error = {""};
    assert_int_equal(publish(sink, 1, 3, 10, &error), 0);
    kill(server.pid, SIGSTOP);
    fails_within(sink, 1500); // on the open connection
    fails_within(sink, 1500); // and on a new one
    kill(server.pid, SIGCONT);
    assert_int_equal(publish(sink, 4, 6, 10, &error), 0);
    assert_int_equal(total(), 6); // the batch that hung came through or did not; never twice
    server_ask(&server, "CLIENT PAUSE 700 WRITE");
    fails_within(sink, 1500);
    sink->ops->close(sink);
}

/* ---- with the outbox and the courier ------------------------------------ */

static void nap(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void wait_confirmed(struct courier *courier, uint64_t n)
{
    for (int i = 0; i < 1000; i++) {
        if (courier_stats(courier, 0).confirmed == n)
            return;
        nap(20);
    }
    fail_msg("confirmed %d, not %d", (int)courier_stats(courier, 0).confirmed, (int)n);
}

struct house {
    struct journal *journal;
    struct courier *courier;
};

static struct house begin(void)
{
    struct house house;
    struct redis_options options = base_options();
    struct courier_sink sink = {.name = "redis"};
    struct error error = {""};
    if (journal_open(sandbox_path(&server.sandbox, "journal"), NULL, &house.journal, &error) <
        0)
        fail_msg("%s", error.text);
    options.epoch = journal_epoch(house.journal);
    assert_int_equal(redis_sink_open(&options, &sink.sink, &error), 0);
    assert_int_equal(courier_start(house.journal, &sink, 1, &house.courier, &error), 0);
    return house;
}

static void end(struct house house)
{
    assert_true(courier_stop(house.courier, clock_monotonic_ns() + 5 * NS_PER_S));
    journal_close(house.journal);
}

/* Each finding is there once: as many entries as numbers, and all numbers. */
static void expect_each_once(long count)
{
    static const char *const routes[] = {"page", "ticket", "log"};
    char *seen = calloc((size_t)count + 1, 1);
    long found = 0;
    for (int r = 0; r < 3; r++) {
        char *words = strdup(server_ask(&server, "XRANGE oddline:{0}:%s - +", routes[r])),
             *rest = NULL;
        const char *last = "";
        for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
            if (strcmp(last, "n") == 0) {
                long n = strtol(w, NULL, 10);
                assert_in_range(n, 1, count);
                assert_int_equal(seen[n]++, 0);
                found++;
            }
            last = w;
        }
        free(words);
    }
    assert_int_equal(found, count);
    free(seen);
}

static void courier_delivers_what_waited_for_redis(void **state)
{
    (void)state;
    struct house house = begin();
    append_findings(house.journal, 10);
    nap(300);
    assert_int_equal(courier_stats(house.courier, 0).confirmed, 0);
    assert_true(courier_stats(house.courier, 0).troubled);
    server_start(&server);
    wait_confirmed(house.courier, 10);
    server_kill(&server); // all is lost there
    append_findings(house.journal, 5);
    nap(300);
    server_start(&server);
    wait_confirmed(house.courier, 15);
    expect_each_once(15);
    end(house);
}

static void courier_sends_again_after_flushall_and_del(void **state)
{
    (void)state;
    server_start(&server);
    struct house house = begin();
    append_findings(house.journal, 10);
    wait_confirmed(house.courier, 10);
    server_ask(&server, "FLUSHALL");
    append_findings(house.journal, 1);
    wait_confirmed(house.courier, 11);
    expect_each_once(11);
    server_ask(&server, "DEL oddline:{0}:ticket");
    append_findings(house.journal, 1);
    wait_confirmed(house.courier, 12);
    expect_each_once(12);
    end(house);
}

static void courier_delivers_each_once_through_kills_of_redis(void **state)
{
    (void)state;
    server.options[0] = "--appendonly";
    server.options[1] = "yes";
    server.options[2] = "--appendfsync";
    server.options[3] = "always";
    server_start(&server);
    struct house house = begin();
    for (int round = 0; round < 4; round++) {
        append_findings(house.journal, 30);
        if (round % 2)
            nap(5 * round);
        server_kill(&server);
        append_findings(house.journal, 5);
        server_start(&server);
    }
    wait_confirmed(house.courier, 140);
    expect_each_once(140);
    end(house);
}

static void courier_delivers_each_once_through_restarts_of_oddline(void **state)
{
    (void)state;
    server_start(&server);
    for (int round = 0; round < 3; round++) {
        struct house house = begin();
        append_findings(house.journal, 10);
        end(house); // what a sink in health can take is delivered first
    }
    expect_each_once(30);
    // the note of what was confirmed is lost: the server knows
    assert_int_equal(unlink(sandbox_path(&server.sandbox, "journal/confirmed")), 0);
    struct house house = begin();
    append_findings(house.journal, 1);
    wait_confirmed(house.courier, 31);
    expect_each_once(31);
    end(house);
}

static void courier_stops_a_sink_at_a_fork(void **state)
{
    (void)state;
    server_start(&server);
    struct house house = begin();
    append_findings(house.journal, 3);
    wait_confirmed(house.courier, 3);
    end(house);
    assert_int_equal(
        rename(sandbox_path(&server.sandbox, "journal"), sandbox_path(&server.sandbox, "old")),
        0);
    house = begin(); // another state directory, the same host
    append_findings(house.journal, 3);
    for (int i = 0; i < 200 && !courier_stats(house.courier, 0).stopped; i++)
        nap(10);
    assert_true(courier_stats(house.courier, 0).stopped);
    assert_int_equal(courier_stats(house.courier, 0).confirmed, 0);
    assert_int_equal(total(), 3);
    end(house);
}

int main(void)
{
    log_setup(LOG_QUIET, 0);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(redis_survives_that_nobody_is_there),
        T(redis_touches_nothing_when_a_key_is_something_else),
        T(redis_is_refused_whole_when_memory_is_full),
        T(redis_batch_that_fills_the_memory_is_there_whole),
        T(redis_user_without_a_permission_adds_nothing),
        T(redis_password_comes_from_its_file_each_time),
        T(redis_readonly_replica_is_named),
        T(redis_that_hangs_is_left_in_time),
        T(courier_delivers_what_waited_for_redis),
        T(courier_sends_again_after_flushall_and_del),
        T(courier_delivers_each_once_through_kills_of_redis),
        T(courier_delivers_each_once_through_restarts_of_oddline),
        T(courier_stops_a_sink_at_a_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
