/* SPDX-License-Identifier: MIT */
/*
 * Promise: a record that tells of a deployment is noticed with its version, its service and its time, redacted, and comes into the ring
 * behind its batch; other records, and streams without rules, cost nothing and give nothing.
 */

#include "lane/notice.h"

#include "base/clock.h"
#include "base/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct ring *ring;
static struct lane lane;
static struct regex *match[2], *secret;
static struct redaction redaction;
static struct deploy_rule rules[2];
static struct lane_plan plan;

static int set_up(void **state)
{
    (void)state;
    struct error error;
    if (ring_create(4 << 20, 1, &ring, &error) < 0 || lane_init(&lane, ring, &error) < 0 ||
        regex_compile("deployed (?<service>\\w+)? ?(?<version>v.*)", &match[0], &error) < 0 ||
        regex_compile("starting (?<version>\\S+)", &match[1], &error) < 0 ||
        regex_compile("token=\\w+", &secret, &error) < 0)
        return -1;
    for (unsigned i = 0; i < 2; i++)
        rules[i] = (struct deploy_rule){.match = match[i],
                                        .pattern = 3 + i,
                                        .version = regex_group_number(match[i], "version"),
                                        .service = regex_group_number(match[i], "service"),
                                        .default_service = i ? "front" : ""};
    redaction = (struct redaction){secret, "<token>"};
    plan = (struct lane_plan){.number = 5,
                              .deploys = rules,
                              .deploy_count = 2,
                              .window = {.redactions = &redaction, .redaction_count = 1}};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        regex_free(match[i]);
    regex_free(secret);
    lane_free(&lane);
    ring_destroy(ring);
    return 0;
}

/* One record as the recorder would have made it; returns what came of it, NULL: nothing. */
static const struct deploy_notice *look(const char *text, uint64_t matches, int64_t time_ns)
{
    struct oddline_record record = {
        .time_ns = time_ns, .matches = matches, .text_len = (uint32_t)strlen(text)};
    struct oddline_batch batch = {
        .size = sizeof(batch), .text = text, .records = &record, .count = 1};
    while (ring_peek(ring, 0))
        ring_release(ring, 0);
    notice_deploys(&lane, &plan, &batch);
    assert_null(ring_peek(ring, 0)); // the batch is still being made in that room
    notice_emit(&lane);
    const struct ring_frame *frame = ring_peek(ring, 0);
    assert_true(!frame || frame->kind == RING_DEPLOY);
    return frame ? ring_payload(frame) : NULL;
}

static void deployment_is_noticed_with_service_version_and_time(void **state)
{
    (void)state;
    const struct deploy_notice *notice = look("deployed checkout v1.2.3", 8, 42);
    assert_non_null(notice);
    assert_int_equal(notice->stream, 5);
    assert_int_equal(notice->time_ns, 42);
    assert_string_equal(notice->service, "checkout");
    assert_string_equal(notice->version, "v1.2.3");
}

static void service_that_is_not_said_is_that_of_the_rule_or_of_the_stream(void **state)
{
    (void)state;
    assert_string_equal(look("starting v7 now", 16, 42)->service, "front");
    assert_string_equal(look("deployed v7", 8, 42)->service, "");
}

static void record_without_the_bit_is_not_looked_at(void **state)
{
    (void)state;
    assert_null(look("deployed checkout v1.2.3", 7, 42));
    assert_null(look("deployed checkout v1.2.3", 16, 42)); // the bit of the other rule
    struct regex_health health = regex_health(match[0]);
    assert_int_equal(health.searches, 0);
}

static void record_without_a_time_takes_that_of_its_arrival(void **state)
{
    (void)state;
    lane.arrival_ns = NO_TIME;
    assert_null(look("starting v7", 16, NO_TIME));
    lane.arrival_ns = 77;
    assert_int_equal(look("starting v7", 16, NO_TIME)->time_ns, 77);
}

static void what_leaves_is_redacted_plain_and_bounded(void **state)
{
    (void)state;
    char text[1024] = "deployed checkout v";
    assert_string_equal(look("deployed checkout v1 token=abc", 8, 42)->version, "v1 <token>");
    assert_string_equal(look("deployed checkout v1 \x1b[2J", 8, 42)->version, "v1");
    memset(text + strlen(text), 'x', 500);
    assert_int_equal(strlen(look(text, 8, 42)->version), DEPLOY_NAME_SIZE - 1);
}

static void many_in_one_batch_come_in_their_order(void **state)
{
    (void)state;
    struct oddline_record records[100];
    const char text[] = "starting v1starting v2";
    for (uint32_t i = 0; i < 100; i++)
        records[i] = (struct oddline_record){
            .time_ns = i, .matches = 16, .text = i % 2 * 11, .text_len = 11};
    struct oddline_batch batch = {
        .size = sizeof(batch), .text = text, .records = records, .count = 100};
    notice_deploys(&lane, &plan, &batch);
    notice_emit(&lane);
    for (uint32_t i = 0; i < 100; i++) {
        const struct deploy_notice *notice = ring_payload(ring_peek(ring, 0));
        assert_int_equal(notice->time_ns, i);
        assert_string_equal(notice->version, i % 2 ? "v2" : "v1");
        ring_release(ring, 0);
    }
    assert_null(ring_peek(ring, 0));
    notice_emit(&lane); // once
    assert_null(ring_peek(ring, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(deployment_is_noticed_with_service_version_and_time),
        TEST(service_that_is_not_said_is_that_of_the_rule_or_of_the_stream),
        TEST(record_without_the_bit_is_not_looked_at),
        TEST(record_without_a_time_takes_that_of_its_arrival),
        TEST(what_leaves_is_redacted_plain_and_bounded),
        TEST(many_in_one_batch_come_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
