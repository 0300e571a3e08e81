/* SPDX-License-Identifier: MIT */
/*
 * Promise: however records are cut, sources read or the program interrupted, the same groups come out; bytes that are none are
 * refused or harmless.
 */

#include "group_rig.h"

#include <errno.h>

enum { STORY = 2500 };
static struct step {
    double window;
    char route[8];
    uint8_t level;
} story[STORY];

/* Some routes come often, some rarely; there are holes of hours. */
static void write_story(void)
{
    unsigned short seed[3] = {3, 1, 4};
    double now = 0;
    for (int i = 0; i < STORY; i++) {
        long dice = nrand48(seed) % 100;
        now += dice < 95 ? erand48(seed) * 0.5 : erand48(seed) * 90;
        story[i].window = now + erand48(seed) * 2;
        snprintf(story[i].route, sizeof(story[i].route), "/%ld",
                 dice < 50 ? nrand48(seed) % 2 : nrand48(seed) % 9);
        story[i].level = dice % 3 ? ODDLINE_LEVEL_ERROR : ODDLINE_LEVEL_INFO;
    }
}

static void restart(struct rig *rig)
{
    struct buffer saved = {0};
    windows_pack(rig->windows, &saved);
    struct unpacker in = {.rest = buffer_bytes(&saved)};
    windows_free(rig->windows);
    assert_int_equal(windows_create(&grouped, &rig->windows), 0);
    assert_int_equal(windows_unpack(rig->windows, &in), 0);
    assert_int_equal(in.rest.len, 0);
    buffer_free(&saved);
}

/* The story, with the windows emptied each `emit` records, and begun anew from their bytes each `again`. */
static const char *play(int emit, int again)
{
    struct rig rig = rig_open(grouped);
    buffer_clear(&told);
    for (int i = 0; i < STORY; i++) {
        see_from(&rig, 0, story[i].window, story[i].route, story[i].level);
        if (i % emit == 0 || i % again == 0)
            drain(&rig, &told);
        if (i % again == 0)
            restart(&rig);
    }
    assert_true(windows_group_counts(rig.windows, 0).evicted > 20);
    return end(&rig);
}

static void it_does_not_matter_when_windows_are_sent_on_or_the_program_ends(void **state)
{
    (void)state;
    write_story();
    char *want = strdup(play(STORY + 1, STORY + 1));
    assert_true(strlen(want) > 10000);
    assert_string_equal(play(1, STORY + 1), want);
    assert_string_equal(play(7, STORY + 1), want);
    assert_string_equal(play(STORY + 1, 13), want);
    assert_string_equal(play(1, 1), want);
    free(want);
}

static void it_does_not_matter_which_of_two_files_is_read_first(void **state)
{
    (void)state;
    char *want = NULL;
    for (int ahead = 0; ahead < 3; ahead++) {
        struct rig rig = rig_open(grouped);
        buffer_clear(&told);
        windows_hold(rig.windows, &rig.sources[0]);
        windows_hold(rig.windows, &rig.sources[1]);
        see_from(&rig, 0, 0, "/a", ODDLINE_LEVEL_ERROR);
        for (int i = 0; i < 12;
             i++) { // one file is up to `ahead` windows further than the other
            if (i < 12 - ahead)
                see_from(&rig, 0, i + ahead, i + ahead > 5 ? "/b" : "/a", ODDLINE_LEVEL_ERROR);
            see_from(&rig, 1, i, i > 2 ? "/c" : "/a", ODDLINE_LEVEL_ERROR);
            for (int k = 0; i == 0 && k < ahead; k++)
                see_from(&rig, 0, k, "/a", ODDLINE_LEVEL_ERROR);
        }
        const char *text = end(&rig);
        assert_non_null(strstr(text, "/c=1!"));
        // Slots may be given in another order; what each window says of each group is the same.
        if (want)
            assert_int_equal(strlen(text), strlen(want));
        assert_non_null(strstr(text, ahead ? "3: /a=1" : "3: /a=1 /c=1!"));
        free(want);
        want = strdup(text);
    }
    free(want);
}

static void a_group_begins_with_its_earliest_record_whichever_is_read_first(void **state)
{
    (void)state;
    struct rig rig = rig_open(grouped);
    windows_hold(rig.windows, &rig.sources[0]);
    windows_hold(rig.windows, &rig.sources[1]);
    see_from(&rig, 1, 0, "/a", ODDLINE_LEVEL_ERROR);
    see_from(&rig, 0, 5, "/b", ODDLINE_LEVEL_ERROR);
    see_from(&rig, 1, 3, "/b", ODDLINE_LEVEL_ERROR);
    assert_string_equal(end(&rig), "0: /a=1!; 1: /a=0; 2: /a=0; 3: /a=0 /b=1!; 4: /a=0 /b=0; "
                                   "5: /a=0 /b=1; ");
}

static void windows_that_turn_out_to_be_earlier_take_their_groups_along(void **state)
{
    (void)state;
    struct rig rig = rig_open(grouped);
    windows_hold(rig.windows, &rig.sources[1]);
    see(&rig, 5, "/a");
    see_from(&rig, 1, 2, "/b", ODDLINE_LEVEL_ERROR);
    assert_string_equal(end(&rig), "0: /b=1!; 1: /b=0; 2: /b=0; 3: /a=1! /b=0; ");
}

static void bytes_that_are_none_are_refused(void **state)
{
    (void)state;
    write_story();
    struct rig rig = rig_open(grouped);
    struct buffer saved = {0}, ignored = {0};
    for (int i = 0; i < 500; i++)
        see_from(&rig, 0, story[i].window, story[i].route, story[i].level);
    drain(&rig, &ignored);
    windows_pack(rig.windows, &saved);
    for (size_t len = 0; len < saved.len; len++) {
        struct unpacker in = {.rest = {saved.at, len}};
        assert_int_equal(windows_unpack(rig.windows, &in), -EBADMSG);
    }
    for (size_t bit = 0; bit < 8 * saved.len; bit++) { // refused or harmless
        struct unpacker in = {.rest = buffer_bytes(&saved)};
        saved.at[bit / 8] ^= (char)(1 << bit % 8);
        (void)!windows_unpack(rig.windows, &in);
        saved.at[bit / 8] ^= (char)(1 << bit % 8);
    }
    see(&rig, 1e4, "/on");
    windows_end(rig.windows);
    drain(&rig, &ignored);
    buffer_free(&saved);
    buffer_free(&ignored);
    rig_close(&rig);
}

int main(void)
{
    log_setup(LOG_QUIET, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_does_not_matter_when_windows_are_sent_on_or_the_program_ends,
                               forget_told),
        cmocka_unit_test_setup(it_does_not_matter_which_of_two_files_is_read_first,
                               forget_told),
        cmocka_unit_test_setup(a_group_begins_with_its_earliest_record_whichever_is_read_first,
                               forget_told),
        cmocka_unit_test_setup(windows_that_turn_out_to_be_earlier_take_their_groups_along,
                               forget_told),
        cmocka_unit_test_setup(bytes_that_are_none_are_refused, forget_told),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_free(&told);
    return failed;
}
