/* SPDX-License-Identifier: MIT */
/*
 * Promise: new is what no record before the deployment said, in whatever order the records come, and also when a sentence turns out later to be
 * a case of a wider one; examples are redacted; what was new before as well is counted there.
 */

#include "base/check.h"
#include "base/clock.h"
#include "command/gate_news.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { WINDOWS = 40 };
static const struct news_place before = {.past = true, .before = 1, .after = SIZE_MAX};
static const struct news_place after = {.before = SIZE_MAX, .after = 2};

struct desk {
    struct newsroom room;
    struct config_stream config;
    struct gate_stream stream, control;
    struct gate_cell cells[2][WINDOWS];
    struct gate_pair pair;
};

static struct desk *open_desk(void)
{
    struct desk *d = calloc(1, sizeof(*d));
    CHECK(d && newsroom_open(&d->room) == 0);
    d->config = config_stream_default();
    d->stream = (struct gate_stream){.name = "app", .config = &d->config};
    d->control = (struct gate_stream){.name = "other", .config = &d->config, .control = true};
    CHECK(miner_create(&d->stream.miner) == 0 && miner_create(&d->control.miner) == 0);
    d->pair.before = (struct gate_side){d->cells[0], WINDOWS, 1};
    d->pair.after = (struct gate_side){d->cells[1], WINDOWS, 1};
    return d;
}

static void close_desk(struct desk *d)
{
    miner_free(d->stream.miner);
    miner_free(d->control.miner);
    newsroom_close(&d->room);
    free(d);
}

static void hear(struct desk *d, const struct gate_stream *stream,
                 const struct news_place *place, const char *text)
{
    struct gate_record record = {.stream = stream,
                                 .time_ns = place->past ? 10 * NS_PER_S : 100 * NS_PER_S,
                                 .trouble = true,
                                 .level = ODDLINE_LEVEL_WARN,
                                 .duration_ms = NAN,
                                 .sentence = bytes_of(text),
                                 .text = bytes_of(text)};
    newsroom_take(&d->room, &record, place);
}

/* How many are new now; `first` is the first of them. */
static size_t weigh(struct desk *d, const struct news **first)
{
    newsroom_weigh(&d->room, &d->pair, 5 * NS_PER_S);
    return newsroom_list(&d->room, WINDOWS, first, 1);
}

static void what_was_said_before_is_not_new_whoever_is_read_first(void **state)
{
    (void)state;
    struct desk *d = open_desk();
    const struct news *first;
    hear(d, &d->stream, &after, "connection to peer 17 lost");
    assert_int_equal(weigh(d, &first), 1);
    assert_int_equal(d->cells[1][2].fresh, 1);
    hear(d, &d->stream, &before, "connection to peer 4 lost"); // from a file that is read later
    assert_int_equal(weigh(d, &first), 0);
    assert_int_equal(d->cells[1][2].fresh, 0);
    close_desk(d);
}

static void a_case_of_a_wider_sentence_is_not_new(void **state)
{
    (void)state;
    struct desk *d = open_desk();
    const struct news *first;
    static const char *const names[] = {"anna",  "bert",  "carla", "dora",  "emil",
                                        "frida", "georg", "hanna", "isaac", "jutta"};
    char text[80];
    for (size_t i = 0; i < 5; i++) {
        snprintf(text, sizeof(text), "login refused for user %s by the directory", names[i]);
        hear(d, &d->stream, &before, text);
    }
    for (size_t i = 5; i < 10; i++) {
        snprintf(text, sizeof(text), "login refused for user %s by the directory", names[i]);
        hear(d, &d->stream, &after, text);
    }
    assert_int_equal(weigh(d, &first), 0);
    close_desk(d);
}

static void what_the_control_group_says_is_not_new(void **state)
{
    (void)state;
    struct desk *d = open_desk();
    const struct news *first;
    hear(d, &d->stream, &after, "certificate expires soon");
    hear(d, &d->control, &after, "certificate expires soon");
    assert_int_equal(weigh(d, &first), 0);
    close_desk(d);
}

static void the_example_is_redacted_and_one_line(void **state)
{
    (void)state;
    struct desk *d = open_desk();
    const struct news *first;
    struct regex *card;
    struct config_redact rule = {"\\d{13,19}", "<card>"};
    assert_int_equal(regex_compile(rule.match, &card, NULL), 0);
    struct redaction redaction = {card, rule.with};
    d->config.redact = &rule;
    d->config.redact_count = 1;
    d->stream.redactions = &redaction;
    hear(d, &d->stream, &after, "card 4111111111111111 declined\n  at line 7");
    assert_int_equal(weigh(d, &first), 1);
    assert_int_equal(first->example_len, strlen("card <card> declined"));
    assert_memory_equal(first->example, "card <card> declined", first->example_len);
    regex_free(card);
    close_desk(d);
}

static void what_was_new_in_the_second_half_of_before_is_counted_there(void **state)
{
    (void)state;
    struct desk *d = open_desk();
    const struct news *first;
    hear(d, &d->stream, &before, "disk nearly full"); // at 10 s, behind the half at 5 s
    weigh(d, &first);
    assert_int_equal(d->cells[0][1].fresh, 1);
    newsroom_weigh(&d->room, &d->pair, 20 * NS_PER_S);
    assert_int_equal(d->cells[0][1].fresh, 0);
    close_desk(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_said_before_is_not_new_whoever_is_read_first),
        cmocka_unit_test(a_case_of_a_wider_sentence_is_not_new),
        cmocka_unit_test(what_the_control_group_says_is_not_new),
        cmocka_unit_test(the_example_is_redacted_and_one_line),
        cmocka_unit_test(what_was_new_in_the_second_half_of_before_is_counted_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
