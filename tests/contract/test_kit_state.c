/* SPDX-License-Identifier: MIT */
/*
 * Promise: the state of an instance is one block of a fixed form; what is another's, cut, or not sane is refused as a whole.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kit/state.h"

#include <string.h>

enum { HEAD = 24 /* magic, count, size of each, owner */ };

struct instance {
    struct state state;
    double setting;
};

static const char *const names[] = {"lines", "errors"}, *const others[] = {"lines", "warnings"};

/* Below zero is not sane, in a series as in what they share. */
static bool is_sane(const void *number, const void *instance)
{
    assert_non_null(instance);
    return *(const double *)number >= 0;
}

static const struct state_shape plain = {
    .instance = sizeof(struct instance), .each = sizeof(double), .is_sane = is_sane};
static const struct state_shape sharing = {.instance = sizeof(struct instance),
                                           .each = sizeof(double),
                                           .is_sane = is_sane,
                                           .shared = {sizeof(double), is_sane}};

static struct instance *opened(const struct state_shape *shape, const oddline_host *host)
{
    void *instance = NULL;
    char error[ODDLINE_ERROR_SIZE] = "";
    assert_int_equal(state_open(shape, host, &instance, error), ODDLINE_OK);
    return instance;
}

static double *number(const struct instance *instance, uint32_t series)
{
    return store_series(&instance->state.store, series);
}

static oddline_host host_of(const char *const *series)
{
    return (oddline_host){
        .size = sizeof(oddline_host), .series = series, .series_count = 2, .window_ns = 60};
}

static void state_is_a_head_and_the_series_and_goes_on_elsewhere(void **state)
{
    (void)state;
    oddline_host host = host_of(names);
    struct instance *a = opened(&plain, &host), *b = opened(&plain, &host);
    oddline_bytes saved;
    assert_true(*number(a, 1) == 0);
    *number(a, 0) = 5;
    *number(a, 1) = 7;
    assert_int_equal(state_save(a, &saved), ODDLINE_OK);
    assert_int_equal(saved.len, HEAD + 2 * sizeof(double)); // older states are of this form
    assert_memory_equal((const char *)saved.data + HEAD, number(a, 0), sizeof(double));
    assert_int_equal(state_load(b, saved, 1), ODDLINE_OK);
    assert_true(*number(b, 0) == 5 && *number(b, 1) == 7);
    state_close(a);
    state_close(b);
}

static void state_carries_what_series_share_behind_them(void **state)
{
    (void)state;
    oddline_host host = host_of(names);
    struct instance *a = opened(&sharing, &host), *b = opened(&sharing, &host);
    oddline_bytes saved;
    double *shared = store_shared(&a->state.store);
    *shared = 9;
    assert_int_equal(state_save(a, &saved), ODDLINE_OK);
    assert_int_equal(saved.len, HEAD + 3 * sizeof(double));
    assert_int_equal(state_load(b, saved, 1), ODDLINE_OK);
    assert_true(*(double *)store_shared(&b->state.store) == 9);
    *shared = -1;
    assert_int_equal(state_load(b, saved, 1), ODDLINE_ESTATE);
    assert_true(*(double *)store_shared(&b->state.store) == 9);
    state_close(a);
    state_close(b);
}

static void state_of_another_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    oddline_host host = host_of(names), other = host_of(others), slower = host_of(names);
    slower.window_ns = 300;
    struct instance *mine = opened(&plain, &host), *more = opened(&sharing, &host);
    struct instance *strange[] = {opened(&plain, &other), opened(&plain, &slower), more};
    oddline_bytes saved;
    *number(mine, 0) = 5;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(state_save(strange[i], &saved), ODDLINE_OK);
        assert_int_equal(state_load(mine, saved, 1), ODDLINE_ESTATE);
        state_close(strange[i]);
    }
    assert_int_equal(state_save(mine, &saved), ODDLINE_OK);
    for (size_t len = 0; len < saved.len; len++)
        assert_int_equal(state_load(mine, (oddline_bytes){saved.data, len}, 1), ODDLINE_ESTATE);
    assert_true(*number(mine, 0) == 5);
    state_close(mine);
}

static void state_that_is_not_sane_is_refused_as_a_whole(void **state)
{
    (void)state;
    oddline_host host = host_of(names);
    struct instance *a = opened(&plain, &host), *b = opened(&plain, &host);
    oddline_bytes saved;
    *number(a, 0) = 5;
    *number(a, 1) = -1;
    assert_int_equal(state_save(a, &saved), ODDLINE_OK);
    assert_int_equal(state_load(b, saved, 1), ODDLINE_ESTATE);
    assert_true(*number(b, 0) == 0);
    state_close(a);
    state_close(b);
}

static void state_that_would_be_too_big_is_refused_in_one_sentence(void **state)
{
    (void)state;
    oddline_host host = host_of(names);
    struct state_shape huge = plain;
    void *instance = &huge;
    char error[ODDLINE_ERROR_SIZE] = "";
    huge.each = 1 << 20;
    assert_int_equal(state_open(&huge, &host, &instance, error), ODDLINE_EINVAL);
    assert_non_null(strstr(error, "2 series need "));
    assert_ptr_equal(instance, &huge); // not touched
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_is_a_head_and_the_series_and_goes_on_elsewhere),
        cmocka_unit_test(state_carries_what_series_share_behind_them),
        cmocka_unit_test(state_of_another_is_refused_and_changes_nothing),
        cmocka_unit_test(state_that_is_not_sane_is_refused_as_a_whole),
        cmocka_unit_test(state_that_would_be_too_big_is_refused_in_one_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
