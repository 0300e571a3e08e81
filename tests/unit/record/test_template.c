/* SPDX-License-Identifier: MIT */
/*
 * Promise: messages that one statement of a program wrote get one id, which is the hash of the template's text and nothing else; open
 * classes of words are found and closed ones left alone; memory is bounded; data without templates is noticed.
 */

#include "base/hash.h"
#include "record/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int start(void **state)
{
    return miner_create((struct miner **)state);
}

static int stop(void **state)
{
    miner_free(*state);
    return 0;
}

static struct template_view assign(struct miner *miner, const char *message)
{
    return template_assign(miner, bytes_of(message));
}

static uint64_t id_of(const char *text)
{
    return hash_bytes(bytes_of(text));
}

static uint64_t found(struct miner *miner, const char *message)
{
    return template_find(miner, bytes_of(message)).id;
}

static void id_is_the_hash_of_the_text(void **state)
{
    struct miner *miner = *state;
    uint64_t id = id_of("Got assigned task <*>");
    assert_int_equal(assign(miner, "Got assigned task 7").id, id);
    assert_int_equal(assign(miner, "Got assigned task 1316").id, id);
    assert_int_equal(assign(miner, "Got assigned task 1316").count, 3);
    assert_int_equal(miner_health(miner).held, 1);
}

static void id_does_not_depend_on_what_came_before(void **state)
{
    struct miner *miner = *state, *other;
    assert_int_equal(miner_create(&other), 0);
    assign(other, "Some other sentence");
    assign(other, "Link error 5");
    uint64_t id = assign(miner, "Link ok").id;
    assert_int_equal(assign(other, "Link ok").id, id);
    miner_free(other);
}

static void open_class_becomes_one_template_that_names_its_parent(void **state)
{
    struct miner *miner = *state;
    uint64_t parent = 0;
    for (int i = 0; i < 5; i++)
        parent = assign(miner, "Failed password for root from 10.0.0.7 now").id;
    assign(miner, "Failed password for oracle from 10.0.0.7 now");
    struct template_view view = assign(miner, "Failed password for alice from 10.0.0.9 now");
    assert_int_equal(view.id, id_of("Failed password for <*> from <*> now"));
    assert_int_equal(view.parent, parent);
    assert_int_equal(view.count, 7);
    assert_int_equal(found(miner, "Failed password for root from 10.0.0.7 now"), view.id);
    assert_int_equal(found(miner, "Failed password for bob from 10.0.0.7 now"), view.id);
    assert_int_equal(miner_health(miner).held, 1);
    assert_int_equal(miner_health(miner).generalised, 1);
}

static void words_seen_often_stay_apart(void **state)
{
    static const char *const words[] = {"started", "stopped", "paused", "resumed"};
    struct miner *miner = *state;
    char message[64];
    for (int i = 0; i < 40; i++) {
        snprintf(message, sizeof(message), "The worker thread was %s again", words[i / 10]);
        assign(miner, message);
    }
    assert_int_equal(miner_health(miner).held, 4);
}

static void capitals_name_states_and_stay_apart(void **state)
{
    static const char *const states[] = {"NEW", "SETUP", "READY", "RUNNING", "FAILED", "DONE"};
    struct miner *miner = *state;
    char message[64];
    for (size_t i = 0; i < 6; i++) {
        snprintf(message, sizeof(message), "The task 1 is now in state %s there", states[i]);
        assign(miner, message);
    }
    assert_int_equal(miner_health(miner).held, 6);
}

static void verb_at_the_start_is_no_variable(void **state)
{
    struct miner *miner = *state;
    assign(miner, "boot (command 17)");
    assign(miner, "wait (command 17)");
    assign(miner, "halt (command 17)");
    assign(miner, "kill (command 17)");
    assert_int_equal(miner_health(miner).held, 4);
}

static void second_word_behind_an_equals_sign_masks_it(void **state)
{
    struct miner *miner = *state;
    assign(miner, "authentication failure; tty=ssh user=root");
    assert_int_equal(assign(miner, "authentication failure; tty=ssh user=guest").id,
                     id_of("authentication failure; tty=ssh user=<*>"));
}

static void finding_learns_nothing(void **state)
{
    struct miner *miner = *state;
    assert_int_equal(found(miner, "Never seen"), 0);
    assert_int_equal(miner_health(miner).messages, 0);
    assert_int_equal(miner_health(miner).held, 0);
}

/* Numbers as words of letters: no digit would be left otherwise. */
static void spell(char *at, uint64_t number, int letters)
{
    for (int i = 0; i < letters; i++, number /= 20)
        at[i] = (char)('a' + number % 20);
    at[letters] = '\0';
}

static uint64_t scatter(uint64_t i)
{
    return i * UINT64_C(0x9e3779b97f4a7c15) >> 16;
}

static void memory_is_bounded_and_what_gave_way_is_counted(void **state)
{
    struct miner *miner = *state;
    char a[16], message[128];
    for (uint64_t i = 0; i < 10000; i++) {
        spell(a, scatter(i), 9);
        snprintf(message, sizeof(message), "%s", a);
        assign(miner, message);
        assign(miner, "always here");
        assign(miner, "always there"); // so that lines repeat enough
    }
    struct miner_health health = miner_health(miner);
    assert_false(health.no_templates);
    assert_int_equal(health.held, TEMPLATES_MAX);
    assert_int_equal(health.evicted, health.created - TEMPLATES_MAX);
    assert_int_equal(found(miner, "always here"), id_of("always here"));
    assert_int_equal(assign(miner, "always there").count, 10001);
}

static void data_without_templates_is_noticed_and_left_alone(void **state)
{
    struct miner *miner = *state;
    char a[16], message[256];
    for (uint64_t i = 0; i < 10000; i++) {
        size_t len = 0;
        for (uint64_t k = 0; k < 2 + scatter(i) % 7; k++) {
            spell(a, scatter(i * 31 + k), 6);
            len += (size_t)snprintf(message + len, sizeof(message) - len, "%s%s", k ? "; " : "",
                                    a);
        }
        assign(miner, message);
    }
    assert_true(miner_health(miner).no_templates);
    assert_int_equal(assign(miner, "Anything").id, 0);
    assert_int_equal(found(miner, "Anything"), 0);
}

static void ordinary_logs_have_templates(void **state)
{
    struct miner *miner = *state;
    char message[64];
    for (int i = 0; i < 10000; i++) {
        snprintf(message, sizeof(message), "Job %d of kind %c done", i, 'a' + i % 26);
        assign(miner, message);
    }
    assert_false(miner_health(miner).no_templates);
}

int main(void)
{
#define WITH_MINER(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        WITH_MINER(id_is_the_hash_of_the_text),
        WITH_MINER(id_does_not_depend_on_what_came_before),
        WITH_MINER(open_class_becomes_one_template_that_names_its_parent),
        WITH_MINER(words_seen_often_stay_apart),
        WITH_MINER(capitals_name_states_and_stay_apart),
        WITH_MINER(verb_at_the_start_is_no_variable),
        WITH_MINER(second_word_behind_an_equals_sign_masks_it),
        WITH_MINER(finding_learns_nothing),
        WITH_MINER(memory_is_bounded_and_what_gave_way_is_counted),
        WITH_MINER(data_without_templates_is_noticed_and_left_alone),
        WITH_MINER(ordinary_logs_have_templates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
