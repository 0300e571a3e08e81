/* SPDX-License-Identifier: MIT */
/*
 * Promise: messages that one statement of a program wrote get one id, which is the hash of the template's text and nothing else; open
 * classes of words are found and closed ones left alone; memory is bounded; data without templates is noticed.
 */

#include "base/hash.h"
#include "record/template.h"

#include <errno.h>
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
    assign(miner, "Failed password for postgres from 10.0.0.7 now");
    struct template_view view = assign(miner, "Failed password for alice from 10.0.0.9 now");
    assert_int_equal(view.id, id_of("Failed password for <*> from <*> now"));
    assert_int_equal(view.parent, parent);
    assert_int_equal(view.count, 8);
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

static void names_vary_however_often_they_are_seen(void **state)
{
    static const char *const messages[] = {
        "session opened for user cyrus by (uid=0)", "session opened for user news by (uid=0)",
        "relation \"people\" does not exist", "relation \"places\" does not exist"};
    struct miner *miner = *state;
    for (int i = 0; i < 40; i++)
        assign(miner, messages[i / 10]);
    assert_int_equal(miner_health(miner).held, 2);
    assert_int_equal(found(miner, messages[0]),
                     id_of("session opened for user <*> by (uid=<*>)"));
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

static void snapshot_goes_on_where_it_was(void **state)
{
    static const char *const lines[] = {"Got task 7", "user=alice went home early", "Link ok",
                                        "user=bob went home early",
                                        "ends with 5 (words) there"};
    struct miner *miner = *state, *other;
    struct buffer saved = {0}, again = {0};
    assert_int_equal(miner_create(&other), 0);
    for (size_t i = 0; i < 5; i++)
        assign(miner, lines[i]);
    miner_save(miner, &saved);
    assert_int_equal(miner_load(other, buffer_bytes(&saved)), 0);
    miner_save(other, &again);
    assert_int_equal(saved.len, again.len);
    assert_memory_equal(saved.at, again.at, saved.len);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(found(other, lines[i]), found(miner, lines[i]));
    assert_int_equal(assign(other, "user=carol went home early").count, 3);
    assert_int_equal(miner_health(other).held, miner_health(miner).held);
    buffer_free(&saved);
    buffer_free(&again);
    miner_free(other);
}

static void text_that_grows_when_widened_stays_bounded(void **state)
{
    struct miner *miner = *state, *other;
    struct buffer saved = {0};
    char message[600], filler[500];
    assert_int_equal(miner_create(&other), 0);
    memset(filler, 'x', sizeof(filler));
    for (size_t i = 0; i < 480; i += 16)
        filler[i] = ' ';
    for (int i = 0; i < 8; i++) {
        snprintf(message, sizeof(message), "u=%c%.493s v=%c end of it", 'a' + i, filler,
                 'k' + i);
        assign(miner, message);
        assign(miner, message);
    }
    assert_int_equal(miner_health(miner).held, 1);
    miner_save(miner, &saved);
    assert_int_equal(miner_load(other, buffer_bytes(&saved)), 0);
    assert_int_equal(found(other, message), found(miner, message));
    assert_int_not_equal(found(other, message), 0);
    buffer_free(&saved);
    miner_free(other);
}

static void broken_snapshot_is_refused_and_leaves_nothing(void **state)
{
    struct miner *miner = *state, *other;
    struct buffer saved = {0};
    assert_int_equal(miner_create(&other), 0);
    for (int i = 0; i < 10; i++)
        assign(miner, "Got task 7");
    assign(miner, "Link ok");
    miner_save(miner, &saved);
    for (size_t len = 0; len < saved.len; len++) {
        assert_int_equal(miner_load(other, (struct bytes){saved.at, len}), -EBADMSG);
        assert_int_equal(miner_health(other).held, 0);
    }
    saved.at[0]++;
    assert_int_equal(miner_load(other, buffer_bytes(&saved)), -EBADMSG);
    saved.at[0]--;
    assert_int_equal(miner_load(other, buffer_bytes(&saved)), 0);
    buffer_free(&saved);
    miner_free(other);
}

/* Letters only, so that no mask takes them. */
static const char *sentence(char text[256], int number)
{
    size_t len = 0;
    for (int word = 0; word < 4; word++, number /= 10)
        len += (size_t)snprintf(text + len, 256 - len, "%s%c%c%c", word ? " " : "",
                                'A' + number % 10, 'K' + word, 'S' + word);
    return text;
}

static void memory_grows_with_what_is_held(void **state)
{
    struct miner *miner = *state;
    char text[256];
    for (int i = 0; i < 50; i++)
        assign(miner, sentence(text, i));
    assert_int_equal(miner_health(miner).held, 50);
    assert_true(miner_health(miner).bytes < 64 * 1024);
    for (int i = 0; i < 9000; i++)
        for (int k = 0; k < 3; k++) // or the miner would give up: nearly all would be new
            assign(miner, sentence(text, i));
    assert_int_equal(miner_health(miner).held, TEMPLATES_MAX);
    assert_true(miner_health(miner).bytes < 5 << 20);
}

static void new_is_what_was_never_seen_once_that_is_rare(void **state)
{
    struct miner *miner = *state;
    char text[256];
    assert_false(assign(miner, "The first sentence of all").fresh);
    for (int i = 0; i < 200; i++)
        assert_false(assign(miner, "Got assigned task 7").fresh);
    assert_true(miner_health(miner).settled);
    assert_true(assign(miner, "Disk is full now").fresh);
    assert_false(assign(miner, "Disk is full now").fresh);
    for (int i = 0; i < 50; i++) // however many come
        assert_true(assign(miner, sentence(text, i)).fresh);
}

static void wider_template_is_not_new(void **state)
{
    struct miner *miner = *state;
    for (int i = 0; i < 300; i++)
        assign(miner, "Failed password for root from 10.0.0.7 now");
    assert_true(assign(miner, "Failed password for oracle from 10.0.0.7 now").fresh);
    assert_true(assign(miner, "Failed password for postgres from 10.0.0.7 now").fresh);
    struct template_view wide = assign(miner, "Failed password for alice from 10.0.0.7 now");
    assert_true(wide.parent && !wide.fresh);
    assert_false(assign(miner, "Failed password for bob from 10.0.0.7 now").fresh);
}

/* A snapshot of a miner that has grown and settled is written as the same again by who loaded it. */
static void snapshot_of_a_large_miner_is_the_same_again(void **state)
{
    struct miner *miner = *state, *other;
    struct buffer saved = {0}, again = {0};
    char text[256];
    for (int i = 0; i < 300; i++)
        assign(miner, "Got task 7");
    for (int i = 0; i < 999; i++)
        assign(miner, sentence(text, i));
    assert_int_equal(miner_create(&other), 0);
    for (int round = 0; round < 2; round++) { // into a small one, and into one as large
        buffer_clear(&saved);
        buffer_clear(&again);
        miner_save(miner, &saved);
        assert_int_equal(miner_load(other, buffer_bytes(&saved)), 0);
        miner_save(other, &again);
        assert_true(bytes_equal(buffer_bytes(&saved), buffer_bytes(&again)));
        assert_true(miner_health(other).settled);
        assert_int_equal(miner_health(other).once, miner_health(miner).once);
        assert_int_equal(miner_health(other).bytes, miner_health(miner).bytes);
    }
    assert_true(assign(miner, "Another one").fresh && assign(other, "Another one").fresh);
    buffer_free(&saved);
    buffer_free(&again);
    miner_free(other);
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
        WITH_MINER(names_vary_however_often_they_are_seen),
        WITH_MINER(finding_learns_nothing),
        WITH_MINER(memory_is_bounded_and_what_gave_way_is_counted),
        WITH_MINER(data_without_templates_is_noticed_and_left_alone),
        WITH_MINER(ordinary_logs_have_templates),
        WITH_MINER(snapshot_goes_on_where_it_was),
        WITH_MINER(text_that_grows_when_widened_stays_bounded),
        WITH_MINER(broken_snapshot_is_refused_and_leaves_nothing),
        WITH_MINER(memory_grows_with_what_is_held),
        WITH_MINER(new_is_what_was_never_seen_once_that_is_rare),
        WITH_MINER(wider_template_is_not_new),
        WITH_MINER(snapshot_of_a_large_miner_is_the_same_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
