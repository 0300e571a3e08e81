/* SPDX-License-Identifier: MIT */
/* The promise: what is written in the url is what is connected to, or it is refused in one sentence. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deliver/redis_url.h"

#include <errno.h>
#include <string.h>

static void redis_url_takes_the_documented_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        int port, db;
        bool local;
    } good[] = {
        {"redis://127.0.0.1:6380/3", "127.0.0.1", 6380, 3, false},
        {"redis://cache", "cache", 6379, 0, false},
        {"redis://cache/", "cache", 6379, 0, false},
        {"redis://cache/15", "cache", 6379, 15, false},
        {"redis://[::1]:7/1", "::1", 7, 1, false},
        {"redis://[::1]", "::1", 6379, 0, false},
        {"unix:///run/redis.sock", "/run/redis.sock", 6379, 0, true},
        {"unix:///run/redis.sock?db=2", "/run/redis.sock", 6379, 2, true},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct redis_url url;
        assert_int_equal(redis_url_parse(good[i].text, &url, NULL), 0);
        assert_string_equal(url.host, good[i].host);
        assert_int_equal(url.port, good[i].port);
        assert_int_equal(url.db, good[i].db);
        assert_true(url.local == good[i].local);
    }
}

static void redis_url_refuses_the_rest_with_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "must begin with"},
        {"localhost:6379", "must begin with"},
        {"redis://", "1 to"},
        {"redis://:6379", "1 to"},
        {"redis://h:x", "port"},
        {"redis://h:70000", "port"},
        {"redis://h:/0", "1 to"},
        {"redis://h:-1", "port"},
        {"redis://h/x", "db"},
        {"redis://h/99999999999999999999", "db"},
        {"redis://[::1", "']'"},
        {"redis://[::1]x", "may follow"},
        {"redis://user:secret@h/0", "password_file"},
        {"unix://run/x", "absolute"},
        {"unix:///x?db=a", "db"},
        {"unix:///x?foo=1", "?db="},
        {"rediss://h", "TLS"},
        {"redis-sentinel://", "1 to"},
        {"redis-sentinel://a", "/MASTER"},
        {"redis-sentinel://a/", "/MASTER"},
        {"redis-sentinel://a,/m", "1 to"},
        {"redis-sentinel://a:x/m", "port"},
        {"redis-sentinel://a/m/x", "db"},
        {"redis-sentinel://u:secret@a/m", "password_file"},
        {"redis-sentinel://a,b,c,d,e,f,g,h,i/m", "more than 8"},
        {"redis-sentinel://a/"
         "123456789012345678901234567890123456789012345678901234567890123456789",
         "/MASTER"},
        {"unix:///"
         "12345678901234567890123456789012345678901234567890123456789012345678901234567890"
         "123456789012345678901234567890",
         "1 to 107"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct redis_url url = {.port = -7};
        struct error error = {""};
        assert_true(redis_url_parse(bad[i].text, &url, &error) < 0);
        if (!strstr(error.text, bad[i].says))
            fail_msg("%s: %s", bad[i].text, error.text);
        assert_null(strstr(error.text, "secret"));
        assert_int_equal(url.port, -7); // not clobbered
    }
}

static void redis_url_takes_sentinels(void **state)
{
    (void)state;
    struct redis_url url;
    assert_int_equal(redis_url_parse("redis-sentinel://a,b:7,[::1]:8/mymaster/3", &url, NULL),
                     0);
    assert_int_equal(url.sentinel_count, 3);
    assert_string_equal(url.sentinels[0].host, "a");
    assert_int_equal(url.sentinels[0].port, 26379);
    assert_string_equal(url.sentinels[1].host, "b");
    assert_int_equal(url.sentinels[1].port, 7);
    assert_string_equal(url.sentinels[2].host, "::1");
    assert_int_equal(url.sentinels[2].port, 8);
    assert_string_equal(url.master, "mymaster");
    assert_int_equal(url.db, 3);
    assert_int_equal(redis_url_parse("redis-sentinel://a,b,c,d,e,f,g,h/m", &url, NULL), 0);
    assert_int_equal(url.sentinel_count, 8);
    assert_int_equal(url.db, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redis_url_takes_the_documented_forms),
        cmocka_unit_test(redis_url_takes_sentinels),
        cmocka_unit_test(redis_url_refuses_the_rest_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
