/* SPDX-License-Identifier: MIT */
/* Promise: a failure is one sentence and one code; nobody has to want the sentence, and no sentence is too long. */

#include "base/error.h"

#include <errno.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void error_writes_the_sentence_and_hands_back_the_code(void **state)
{
    (void)state;
    struct error error = {""};
    assert_int_equal(error_set(&error, -ENOENT, "%s: line %d", "a.yaml", 3), -ENOENT);
    assert_string_equal(error.text, "a.yaml: line 3");
    assert_int_equal(error_set(&error, -EINVAL, "second"), -EINVAL);
    assert_string_equal(error.text, "second");
}

static void error_may_go_unread(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, -EIO, "%s", "nobody reads this"), -EIO);
}

static void error_cuts_a_sentence_that_is_too_long(void **state)
{
    (void)state;
    struct error error;
    char path[2 * sizeof(error.text)];
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(error_set(&error, -ENAMETOOLONG, "%s: too long", path), -ENAMETOOLONG);
    assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
    assert_int_equal(error.text[sizeof(error.text) - 2], 'p');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_writes_the_sentence_and_hands_back_the_code),
        cmocka_unit_test(error_may_go_unread),
        cmocka_unit_test(error_cuts_a_sentence_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
