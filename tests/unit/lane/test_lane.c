/* SPDX-License-Identifier: MIT */
/*
 * Promise: what a stream knows, its templates among it, goes on from its bytes; bytes of a stream that is planned otherwise, or
 * torn ones, leave it as it was.
 */

#include "lane/lane.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct series_spec series = {.name = "new_templates", .kind = SERIES_NEW};

static struct lane_plan plan_of(bool templates)
{
    return (struct lane_plan){.name = "test",
                              .templates = templates,
                              .window = {.window_ns = 60 * NS_PER_S,
                                         .series = &series,
                                         .series_count = 1,
                                         .from_ns = NO_TIME,
                                         .until_ns = NO_TIME}};
}

static struct lane_stream stream_of(const struct lane_plan *plan)
{
    struct lane_stream stream;
    assert_int_equal(lane_stream_open(plan, &stream), 0);
    assert_int_equal(stream.miner != NULL, plan->templates);
    return stream;
}

static void assert_packs_as(const struct lane_stream *stream, const struct buffer *want)
{
    struct buffer got = {0};
    lane_stream_pack(stream, &got);
    assert_true(bytes_equal(buffer_bytes(&got), buffer_bytes(want)));
    buffer_free(&got);
}

static int unpack(struct lane_stream *stream, struct bytes bytes)
{
    struct unpacker in = {.rest = bytes};
    return lane_stream_unpack(stream, &in);
}

static void stream_keeps_its_templates_over_a_restart(void **state)
{
    (void)state;
    struct lane_plan plan = plan_of(true);
    struct lane_stream stream = stream_of(&plan), next = stream_of(&plan);
    struct buffer saved = {0}, cold = {0};
    for (int i = 0; i < 200; i++)
        template_assign(stream.miner, bytes_of("Got task 7"));
    lane_stream_pack(&next, &cold);
    lane_stream_pack(&stream, &saved);
    for (size_t len = 0; len < saved.len; len++) {
        assert_int_equal(unpack(&next, (struct bytes){saved.at, len}), -EBADMSG);
        assert_packs_as(&next, &cold);
    }
    assert_int_equal(unpack(&next, buffer_bytes(&saved)), 0);
    assert_packs_as(&next, &saved);
    assert_false(template_assign(next.miner, bytes_of("Got task 8")).fresh);
    assert_true(template_assign(next.miner, bytes_of("Disk is full")).fresh);
    buffer_free(&saved);
    buffer_free(&cold);
    lane_stream_close(&stream);
    lane_stream_close(&next);
}

static void stream_without_templates_takes_none(void **state)
{
    (void)state;
    struct lane_plan with = plan_of(true), without = plan_of(false);
    struct lane_stream rich = stream_of(&with), poor = stream_of(&without);
    struct buffer saved = {0}, other = {0};
    lane_stream_pack(&rich, &saved);
    lane_stream_pack(&poor, &other);
    assert_int_equal(unpack(&poor, buffer_bytes(&saved)), -EBADMSG);
    assert_packs_as(&poor, &other);
    assert_int_equal(unpack(&rich, buffer_bytes(&other)), -EBADMSG);
    assert_packs_as(&rich, &saved);
    assert_int_equal(unpack(&poor, buffer_bytes(&other)), 0);
    buffer_free(&saved);
    buffer_free(&other);
    lane_stream_close(&rich);
    lane_stream_close(&poor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_keeps_its_templates_over_a_restart),
        cmocka_unit_test(stream_without_templates_takes_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
