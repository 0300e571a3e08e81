/* SPDX-License-Identifier: MIT */
/*
 * Promise: an id is found in the bytes of a log however it is written there, and nothing that only contains it is.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trace/needle.h"
#include "trace/reader.h"

#define ID "0af7651916cd43dd8448eb211c80319c"

static bool finds(const char *id, const char *text)
{
    struct needle needle;
    assert_true(needle_make(bytes_of(id), &needle));
    return needle_in(&needle, bytes_of(text));
}

static void an_id_is_found_in_all_its_forms(void **state)
{
    (void)state;
    static const char *const given[] = {ID, "0AF7651916CD43DD8448EB211C80319C",
                                        "0af76519-16cd-43dd-8448-eb211c80319c",
                                        "00-" ID "-b7ad6b7169203331-01"};
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        assert_true(finds(given[i], "a trace_id=" ID));
        assert_true(finds(given[i], "\"0AF7651916CD43DD8448EB211C80319C\""));
        assert_true(finds(given[i], "id 0af76519-16cd-43dd-8448-eb211c80319c, and more"));
        assert_true(finds(given[i], "00-" ID "-b7ad6b7169203331-01"));
        assert_true(finds(given[i], "Root=1-0af76519-16cd43dd8448eb211c80319c"));
        assert_true(finds(given[i], "eb211c80319c and then " ID));
    }
}

static void what_only_contains_it_is_another(void **state)
{
    (void)state;
    assert_false(finds(ID, "1af7651916cd43dd8448eb211c80319c"));
    assert_false(finds(ID, "ff" ID));
    assert_false(finds(ID, ID "00"));
    assert_false(finds(ID, "8448eb211c80319c"));
    assert_false(finds(ID, "af7651916cd43dd8448eb211c80319c"));
    assert_false(finds(ID, ""));
}

static void half_an_id_is_found_with_its_zeros_and_not_in_a_longer_one(void **state)
{
    (void)state;
    static const char half[] = "8448eb211c80319c";
    assert_true(finds(half, "x=8448eb211c80319c;"));
    assert_true(finds(half, "x=00000000000000008448EB211C80319C;"));
    assert_true(finds("00000000000000008448eb211c80319c", "x=8448eb211c80319c;"));
    assert_false(finds(half, ID));
    assert_false(finds(half, "0af76519-16cd-43dd-8448-eb211c80319c"));
    assert_false(finds(half, "x=08448eb211c80319c"));
    assert_true(finds(half, "{00000000-0000-0000-8448-EB211C80319C}"));
    assert_true(finds(half, "Root=1-00000000-000000008448eb211c80319c"));
    assert_false(finds(half, "00000000-0000-0001-8448-eb211c80319c"));
    assert_false(finds(half, "0000-8448-eb211c80319c"));
    assert_false(finds(half, "8448-eb211c80319c"));
    // what reader.h takes for the id is found again
    assert_true(finds(half, "request_id=req-8448eb211c80319c done"));
    assert_true(finds("req-8448eb211c80319c", "req-8448eb211c80319c"));
    assert_false(finds(half, "freq-8448eb211c80319c"));
    assert_false(finds(half, "eq-8448eb211c80319c"));
    assert_false(finds(half, "b3: 0af7651916cd43dd-8448eb211c80319c-1")); // there it is a span
}

static void other_ids_are_found_as_they_are(void **state)
{
    (void)state;
    assert_true(finds("req_7Kd02mPq", "[req_7Kd02mPq]"));
    assert_false(finds("req_7Kd02mPq", "[req_7Kd02mPqX]"));
    assert_false(finds("req_7Kd02mPq", "[REQ_7KD02MPQ]"));
    assert_true(finds("4711", "order 4711 paid"));
    assert_false(finds("4711", "order 47110 paid"));
}

static void what_cannot_be_searched_for_is_refused(void **state)
{
    (void)state;
    struct needle needle;
    char wide[TRACE_ID_MAX + 2];
    memset(wide, 'x', sizeof(wide) - 1);
    wide[sizeof(wide) - 1] = '\0';
    assert_false(needle_make(bytes_of("abc"), &needle));
    assert_false(needle_make(bytes_of(wide), &needle));
}

/* A finding, or --slow, names it: then `oddline trace` of that name has to find the line it is from. */
static void what_a_record_names_is_found_in_it(void **state)
{
    static const char *const lines[] = {
        "{\"trace\":{\"id\":\"" ID "\"}}",
        "traceparent: 00-" ID "-b7ad6b7169203331-01",
        "traceparent: 00-00000000000000008448eb211c80319c-b7ad6b7169203331-01",
        "b3: 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90",
        "b3=64fe8b2a57d3eff7-e457b5a2e4d86bd1-1",
        "X-B3-TraceId: 64fe8b2a57d3eff7",
        "uber-trace-id: 64fe8b2a57d3eff7:e457b5a2e4d86bd1:0:1",
        "uber-trace-id: 4fe8b2a57d3eff7:e457b5a2e4d86bd1:0:1",
        "X-Cloud-Trace-Context: 105445aa7843bc8bf206b12000100000/1;o=1",
        "\"logging.googleapis.com/trace\":\"projects/p/traces/"
        "105445aa7843bc8bf206b12000100000\"",
        "X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
        "X-Amzn-Trace-Id: "
        "Self=1-67891234-12456789abcdef012345678;Root=1-67891233-abcdef012345678912345678",
        "dd.trace_id=1234567890123456789 dd.span_id=5",
        "dd.trace_id=1234567890123456",
        "request_id=req-8448eb211c80319c",
        "req-3f1c2d4e-5a6b-4c7d-8e9f-0a1b2c3d4e5f",
        "requestId: 'req_7Kd02mPq'",
        "correlation_id=order/2026:77@eu=1",
        "request 3F1C2D4E-5A6B-4C7D-8E9F-0A1B2C3D4E5F failed",
        "[trace=4bf92f3577b34da6]",
        "[shop,4bf92f3577b34da6a3ce929d0e0e4736,00f067aa0ba902b7]",
        "[4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7]",
        "x-request-id=00000000-0000-0000-8448-eb211c80319c",
        "trace_id=00000000000000008448eb211c80319c",
        "{\"context\":\"{\\\"trace_id\\\":\\\"8448EB211C80319C\\\"}\"}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct trace_id ids[4];
        size_t count = trace_ids(bytes_of(lines[i]), false, ids, 0, 4);
        if (!count)
            fail_msg("no id in %s", lines[i]);
        for (size_t k = 0; k < count; k++)
            if (!finds(ids[k].text, lines[i]))
                fail_msg("%s is not found in %s", ids[k].text, lines[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_found_in_all_its_forms),
        cmocka_unit_test(what_only_contains_it_is_another),
        cmocka_unit_test(half_an_id_is_found_with_its_zeros_and_not_in_a_longer_one),
        cmocka_unit_test(other_ids_are_found_as_they_are),
        cmocka_unit_test(what_cannot_be_searched_for_is_refused),
        cmocka_unit_test(what_a_record_names_is_found_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
