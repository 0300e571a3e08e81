/* SPDX-License-Identifier: MIT */
/* The promise (P2): each finding is in its stream exactly once, with the fields of docs/stream.md, whatever Redis lost. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "deliver/redis.h"
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EPOCH = 0xe };
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

static struct sink *open_as(const char *host, uint64_t epoch)
{
    struct sink *sink = NULL;
    struct error error = {""};
    struct redis_options options = {.url = server.url, .host = host, .epoch = epoch};
    if (redis_sink_open(&options, &sink, &error) < 0)
        fail_msg("%s", error.text);
    return sink;
}

static struct entry entry_number(uint64_t n, enum finding_route route)
{
    return (struct entry){.epoch = EPOCH,
                          .n = n,
                          .fingerprint = 0xf00d,
                          .route = route,
                          .status = FINDING_FIRING,
                          .ts_ns = INT64_C(1482167678123000000),
                          .score = 7.3,
                          .id = bytes_of("some-id"),
                          .stream = bytes_of("kafka1"),
                          .detector = bytes_of("ewma"),
                          .data = bytes_of("{\"v\":1}")};
}

struct result {
    int r;
    uint64_t confirmed;
    struct error error;
};

/* first..last, the routes in turn: 1 page, 2 ticket, 3 log, 4 page ... */
static struct result publish(struct sink *sink, uint64_t first, uint64_t last)
{
    static struct entry entries[400];
    struct result result = {.confirmed = UINT64_MAX};
    for (uint64_t n = first; n <= last; n++)
        entries[n - first] = entry_number(n, (enum finding_route)((n - 1) % ROUTES));
    result.r =
        sink->ops->publish(sink, entries, last + 1 - first, &result.confirmed, &result.error);
    return result;
}

#define EXPECT(call, code, upto)                                                               \
    do {                                                                                       \
        struct result got = (call);                                                            \
        if (got.r != (code))                                                                   \
            fail_msg("line %d: %d: %s", __LINE__, got.r, got.error.text);                      \
        assert_true(got.confirmed == (uint64_t)(upto));                                        \
    } while (0)

/* What came to a route: `n<prev` of each entry of `host`, in order. */
static const char *chain(const char *route, const char *host)
{
    static char text[8192];
    char own[64], *words = strdup(server_ask(&server, "XRANGE oddline:{0}:%s - +", route)),
                  *rest = NULL;
    char n[24] = "", prev[24] = "", *last = NULL;
    snprintf(own, sizeof(own), "%s", host);
    text[0] = '\0';
    for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
        if (last && strcmp(last, "n") == 0)
            snprintf(n, sizeof(n), "%s", w);
        if (last && strcmp(last, "prev") == 0)
            snprintf(prev, sizeof(prev), "%s", w);
        if (last && strcmp(last, "host") == 0 && strcmp(w, own) == 0)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s<%s ", n, prev);
        last = w;
    }
    free(words);
    return text;
}

static void redis_writes_the_promised_fields_in_order(void **state)
{
    (void)state;
    struct sink *sink = open_as("web1", EPOCH);
    EXPECT(publish(sink, 1, 2), 0, 2);
    const char *entry = server_ask(&server, "XRANGE oddline:{0}:ticket - +");
    assert_non_null(strchr(entry, ' '));
    assert_string_equal(
        strchr(entry, ' ') + 1,
        "v 1 id some-id epoch 000000000000000e n 2 prev 0 ts 2016-12-19T17:14:38.123Z host "
        "web1 "
        "stream kafka1 detector ewma route ticket severity_number 13 status firing score 7.3 "
        "fingerprint 000000000000f00d data {\"v\":1}");
    assert_int_equal(
        strncmp(server_ask(&server, "HGET oddline:{0}:seen web1"), "000000000000000e 2 1 ", 21),
        0);
    sink->ops->close(sink);
}

static void redis_chains_the_entries_of_each_route(void **state)
{
    (void)state;
    struct sink *sink = open_as("web1", EPOCH), *other = open_as("web2", EPOCH + 1);
    EXPECT(publish(sink, 1, 4), 0, 4);
    EXPECT(publish(other, 1, 4), 0, 4);
    EXPECT(publish(sink, 5, 9), 0, 9);
    assert_string_equal(chain("page", "web1"), "1<0 4<1 7<4 ");
    assert_string_equal(chain("ticket", "web1"), "2<0 5<2 8<5 ");
    assert_string_equal(chain("log", "web1"), "3<0 6<3 9<6 ");
    assert_string_equal(chain("page", "web2"), "1<0 4<1 ");
    sink->ops->close(sink);
    other->ops->close(other);
}

static void redis_takes_a_batch_again_without_adding(void **state)
{
    (void)state;
    struct sink *sink = open_as("web1", EPOCH);
    EXPECT(publish(sink, 1, 300), 0, 300);
    EXPECT(publish(sink, 1, 300), 0, 300);
    sink->ops->close(sink);
    sink = open_as("web1", EPOCH); // and over a new connection, overlapping
    EXPECT(publish(sink, 299, 303), 0, 303);
    assert_int_equal(server_number(&server, "XLEN oddline:{0}:page"), 101);
    assert_int_equal(server_number(&server, "XLEN oddline:{0}:ticket"), 101);
    assert_int_equal(server_number(&server, "XLEN oddline:{0}:log"), 101);
    sink->ops->close(sink);
}

static void redis_says_where_it_stands_when_asked(void **state)
{
    (void)state;
    struct sink *sink = open_as("web1", EPOCH);
    EXPECT(publish(sink, 1, 0), 0, 0);
    EXPECT(publish(sink, 1, 5), 0, 5);
    EXPECT(publish(sink, 6, 5), 0, 5);
    sink->ops->close(sink);
}

static void redis_goes_on_when_the_scripts_were_flushed(void **state)
{
    (void)state;
    struct sink *sink = open_as("web1", EPOCH);
    EXPECT(publish(sink, 1, 1), 0, 1);
    server_ask(&server, "SCRIPT FLUSH");
    EXPECT(publish(sink, 2, 2), 0, 2);
    EXPECT(publish(sink, 3, 3), 0, 3);
    sink->ops->close(sink);
}

static void redis_refuses_a_hole_and_takes_what_is_kept(void **state)
{
    (void)state;
    struct sink *sink = open_as("web1", EPOCH);
    EXPECT(publish(sink, 1, 3), 0, 3);
    EXPECT(publish(sink, 6, 7), -ENODATA, 3);
    // the caller has 4 and 5 after all
    EXPECT(publish(sink, 4, 7), 0, 7);
    // and now it has not
    EXPECT(publish(sink, 10, 11), -ENODATA, 7);
    EXPECT(publish(sink, 10, 11), 0, 11);
    EXPECT(publish(sink, 14, 14), -ENODATA, 11); // once does not mean always
    sink->ops->close(sink);
}

static void redis_sends_all_again_after_flushall(void **state)
{
    (void)state;
    struct sink *sink = open_as("web1", EPOCH);
    EXPECT(publish(sink, 1, 6), 0, 6);
    server_ask(&server, "FLUSHALL");
    EXPECT(publish(sink, 7, 7), -ENODATA, 0);
    EXPECT(publish(sink, 1, 7), 0, 7);
    assert_string_equal(chain("page", "web1"), "1<0 4<1 7<4 ");
    sink->ops->close(sink);
}

static void redis_fills_a_deleted_stream_and_no_other(void **state)
{
    (void)state;
    struct sink *sink = open_as("web1", EPOCH);
    EXPECT(publish(sink, 1, 6), 0, 6);
    server_ask(&server, "DEL oddline:{0}:page");
    EXPECT(publish(sink, 7, 8), -ENODATA, 0);
    // killed in the middle of sending again: the rest is not forgotten
    EXPECT(publish(sink, 1, 2), 0, 2);
    sink->ops->close(sink);
    sink = open_as("web1", EPOCH);
    EXPECT(publish(sink, 1, 0), 0, 2);
    EXPECT(publish(sink, 3, 8), 0, 8);
    assert_string_equal(chain("page", "web1"), "1<0 4<1 7<4 ");
    assert_string_equal(chain("ticket", "web1"), "2<0 5<2 8<5 ");
    assert_string_equal(chain("log", "web1"), "3<0 6<3 ");
    sink->ops->close(sink);
}

static void redis_notices_a_deleted_stream_that_others_began_again(void **state)
{
    (void)state;
    struct sink *sink = open_as("web1", EPOCH), *other = open_as("web2", EPOCH + 1);
    EXPECT(publish(sink, 1, 3), 0, 3);
    EXPECT(publish(other, 1, 3), 0, 3);
    server_ask(&server, "DEL oddline:{0}:page");
    // two lives of a stream are told apart by the millisecond in which they began
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    server_ask(&server, "XGROUP CREATE oddline:{0}:page group 0 MKSTREAM");
    EXPECT(publish(other, 4, 4), -ENODATA, 0);
    EXPECT(publish(other, 1, 4), 0, 4);
    EXPECT(publish(sink, 4, 4), -ENODATA, 0);
    EXPECT(publish(sink, 1, 4), 0, 4);
    assert_string_equal(chain("page", "web1"), "1<0 4<1 ");
    assert_string_equal(chain("page", "web2"), "1<0 4<1 ");
    assert_string_equal(chain("log", "web1"), "3<0 ");
    sink->ops->close(sink);
    other->ops->close(other);
}

static void redis_does_not_mistake_trimming_for_loss(void **state)
{
    (void)state;
    struct sink *sink = open_as("web1", EPOCH);
    EXPECT(publish(sink, 1, 6), 0, 6);
    server_ask(&server, "XTRIM oddline:{0}:page MAXLEN 0");
    EXPECT(publish(sink, 7, 7), 0, 7);
    assert_string_equal(chain("page", "web1"), "7<4 ");
    sink->ops->close(sink);
}

static void redis_rebuilds_its_line_from_the_streams(void **state)
{
    (void)state;
    struct sink *sink = open_as("web1", EPOCH), *other = open_as("web2", EPOCH + 1);
    EXPECT(publish(sink, 1, 5), 0, 5);
    EXPECT(publish(other, 1, 390), 0, 390); // ours are deep below
    server_ask(&server, "DEL oddline:{0}:seen");
    EXPECT(publish(sink, 1, 0), 0, 5);
    EXPECT(publish(sink, 4, 6), 0, 6);
    assert_string_equal(chain("page", "web1"), "1<0 4<1 ");
    assert_string_equal(chain("log", "web1"), "3<0 6<3 ");
    EXPECT(publish(other, 391, 391), 0, 391);
    sink->ops->close(sink);
    other->ops->close(other);
}

static void redis_stops_at_a_fork(void **state)
{
    (void)state;
    struct sink *sink = open_as("web1", EPOCH), *twin = open_as("web1", EPOCH + 1);
    EXPECT(publish(sink, 1, 3), 0, 3);
    EXPECT(publish(twin, 1, 3), -ESTALE, UINT64_MAX);
    struct result again = publish(twin, 1, 3);
    assert_non_null(strstr(again.error.text, "000000000000000e"));
    assert_non_null(strstr(again.error.text, "--new-epoch"));
    // also when only the streams remember
    server_ask(&server, "DEL oddline:{0}:seen");
    EXPECT(publish(twin, 1, 3), -ESTALE, UINT64_MAX);
    assert_int_equal(server_number(&server, "XLEN oddline:{0}:page"), 1);
    twin->ops->close(twin);
    // told to, it goes on
    struct redis_options options = {
        .url = server.url, .host = "web1", .epoch = EPOCH + 1, .new_epoch = true};
    assert_int_equal(redis_sink_open(&options, &twin, NULL), 0);
    EXPECT(publish(twin, 1, 3), 0, 3);
    EXPECT(publish(sink, 4, 4), -ESTALE, UINT64_MAX);
    assert_int_equal(server_number(&server, "XLEN oddline:{0}:page"), 2);
    sink->ops->close(sink);
    twin->ops->close(twin);
}

static void redis_trims_to_its_bound(void **state)
{
    (void)state;
    struct sink *sink = NULL;
    struct redis_options options = {
        .url = server.url, .host = "web1", .epoch = EPOCH, .max_len = 50};
    assert_int_equal(redis_sink_open(&options, &sink, NULL), 0);
    for (uint64_t n = 1; n <= 3000; n += 300)
        EXPECT(publish(sink, n, n + 299), 0, n + 299);
    long len = server_number(&server, "XLEN oddline:{0}:page");
    assert_in_range(len, 50, 250);
    sink->ops->close(sink);
}

static void redis_uses_its_own_database_and_prefix(void **state)
{
    (void)state;
    struct sink *sink = NULL;
    char url[220];
    snprintf(url, sizeof(url), "unix://%s?db=3", server.socket);
    struct redis_options options = {
        .url = url, .host = "web1", .epoch = EPOCH, .prefix = "shop", .shard = "7"};
    assert_int_equal(redis_sink_open(&options, &sink, NULL), 0);
    EXPECT(publish(sink, 1, 3), 0, 3);
    assert_int_equal(server_number(&server, "DBSIZE"), 0);
    assert_non_null(strstr(server_ask(&server, "INFO keyspace"), "db3:keys=4"));
    sink->ops->close(sink);
}

static void redis_refuses_words_that_would_break_its_keys(void **state)
{
    (void)state;
    static const struct redis_options wrong[] = {
        {.url = "redis://h", .host = ""},
        {.url = "redis://h", .host = "two words"},
        {.url = "redis://h", .host = "#page"},
        {.url = "redis://h", .host = "x", .prefix = "a{b}"},
        {.url = "redis://h", .host = "x", .shard = "a\n"},
        {.url = "redis://h", .host = "x", .user = "u"},
        {.url = "nonsense", .host = "x"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct sink *sink = NULL;
        struct error error = {""};
        assert_int_equal(redis_sink_open(&wrong[i], &sink, &error), -EINVAL);
        assert_int_equal(strncmp(error.text, "redis", 5), 0);
        assert_null(sink);
    }
}

int main(void)
{
    log_setup(LOG_QUIET, 0);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(redis_writes_the_promised_fields_in_order),
        T(redis_chains_the_entries_of_each_route),
        T(redis_takes_a_batch_again_without_adding),
        T(redis_says_where_it_stands_when_asked),
        T(redis_goes_on_when_the_scripts_were_flushed),
        T(redis_refuses_a_hole_and_takes_what_is_kept),
        T(redis_sends_all_again_after_flushall),
        T(redis_fills_a_deleted_stream_and_no_other),
        T(redis_notices_a_deleted_stream_that_others_began_again),
        T(redis_does_not_mistake_trimming_for_loss),
        T(redis_rebuilds_its_line_from_the_streams),
        T(redis_stops_at_a_fork),
        T(redis_trims_to_its_bound),
        T(redis_uses_its_own_database_and_prefix),
        cmocka_unit_test(redis_refuses_words_that_would_break_its_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
