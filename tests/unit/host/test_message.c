/* SPDX-License-Identifier: MIT */
/*
 * Promise: a worker's message counts only if everything in it can be true; what is refused leaves nothing behind, and what it may say
 * between two saved states is bounded.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/message.h"

#include "base/pack.h"
#include "host/plugin.h"
#include "ring/closed.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEATS = 4, SERIES = 2 };

/* Seats 0 and 1 are of this minder on stream 0, 2 of this minder on stream 1, 3 of another minder. */
static struct crew crew;
static struct minder minder;
static struct plugin plugin;
static struct oddline_plugin label;
static int complaints;
static char complaint[512];

static oddline_status save(void *instance, oddline_bytes *ret)
{
    (void)instance, (void)ret;
    return ODDLINE_OK;
}

static void complain(void *context, enum crew_trouble trouble, uint32_t seat, const char *text)
{
    (void)context, (void)trouble, (void)seat;
    complaints++;
    snprintf(complaint, sizeof(complaint), "%s", text);
}

static void put_frames(int count)
{
    while (count-- > 0) {
        assert_non_null(ring_reserve(crew.options.ring, 92));
        ring_commit(crew.options.ring, RING_GAP, 92); // 104 bytes
    }
}

static int setup(void **state)
{
    (void)state;
    label.save = save;
    plugin.label = &label;
    complaints = 0;
    crew = (struct crew){.options = {.complain = complain},
                         .seats = calloc(SEATS, sizeof(struct crew_seat)),
                         .seat_count = SEATS};
    for (uint32_t i = 0; i < SEATS; i++)
        crew.seats[i] =
            (struct crew_seat){.plugin = &plugin,
                               .minder = i == 3,
                               .stream = i == 2,
                               .options = {.series_count = SERIES},
                               .scores = calloc(SERIES, sizeof(struct oddline_score)),
                               .reasons = calloc(SERIES, MINDER_REASON_SIZE)};
    minder = (struct minder){.crew = &crew, .saving = UINT64_MAX};
    if (ring_create(8192, 1, &crew.options.ring, NULL) < 0)
        return -1;
    put_frames(10);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SEATS; i++) {
        free(crew.seats[i].scores);
        free(crew.seats[i].reasons);
        buffer_free(&crew.seats[i].state);
        buffer_free(&crew.seats[i].coming);
    }
    free(crew.seats);
    ring_destroy(crew.options.ring);
    buffer_free(&minder.message);
    return 0;
}

/* ---- making messages ---------------------------------------------------- */

static void begin(enum reply_kind kind)
{
    minder.kind = kind;
    buffer_clear(&minder.message);
}

static void add_score(uint32_t series, double score)
{
    struct buffer *out = &minder.message;
    pack_u32(out, series);
    pack_u32(out, ODDLINE_SPIKE);
    pack_u32(out, ODDLINE_SCORE_WARMING);
    pack_u64(out, 5);
    pack_f64(out, score);
    for (int i = 0; i < 4; i++)
        pack_f64(out, i + 0.5);
    pack_text(out, "because");
}

static void add_seat(uint32_t seat, uint32_t count)
{
    pack_u32(&minder.message, seat);
    pack_u32(&minder.message, 1);
    pack_u32(&minder.message, count);
    for (uint32_t i = 0; i < count; i++)
        add_score(i, 2.5);
}

static void begin_scores(uint64_t position, uint64_t nth)
{
    begin(REPLY_SCORES);
    pack_u64(&minder.message, position);
    pack_u64(&minder.message, nth);
}

static void whole_answer(uint64_t position, uint64_t nth)
{
    begin_scores(position, nth);
    add_seat(0, 2);
    add_seat(1, 1);
}

static int state_part(uint64_t position, uint32_t seat, uint32_t at, uint32_t total, size_t len)
{
    static const char bytes[70000];
    begin(REPLY_STATE);
    pack_u64(&minder.message, position);
    pack_u32(&minder.message, seat);
    pack_u32(&minder.message, at);
    pack_u32(&minder.message, total);
    pack_bytes(&minder.message, (struct bytes){bytes, len});
    return message_take(&minder);
}

static int saved(uint64_t position)
{
    begin(REPLY_SAVED);
    pack_u64(&minder.message, position);
    return message_take(&minder);
}

/* ---- scores ------------------------------------------------------------- */

static void message_takes_the_scores_of_all_seats(void **state)
{
    (void)state;
    whole_answer(104, 3);
    assert_int_equal(message_scores(&minder, 104, 3, 0), 1);
    assert_true(crew.seats[0].scored && crew.seats[1].scored);
    assert_false(crew.seats[2].scored || crew.seats[3].scored);
    const struct oddline_score *score = &crew.seats[0].scores[1];
    assert_int_equal(score->size, sizeof(*score));
    assert_true(score->score == 2.5 && score->observed == 0.5 && score->upper == 3.5);
    assert_string_equal(score->reason, "because");
    assert_int_equal(crew.seats[1].scores[1].size, 0);
}

static void message_passes_over_windows_of_before(void **state)
{
    (void)state;
    whole_answer(104, 3);
    assert_int_equal(message_scores(&minder, 208, 0, 0), 0);
    whole_answer(208, 0);
    assert_int_equal(message_scores(&minder, 208, 1, 0), 0);
    whole_answer(208, 1);
    assert_int_equal(message_scores(&minder, 208, 1, 0), 1);
}

static void message_refuses_windows_to_come_and_windows_twice(void **state)
{
    (void)state;
    whole_answer(208, 0);
    assert_int_equal(message_scores(&minder, 104, 0, 0), -EBADMSG);
    whole_answer(104, 1);
    assert_int_equal(message_scores(&minder, 104, 0, 0), -EBADMSG);
    whole_answer(104, 1);
    assert_int_equal(message_scores(&minder, 208, 0, 0), 0);
    whole_answer(104, 1); // the same again could go on for ever
    assert_int_equal(message_scores(&minder, 208, 0, 0), -EBADMSG);
    whole_answer(0, 7);
    assert_int_equal(message_scores(&minder, 208, 0, 0), -EBADMSG);
}

/* What nobody will ask for must not stand before what the ring waits for. */
static void message_lets_go_of_scores_that_nobody_asks_for(void **state)
{
    (void)state;
    crew.position = 208;
    whole_answer(104, 3);
    assert_int_equal(message_old_scores(&minder), 1);
    assert_false(crew.seats[0].scored);
    assert_int_equal(message_old_scores(&minder), -EBADMSG); // once
    whole_answer(208, 0);
    assert_int_equal(message_old_scores(&minder), 0);
    assert_int_equal(message_old_scores(&minder), 0);
    assert_int_equal(message_scores(&minder, 208, 0, 0), 1);
    begin(REPLY_SCORES);
    assert_int_equal(message_old_scores(&minder), -EBADMSG);
}

/* Each makes the answer to (104, 0) wrong in one way. */
static void lacks_a_seat(void)
{
    add_seat(0, 1);
}
static void says_nothing(void)
{
    // a gap that nobody would hear of
}
static void names_a_seat_twice(void)
{
    add_seat(0, 1), add_seat(1, 1), add_seat(0, 1);
}
static void names_another_minder(void)
{
    add_seat(0, 1), add_seat(1, 1), add_seat(3, 1);
}
static void names_another_stream(void)
{
    add_seat(0, 1), add_seat(1, 1), add_seat(2, 1);
}
static void names_no_seat(void)
{
    add_seat(0, 1), add_seat(UINT32_MAX, 1);
}
static void has_too_many_series(void)
{
    add_seat(0, 3);
}
static void names_a_series_twice(void)
{
    add_seat(0, 2);
    minder.message.at[16 + 4 + 4] = 3; // and a third
    add_score(1, 1);
}
static void has_no_number(void)
{
    add_seat(0, 0);
    minder.message.at[16 + 4 + 4] = 1;
    add_score(0, NAN);
}
static void is_infinite(void)
{
    add_seat(0, 0);
    minder.message.at[16 + 4 + 4] = 1;
    add_score(0, INFINITY);
}
static void is_negative(void)
{
    add_seat(0, 0);
    minder.message.at[16 + 4 + 4] = 1;
    add_score(0, -1);
}
static void is_cut_off(void)
{
    add_seat(0, 1), add_seat(1, 1);
    minder.message.len -= 3;
}
static void goes_on(void)
{
    add_seat(0, 1), add_seat(1, 1);
    pack_u32(&minder.message, 0);
}
static void has_an_endless_reason(void)
{
    add_seat(0, 1);
    minder.message.len -= 11; // the reason and its length
    pack_u32(&minder.message, UINT32_MAX);
}

static void (*const wrongs[])(void) = {lacks_a_seat,
                                       says_nothing,
                                       names_a_seat_twice,
                                       names_another_minder,
                                       names_another_stream,
                                       names_no_seat,
                                       has_too_many_series,
                                       names_a_series_twice,
                                       has_no_number,
                                       is_infinite,
                                       is_negative,
                                       is_cut_off,
                                       goes_on,
                                       has_an_endless_reason};

/* Half a message must not stay: the next worker's answer to the same window is good. */
static void message_keeps_nothing_of_scores_that_it_refuses(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof(wrongs) / sizeof(*wrongs); n++) {
        begin_scores(104, 0);
        wrongs[n]();
        minder.answers = 0; // a worker each
        if (message_scores(&minder, 104, 0, 0) != -EBADMSG)
            fail_msg("case %zu was taken", n);
        for (int i = 0; i < SEATS; i++)
            assert_false(crew.seats[i].scored);
    }
    minder.answers = 0;
    whole_answer(104, 0);
    assert_int_equal(message_scores(&minder, 104, 0, 0), 1);
    assert_int_equal(complaints, 0);
}

static void message_closes_a_seat_that_says_it_failed(void **state)
{
    (void)state;
    begin_scores(104, 0);
    add_seat(0, 1);
    pack_u32(&minder.message, 1);
    pack_u32(&minder.message, 0);
    pack_text(&minder.message, "it failed");
    assert_int_equal(message_scores(&minder, 104, 0, 0), 1);
    assert_true(crew.seats[0].scored && crew.seats[1].dead && !crew.seats[1].scored);
    assert_int_equal(complaints, 1);
    assert_string_equal(complaint, "it failed");
    whole_answer(208, 0); // the dead say nothing
    assert_int_equal(message_scores(&minder, 208, 0, 0), -EBADMSG);
}

static void message_cuts_long_sentences(void **state)
{
    (void)state;
    char long_text[5000];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    begin(REPLY_FAILED);
    pack_u64(&minder.message, 104);
    pack_u32(&minder.message, 0);
    pack_text(&minder.message, long_text);
    assert_int_equal(message_take(&minder), 0);
    assert_int_equal(strlen(complaint), MINDER_REASON_SIZE - 1);
    assert_int_equal(message_take(&minder), -EBADMSG); // it was closed by that
}

/* ---- states ------------------------------------------------------------- */

static void message_takes_states_in_parts(void **state)
{
    (void)state;
    assert_int_equal(state_part(208, 0, 0, 100000, 65536), 0);
    assert_int_equal(state_part(208, 0, 65536, 100000, 34464), 0);
    assert_int_equal(state_part(208, 2, 0, 0, 0), 0);
    assert_false(crew.seats[0].has_state); // not before all is there
    assert_int_equal(saved(208), 0);
    assert_int_equal(minder.saved, 208);
    assert_true(crew.seats[0].has_state && !crew.seats[2].has_state);
    assert_int_equal(crew.seats[0].state.len, 100000);
    assert_int_equal(state_part(312, 0, 0, 10, 10), 0); // and the next one
    assert_int_equal(saved(312), 0);
    assert_int_equal(crew.seats[0].state.len, 10);
}

static void message_refuses_states_that_cannot_be(void **state)
{
    (void)state;
    assert_int_equal(state_part(104, 0, 0, INSTANCE_STATE_MAX + 1, 10), -EBADMSG);
    assert_int_equal(state_part(104, 0, 0, 10, 11), -EBADMSG);
    assert_int_equal(state_part(104, 0, 20, 10, 1), -EBADMSG);
    assert_int_equal(state_part(104, 3, 0, 10, 10), -EBADMSG); // another minder's
    assert_int_equal(state_part(104, UINT32_MAX, 0, 10, 10), -EBADMSG);
    assert_int_equal(state_part(104, 1, 5, 10, 5), -EBADMSG); // without the first part
    assert_int_equal(state_part(104, 1, 0, 10, 5), 0);
    assert_int_equal(state_part(104, 1, 4, 10, 5), -EBADMSG); // a hole backwards
    assert_int_equal(state_part(104, 1, 5, 10, 0), -EBADMSG); // no progress
    assert_int_equal(state_part(104, 1, 0, 10, 5), -EBADMSG); // again from the start
    assert_int_equal(state_part(104, 0, 0, 10, 5), -EBADMSG); // a seat of before
    assert_int_equal(state_part(208, 2, 0, 10, 5), -EBADMSG); // another position
    assert_int_equal(saved(208), -EBADMSG);
    assert_int_equal(saved(104), 0);
}

static void message_refuses_positions_that_cannot_be(void **state)
{
    (void)state;
    static const uint64_t wrong[] = {0, 1, 100, 105, 1040 + 104, UINT64_MAX, UINT64_MAX - 7};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_int_equal(saved(wrong[i]), -EBADMSG);
    assert_int_equal(saved(520), 0);
    assert_int_equal(saved(520), -EBADMSG); // twice
    assert_int_equal(saved(416), -EBADMSG); // back
    assert_int_equal(saved(1040), 0);       // the end of the ring
}

/* ---- snapshot marks ------------------------------------------------------ */

/* Behind the ten frames: a mark at 1040, ends at `ret`. */
static uint64_t put_mark(uint32_t flags)
{
    struct mark *mark = ring_reserve(crew.options.ring, sizeof(*mark));
    assert_non_null(mark);
    *mark = (struct mark){.number = 1, .flags = flags};
    ring_commit(crew.options.ring, RING_MARK, sizeof(*mark));
    return ring_head(crew.options.ring);
}

static void
message_lets_nobody_leave_out_a_snapshot_mark_that_the_judge_still_wants(void **state)
{
    (void)state;
    uint64_t plain = put_mark(MARK_REPLAYED), end = put_mark(MARK_SNAPSHOT);
    put_frames(2);
    assert_int_equal(saved(end + 104), -EBADMSG);
    assert_int_equal(saved(plain), 0); // its own affair
    assert_int_equal(minder.cut, 0);
    assert_int_equal(saved(end), 0);
    assert_int_equal(minder.cut, end);
    assert_int_equal(saved(end + 104), 0); // nobody asks here what the judge has seen
}

static void message_takes_what_was_saved_behind_a_mark_that_the_judge_is_past(void **state)
{
    (void)state;
    uint64_t end = put_mark(MARK_SNAPSHOT);
    put_frames(2);
    crew.position = end;
    assert_int_equal(saved(end + 104), 0);
}

static void message_leaves_a_seat_that_sent_no_state_the_one_that_it_was_given(void **state)
{
    (void)state;
    buffer_text(&crew.seats[2].state, "of a run before");
    crew.seats[2].has_state = crew.seats[2].inherited = true;
    for (uint64_t at = 104; at < 520; at += 104) {
        assert_int_equal(state_part(at, 0, 0, 10, 10), 0);
        assert_int_equal(saved(at), 0);
    }
    assert_true(crew.seats[2].has_state);
    assert_true(bytes_is(buffer_bytes(&crew.seats[2].state), "of a run before"));
}

static int opened(uint64_t position, uint32_t seat)
{
    begin(REPLY_OPENED);
    pack_u64(&minder.message, position);
    pack_u32(&minder.message, seat);
    pack_u32(&minder.message, 1);
    pack_text(&minder.message, "");
    return message_take(&minder);
}

static void message_believes_that_a_seat_is_open_where_its_stream_begins(void **state)
{
    (void)state;
    struct stream_notice *notice = ring_reserve(crew.options.ring, sizeof(*notice));
    assert_non_null(notice);
    *notice = (struct stream_notice){.stream = 1, .window_ns = 77};
    ring_commit(crew.options.ring, RING_STREAM, sizeof(*notice));
    assert_int_equal(opened(1040, 0), -EBADMSG); // of another stream
    assert_int_equal(opened(104, 2), -EBADMSG);  // no such frame
    assert_int_equal(opened(1041, 2), -EBADMSG);
    assert_int_equal(opened(ring_head(crew.options.ring), 2), -EBADMSG);
    assert_int_equal(opened(1040, 3), -EBADMSG); // another minder's
    assert_int_equal(crew.seats[2].window_ns, 0);
    assert_int_equal(opened(1040, 2), 0);
    assert_int_equal(crew.seats[2].window_ns, 77);
    assert_int_equal(crew.seats[2].opened_at, 1040);
}

static void message_refuses_what_has_no_place_any_more(void **state)
{
    (void)state;
    static const enum reply_kind kinds[] = {REPLY_LABEL, REPLY_REFUSED, REPLY_READY};
    for (size_t i = 0; i < 3; i++) {
        begin(kinds[i]);
        pack_u64(&minder.message, 104);
        assert_int_equal(message_take(&minder), -EBADMSG);
    }
    static const enum reply_kind empty[] = {REPLY_OPENED, REPLY_FAILED, REPLY_STATE,
                                            REPLY_SAVED};
    for (size_t i = 0; i < 4; i++) {
        begin(empty[i]);
        assert_int_equal(message_take(&minder), -EBADMSG);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(message_takes_the_scores_of_all_seats),
        TEST(message_passes_over_windows_of_before),
        TEST(message_lets_go_of_scores_that_nobody_asks_for),
        TEST(message_refuses_windows_to_come_and_windows_twice),
        TEST(message_keeps_nothing_of_scores_that_it_refuses),
        TEST(message_closes_a_seat_that_says_it_failed),
        TEST(message_cuts_long_sentences),
        TEST(message_takes_states_in_parts),
        TEST(message_refuses_states_that_cannot_be),
        TEST(message_refuses_positions_that_cannot_be),
        TEST(message_lets_nobody_leave_out_a_snapshot_mark_that_the_judge_still_wants),
        TEST(message_takes_what_was_saved_behind_a_mark_that_the_judge_is_past),
        TEST(message_leaves_a_seat_that_sent_no_state_the_one_that_it_was_given),
        TEST(message_believes_that_a_seat_is_open_where_its_stream_begins),
        TEST(message_refuses_what_has_no_place_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
