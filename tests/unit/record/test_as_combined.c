/* SPDX-License-Identifier: MIT */
/* Promise: access logs give time and the named parts of a request, with or without what is optional. */

#include "unit/record/rig.h"

static const struct record_field fields[] = {
    {"remote", true}, {"method", true},  {"path", true},  {"status", false},
    {"bytes", false}, {"referer", true}, {"agent", true}, {"request_time", false}};
enum { REMOTE, METHOD, PATH, STATUS, BYTES, REFERER, AGENT, REQUEST_TIME, WANTED };

static struct rig rig_wanting(void)
{
    return rig_of(.format = RECORD_COMBINED, .fields = fields, .field_count = WANTED);
}

static void all_parts_of_a_request_are_named(void **state)
{
    (void)state;
    struct rig rig = rig_wanting();
    rig_read(&rig,
             "1.2.3.4 - alice [10/Oct/2000:13:55:36 -0700] \"GET /a?b=c HTTP/1.0\" 200 2326 "
             "\"http://x/\" \"Mozilla \\\"5\\\" (X11)\" 0.123\n");
    assert_time(rig.records[0].time_ns, "2000-10-10T20:55:36Z");
    assert_field(&rig, 0, REMOTE, "1.2.3.4");
    assert_field(&rig, 0, METHOD, "GET");
    assert_field(&rig, 0, PATH, "/a?b=c");
    assert_number(&rig, 0, STATUS, 200);
    assert_number(&rig, 0, BYTES, 2326);
    assert_field(&rig, 0, REFERER, "http://x/");
    assert_field(&rig, 0, AGENT, "Mozilla \\\"5\\\" (X11)");
    assert_number(&rig, 0, REQUEST_TIME, 0.123);
    assert_int_equal(rig.records[0].level, 0);
    rig_close(&rig);
}

static void optional_parts_may_be_absent(void **state)
{
    (void)state;
    struct rig rig = rig_wanting();
    rig_read(&rig,
             "host:80 1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"POST /x HTTP/1.1\" 304 -\n"
             "::1 - - [10/Oct/2000:13:55:37 -0700] \"-\" 408 0 0.5\n");
    assert_field(&rig, 0, REMOTE, "1.2.3.4");
    assert_number(&rig, 0, STATUS, 304);
    assert_null(rig_field(&rig, 0, BYTES));
    assert_null(rig_field(&rig, 0, AGENT));
    assert_null(rig_field(&rig, 0, REQUEST_TIME));
    assert_field(&rig, 1, REMOTE, "::1");
    assert_null(rig_field(&rig, 1, METHOD));
    assert_number(&rig, 1, STATUS, 408);
    assert_number(&rig, 1, REQUEST_TIME, 0.5);
    rig_close(&rig);
}

static void other_lines_are_unparsed(void **state)
{
    (void)state;
    struct rig rig = rig_wanting();
    rig_read(&rig,
             "nothing\n[\n1.2.3.4 - - [99/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 1\n");
    assert_int_equal(recorder_counts(rig.recorder).unparsed, 3);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_parts_of_a_request_are_named),
        cmocka_unit_test(optional_parts_may_be_absent),
        cmocka_unit_test(other_lines_are_unparsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
