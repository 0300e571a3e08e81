/* SPDX-License-Identifier: MIT */
/*
 * Promise: what varies from line to line becomes <*> by its looks, the same way on every host, and what says something stays; any
 * bytes are taken, and the result is bounded.
 */

#include "record/mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct pair {
    const char *message, *text;
};

static void expect(const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct masked masked;
        char text[MASK_TEXT + 1];
        mask_message(bytes_of(pairs[i].message), &masked);
        memcpy(text, masked.text, masked.len);
        text[masked.len] = '\0';
        assert_string_equal(text, pairs[i].text);
    }
}
#define EXPECT(pairs) expect(pairs, sizeof(pairs) / sizeof((pairs)[0]))

static void values_are_masked_by_their_looks(void **state)
{
    static const struct pair pairs[] = {
        {"retry 17 failed", "retry <*> failed"},
        {"boot = -127, init = +3.5", "boot = <*>, init = <*>"},
        {"at 0x14f05578bd80020 now", "at <*> now"},
        {"req-38101a0b-2096-447d-96ea-a692162415ae done", "<*> done"},
        {"from 10.0.0.7 port", "from <*> port"},
        {"from 10.0.0.7:5070 port", "from <*> port"},
        {"peer fe80::1ff:fe23:4567:890a up", "peer <*> up"},
        {"mac aa:bb:cc:dd:ee:ff joined", "mac <*> joined"},
        {"mac 00:11:43:e3:ba:c3 joined", "mac <*> joined"},
        {"open /etc/httpd/conf/workers.properties failed", "open <*> failed"},
        {"hive C:\\Windows\\System.dat loaded", "hive <*> loaded"},
        {"get https://example.org/a?b=c done", "get <*> done"},
        {"mail to jane.doe@example.org sent", "mail to <*> sent"},
        {"proxy.example.org:443 open", "<*> open"},
        {"since 16:31:46,725 down", "since <*> down"},
        {"since 2005-06-03T10:11:12Z down", "since <*> down"},
        {"since Tue Jul 18 10:22:33 2005 down", "since <*> down"},
        {"size 5.7 KB, free 376.4 KB)", "size <*>, free <*>)"},
        {"lifetime <1 sec", "lifetime <*>"},
        {"enabled: true", "enabled: <*>"},
    };
    (void)state;
    EXPECT(pairs);
}

static void what_says_something_stays(void **state)
{
    static const struct pair pairs[] = {
        {"Connection refused", "Connection refused"},
        {"java.io.IOException: not running", "java.io.IOException: not running"},
        {"\"GET /index.html\" failed", "\"GET <*>\" failed"},
        {"logname= ruser= rhost=10.0.0.7", "logname= ruser= rhost=<*>"},
        {"tag=\"View Lock\"", "tag=\"View Lock\""},
        {"May the force be", "May the force be"},
        {"Will retry shortly ...", "Will retry shortly ..."},
        {"store operation....0", "store operation...<*>"},
        {"state: ab:cd", "state: ab:cd"},
    };
    (void)state;
    EXPECT(pairs);
}

static void lists_and_asides_do_not_make_new_texts(void **state)
{
    static const struct pair pairs[] = {
        {"delete blk_1 blk_2 blk_3", "delete <*>"},
        {"delete blk_1", "delete <*>"},
        {"ids 1, 2, 3 kept", "ids <*> kept"},
        {"close, 0 bytes sent", "close, <*> bytes sent"},
        {"close, 1234 bytes (1.20 KB) sent", "close, <*> bytes sent"},
        {"device (0:0): gone", "device : gone"},
        {"chdir(/home/x) failed", "chdir(<*>) failed"},
        {"a   b\tc", "a b c"},
        {"first line 1\nsecond line", "first line <*>"},
    };
    (void)state;
    EXPECT(pairs);
}

static void words_point_into_the_text(void **state)
{
    struct masked masked;
    (void)state;
    mask_message(bytes_of("user root has 5 jobs"), &masked);
    assert_int_equal(masked.count, 5);
    assert_int_equal(masked.values, 1u << 3);
    assert_memory_equal(masked.text + masked.words[1].begin, "root", masked.words[1].len);
    assert_int_equal(masked.words[1].len, 4);
}

static void any_bytes_are_taken_and_the_text_is_bounded(void **state)
{
    struct masked masked;
    uint64_t seed = 7;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t len = (size_t)round % 200 * (round % 50 ? 1 : 20);
        char *message = malloc(len + 1); // exact, so that reading beyond it is seen
        assert_non_null(message);
        for (size_t i = 0; i < len; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            message[i] =
                round % 2 ? (char)(seed >> 56) : "a1 .:=/-(<>)\\x@,\"#*f"[(seed >> 40) % 21];
        }
        mask_message((struct bytes){message, len}, &masked);
        assert_true(masked.len <= MASK_TEXT && masked.count <= MASK_WORDS);
        for (uint32_t i = 0; i < masked.count; i++)
            assert_true(masked.words[i].begin + masked.words[i].len <= masked.len);
        free(message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_masked_by_their_looks),
        cmocka_unit_test(what_says_something_stays),
        cmocka_unit_test(lists_and_asides_do_not_make_new_texts),
        cmocka_unit_test(words_point_into_the_text),
        cmocka_unit_test(any_bytes_are_taken_and_the_text_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
