/* SPDX-License-Identifier: MIT */
/*
 * Promise: the id of a transaction is found in JSON, logfmt and text, under the names that tracers and servers use; and what only looks
 * like one (a commit, a checksum, the number of an order) is none.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trace/reader.h"

#include <stdio.h>
#include <stdlib.h>

#define ID   "0af7651916cd43dd8448eb211c80319c"
#define UUID "3f1c9d2e-7b60-4c1a-9f0e-5d8a7c6b4e21"
#define FLAT "3f1c9d2e7b604c1a9f0e5d8a7c6b4e21"
#define SPAN "b7ad6b7169203331"

/* The ids in `text`, a blank between them. */
static void has(const char *text, const char *want)
{
    struct trace_id ids[8];
    char got[8 * TRACE_ID_SIZE] = "";
    size_t len = strlen(text);
    char *tight = malloc(len + 1); // so that a sanitizer sees who reads behind the end
    memcpy(tight, text, len);
    tight = realloc(tight, len ? len : 1);
    size_t count = trace_ids((struct bytes){tight, len}, false, ids, 0, 8);
    for (size_t i = 0; i < count; i++) {
        strncat(got, i ? " " : "", 2);
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s", ids[i].text);
    }
    free(tight);
    if (strcmp(got, want) != 0)
        fail_msg("%s\n gives '%s', not '%s'", text, got, want);
}

static void fields_of_tracers_are_known_whatever_their_case(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"trace_id\":\"" ID "\"}",
        "{\"level\":\"error\", \"traceId\" : \"" ID "\", \"x\":1}",
        "{\"trace\":{\"id\":\"" ID "\"},\"transaction\":{\"id\":\"" SPAN "\"}}",
        "{\"trace.id\":\"" ID "\"}",
        "{\"traceID\":\"" ID "\"}",
        "{\"ctx\":{\"TRACE_ID\":\"" ID "\"}}",
        "{\"context.trace_id\":\"" ID "\"}",
        "{\"log\":\"{\\\"trace_id\\\":\\\"" ID "\\\"}\\n\",\"stream\":\"stderr\"}",
        "{\"X-B3-TraceId\":\"" ID "\",\"X-B3-SpanId\":\"" SPAN "\"}",
        "b3: " ID "-" SPAN "-1",
        "b3=" ID "-" SPAN "-1-05e3ac9a4f6e3b90 ok",
        "{\"traceparent\":\"00-" ID "-" SPAN "-01\"}",
        "level=info traceparent=00-" ID "-" SPAN "-00",
        "level=error trace_id=" ID " span_id=" SPAN " msg=\"no\"",
        "headers={'uber-trace-id': '" ID ":" SPAN ":0:1'}",
        "X-Cloud-Trace-Context: " ID "/1234567;o=1",
        "{\"logging.googleapis.com/trace\":\"projects/shop/traces/" ID "\"}",
        "X-Amzn-Trace-Id: Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=53995c3f42cd8ad8",
        "GET /pay?a=1&trace_id=" ID "&b=2",
        "trace_id => " ID,
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        has(texts[i], ID);
    has("dd.trace_id=5208512171318403364 dd.span_id=17", "5208512171318403364");
    has("{\"dd\":{\"trace_id\":\"5208512171318403364\"}}", "5208512171318403364");
}

static void text_says_it_in_words_brackets_and_headers(void **state)
{
    (void)state;
    has("10:00:01 INFO [trace=" ID "] paid", ID);
    has("10:00:01 INFO [shop," ID "," SPAN ",true] paid", ID);
    has("INFO [" ID "-" SPAN "] paid", ID);
    has("calling with 00-" ID "-" SPAN "-01 now", ID);
    has("trace " ID " sampled", ID);
    has("Trace ID: " ID ".", ID);
    has("(traceId: " ID ")", ID);
}

static void requests_have_ids_too(void **state)
{
    (void)state;
    has("{\"request_id\":\"" UUID "\"}", FLAT);
    has("{\"http\":{\"request\":{\"id\":\"" UUID "\"}}}", FLAT);
    has("X-Request-Id: " UUID, FLAT);
    has("correlation_id=" UUID " ok", FLAT);
    has("reqId=7Kd02mPqXy ok", "7Kd02mPqXy");
    has("request " UUID " failed", FLAT);
    has("Request ID " UUID, FLAT);
    has("[req-" UUID " - - - - -] took 1 s", FLAT);
    has("requestId: 51F6D3D4B8AC1D2E (slow)", "51f6d3d4b8ac1d2e");
    has("request 4bf92f35 done", "4bf92f35");
    has("request_id=" UUID " trace_id=" ID " request_id=" UUID, FLAT " " ID);
}

static void what_only_looks_like_an_id_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "built from commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "version 1.2.3 (git 9fceb02d0ae5)",
        "md5 d41d8cd98f00b204e9800998ecf8427e of /srv/a.tar",
        "checksum=d41d8cd98f00b204e9800998ecf8427e",
        "{\"etag\":\"d41d8cd98f00b204e9800998ecf8427e\"}",
        "order 550e8400-e29b-41d4-a716-446655440000 was paid",
        "{\"order_id\":\"550e8400-e29b-41d4-a716-446655440000\"}",
        "{\"id\":\"550e8400-e29b-41d4-a716-446655440000\"}",
        "session=550e8400-e29b-41d4-a716-446655440000",
        "{\"transaction\":{\"id\":\"" SPAN "\"}}",
        "span_id=" SPAN " parent_id=" SPAN,
        "request took 12345678 us",
        "request 1234567890123456 was the card",
        "request_id=17 trace_id=null requestId=undefined correlation_id=-",
        "trace_id=00000000000000000000000000000000 b3=0",
        "stack trace 0x7fff5fbff8a0",
        "no trace of it",
        "request id 20240101 is the old form",
        "parent_request_id=" UUID,
        "[worker-1,main,5] started",
        "blk_-1608999687919862906 src: /10.0.0.1:5000",
        "2026-05-01T10:00:00.000Z 00-11 INFO request",
        "\"trace\":",
        "trace_id",
        "trace_id=",
        "request id ",
        "[",
        "[a,",
        "b3",
        "0",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        has(texts[i], "");
}

static void a_value_that_the_end_of_the_text_cut_is_not_believed(void **state)
{
    (void)state;
    struct trace_id ids[8];
    struct bytes text = bytes_of("request_id=" UUID " trace_id=0af7651916cd43dd");
    assert_int_equal(trace_ids(text, false, ids, 0, 8), 2);
    assert_int_equal(trace_ids(text, true, ids, 0, 8), 1);
    assert_string_equal(ids[0].text, FLAT);
    text = bytes_of("00-" ID "-" SPAN "-01");
    assert_int_equal(trace_ids(text, true, ids, 0, 8), 0);
}

static void spans_services_and_hosts_come_with_their_kind(void **state)
{
    (void)state;
    static const struct {
        enum trace_kind kind;
        const char *value;
    } want[] = {{TRACE_SERVICE, "payment"},
                {TRACE_HOST, "web-1"},
                {TRACE_ID, ID},
                {TRACE_SPAN, SPAN},
                {TRACE_PARENT, "05e3ac9a4f6e3b90"}};
    struct trace_reader reader = {
        .text = bytes_of("{\"service\":{\"name\":\"payment\"},\"host\":{\"name\":\"web-1\"},"
                         "\"trace_id\":\"" ID "\",\"spanId\":\"" SPAN
                         "\",\"parent_span_id\":\"05e3ac9a4f6e3b90\"}")};
    struct trace_item item;
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        assert_true(trace_next(&reader, &item));
        assert_int_equal(item.kind, want[i].kind);
        assert_true(bytes_is(item.value, want[i].value));
    }
    assert_false(trace_next(&reader, &item));
}

static void a_service_in_a_sentence_is_no_name(void **state)
{
    (void)state;
    struct trace_reader reader = {.text = bytes_of("payment service: started, hostname: none")};
    struct trace_item item;
    assert_false(trace_next(&reader, &item));
}

static void any_bytes_end(void **state)
{
    (void)state;
    unsigned seed = 7;
    for (int round = 0; round < 20000; round++) {
        static const char parts[] = "trace_id=:\"{}[],- \\.req0af7\xff\x00/id";
        size_t len = (size_t)(round % 60);
        char *text = malloc(len + 1);
        for (size_t i = 0; i < len; i++) {
            seed = seed * 1103515245u + 12345u;
            text[i] = parts[(seed >> 16) % (sizeof(parts) - 1)];
        }
        text = realloc(text, len ? len : 1);
        struct trace_id ids[8];
        assert_true(trace_ids((struct bytes){text, len}, round & 1, ids, 0, 8) <= 8);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_of_tracers_are_known_whatever_their_case),
        cmocka_unit_test(text_says_it_in_words_brackets_and_headers),
        cmocka_unit_test(requests_have_ids_too),
        cmocka_unit_test(what_only_looks_like_an_id_is_none),
        cmocka_unit_test(a_value_that_the_end_of_the_text_cut_is_not_believed),
        cmocka_unit_test(spans_services_and_hosts_come_with_their_kind),
        cmocka_unit_test(a_service_in_a_sentence_is_no_name),
        cmocka_unit_test(any_bytes_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
