/* SPDX-License-Identifier: MIT */
/* The promise: no word of a finding in the environment means anything to a shell, and none can pose as another variable. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "act/surroundings.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *find(const struct surroundings *s, const char *name)
{
    const char *found = NULL;
    for (char *const *e = s->at; *e; e++)
        if (strncmp(*e, name, strlen(name)) == 0 && (*e)[strlen(name)] == '=') {
            assert_null(found); // once only
            found = *e + strlen(name) + 1;
        }
    return found;
}

static void words_are_harmless(void **state)
{
    (void)state;
    struct surroundings s;
    struct action action = {.name = "a"};
    struct letter letter = {.n = 4, .host = "w$(x)\n"};
    const char *data = "{\"id\":\"e-4\",\"stream\":\"a b;`x` "
                       "$(y)\\nPATH=/evil'\\\"\\u00e9*?\",\"revision\":2,\"score\":null}";
    buffer_text(&letter.data, data);
    setenv("ODDLINE_ID", "forged", 1);
    surroundings_make(&s, &action, &letter, 3);
    assert_string_equal(find(&s, "ODDLINE_ID"), "e-4");
    assert_string_equal(find(&s, "ODDLINE_HOST"), "w__x__");
    assert_string_equal(find(&s, "ODDLINE_STREAM"), "a_b__x____y__PATH=/evil______");
    assert_string_equal(find(&s, "ODDLINE_REVISION"), "2");
    assert_string_equal(find(&s, "ODDLINE_ATTEMPT"), "3");
    assert_string_equal(find(&s, "PATH"), getenv("PATH"));
    surroundings_free(&s);
    letter_free(&letter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words_are_harmless)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
