/* SPDX-License-Identifier: MIT */
/*
 * Promise: windows of several streams are one row in event time, each counted once, whoever comes first; a time is known when all know it; who
 * has more to read is waited for, who says nothing is not waited for for ever; and packed anywhere it goes on as it was.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/weave.h"

#include "base/clock.h"
#include "base/log.h"

#include <string.h>

static struct weave *weave;
static size_t a, b;
static struct weave_piece piece;

static void create(bool patient)
{
    weave_free(weave);
    weave = weave_create("shop", patient);
    weave_strand(weave, "b");
    weave_strand(weave, "a");
    a = weave_number(weave, "a");
    b = weave_number(weave, "b");
}

static int set_up(void **state)
{
    (void)state;
    log_setup(LOG_QUIET, 0);
    create(false);
    for (int i = 0; i < WEAVE_MARKS; i++)
        weave_mark(weave);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    weave_free(weave);
    weave = NULL;
    return 0;
}

/* In seconds; `total` 0: empty. */
static void add(size_t strand, int64_t start, int64_t end, uint64_t bad, uint64_t total)
{
    struct weave_window window = {.counted = {.start_ns = start * NS_PER_S,
                                              .end_ns = end * NS_PER_S,
                                              .bad = bad,
                                              .total = total,
                                              .bad_ns = start * NS_PER_S + 1,
                                              .known = total > 0}};
    weave_add(weave, strand, &window);
}

static void is_piece(int64_t start, int64_t end, uint64_t bad, uint64_t total, bool known)
{
    assert_true(weave_next(weave, &piece));
    assert_int_equal(piece.counted.start_ns, start * NS_PER_S);
    assert_int_equal(piece.counted.end_ns, end * NS_PER_S);
    assert_int_equal(piece.counted.bad, bad);
    assert_int_equal(piece.counted.total, total);
    assert_int_equal(piece.counted.known, known);
}

static void waits_for(const char *stream)
{
    assert_false(weave_next(weave, &piece));
    const char *name = weave_awaits(weave);
    assert_string_equal(name ? name : "nobody", stream);
}

static void piece_is_made_when_all_have_reached_it(void **state)
{
    (void)state;
    add(a, 0, 60, 1, 10);
    add(b, 0, 60, 2, 20);
    is_piece(0, 60, 3, 30, true);
    add(b, 60, 120, 0, 5);
    waits_for("a");
    add(a, 60, 120, 0, 5);
    is_piece(60, 120, 0, 10, true);
    waits_for("nobody");
}

static void pieces_end_where_any_window_ends(void **state)
{
    (void)state;
    add(a, 0, 180, 3, 30);
    for (int i = 0; i < 3; i++)
        add(b, 60 * i, 60 * (i + 1), 1, 10);
    is_piece(0, 60, 1, 10, true);
    is_piece(60, 120, 1, 10, true);
    is_piece(120, 180, 4, 40, true);
}

/* Of what one does not know the other cannot say that it was good; what it counted counts. */
static void time_is_known_when_all_know_it(void **state)
{
    (void)state;
    add(a, 0, 60, 0, 10);
    add(a, 60, 120, 0, 0);
    add(a, 120, 180, 0, 10);
    add(b, 0, 60, 0, 10);
    add(b, 60, 120, 0, 10);
    add(b, 120, 180, 0, 10);
    is_piece(0, 60, 0, 20, true);
    is_piece(60, 120, 0, 10, false);
    is_piece(120, 180, 0, 20, true);
    weave_gap(weave, a, 200 * NS_PER_S);
    assert_true(weave_in_gap(weave, a, 180 * NS_PER_S, 240 * NS_PER_S));
    assert_false(weave_in_gap(weave, b, 180 * NS_PER_S, 240 * NS_PER_S));
    assert_false(weave_in_gap(weave, a, 240 * NS_PER_S, 300 * NS_PER_S));
}

/* A hole between windows is known to nobody. */
static void holes_are_unknown(void **state)
{
    (void)state;
    add(a, 0, 60, 0, 10);
    add(b, 0, 60, 0, 10);
    is_piece(0, 60, 0, 20, true);
    add(a, 120, 180, 0, 10);
    add(b, 60, 120, 0, 10);
    add(b, 120, 180, 0, 10);
    is_piece(60, 120, 0, 10, false);
    is_piece(120, 180, 0, 20, true);
}

/* It belongs to the service from its first window on, and two windows of the others are the time for that to come. */
static void who_says_nothing_is_no_part_of_it(void **state)
{
    (void)state;
    add(a, 0, 60, 0, 10);
    waits_for("b");
    add(a, 60, 120, 0, 10);
    waits_for("b");
    add(a, 120, 180, 0, 10);
    is_piece(0, 60, 0, 10, true);
    add(b, 60, 120, 5, 10);
    is_piece(60, 120, 5, 20, true);
    waits_for("b");
}

/* At the start everybody has his turn before anything is said. */
static void all_have_their_turn_before_anything_is_said(void **state)
{
    (void)state;
    create(false);
    for (int i = 0; i < 100; i++)
        add(a, 60 * i, 60 * i + 60, 0, 10);
    for (int i = 0; i < WEAVE_MARKS; i++) {
        waits_for("b");
        weave_mark(weave);
    }
    is_piece(0, 60, 0, 10, true);
}

static void streams_read_one_after_the_other_are_waited_for(void **state)
{
    (void)state;
    create(true);
    for (int i = 0; i < 100; i++)
        add(a, 60 * i, 60 * i + 60, 0, 10);
    waits_for("b");
    for (int i = 0; i < WEAVE_MARKS; i++)
        weave_mark(weave);
    waits_for("b");
    add(b, 3000, 3060, 1, 7);
    for (int i = 0; i < 50; i++)
        is_piece(60 * i, 60 * i + 60, 0, 10, true);
    is_piece(3000, 3060, 1, 17, true);
    waits_for("b");
    weave_end(weave);
    is_piece(3060, 3120, 0, 10, false); // it has begun, and nobody knows how it went on
    for (int i = 52; i < 100; i++)
        is_piece(60 * i, 60 * i + 60, 0, 10, false);
    waits_for("nobody");
}

static void late_windows_count_where_they_belong(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        add(a, 60 * i, 60 * i + 60, 0, 10);
    for (int i = 0; i < 3; i++)
        is_piece(60 * i, 60 * i + 60, 0, 10, true);
    add(b, 0, 60, 0, 0);
    add(b, 60, 120, 3, 4);
    add(b, 120, 180, 0, 4);
    add(b, 180, 240, 0, 4);
    is_piece(60, 120, 3, 4, false);
    assert_true(piece.late);
    is_piece(120, 180, 0, 4, false);
    assert_true(piece.late);
    is_piece(180, 240, 0, 14, true);
    assert_false(piece.late);
}

static void bad_records_of_all_go_with_the_piece(void **state)
{
    (void)state;
    char path[] = "/var/log/x.log";
    struct proof proofs[2] = {{.path = path, .line = 1}, {.path = path, .line = 2}};
    struct weave_window window = {.counted = {.start_ns = 0,
                                              .end_ns = 60 * NS_PER_S,
                                              .bad = 2,
                                              .total = 9,
                                              .bad_ns = 40 * NS_PER_S,
                                              .known = true},
                                  .proofs = proofs,
                                  .proof_count = 2};
    weave_add(weave, b, &window);
    window.counted.bad_ns = 30 * NS_PER_S;
    weave_add(weave, a, &window);
    is_piece(0, 60, 4, 18, true);
    assert_int_equal(piece.proof_count, WEAVE_PROOFS);
    assert_int_equal(piece.proofs[1].line, 2);
    assert_string_equal(piece.proofs[2].path, path);
    assert_int_equal(piece.counted.bad_ns, 30 * NS_PER_S);
}

/* Bounded: who brings too much is not held up any longer. */
static void too_much_is_not_kept_waiting(void **state)
{
    (void)state;
    create(true);
    for (int64_t i = 0; i <= WEAVE_WAITING_MAX; i++) {
        waits_for(i ? "b" : "nobody");
        add(a, 60 * i, 60 * i + 60, 0, 10);
    }
    is_piece(0, 60, 0, 10, true);
    waits_for("b");
}

static bool all_kept(const void *context, const char *stream)
{
    return context == NULL || strcmp(context, stream) != 0;
}

/* Into a configuration with these streams, of which `anew` (or NULL) has begun anew. */
static void hand_on(const char *const *streams, size_t count, const char *anew)
{
    struct buffer bytes = {0};
    struct weave *was = weave_create("shop", false), *next = weave_create("shop", false);
    weave_pack(weave, &bytes);
    struct unpacker in = {.rest = buffer_bytes(&bytes)};
    weave_unpack(was, &in);
    assert_false(in.bad);
    assert_int_equal(in.rest.len, 0);
    for (size_t i = 0; i < count; i++)
        weave_strand(next, streams[i]);
    weave_inherit(next, was, all_kept, anew);
    weave_free(was);
    weave_free(weave);
    weave = next;
    buffer_free(&bytes);
}

/* A million quiet windows are one that waits. */
static void quiet_weeks_cost_nothing(void **state)
{
    (void)state;
    create(true);
    add(a, 0, 60, 0, 10);
    for (int64_t i = 1; i < 1000000; i++)
        add(a, 60 * i, 60 * i + 60, 0, 0);
    struct buffer bytes = {0};
    weave_pack(weave, &bytes);
    assert_true(bytes.len < 400);
    buffer_free(&bytes);
    static const char *const alone[] = {"a"};
    hand_on(alone, 1, NULL);
    is_piece(0, 60, 0, 10, true);
    size_t count = 1;
    while (weave_next(weave, &piece))
        count++;
    assert_int_equal(count, 1000000);
    assert_int_equal(piece.counted.end_ns, 60000000 * NS_PER_S);
}

static void what_waits_is_handed_on(void **state)
{
    (void)state;
    static const char *const both[] = {"a", "b"}, *const one[] = {"b"},
                             *const more[] = {"0", "a", "b"};
    for (int i = 0; i < 4; i++)
        add(a, 60 * i, 60 * i + 60, 0, 10);
    add(b, 60, 120, 1, 5);
    hand_on(both, 2, NULL);
    is_piece(0, 60, 0, 10, true);
    is_piece(60, 120, 1, 15, true);
    waits_for("b");
    hand_on(more, 3, NULL); // one more stream, which has not begun
    a = weave_number(weave, "a");
    b = weave_number(weave, "b");
    add(b, 120, 180, 0, 5);
    waits_for("0"); // as long as its first window may take
    add(a, 240, 300, 0, 10);
    is_piece(120, 180, 0, 15, true);
    hand_on(one, 1, NULL); // `a` is gone, what it had counts
    b = weave_number(weave, "b");
    waits_for("b");
    for (int i = 3; i < 7; i++)
        add(b, 60 * i, 60 * i + 60, 0, 5);
    is_piece(180, 240, 0, 15, true);
    is_piece(240, 300, 0, 15, true);
    is_piece(300, 360, 0, 5, true);
}

/* A stream that begins anew may stay silent: it is unknown then, and nobody waits for ever. */
static void stream_that_begins_anew_is_not_waited_for_for_ever(void **state)
{
    (void)state;
    static const char *const both[] = {"a", "b"};
    add(a, 0, 60, 0, 10);
    add(b, 0, 60, 0, 10);
    is_piece(0, 60, 0, 20, true);
    hand_on(both, 2, "b");
    for (int i = 1; i < 4; i++)
        add(a, 60 * i, 60 * i + 60, 0, 10);
    is_piece(60, 120, 0, 10, false);
    waits_for("b");
}

static void torn_bytes_are_refused(void **state)
{
    (void)state;
    struct buffer bytes = {0};
    char path[] = "/x";
    struct proof proof = {.path = path};
    struct weave_window window = {
        .counted = {.end_ns = 60, .bad = 1, .total = 1}, .proofs = &proof, .proof_count = 1};
    weave_add(weave, a, &window);
    add(a, 60, 120, 0, 0);
    weave_pack(weave, &bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        struct weave *other = weave_create("shop", false);
        struct unpacker in = {.rest = {bytes.at, len}};
        weave_unpack(other, &in);
        assert_true(in.bad);
        weave_free(other);
    }
    buffer_free(&bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(piece_is_made_when_all_have_reached_it),
        TEST(pieces_end_where_any_window_ends),
        TEST(time_is_known_when_all_know_it),
        TEST(holes_are_unknown),
        TEST(who_says_nothing_is_no_part_of_it),
        TEST(all_have_their_turn_before_anything_is_said),
        TEST(streams_read_one_after_the_other_are_waited_for),
        TEST(late_windows_count_where_they_belong),
        TEST(bad_records_of_all_go_with_the_piece),
        TEST(too_much_is_not_kept_waiting),
        TEST(quiet_weeks_cost_nothing),
        TEST(what_waits_is_handed_on),
        TEST(stream_that_begins_anew_is_not_waited_for_for_ever),
        TEST(torn_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
