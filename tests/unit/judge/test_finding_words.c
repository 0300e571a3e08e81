/* SPDX-License-Identifier: MIT */
/* Promise: each kind and each route has one word of its own, is found by it, and by nothing else. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/finding_words.h"

static void each_kind_is_found_by_its_word(void **state)
{
    (void)state;
    for (int kind = 0; kind < FINDING_KINDS; kind++) {
        enum finding_kind found = FINDING_KINDS;
        assert_true(finding_kind_named(finding_kind_name((enum finding_kind)kind), &found));
        assert_int_equal(found, kind);
    }
    assert_string_equal(finding_kind_name(FINDING_SPIKE), "spike");
    assert_string_equal(finding_kind_name(FINDING_PLUGIN), "plugin");
}

static void each_route_is_found_by_its_word(void **state)
{
    (void)state;
    for (int route = 0; route < ROUTES; route++) {
        enum finding_route found = ROUTES;
        assert_true(finding_route_named(finding_route_name((enum finding_route)route), &found));
        assert_int_equal(found, route);
    }
    assert_string_equal(finding_route_name(ROUTE_TICKET), "ticket");
}

static void what_is_no_word_changes_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "spik", "spikes", "Page", "pag", "tickets"};
    enum finding_kind kind = FINDING_BURN;
    enum finding_route route = ROUTE_TICKET;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(finding_kind_named(wrong[i], &kind));
        assert_false(finding_route_named(wrong[i], &route));
    }
    assert_int_equal(kind, FINDING_BURN);
    assert_int_equal(route, ROUTE_TICKET);
}

static void a_status_is_one_of_two(void **state)
{
    (void)state;
    assert_string_equal(finding_status_name(FINDING_FIRING), "firing");
    assert_string_equal(finding_status_name(FINDING_RESOLVED), "resolved");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_found_by_its_word),
        cmocka_unit_test(each_route_is_found_by_its_word),
        cmocka_unit_test(what_is_no_word_changes_nothing),
        cmocka_unit_test(a_status_is_one_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
