/* SPDX-License-Identifier: MIT */
/*
 * Promise: each value of a field has a series of its own, with a history that no other value ever had; there are never more than were
 * asked for, and what speaks regularly keeps its place.
 */

#include "group_rig.h"

#include <malloc.h>

/* ---- who sits where --------------------------------------------------------------- */

static void each_value_has_a_number_of_its_own(void **state)
{
    (void)state;
    struct rig rig = rig_open(grouped);
    see(&rig, 0.1, "/a");
    see(&rig, 0.2, "/b");
    see(&rig, 0.3, "/a");
    see_from(&rig, 0, 0.4, "/c", ODDLINE_LEVEL_INFO);
    see(&rig, 1.1, "/b");
    assert_string_equal(end(&rig), "0: /a=2! /b=1! /c=0!; 1: /a=0 /b=1 /c=0; ");
}

static void a_group_begins_in_the_window_of_its_first_record(void **state)
{
    (void)state;
    struct rig rig = rig_open(grouped);
    see(&rig, 0, "/a");
    see(&rig, 2, "/b");
    assert_string_equal(end(&rig), "0: /a=1!; 1: /a=0; 2: /a=0 /b=1!; ");
}

static void records_without_the_field_are_of_no_group(void **state)
{
    (void)state;
    struct rig rig = rig_open(grouped);
    rig_see(&rig, &rig.sources[0], 1);
    see(&rig, 0.5, "");
    see(&rig, 0.6, "/a");
    assert_string_equal(end(&rig), "0: /a=1!; ");
}

static void what_finds_no_place_is_of_the_others(void **state)
{
    (void)state;
    static const char *const routes[] = {"/a", "/b", "/c", "/d", "/e", "/a"};
    struct rig rig = rig_open(grouped);
    for (int i = 0; i < 6; i++)
        see(&rig, 0.1 * i, routes[i]);
    struct group_counts counts = windows_group_counts(rig.windows, 0);
    assert_int_equal(counts.taken, SLOTS);
    assert_int_equal(counts.other, 2);
    assert_int_equal(counts.records, 4);
    assert_int_equal(counts.evicted, 0);
    assert_string_equal(end(&rig), "0: /a=2! /b=1! /c=1! other=2!; ");
}

static void the_group_not_seen_for_longest_gives_way(void **state)
{
    (void)state;
    struct rig rig = rig_open(grouped);
    see(&rig, 0, "/a");
    see(&rig, 0, "/b");
    see(&rig, 0, "/c");
    for (int w = 1; w <= GROUP_QUIET + 1; w++)
        see_from(&rig, 0, w, "/a", ODDLINE_LEVEL_INFO); // no error, and yet it is there
    see(&rig, GROUP_QUIET,
        "/early"); // late, as /b was in a window that is not closed for long enough
    see(&rig, GROUP_QUIET + 1, "/d");
    see(&rig, GROUP_QUIET + 2, "/e");
    struct group_counts counts = windows_group_counts(rig.windows, 0);
    assert_int_equal(counts.evicted, 2);
    const char *text = end(&rig);
    assert_non_null(strstr(text, "60: /a=0 /b=0 /c=0; 61: /a=0 /early=1! /d=1!; 62: /a=0 "));
}

static void a_group_that_speaks_regularly_keeps_its_place(void **state)
{
    (void)state;
    struct rig rig = rig_open(grouped);
    char route[16];
    for (int w = 0; w < 1000; w++) {
        if (w % GROUP_QUIET == 0)
            see(&rig, w, "/hourly");
        for (int i = 0; i < 5; i++) {
            snprintf(route, sizeof(route), "/once/%d", 5 * w + i);
            see(&rig, w + 0.1 * i, route);
        }
    }
    const char *text = end(&rig);
    assert_non_null(strstr(text, "0: /hourly=1! "));
    assert_non_null(strstr(text, " 960: /hourly=1 "));
    assert_null(strstr(strchr(text, ';'), "/hourly=1!"));
}

/* Who would be in two places, or in none, shows here. */
static void an_evicted_group_comes_back_as_a_new_one(void **state)
{
    (void)state;
    struct rig rig = rig_open(grouped);
    static const char *const routes[] = {"/a", "/b", "/c", "/d"};
    for (int i = 0; i < 3; i++)
        see(&rig, 0, routes[i]);
    for (int w = 100; w <= 400; w += 100)
        for (int i = 0; i < 3; i++)
            see(&rig, w, routes[(i + w / 100) % 4]);
    const char *text = end(&rig);
    assert_non_null(strstr(text, " 100: /d=1! /b=1 /c=1; "));
    assert_non_null(strstr(text, " 200: /d=1 /a=1! /c=1; "));
    assert_non_null(strstr(text, " 300: /d=1 /a=1 /b=1!; "));
    assert_non_null(strstr(text, " 400: /c=1! /a=1 /b=1; "));
}

/* ---- values ------------------------------------------------------------------------- */

static void numbers_are_values_too(void **state)
{
    (void)state;
    struct rig rig = rig_open(grouped);
    see_number(&rig, 0, 404);
    see_number(&rig, 0, 0.25);
    see_number(&rig, 0, 404);
    assert_string_equal(end(&rig), "0: 404=2! 0.25=1!; ");
}

static void a_long_value_is_cut_between_characters(void **state)
{
    (void)state;
    char route[400];
    struct rig rig = rig_open(grouped);
    memset(route, 'x', sizeof(route));
    memcpy(route + GROUP_KEY_BYTES - 1, "é and so on", 13);
    see(&rig, 0, route);
    route[GROUP_KEY_BYTES + 8] = '!';
    see(&rig, 0, route);
    route[GROUP_KEY_BYTES - 1] = '\0';
    char want[500];
    snprintf(want, sizeof(want), "0: %s=2!; ", route);
    assert_string_equal(end(&rig), want);
}

static void values_leave_redacted_and_are_one_group_then(void **state)
{
    (void)state;
    struct redaction rule = {.with = "<card>"};
    struct window_options options = grouped;
    assert_int_equal(regex_compile("[0-9]{4,}", &rule.match, NULL), 0);
    options.redactions = &rule;
    options.redaction_count = 1;
    struct rig rig = rig_open(options);
    char longer[GROUP_KEY_BYTES + 20];
    memset(longer, 'x', sizeof(longer));
    memcpy(longer + GROUP_KEY_BYTES - 3, "12345678",
           9); // cut first it would be no number any more
    see(&rig, 0, "/pay/1234567");
    see(&rig, 0, "/pay/7654321");
    see(&rig, 0, "/pay/ok");
    see(&rig, 0, longer);
    const char *text = end(&rig);
    assert_non_null(strstr(text, "0: /pay/<card>=2! /pay/ok=1! "));
    assert_null(strstr(text, "123"));
    regex_free(rule.match);
}

/* ---- evidence ----------------------------------------------------------------------- */

static void evidence_of_a_group_is_its_own(void **state)
{
    (void)state;
    struct rig rig = rig_open(grouped);
    see_from(&rig, 0, 0, "/b", ODDLINE_LEVEL_INFO);
    see(&rig, 0.1, "/a");
    see(&rig, 0.2, "/b");
    windows_end(rig.windows);
    rig_drain(&rig);
    const struct seen *seen = &rig.seen[0];
    assert_int_equal(seen->head.evidence_count, 4);
    for (uint32_t i = 0; i < seen->head.evidence_count; i++)
        if (seen->evidence[i].series >= PLAIN) // /b came first, though no error yet
            assert_string_equal(seen->texts[i],
                                seen->evidence[i].series == PLAIN ? "/b" : "/a");
    rig_close(&rig);
}

/* ---- bounds --------------------------------------------------------------------------- */

static size_t in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void a_value_of_its_own_for_each_record_costs_no_memory(void **state)
{
    (void)state;
    struct rig rig = rig_open(grouped);
    size_t before = 0;
    for (uint32_t i = 0; i < 1000000; i++) {
        char route[32];
        snprintf(route, sizeof(route), "%08x", i * 2654435761u);
        see(&rig, 0.001 * i, route);
        if (i % 1000 == 0)
            rig_drain(&rig), rig.count = 0;
        if (i == 100000)
            before = in_use();
    }
    assert_true(in_use() <= before + 65536);
    struct group_counts counts = windows_group_counts(rig.windows, 0);
    assert_int_equal(counts.taken, SLOTS);
    assert_int_equal(counts.records + counts.other, 1000000);
    assert_in_range(counts.evicted, 10, 60);
    assert_int_equal(counts.seated, counts.evicted + SLOTS);
    rig_close(&rig);
}

/* The most there can be: each record as long as it may be, of as many groups. */
static void a_thousand_groups_with_long_lines_fit_the_smallest_ring(void **state)
{
    (void)state;
    enum { MANY = WINDOW_GROUPS_MAX };
    static struct series_spec many[MANY + 1];
    static char route[GROUP_KEY_BYTES + 4 * EVIDENCE_TEXT_BYTES];
    static const struct group_spec spec = {.stream = "web", .name = "m", .slots = MANY};
    struct window_options options = grouped;
    options.series = many;
    options.series_count = MANY + 1;
    options.groups = &spec;
    struct rig rig = rig_open(options);
    memset(route, 'x', sizeof(route) - 1);
    for (int i = 0; i < 4 * MANY; i++) {
        char digits[8];
        snprintf(digits, sizeof(digits), "%06d", i % (MANY + 5));
        memcpy(route, digits, 6);
        route[GROUP_KEY_BYTES + 1] = (char)('a' + i / MANY);
        see(&rig, 0, route);
    }
    windows_end(rig.windows);
    assert_true(windows_emit(rig.windows, rig.ring, 0));
    const struct closed *closed = ring_payload(ring_peek(rig.ring, 0));
    assert_int_equal(closed->group_count, MANY + 1);
    assert_in_range(closed->evidence_count, 500, 3 * MANY);
    ring_release(rig.ring, 0);
    rig_close(&rig);
}

int main(void)
{
    log_setup(LOG_QUIET, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_value_has_a_number_of_its_own, forget_told),
        cmocka_unit_test_setup(a_group_begins_in_the_window_of_its_first_record, forget_told),
        cmocka_unit_test_setup(records_without_the_field_are_of_no_group, forget_told),
        cmocka_unit_test_setup(what_finds_no_place_is_of_the_others, forget_told),
        cmocka_unit_test_setup(the_group_not_seen_for_longest_gives_way, forget_told),
        cmocka_unit_test_setup(a_group_that_speaks_regularly_keeps_its_place, forget_told),
        cmocka_unit_test_setup(an_evicted_group_comes_back_as_a_new_one, forget_told),
        cmocka_unit_test_setup(numbers_are_values_too, forget_told),
        cmocka_unit_test_setup(a_long_value_is_cut_between_characters, forget_told),
        cmocka_unit_test_setup(values_leave_redacted_and_are_one_group_then, forget_told),
        cmocka_unit_test_setup(evidence_of_a_group_is_its_own, forget_told),
        cmocka_unit_test_setup(a_value_of_its_own_for_each_record_costs_no_memory, forget_told),
        cmocka_unit_test_setup(a_thousand_groups_with_long_lines_fit_the_smallest_ring,
                               forget_told),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_free(&told);
    return failed;
}
