/* SPDX-License-Identifier: MIT */
/*
 * Promise: of troubles in several streams a finding names the one that began, by the time of its first record and by the traces they share;
 * no link is made up between streams that have traces and share none; a restart forgets nothing of it; memory is bounded.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/first.h"

#include <stdio.h>
#include <stdlib.h>

#define MINUTE (60 * NS_PER_S)

static struct firsts *firsts;

static int set_up(void **state)
{
    (void)state;
    return firsts_create(&firsts);
}

static int tear_down(void **state)
{
    (void)state;
    firsts_free(firsts);
    return 0;
}

/* A finding that fires in this minute, its first record so many seconds into it. */
static struct finding fires(const char *stream, int64_t minute, int64_t second)
{
    struct finding f = {.stream = stream,
                        .status = FINDING_FIRING,
                        .kind = FINDING_SPIKE,
                        .route = ROUTE_PAGE,
                        .starts_ns = minute * MINUTE,
                        .window_start_ns = minute * MINUTE,
                        .window_end_ns = (minute + 1) * MINUTE,
                        .ends_ns = NO_TIME,
                        .explain = {.basis = BASIS_CALIBRATED},
                        .evidence_count = 1};
    f.evidence[0].time_ns = minute * MINUTE + second * NS_PER_S;
    return f;
}

static void with_trace(struct finding *f, const char *id)
{
    snprintf(f->trace_ids[f->trace_id_count++], FINDING_TRACE_ID_SIZE, "%s", id);
}

static struct finding said(struct finding f)
{
    firsts_fill(firsts, &f, NULL);
    return f;
}

static struct finding resolved(struct finding f, int64_t minute)
{
    f.status = FINDING_RESOLVED;
    f.revision = 1;
    f.ends_ns = minute * MINUTE;
    return said(f);
}

static void a_trouble_alone_began_nowhere_else(void **state)
{
    (void)state;
    struct finding f = said(fires("front", 10, 3));
    assert_null(f.began.stream);
    f = said(fires("front", 12, 3)); // another one, of the same stream
    assert_null(f.began.stream);
}

static void the_first_record_says_who_was_first_not_the_order_of_findings(void **state)
{
    (void)state;
    struct finding front = said(fires("front", 10, 30)), db = said(fires("db", 10, 5)),
                   mail = said(fires("mail", 11, 0));
    assert_null(front.began.stream); // it was the first to be known
    assert_string_equal(db.began.stream, "db");
    assert_int_equal(db.began.followed_count, 1);
    assert_string_equal(db.began.followed[0], "front");
    assert_string_equal(mail.began.stream, "db");
    assert_int_equal(mail.began.starts_ns, 10 * MINUTE + 5 * NS_PER_S);
    assert_int_equal(mail.began.followed_count, 2);
    assert_string_equal(mail.began.followed[0], "front");
    assert_string_equal(mail.began.followed[1], "mail");
    front = resolved(fires("front", 10, 30), 20); // by now it knows
    assert_string_equal(front.began.stream, "db");
    assert_int_equal(front.began.shared, 0);
}

static void what_is_far_apart_is_not_linked_by_time(void **state)
{
    (void)state;
    said(fires("db", 10, 0));
    assert_null(said(fires("front", 15, 1)).began.stream);
    assert_string_equal(said(fires("mail", 15, 0)).began.stream, "db");
}

static void long_windows_reach_further(void **state)
{
    (void)state;
    struct finding slow = fires("batch", 10, 0);
    slow.window_end_ns = slow.window_start_ns + 30 * MINUTE;
    said(slow);
    assert_string_equal(said(fires("front", 90, 0)).began.stream, "batch");
}

static void traces_link_what_lasts_and_count(void **state)
{
    (void)state;
    struct finding db = fires("db", 10, 0), front = fires("front", 40, 0);
    with_trace(&db, "0af7651916cd43dd");
    with_trace(&db, "b7ad6b7169203331");
    with_trace(&front, "b7ad6b7169203331");
    with_trace(&front, "0af7651916cd43dd");
    with_trace(&front, "1111111122222222");
    said(db);
    front = said(front);
    assert_string_equal(front.began.stream, "db");
    assert_int_equal(front.began.shared, 2);
    db = resolved(db, 41);
    assert_string_equal(db.began.stream, "db");
    assert_int_equal(db.began.shared, 2);
    struct finding late = fires("mail", 60, 0);
    with_trace(&late, "b7ad6b7169203331"); // db is over by then; front is not
    assert_string_equal(said(late).began.stream, "front");
}

static void streams_that_have_traces_and_share_none_are_not_linked(void **state)
{
    (void)state;
    struct finding db = fires("db", 10, 0), front = fires("front", 10, 5);
    with_trace(&db, "0af7651916cd43dd");
    with_trace(&front, "1111111122222222");
    said(db);
    assert_null(said(front).began.stream);
    assert_string_equal(said(fires("plain", 10, 9)).began.stream,
                        "db"); // it has none to compare
}

static void what_is_for_the_log_is_linked_by_traces_alone(void **state)
{
    (void)state;
    struct finding quiet = fires("db", 10, 0), front = fires("front", 10, 5);
    quiet.route = ROUTE_LOG;
    said(quiet);
    assert_null(said(front).began.stream);
    struct finding traced = fires("mail", 10, 1), again = fires("front", 11, 0);
    traced.route = ROUTE_LOG;
    with_trace(&traced, "0af7651916cd43dd");
    with_trace(&again, "0af7651916cd43dd");
    said(traced);
    assert_string_equal(said(again).began.stream, "mail");
}

static void what_nobody_wants_to_hear_may_have_begun_it(void **state)
{
    (void)state;
    static const struct finding_pair muted = {"muted", "nights"};
    struct finding db = fires("db", 10, 0);
    db.route = ROUTE_LOG;
    db.labels = (struct finding_pairs){&muted, 1};
    said(db);
    assert_string_equal(said(fires("front", 10, 5)).began.stream, "db");
}

static void an_escalation_is_the_same_trouble(void **state)
{
    (void)state;
    struct finding ticket = fires("db", 10, 0), page = fires("db", 10, 0);
    ticket.route = ROUTE_TICKET;
    with_trace(&ticket, "0af7651916cd43dd");
    said(ticket);
    said(page);
    resolved(ticket, 12); // replaced; the page goes on
    struct finding front = fires("front", 40, 0);
    with_trace(&front, "0af7651916cd43dd");
    front = said(front);
    assert_string_equal(front.began.stream, "db");
    assert_int_equal(front.began.followed_count, 1);
}

static void services_are_named_where_they_are_known(void **state)
{
    (void)state;
    static const struct finding_pair label = {"service", "orders"},
                                     resource = {"service.name", "shop"};
    struct finding db = fires("db", 10, 0), cache = fires("cache", 20, 0);
    db.labels = (struct finding_pairs){&label, 1};
    db.resource = cache.resource = (struct finding_pairs){&resource, 1};
    said(db);
    assert_string_equal(said(fires("front", 10, 5)).began.service, "orders");
    said(cache);
    assert_string_equal(said(fires("front", 20, 5)).began.service, "shop");
    said(fires("bare", 30, 0));
    assert_null(said(fires("front", 30, 5)).began.service);
}

static void new_normals_and_gaps_are_no_troubles(void **state)
{
    (void)state;
    struct finding normal = fires("db", 10, 0), gap = fires("db", 10, 0);
    normal.explain.accepted = true;
    gap.explain.basis = BASIS_NONE;
    said(normal);
    said(gap);
    assert_null(said(fires("front", 10, 5)).began.stream);
}

/* ---- the window's own evidence -------------------------------------------- */

static struct {
    struct closed closed;
    struct closed_evidence evidence[2];
    char text[256];
} window;

static const struct closed *window_with(const char *first, const char *second)
{
    memset(&window, 0, sizeof(window));
    window.closed.evidence = offsetof(__typeof__(window), evidence);
    const char *const texts[] = {first, second};
    uint32_t at = offsetof(__typeof__(window), text);
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t len = (uint32_t)strlen(texts[i]);
        memcpy((char *)&window + at, texts[i], len);
        window.evidence[i] = (struct closed_evidence){.text = at, .text_len = len};
        at += len;
    }
    window.closed.evidence_count = 2;
    return &window.closed;
}

static void any_record_of_its_windows_may_share_a_trace(void **state)
{
    (void)state;
    struct finding db = fires("db", 10, 0), front = fires("front", 10, 9);
    firsts_fill(firsts, &db, window_with("trace_id=0af7651916cd43dd", "nothing"));
    firsts_window(firsts, "db", window_with("trace_id=b7ad6b7169203331", "nothing"));
    firsts_window(firsts, "other", window_with("trace_id=1111111122222222", "nothing"));
    firsts_fill(firsts, &front,
                window_with("trace_id=b7ad6b7169203331", "trace_id=1111111122222222"));
    assert_string_equal(front.began.stream, "db");
    assert_int_equal(front.began.shared, 1);
}

/* ---- from run to run -------------------------------------------------------- */

/* What a burn says: which stream was in trouble before its first bad record. */
static struct finding burns(const char *stream, int64_t minute, int64_t second)
{
    struct finding f = fires(stream, minute, 0);
    f.kind = FINDING_BURN;
    f.explain.basis = BASIS_NONE;
    f.window_start_ns -= 60 * MINUTE;
    firsts_ask(firsts, &f, minute * MINUTE + second * NS_PER_S);
    return f;
}

static void a_burn_names_who_failed_first_and_is_no_trouble_itself(void **state)
{
    (void)state;
    assert_null(burns("web", 10, 30).began.stream);
    assert_null(said(fires("mail", 10, 40)).began.stream); // the burn is not there
    said(fires("db", 10, 5));
    said(fires("web", 10, 31)); // its own
    struct finding burn = burns("web", 10, 30);
    assert_string_equal(burn.began.stream, "db");
    assert_int_equal(burn.began.starts_ns, 10 * MINUTE + 5 * NS_PER_S);
    assert_int_equal(burn.began.followed_count, 2);
    assert_string_equal(burn.began.followed[0], "web");
    assert_string_equal(burn.began.followed[1], "mail");
    burn = burns("web", 10, 2); // its first bad record was there before
    assert_string_equal(burn.began.stream, "web");
    assert_null(burns("web", 30, 0).began.stream); // long after
}

static void a_burn_of_a_service_names_its_stream(void **state)
{
    (void)state;
    said(fires("db", 10, 5));
    for (int i = 0; i < FIRST_TROUBLES + 5; i++) { // full, with room for one guest
        char name[16];
        snprintf(name, sizeof(name), "s%d", i);
        said(fires(name, 100 + i, 0));
    }
    struct finding burn = burns("shop", 100 + FIRST_TROUBLES + 4, 30);
    assert_string_equal(burn.began.stream, "s64"); // five minutes before, or less
}

static void a_restart_keeps_all_of_it(void **state)
{
    (void)state;
    struct finding db = fires("db", 10, 0);
    with_trace(&db, "0af7651916cd43dd");
    said(db);
    resolved(fires("mail", 9, 0), 10);
    struct buffer packed = {0}, again = {0};
    firsts_pack(firsts, &packed);
    firsts_free(firsts);
    assert_int_equal(firsts_create(&firsts), 0);
    struct unpacker in = {.rest = buffer_bytes(&packed)};
    firsts_unpack(firsts, &in);
    assert_false(in.bad);
    assert_int_equal(in.rest.len, 0);
    firsts_pack(firsts, &again);
    assert_true(bytes_equal(buffer_bytes(&packed), buffer_bytes(&again)));
    struct finding front = fires("front", 40, 0);
    with_trace(&front, "0af7651916cd43dd");
    front = said(front);
    assert_string_equal(front.began.stream, "db");
    assert_int_equal(front.began.shared, 1);
    buffer_free(&packed);
    buffer_free(&again);
}

static void torn_bytes_are_refused(void **state)
{
    (void)state;
    struct finding db = fires("db", 10, 0);
    with_trace(&db, "0af7651916cd43dd");
    said(db);
    struct buffer packed = {0};
    firsts_pack(firsts, &packed);
    for (size_t len = 0; len < packed.len; len++) {
        char *tight = malloc(len + 1);
        memcpy(tight, packed.at, len);
        struct unpacker in = {.rest = {tight, len}};
        firsts_unpack(firsts, &in);
        assert_true(in.bad);
        free(tight);
    }
    buffer_free(&packed);
}

/* It is multiplied when troubles are compared. */
static void window_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct finding db = fires("db", 10, 0);
    db.window_start_ns = 0;
    db.window_end_ns = INT64_MAX / 2;
    said(db);
    struct buffer packed = {0};
    firsts_pack(firsts, &packed);
    struct unpacker in = {.rest = buffer_bytes(&packed)};
    firsts_unpack(firsts, &in);
    assert_true(in.bad);
    buffer_free(&packed);
}

static void more_troubles_than_fit_push_out_those_that_are_over(void **state)
{
    (void)state;
    struct finding db = fires("db", 10, 0);
    with_trace(&db, "0af7651916cd43dd");
    said(db);
    char names[3 * FIRST_TROUBLES][16];
    for (int i = 0; i < 3 * FIRST_TROUBLES; i++) {
        snprintf(names[i], sizeof(names[i]), "stream-%d", i);
        struct finding f = fires(names[i], 11, i % 60);
        said(f);
        resolved(f, 12);
    }
    struct finding front = fires("front", 40, 0);
    with_trace(&front, "0af7651916cd43dd");
    front = said(front);
    assert_string_equal(front.began.stream, "db");
    front = said(fires("mail", 12, 0));
    assert_true(front.began.followed_count <= FINDING_FOLLOWED_MAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_trouble_alone_began_nowhere_else),
        TEST(the_first_record_says_who_was_first_not_the_order_of_findings),
        TEST(what_is_far_apart_is_not_linked_by_time),
        TEST(long_windows_reach_further),
        TEST(traces_link_what_lasts_and_count),
        TEST(streams_that_have_traces_and_share_none_are_not_linked),
        TEST(what_is_for_the_log_is_linked_by_traces_alone),
        TEST(what_nobody_wants_to_hear_may_have_begun_it),
        TEST(an_escalation_is_the_same_trouble),
        TEST(services_are_named_where_they_are_known),
        TEST(new_normals_and_gaps_are_no_troubles),
        TEST(any_record_of_its_windows_may_share_a_trace),
        TEST(a_burn_names_who_failed_first_and_is_no_trouble_itself),
        TEST(a_burn_of_a_service_names_its_stream),
        TEST(a_restart_keeps_all_of_it),
        TEST(torn_bytes_are_refused),
        TEST(window_that_cannot_be_is_refused),
        TEST(more_troubles_than_fit_push_out_those_that_are_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
