/* SPDX-License-Identifier: MIT */
/*
 * Promise: silences come back from their file as they were written, whatever was typed; a file that somebody spoilt is refused as a
 * whole; a change is noticed once.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/silence_file.h"
#include "base/clock.h"
#include "rig.h"

#include <errno.h>

static struct silence_file file, back;
static struct error error;

static void fill(void)
{
    memset(&file, 0, sizeof(file));
    memset(&back, 0, sizeof(back));
    file.next_id = 9;
    file.list.count = 2;
    file.list.at[0] = (struct silence){.id = 3,
                                       .from_ns = 1683108000 * NS_PER_S,
                                       .until_ns = 1683115200 * NS_PER_S,
                                       .stream = "check\"out\\",
                                       .reason = "déménagement, \"ja\"",
                                       .author = "ann"};
    file.list.at[1] = file.list.at[0];
    file.list.at[1].id = 8;
    memset(file.list.at[1].reason, '"', HUSH_REASON_SIZE - 1);
}

static void silences_come_back_as_they_were_written(void **state)
{
    (void)state;
    fill();
    assert_int_equal(silence_file_write(".", &file, &error), 0);
    assert_int_equal(silence_file_read(".", &back, &error), 0);
    assert_memory_equal(&file, &back, sizeof(file));
    assert_int_equal(access("silences.json.new", F_OK), -1);
}

static void no_file_is_no_silence(void **state)
{
    (void)state;
    fill();
    assert_int_equal(silence_file_read(".", &file, &error), 0);
    assert_int_equal(file.list.count, 0);
    assert_int_equal(file.next_id, 1);
}

static void file_that_was_spoilt_is_refused_as_a_whole(void **state)
{
    (void)state;
    char whole[4096], part[4096];
    fill();
    assert_int_equal(silence_file_write(".", &file, &error), 0);
    FILE *in = fopen("silences.json", "r");
    size_t len = fread(whole, 1, sizeof(whole) - 1, in);
    fclose(in);
    whole[len] = '\0';
    for (size_t cut = 0; cut + 2 < len; cut += 7) { // the last two bytes are `}` and a newline
        snprintf(part, sizeof(part), "%.*s", (int)cut, whole);
        rig_write("silences.json", part);
        memset(&back, 7, sizeof(back));
        assert_int_equal(silence_file_read(".", &back, &error), -EBADMSG);
        assert_int_equal(back.list.count, 0x0707070707070707);
    }
    *strstr(whole, "\"id\":8") = '!';
    rig_write("silences.json", whole);
    assert_int_equal(silence_file_read(".", &back, &error), -EBADMSG);
}

static void text_too_long_or_no_file_at_all_is_refused(void **state)
{
    (void)state;
    char text[1024];
    snprintf(
        text, sizeof(text),
        "{\"v\":1,\"next\":2,\"silences\":[{\"id\":1,\"stream\":\"%0*d\",\"series\":\"\","
        "\"detector\":\"\",\"reason\":\"\",\"author\":\"\",\"from\":\"2023-05-03T10:00:00Z\","
        "\"until\":\"2023-05-03T12:00:00Z\"}]}",
        HUSH_NAME_SIZE, 1);
    rig_write("silences.json", text);
    assert_int_equal(silence_file_read(".", &back, &error), -EBADMSG);
    remove("silences.json");
    mkdir("silences.json", 0700);
    assert_int_equal(silence_file_read(".", &back, &error), -EINVAL);
    remove("silences.json");
    assert_int_equal(symlink("/dev/zero", "silences.json"), 0);
    assert_true(silence_file_read(".", &back, &error) < 0);
}

static void change_is_noticed_once(void **state)
{
    (void)state;
    struct silence_watch watch = {0};
    fill();
    assert_true(silence_watch_changed(&watch, ".")); // the first look
    assert_false(silence_watch_changed(&watch, "."));
    assert_int_equal(silence_file_write(".", &file, &error), 0);
    assert_true(silence_watch_changed(&watch, "."));
    assert_false(silence_watch_changed(&watch, "."));
    assert_int_equal(silence_file_write(".", &file, &error), 0); // the same text anew
    assert_true(silence_watch_changed(&watch, "."));
    remove("silences.json");
    assert_true(silence_watch_changed(&watch, "."));
    assert_false(silence_watch_changed(&watch, "."));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(silences_come_back_as_they_were_written),
        TEST(no_file_is_no_silence),
        TEST(file_that_was_spoilt_is_refused_as_a_whole),
        TEST(text_too_long_or_no_file_at_all_is_refused),
        TEST(change_is_noticed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
