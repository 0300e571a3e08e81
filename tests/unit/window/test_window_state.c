/* SPDX-License-Identifier: MIT */
/*
 * Promise: windows made of others' bytes go on as those would have, to the last byte of every frame, wherever they were
 * interrupted; bytes that are none are refused or harmless; and no more is written than there is.
 */

#include "story.h"

#include <errno.h>

/* All frames of a story that is interrupted before step `cut`; beyond the last: never. */
static void run(const struct story *story, int cut, struct buffer *out)
{
    struct rig rig = rig_open(options);
    buffer_clear(out);
    for (int s = 0; s < STEPS; s++) {
        if (s == cut)
            restart(&rig);
        play(&rig, story, s);
        drain(&rig, out);
    }
    windows_end(rig.windows);
    drain(&rig, out);
    struct window_counts counts = windows_counts(rig.windows);
    buffer_append(out, &counts, sizeof(counts));
    rig_close(&rig);
}

static struct story story;

static void windows_go_on_from_their_bytes_at_every_step(void **state)
{
    (void)state;
    struct buffer got = {0}, want = {0};
    for (unsigned short number = 0; number < STORIES; number++) {
        write_story(&story, number);
        run(&story, STEPS, &want);
        assert_true(want.len > 5000);
        for (int cut = 0; cut < STEPS; cut++) {
            run(&story, cut, &got);
            if (!bytes_equal(buffer_bytes(&got), buffer_bytes(&want)))
                fail_msg("story %d, interrupted before step %d", number, cut);
        }
    }
    buffer_free(&got);
    buffer_free(&want);
}

/* The very first stamp is wrong; another source came near to what is right, or not. */
static void windows_in_doubt_of_the_first_stamp_stay_so(void **state)
{
    (void)state;
    for (int cut = 0; cut < 4; cut++)
        for (int beside = 0; beside < 2; beside++) {
            struct rig rig = rig_open(options);
            windows_hold(rig.windows, &rig.sources[2]);
            rig_see(&rig, &rig.sources[0], 1e6);
            if (cut == 1)
                restart(&rig);
            if (beside)
                rig_see(&rig, &rig.sources[1], 200);
            if (cut == 2)
                restart(&rig);
            rig_see(&rig, &rig.sources[0], 5);
            if (cut == 3)
                restart(&rig);
            int64_t reached = windows_reached_ns(rig.windows);
            assert_true(reached == BASE + (beside ? 200 : 5) * NS_PER_S);
            windows_let_go(rig.windows, &rig.sources[2]);
            windows_end(rig.windows);
            rig_drain(&rig);
            assert_int_equal(rig.count, 1);
            assert_int_equal(rig.seen[0].head.records, 2 + beside);
            rig_close(&rig);
        }
}

/* Else the promise above is about less than it says. */
static void stories_have_all_that_can_happen(void **state)
{
    (void)state;
    struct window_counts sum = {0};
    unsigned acts[ACTS] = {0}, open = 0, holding = 0;
    for (unsigned short number = 0; number < STORIES; number++) {
        struct rig rig = rig_open(options);
        struct buffer frames = {0};
        write_story(&story, number);
        for (int s = 0; s < STEPS; s++) {
            play(&rig, &story, s);
            drain(&rig, &frames);
            acts[story.steps[s].act]++;
            open += windows_oldest_ns(rig.windows) + 600 * NS_PER_S <
                    windows_reached_ns(rig.windows);
            holding += rig.sources[0].holds + rig.sources[1].holds;
        }
        struct window_counts counts = windows_counts(rig.windows);
        sum.late += counts.late;
        sum.suspect += counts.suspect;
        sum.timeless += counts.timeless;
        buffer_free(&frames);
        rig_close(&rig);
    }
    for (int i = 0; i < ACTS; i++)
        assert_true(acts[i] > 10);
    assert_true(sum.late > 10 && sum.suspect > 10 && open > 10 && holding > 10);
}

/* ---- bytes that are none --------------------------------------------------------- */

/* A story up to its middle. */
static struct rig told(int steps, struct buffer *saved)
{
    struct rig rig = rig_open(options);
    struct buffer frames = {0};
    write_story(&story, 3);
    for (int s = 0; s < steps; s++) {
        play(&rig, &story, s);
        drain(&rig, &frames);
    }
    pack_all(&rig, saved);
    buffer_free(&frames);
    return rig;
}

/* In memory of exactly the right size, so that the sanitizer sees a look behind the end. */
static int unpack_exactly(struct rig *rig, const char *at, size_t len)
{
    char *exact = malloc(len ? len : 1);
    assert_non_null(exact);
    memcpy(exact, at, len);
    forget(rig);
    int r = unpack_all(rig, (struct bytes){exact, len});
    free(exact);
    return r;
}

static void assert_packs_as(const struct windows *windows, struct bytes want)
{
    struct buffer again = {0};
    windows_pack(windows, &again);
    assert_true(bytes_equal(buffer_bytes(&again), want));
    buffer_free(&again);
}

static void windows_refuse_bytes_that_break_off(void **state)
{
    (void)state;
    struct buffer saved = {0}, own = {0};
    struct rig rig = told(TOLD, &saved), other = rig_open(options);
    windows_pack(rig.windows, &own);
    assert_true(saved.len > own.len && own.len > 1000);
    for (size_t len = 0; len < own.len; len++) {
        struct unpacker in = {.rest = {own.at, len}};
        assert_int_equal(windows_unpack(rig.windows, &in), -EBADMSG);
        assert_packs_as(rig.windows, buffer_bytes(&own));
    }
    for (size_t len = own.len; len < saved.len; len++)
        assert_int_equal(unpack_exactly(&other, saved.at, len), -EBADMSG);
    assert_int_equal(unpack_exactly(&other, saved.at, saved.len), 0);
    assert_packs_as(other.windows, buffer_bytes(&own));
    buffer_free(&saved);
    buffer_free(&own);
    rig_close(&rig);
    rig_close(&other);
}

/* What was taken is all there: it is written as the same again. */
static void assert_packs_whole(const struct rig *rig, size_t len)
{
    struct buffer once = {0}, twice = {0};
    pack_all(rig, &once);
    assert_int_equal(once.len, len);
    struct rig other = *rig;
    assert_int_equal(windows_create(&options, &other.windows), 0);
    struct unpacker in = {.rest = buffer_bytes(&once)};
    assert_int_equal(windows_unpack(other.windows, &in), 0);
    windows_pack(other.windows, &twice);
    assert_true(twice.len < once.len && memcmp(once.at, twice.at, twice.len) == 0);
    windows_free(other.windows);
    buffer_free(&once);
    buffer_free(&twice);
}

static void windows_survive_any_bit_that_flipped(void **state)
{
    (void)state;
    struct buffer saved = {0}, frames = {0};
    struct rig rig = told(TOLD, &saved);
    size_t refused = 0, taken = 0;
    for (size_t bit = 0; bit < saved.len * 8; bit++) {
        saved.at[bit / 8] = (char)(saved.at[bit / 8] ^ 1 << bit % 8);
        int r = unpack_exactly(&rig, saved.at, saved.len);
        saved.at[bit / 8] = (char)(saved.at[bit / 8] ^ 1 << bit % 8);
        assert_true(r == 0 || r == -EBADMSG);
        if (r == 0)
            assert_packs_whole(&rig, saved.len);
        *(r < 0 ? &refused : &taken) += 1;
        for (int s = TOLD; s < TOLD + 20; s++)
            play(&rig, &story, s);
        windows_end(rig.windows);
        drain(&rig, &frames);
        buffer_clear(&frames);
    }
    assert_true(refused > 1000 && taken > 1000);
    buffer_free(&saved);
    buffer_free(&frames);
    rig_close(&rig);
}

static void windows_refuse_another_shape(void **state)
{
    (void)state;
    struct buffer saved = {0};
    struct rig rig = told(TOLD, &saved);
    struct rig fewer =
        rig_of(.window_ns = 300 * NS_PER_S, .series = series, .series_count = SERIES - 1);
    struct rig shorter =
        rig_of(.window_ns = 60 * NS_PER_S, .series = series, .series_count = SERIES);
    struct rig chosen = rig_of(.series = series, .series_count = SERIES);
    struct rig fresh = rig_open(options);
    struct buffer nothing = {0};
    pack_all(&fresh, &nothing);
    assert_int_equal(unpack_all(&fewer, buffer_bytes(&nothing)), -EBADMSG);
    assert_int_equal(unpack_all(&fewer, buffer_bytes(&saved)), -EBADMSG);
    assert_int_equal(unpack_all(&shorter, buffer_bytes(&saved)), -EBADMSG);
    assert_int_equal(windows_length_ns(chosen.windows), 0);
    assert_int_equal(unpack_all(&chosen, buffer_bytes(&saved)), 0); // it may have been chosen
    assert_int_equal(windows_length_ns(chosen.windows), 300 * NS_PER_S);
    rig_close(&rig);
    rig_close(&fewer);
    rig_close(&fresh);
    buffer_free(&nothing);
    rig_close(&shorter);
    rig_close(&chosen);
    buffer_free(&saved);
}

static void sources_that_are_attached_stay_so(void **state)
{
    (void)state;
    struct rig rig = rig_open(options);
    struct buffer nothing = {0};
    windows_pack(rig.windows, &nothing);
    struct unpacker in = {.rest = buffer_bytes(&nothing)};
    windows_hold(rig.windows, &rig.sources[0]);
    assert_int_equal(windows_unpack(rig.windows, &in), 0);
    rig_see(&rig, &rig.sources[1], 5);
    rig_see(&rig, &rig.sources[1], 3600);
    assert_int_equal(rig_drain(&rig), 0); // the other is waited for
    windows_let_go(rig.windows, &rig.sources[0]);
    rig_see(&rig, &rig.sources[1], 3600);
    assert_int_equal(rig_drain(&rig), 11);
    buffer_free(&nothing);
    rig_close(&rig);
}

static void source_is_as_it_was_when_its_bytes_are_none(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S);
    struct window_source *source = &rig.sources[0], want = *source;
    struct buffer saved = {0};
    window_source_pack(&rig.sources[1], &saved);
    bool holds = true;
    for (size_t len = 0; len < saved.len; len++) {
        struct unpacker in = {.rest = {saved.at, len}};
        assert_int_equal(window_source_unpack(source, &in, &holds), -EBADMSG);
        assert_memory_equal(source, &want, sizeof(want));
        assert_true(holds);
    }
    struct unpacker in = {.rest = buffer_bytes(&saved)};
    assert_int_equal(window_source_unpack(source, &in, &holds), 0);
    assert_string_equal(path_text(source->path), "b.log");
    assert_int_equal(source->number, 1);
    assert_false(holds || source->holds);
    buffer_free(&saved);
    rig_close(&rig);
}

/* ---- size ---------------------------------------------------------------------- */

static void windows_write_no_more_than_there_is(void **state)
{
    (void)state;
    struct buffer empty = {0}, one = {0}, apart = {0};
    struct rig rig = rig_open(options);
    write_story(&story, 0);
    windows_hold(rig.windows, &rig.sources[1]);
    windows_pack(rig.windows, &empty);
    struct step step = {.count = 1};
    story.records[0] = rig_at(0);
    observe(&rig, &story, &step, &rig.sources[0]);
    windows_pack(rig.windows, &one); // all series, and one record that is all their evidence
    rig_see(&rig, &rig.sources[0], 60 * 300);
    windows_pack(rig.windows, &apart); // 59 empty windows between them
    assert_true(empty.len < 200);
    assert_true(one.len < 1000);
    assert_true(apart.len < 2000);
    buffer_free(&empty);
    buffer_free(&one);
    buffer_free(&apart);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_go_on_from_their_bytes_at_every_step),
        cmocka_unit_test(windows_in_doubt_of_the_first_stamp_stay_so),
        cmocka_unit_test(stories_have_all_that_can_happen),
        cmocka_unit_test(windows_refuse_bytes_that_break_off),
        cmocka_unit_test(windows_survive_any_bit_that_flipped),
        cmocka_unit_test(windows_refuse_another_shape),
        cmocka_unit_test(sources_that_are_attached_stay_so),
        cmocka_unit_test(source_is_as_it_was_when_its_bytes_are_none),
        cmocka_unit_test(windows_write_no_more_than_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
