/* SPDX-License-Identifier: MIT */
/*
 * Promise: people see each finding once, as it ended, in the order they began; programs get every revision as a line, at once.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "command/gallery.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct gallery gallery;
static char *text;
static size_t size;

static void open_gallery(bool json)
{
    gallery =
        (struct gallery){.out = open_memstream(&text, &size), .json = json, .least = ROUTE_LOG};
}

static const char *shown(void)
{
    gallery_show(&gallery);
    fflush(gallery.out);
    return text;
}

static void close_gallery(void)
{
    gallery_free(&gallery);
    fclose(gallery.out);
    free(text);
    text = NULL;
}

static struct finding finding_of(const char *summary, int64_t starts_s)
{
    return (struct finding){.status = FINDING_FIRING,
                            .starts_ns = starts_s * NS_PER_S,
                            .ends_ns = NO_TIME,
                            .detected_ns = starts_s * NS_PER_S,
                            .stream = "web",
                            .series = "errors",
                            .detector = "ewma",
                            .detector_version = "1",
                            .kind = FINDING_SPIKE,
                            .route = ROUTE_TICKET,
                            .score = 5,
                            .observed = NAN,
                            .expected = NAN,
                            .lower = NAN,
                            .upper = NAN,
                            .summary = summary};
}

static size_t times(const char *in, const char *what)
{
    size_t n = 0;
    for (const char *p = in; (p = strstr(p, what)); p++)
        n++;
    return n;
}

static void gallery_shows_the_last_revision_once(void **state)
{
    (void)state;
    open_gallery(false);
    struct finding f = finding_of("at first", 1000);
    gallery_take(&gallery, &f);
    struct finding other = finding_of("another", 1010);
    gallery_take(&gallery, &other);
    struct finding again = finding_of("at last", 1000);
    memcpy(again.id, f.id, sizeof(again.id));
    again.revision = 1;
    again.status = FINDING_RESOLVED;
    again.ends_ns = 1060 * NS_PER_S;
    gallery_take(&gallery, &again);
    assert_int_equal(size, 0); // nothing yet
    const char *said = shown();
    assert_int_equal(times(said, "at first"), 0);
    assert_int_equal(times(said, "at last"), 1);
    assert_int_equal(times(said, "another"), 1);
    assert_int_equal(gallery.shown[ROUTE_TICKET], 2);
    close_gallery();
}

static void gallery_shows_in_the_order_they_began(void **state)
{
    (void)state;
    static const int64_t starts[] = {3000, 1000, 2000, 1000};
    static const char *const names[] = {"third", "first", "second-last", "first-too"};
    static const char *const order[] = {"first ", "first-too", "second-last", "third"};
    open_gallery(false);
    for (size_t i = 0; i < 4; i++) {
        struct finding f = finding_of(names[i], starts[i]);
        gallery_take(&gallery, &f);
    }
    const char *said = shown();
    for (size_t i = 0; i < 4; i++) {
        said = strstr(said, order[i]);
        assert_non_null(said);
    }
    close_gallery();
}

static void gallery_forgets_what_it_has_shown(void **state)
{
    (void)state;
    open_gallery(false);
    struct finding f = finding_of("once", 1000), g = finding_of("later", 2000);
    gallery_take(&gallery, &f);
    shown();
    gallery_take(&gallery, &g);
    const char *said = shown();
    assert_int_equal(times(said, "once"), 1);
    assert_int_equal(times(said, "later"), 1);
    close_gallery();
}

static void gallery_writes_each_revision_as_a_line_of_json_at_once(void **state)
{
    (void)state;
    open_gallery(true);
    struct finding f = finding_of("at first", 2000);
    gallery_take(&gallery, &f);
    assert_int_equal(times(text, "\n"), 1);
    assert_int_equal(times(text, "at first"), 1);
    f.revision = 1;
    f.summary = "at last";
    gallery_take(&gallery, &f);
    struct finding early = finding_of("earlier", 1000);
    gallery_take(&gallery, &early);
    assert_int_equal(times(text, "\n"), 3);
    assert_int_equal(text[0], '{');
    assert_int_equal(text[size - 1], '\n');
    size_t before = size;
    shown();
    assert_int_equal(size, before);
    assert_int_equal(gallery.shown[ROUTE_TICKET], 2);
    close_gallery();
}

static void gallery_numbers_findings_and_gives_ids_once(void **state)
{
    (void)state;
    open_gallery(true);
    struct finding f = finding_of("a", 1000), g = finding_of("b", 1000);
    gallery_take(&gallery, &f);
    gallery_take(&gallery, &g);
    assert_string_not_equal(f.id, g.id);
    char id[FINDING_ID_SIZE];
    memcpy(id, f.id, sizeof(id));
    gallery_take(&gallery, &f);
    assert_string_equal(f.id, id);
    assert_int_equal(f.n, 3);
    close_gallery();
}

static void gallery_leaves_out_what_is_less_urgent_but_counts_it(void **state)
{
    (void)state;
    open_gallery(false);
    gallery.least = ROUTE_TICKET;
    struct finding logged = finding_of("merely logged", 1000),
                   paged = finding_of("paged", 1000);
    logged.route = ROUTE_LOG;
    paged.route = ROUTE_PAGE;
    gallery_take(&gallery, &logged);
    gallery_take(&gallery, &paged);
    assert_true(logged.id[0]);
    const char *said = shown();
    assert_int_equal(times(said, "merely logged"), 0);
    assert_int_equal(times(said, "paged"), 1);
    assert_int_equal(gallery.shown[ROUTE_LOG], 1);
    close_gallery();
}

static void gallery_dates_what_nobody_dated(void **state)
{
    (void)state;
    open_gallery(true);
    struct finding f = finding_of("a", 1000);
    f.detected_ns = NO_TIME;
    gallery_take(&gallery, &f);
    assert_true(f.detected_ns > 1500000000 * NS_PER_S);
    close_gallery();
}

static void gallery_says_when_nobody_reads(void **state)
{
    (void)state;
    gallery =
        (struct gallery){.out = fopen("/dev/full", "w"), .json = true, .least = ROUTE_LOG};
    assert_non_null(gallery.out);
    struct finding f = finding_of("a", 1000);
    gallery_take(&gallery, &f);
    assert_true(gallery.failed);
    gallery_free(&gallery);
    fclose(gallery.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gallery_shows_the_last_revision_once),
        cmocka_unit_test(gallery_shows_in_the_order_they_began),
        cmocka_unit_test(gallery_forgets_what_it_has_shown),
        cmocka_unit_test(gallery_writes_each_revision_as_a_line_of_json_at_once),
        cmocka_unit_test(gallery_numbers_findings_and_gives_ids_once),
        cmocka_unit_test(gallery_leaves_out_what_is_less_urgent_but_counts_it),
        cmocka_unit_test(gallery_dates_what_nobody_dated),
        cmocka_unit_test(gallery_says_when_nobody_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
