/* SPDX-License-Identifier: MIT */

/*
 * Promise: what is found again while blocks are replayed is what the journal says it is, also when findings of other streams, which
 * are not as they were, lie in between; nothing is put twice, and what the journal does not know gets an id that is nobody's.
 */

#include "app/commit.h"
#include "app/daemon.h"
#include "unit/deliver/fixture.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct world {
    struct sandbox sandbox;
    struct daemon daemon;
};

static int make(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    sandbox_make(&w->sandbox);
    commit_init(&w->daemon.commit);
    assert_int_equal(journal_reader_init(&w->daemon.recall), 0);
    assert_int_equal(
        journal_open(sandbox_path(&w->sandbox, "journal"), NULL, &w->daemon.journal, NULL), 0);
    *state = w;
    return 0;
}

static int unmake(void **state)
{
    struct world *w = *state;
    journal_reader_free(&w->daemon.recall);
    commit_free(&w->daemon.commit);
    journal_close(w->daemon.journal);
    sandbox_remove(&w->sandbox);
    free(w);
    return 0;
}

static struct finding find(struct world *w, uint64_t fingerprint)
{
    struct finding finding = sample_finding(ROUTE_TICKET);
    finding.id[0] = '\0';
    finding.fingerprint = fingerprint;
    finding.detected_ns = NO_TIME;
    commit_finding(&w->daemon, &finding);
    return finding;
}

static void commit(struct world *w)
{
    assert_int_equal(journal_commit(w->daemon.journal, bytes_of("steps"), NULL), 0);
}

static void replay_from(struct world *w, uint64_t n)
{
    w->daemon.commit.redoing = true;
    w->daemon.commit.redo_n = n - 1;
}

static void assert_is(const struct finding *again, const struct finding *first)
{
    assert_string_equal(again->id, first->id);
    assert_int_equal(again->n, first->n);
    assert_true(again->detected_ns == first->detected_ns);
}

static void what_is_found_again_is_what_it_was(void **state)
{
    struct world *w = *state;
    struct finding first[5];
    for (uint64_t i = 0; i < 5; i++)
        first[i] = find(w, i);
    commit(w);
    replay_from(w, 2);
    for (uint64_t i = 1; i < 5; i++) {
        struct finding again = find(w, i);
        assert_is(&again, &first[i]);
    }
    assert_int_equal(w->daemon.commit.strange, 0);
    assert_int_equal(journal_pending(w->daemon.journal), 0);
    assert_int_equal(journal_next_n(w->daemon.journal), 6);
}

static void findings_of_a_stream_that_is_gone_confuse_no_other(void **state)
{
    struct world *w = *state;
    enum { GONE = 77, OURS = 5 };
    struct finding ours = {0}, last;
    for (int i = 0; i < 200; i++)
        find(w, GONE);
    ours = find(w, OURS);
    find(w, GONE);
    last = find(w, OURS + 1);
    commit(w);
    replay_from(w, 1);
    struct finding again = find(w, OURS);
    assert_is(&again, &ours);
    again = find(w, OURS + 1);
    assert_is(&again, &last);
    assert_int_equal(w->daemon.commit.strange, 201);
}

static void what_the_journal_does_not_know_gets_an_id_of_its_own(void **state)
{
    struct world *w = *state;
    struct finding first = find(w, 1), second = find(w, 2), again;
    commit(w);
    replay_from(w, 1);
    struct finding other = find(w, 9), another = find(w, 10);
    assert_string_not_equal(other.id, first.id);
    assert_string_not_equal(other.id, second.id);
    assert_string_not_equal(other.id, another.id);
    again = find(w, 1);
    assert_is(&again, &first); // it stands in nobody's way
    again = find(w, 2);
    assert_is(&again, &second);
    assert_int_equal(w->daemon.commit.strange, 2);
    assert_int_equal(journal_pending(w->daemon.journal), 0);
}

static void nothing_is_put_once_the_end_came_without_room(void **state)
{
    struct world *w = *state;
    w->daemon.commit.gave_up = true;
    find(w, 1);
    assert_int_equal(journal_pending(w->daemon.journal), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_found_again_is_what_it_was, make, unmake),
        cmocka_unit_test_setup_teardown(findings_of_a_stream_that_is_gone_confuse_no_other,
                                        make, unmake),
        cmocka_unit_test_setup_teardown(what_the_journal_does_not_know_gets_an_id_of_its_own,
                                        make, unmake),
        cmocka_unit_test_setup_teardown(nothing_is_put_once_the_end_came_without_room, make,
                                        unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
