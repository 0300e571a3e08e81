/* SPDX-License-Identifier: MIT */
/* Promise: label and briefing come out as they went in; any other bytes are refused, and nothing is believed of a count. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/brief.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static oddline_status opened(const oddline_host *host, const oddline_value *values, void **ret,
                             char *error)
{
    (void)host, (void)values, (void)ret, (void)error;
    return ODDLINE_OK;
}

static oddline_status scored(void *instance, const oddline_window *window)
{
    (void)instance, (void)window;
    return ODDLINE_OK;
}

static void closed(void *instance)
{
    (void)instance;
}

static const oddline_param params[] = {
    {.name = "share",
     .unit = "ratio",
     .help = "A number.",
     .type = ODDLINE_F64,
     .fallback.f64 = 0.25,
     .min.f64 = -1,
     .max.f64 = 2},
    {.name = "word", .unit = "", .help = "A text.", .type = ODDLINE_TEXT, .fallback.text = "x"},
    {.name = "many",
     .unit = "",
     .help = "A count.",
     .type = ODDLINE_I64,
     .fallback.i64 = -3,
     .min.i64 = INT64_MIN,
     .max.i64 = INT64_MAX},
    {.name = "patterns", .unit = "", .help = "Patterns.", .type = ODDLINE_PATTERNS},
};

static const struct oddline_plugin label = {.size = sizeof(label),
                                            .abi = ODDLINE_ABI,
                                            .needs = ODDLINE_NEEDS_ALL_SERIES,
                                            .id = "an-id",
                                            .version = "1.2.3",
                                            .summary = "does something",
                                            .params = params,
                                            .param_count = 4,
                                            .state_version = 9,
                                            .open = opened,
                                            .score = scored,
                                            .close = closed};

static int unpack(struct bytes packed, struct oddline_plugin *ret, struct arena *arena)
{
    // memory of exactly the right size, so that a look behind the end is seen
    char *exact = malloc(packed.len ? packed.len : 1);
    struct error error = {""};
    if (packed.len)
        memcpy(exact, packed.at, packed.len);
    int r = label_unpack((struct bytes){exact, packed.len}, "a.so", arena, ret, &error);
    assert_true((r < 0) == (error.text[0] != '\0'));
    free(exact);
    return r;
}

static void label_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct buffer packed = {0};
    struct arena arena = {0};
    struct oddline_plugin far;
    label_pack(&packed, &label);
    assert_int_equal(unpack(buffer_bytes(&packed), &far, &arena), 0);
    buffer_free(&packed); // nothing lent
    assert_string_equal(far.id, "an-id");
    assert_string_equal(far.version, "1.2.3");
    assert_string_equal(far.summary, "does something");
    assert_int_equal(far.needs, label.needs);
    assert_int_equal(far.state_version, 9);
    assert_int_equal(far.param_count, 4);
    assert_true(far.open && far.score && far.close && !far.save && !far.load && !far.observe);
    assert_true(far.params[0].fallback.f64 == 0.25 && far.params[0].min.f64 == -1);
    assert_string_equal(far.params[1].fallback.text, "x");
    assert_true(far.params[2].max.i64 == INT64_MAX && far.params[2].fallback.i64 == -3);
    assert_int_equal(far.params[3].type, ODDLINE_PATTERNS);
    arena_free(&arena);
}

static void label_that_is_cut_off_or_goes_on_is_refused(void **state)
{
    (void)state;
    struct buffer packed = {0};
    struct arena arena = {0};
    struct oddline_plugin far;
    label_pack(&packed, &label);
    for (size_t len = 0; len < packed.len; len++)
        assert_int_equal(unpack((struct bytes){packed.at, len}, &far, &arena), -EBADMSG);
    buffer_char(&packed, 'x');
    assert_int_equal(unpack(buffer_bytes(&packed), &far, &arena), -EBADMSG);
    arena_free(&arena);
    buffer_free(&packed);
}

static void label_with_any_byte_changed_does_no_harm(void **state)
{
    (void)state;
    struct buffer packed = {0};
    struct arena arena = {0};
    label_pack(&packed, &label);
    for (size_t i = 0; i < packed.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            struct oddline_plugin far;
            packed.at[i] ^= (char)(1 << bit);
            if (unpack(buffer_bytes(&packed), &far, &arena) == 0)
                assert_true(strlen(far.id) <= 31 && far.param_count <= 32);
            packed.at[i] ^= (char)(1 << bit);
        }
    arena_free(&arena);
    buffer_free(&packed);
}

/* ---- briefings ---------------------------------------------------------- */

static const char *const names[] = {"errors", "lines"};
static const uint32_t on[] = {4, 7};
static const struct plugin_setting settings[] = {{"share", "0.5"}, {"word", ""}};

static void pack_two_seats(struct buffer *out)
{
    struct seat_brief seats[2] = {{.number = 3,
                                   .plugin = 1,
                                   .stream = 2,
                                   .stream_name = "checkout",
                                   .on = on,
                                   .series = names,
                                   .on_count = 2,
                                   .field_names = names,
                                   .field_count = 1,
                                   .settings = settings,
                                   .setting_count = 2,
                                   .window_ns = 60,
                                   .has_state = true,
                                   .state_version = 5,
                                   .state = {"\0\1\2", 3}},
                                  {.number = 4, .stream_name = ""}};
    briefing_pack(out, &(struct briefing){.begin = 1000,
                                          .save_every = 77,
                                          .skip = UINT64_MAX,
                                          .seat_count = 2,
                                          .seats = seats});
}

static void briefing_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct buffer packed = {0};
    struct arena arena = {0};
    struct briefing b;
    pack_two_seats(&packed);
    assert_int_equal(briefing_unpack(buffer_bytes(&packed), &arena, &b), 0);
    assert_true(b.begin == 1000 && b.save_every == 77 && b.skip == UINT64_MAX);
    assert_int_equal(b.seat_count, 2);
    const struct seat_brief *seat = &b.seats[0];
    assert_int_equal(seat->number, 3);
    assert_int_equal(seat->plugin, 1);
    assert_int_equal(seat->stream, 2);
    assert_string_equal(seat->stream_name, "checkout");
    assert_int_equal(seat->on[1], 7);
    assert_string_equal(seat->series[1], "lines");
    assert_string_equal(seat->field_names[0], "errors");
    assert_string_equal(seat->settings[0].value, "0.5");
    assert_string_equal(seat->settings[1].value, "");
    assert_int_equal(seat->window_ns, 60);
    assert_true(seat->has_state && seat->state.len == 3 && seat->state.at[2] == 2);
    assert_true(!b.seats[1].has_state && b.seats[1].on_count == 0);
    arena_free(&arena);
    buffer_free(&packed);
}

static void briefing_that_is_cut_off_is_refused(void **state)
{
    (void)state;
    struct buffer packed = {0};
    struct arena arena = {0};
    struct briefing b = {.begin = 5};
    pack_two_seats(&packed);
    for (size_t len = 0; len < packed.len; len++)
        assert_int_equal(briefing_unpack((struct bytes){packed.at, len}, &arena, &b), -EBADMSG);
    assert_int_equal(b.begin, 5); // and nothing is clobbered
    arena_free(&arena);
    buffer_free(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(label_comes_out_as_it_went_in),
        cmocka_unit_test(label_that_is_cut_off_or_goes_on_is_refused),
        cmocka_unit_test(label_with_any_byte_changed_does_no_harm),
        cmocka_unit_test(briefing_comes_out_as_it_went_in),
        cmocka_unit_test(briefing_that_is_cut_off_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
