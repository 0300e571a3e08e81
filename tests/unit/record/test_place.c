/* SPDX-License-Identifier: MIT */
/* Promise: a stamp is found where the source carries it, and a date anywhere else is none. */

#include "record/place.h"

#include "unit/record/rig.h"

static struct zone *zone;

static int setup(void **state)
{
    (void)state;
    return zone_open("UTC", &zone, NULL);
}

static int teardown(void **state)
{
    (void)state;
    zone_free(zone);
    return 0;
}

static bool find(places allowed, const char *line, struct stamp *ret)
{
    struct stamps stamps;
    stamps_init(&stamps, zone, 0, RIG_FILE_TIME);
    return place_find(&stamps, allowed, bytes_of(line), ret);
}

static void a_stamp_has_a_place_in_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        uint8_t place;
        uint32_t begin, end;
    } rows[] = {
        {"2016-12-19 16:31:46 INFO x", 0, 0, 19},
        {"[2016-12-19 16:31:46,725] INFO x", 0, 0, 25},
        {"[10.30 16:49:06] chrome.exe", 0, 0, 16},
        {" 2016-12-19 16:31:46 INFO x", 1, 1, 20},
        {"DEBUG [DSE main thread] 2020-07-20 09:09:28,082 x", 4, 24, 47},
        {" INFO [main] 2020-01-10 13:45:06,068 x", 5, 13, 36},
        {"nova-api.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 25746", 2, 35, 58},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct stamp stamp;
        assert_true(find(PLACES_ALL, rows[i].line, &stamp));
        assert_int_equal(stamp.place, rows[i].place);
        assert_int_equal(stamp.begin, rows[i].begin);
        assert_int_equal(stamp.end, rows[i].end);
        assert_true(find(1u << rows[i].place, rows[i].line, &stamp));
    }
}

static void only_allowed_places_count(void **state)
{
    (void)state;
    struct stamp stamp;
    assert_false(find(PLACES_START, "| created_at | 2018-09-28 21:27:40 |", &stamp));
    assert_false(find(PLACES_START, "\t2018-09-28 21:27:40", &stamp));
    assert_false(find(PLACES_START, "at 2018-09-28 21:27:40", &stamp));
    assert_false(find(1u << 4, "2018-09-28 21:27:40 x", &stamp));
    assert_false(find(0, "2018-09-28 21:27:40 x", &stamp));
}

static void a_bare_number_is_a_stamp_only_when_allowed(void **state)
{
    (void)state;
    struct stamp stamp;
    assert_false(find(PLACES_START, "1538191422 fa:16:3e", &stamp));
    assert_true(find(PLACES_START | PLACES_EPOCH, "1538191422 fa:16:3e", &stamp));
    assert_true(stamp.epoch);
    assert_true(find(PLACES_START, "081109 203615 148 INFO", &stamp));
}

static void a_stamp_far_into_the_line_is_not_looked_for(void **state)
{
    (void)state;
    char line[400];
    struct stamp stamp;
    memset(line, 'a', sizeof(line));
    memcpy(line + 200, " 2018-09-28 21:27:40 ", 22);
    assert_false(find(PLACES_ALL, line, &stamp));
    assert_false(find(PLACES_ALL, "", &stamp));
    assert_false(find(PLACES_ALL, "   ", &stamp));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stamp_has_a_place_in_tokens),
        cmocka_unit_test(only_allowed_places_count),
        cmocka_unit_test(a_bare_number_is_a_stamp_only_when_allowed),
        cmocka_unit_test(a_stamp_far_into_the_line_is_not_looked_for),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
