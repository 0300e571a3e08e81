/* SPDX-License-Identifier: MIT */
/* Promise: packed bytes that are torn or not ours are refused as a whole and leave a judge that begins cold. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "story.h"

#include <errno.h>

/* Whatever was taken before the end is forgotten again: a story told now is that of a fresh judge. */
static void assert_cold(const struct buffer *fresh)
{
    start_judge();
    buffer_clear(&told);
    ids = findings = 0;
    tell(0, 60, 0);
    struct buffer now = {0};
    buffer_append(&now, told.at, told.len);
    assert_same_text(fresh, &now);
    buffer_free(&now);
}

static void set_hash(char *bytes, size_t len)
{
    uint64_t hash = hash_bytes((struct bytes){bytes + 8, len - 8});
    memcpy(bytes, &hash, 8);
}

static void judge_refuses_torn_bytes_and_begins_cold(void **state)
{
    (void)state;
    struct buffer fresh = {0};
    make_judge();
    assert_cold(&told); // makes the text that the others have to be like
    buffer_append(&fresh, told.at, told.len);
    tell(60, 155, 0);
    put_mark(MARK_SNAPSHOT);
    for (size_t len = 0; len < packed.len; len += 1 + len / 40) {
        char *cut = memcpy(malloc(len + 1), packed.at, len);
        struct bytes bytes = {cut, len};
        make_judge();
        assert_int_equal(judge_unpack(judge, bytes), -EBADMSG);
        if (len > 12) { // and with a hash that says it is right
            set_hash(cut, len);
            assert_int_equal(judge_unpack(judge, bytes), -EBADMSG);
            assert_cold(&fresh);
        }
        free(cut);
    }
    buffer_free(&fresh);
}

static void judge_survives_flipped_bytes_that_its_hash_does_not_show(void **state)
{
    (void)state;
    make_judge();
    start_judge();
    tell(0, 155, 0);
    put_mark(MARK_SNAPSHOT);
    struct buffer good = packed;
    packed = (struct buffer){0};
    char *copy = malloc(good.len);
    for (size_t i = 0; i < good.len; i += 1 + i / 256) {
        memcpy(copy, good.at, good.len);
        copy[i] = (char)(copy[i] ^ 1 << i % 8);
        struct bytes bytes = {copy, good.len};
        make_judge();
        assert_int_equal(judge_unpack(judge, bytes), -EBADMSG);
        set_hash(copy, good.len);
        judge_unpack(judge, bytes); // it may be taken for true
        start_judge();
        tell(155, 165, 0);
        put_mark(MARK_SNAPSHOT);
    }
    free(copy);
    buffer_free(&good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY_TEST(judge_refuses_torn_bytes_and_begins_cold),
        STORY_TEST(judge_survives_flipped_bytes_that_its_hash_does_not_show),
    };
    return cmocka_run_group_tests(tests, load_all, unload_all);
}
