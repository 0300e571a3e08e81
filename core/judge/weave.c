/* SPDX-License-Identifier: MIT */

#include "judge/weave_inner.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- coming and going -------------------------------------------------------- */

struct weave *weave_create(const char *name, bool patient)
{
    struct weave *weave = calloc(1, sizeof(*weave));
    if (!weave)
        memory_gone();
    *weave = (struct weave){
        .name = name, .patient = patient, .made_ns = NO_TIME, .lead_ns = NO_TIME};
    return weave;
}

static void drop_proofs(struct waiting *waiting)
{
    for (size_t i = 0; i < waiting->proof_count; i++)
        proof_clear(&waiting->proofs[i]);
    free(waiting->proofs);
    waiting->proofs = NULL;
    waiting->proof_count = 0;
}

static void strand_free(struct strand *strand)
{
    for (size_t i = 0; i < strand->count; i++)
        drop_proofs(strand_at(strand, i));
    free(strand->row);
    free(strand->stream);
    *strand = (struct strand){0};
}

void weave_free(struct weave *weave)
{
    if (!weave)
        return;
    for (size_t i = 0; i < weave->count; i++)
        strand_free(&weave->strands[i]);
    for (size_t i = 0; i < WEAVE_PROOFS; i++)
        proof_clear(&weave->shown[i]);
    free(weave->strands);
    free(weave);
}

void weave_forget(struct weave *weave)
{
    for (size_t i = 0; i < weave->count; i++) {
        struct strand *strand = &weave->strands[i];
        char *stream = strand->stream;
        strand->stream = NULL;
        strand_free(strand);
        *strand = (struct strand){.stream = stream, .gap_ns = NO_TIME};
    }
    weave->made_ns = weave->lead_ns = NO_TIME;
    weave->marks = 0;
    weave->proofs_waiting = 0;
}

void weave_strand(struct weave *weave, const char *stream)
{
    size_t i = weave->count;
    weave->strands = realloc(weave->strands, (i + 1) * sizeof(*weave->strands));
    if (!weave->strands)
        memory_gone();
    for (; i && strcmp(weave->strands[i - 1].stream, stream) > 0; i--)
        weave->strands[i] = weave->strands[i - 1];
    weave->strands[i] =
        (struct strand){.stream = memory_text(stream, strlen(stream)), .gap_ns = NO_TIME};
    weave->count++;
}

size_t weave_number(const struct weave *weave, const char *stream)
{
    size_t i = 0;
    while (i < weave->count && strcmp(weave->strands[i].stream, stream) != 0)
        i++;
    CHECK(i < weave->count);
    return i;
}

/* ---- what waits ---------------------------------------------------------------- */

struct waiting *strand_push(struct strand *strand)
{
    if (strand->count == strand->room) {
        size_t room = strand->room ? 2 * strand->room : 8;
        struct waiting *row = calloc(room, sizeof(*row));
        if (!row)
            memory_gone();
        for (size_t i = 0; i < strand->count; i++)
            row[i] = *strand_at(strand, i);
        free(strand->row);
        strand->row = row;
        strand->room = room;
        strand->first = 0;
    }
    struct waiting *waiting = strand_at(strand, strand->count++);
    *waiting = (struct waiting){0};
    return waiting;
}

static int64_t length_of(const struct ledger_window *window)
{
    return window->end_ns - window->start_ns;
}

/* It is one more of the empty ones that wait at the end. */
static bool lengthens(const struct strand *strand, const struct weave_window *window)
{
    const struct ledger_window *w = &window->counted;
    if (!strand->count || w->total || w->known)
        return false;
    const struct waiting *last = strand_at(strand, strand->count - 1);
    int64_t length = length_of(&last->counted);
    return !last->counted.total && !last->counted.known && length == length_of(w) &&
           last->counted.start_ns + (int64_t)last->repeat * length == w->start_ns;
}

static void copy_proofs(struct weave *weave, struct waiting *to,
                        const struct weave_window *from)
{
    if (!from->proof_count || weave->proofs_waiting >= WEAVE_PROOFS_MAX)
        return;
    to->proofs = calloc(from->proof_count, sizeof(*to->proofs));
    if (!to->proofs)
        memory_gone();
    for (size_t i = 0; i < from->proof_count; i++)
        proof_copy(&to->proofs[i], &from->proofs[i]);
    to->proof_count = from->proof_count;
    weave->proofs_waiting += from->proof_count;
}

void weave_add(struct weave *weave, size_t number, const struct weave_window *window)
{
    struct strand *strand = &weave->strands[number];
    int64_t end_ns = window->counted.end_ns;
    strand->begun = true;
    if (weave->lead_ns == NO_TIME || end_ns > weave->lead_ns)
        weave->lead_ns = end_ns;
    if (lengthens(strand, window)) {
        strand_at(strand, strand->count - 1)->repeat++;
        return;
    }
    struct waiting *waiting = strand_push(strand);
    waiting->counted = window->counted;
    waiting->repeat = 1;
    copy_proofs(weave, waiting, window);
}

void weave_gap(struct weave *weave, size_t strand, int64_t at_ns)
{
    weave->strands[strand].gap_ns = at_ns;
}

bool weave_in_gap(const struct weave *weave, size_t strand, int64_t start_ns, int64_t end_ns)
{
    int64_t gap_ns = weave->strands[strand].gap_ns;
    return gap_ns >= start_ns && gap_ns < end_ns;
}

void weave_mark(struct weave *weave)
{
    weave->marks += weave->marks < WEAVE_MARKS;
}

void weave_end(struct weave *weave)
{
    weave->over = true;
}

/* ---- pieces ---------------------------------------------------------------------- */

static void pop(struct weave *weave, struct strand *strand)
{
    struct waiting *head = strand_at(strand, 0);
    if (--head->repeat) {
        int64_t length = length_of(&head->counted);
        head->counted.start_ns += length;
        head->counted.end_ns += length;
        return;
    }
    weave->proofs_waiting -= head->proof_count;
    drop_proofs(head);
    strand->first = (strand->first + 1) % strand->room;
    strand->count--;
}

static void show(struct weave *weave, const struct waiting *waiting)
{
    for (size_t i = 0; i < waiting->proof_count && weave->shown_count < WEAVE_PROOFS; i++)
        proof_copy(&weave->shown[weave->shown_count++], &waiting->proofs[i]);
}

static void add_counts(struct ledger_window *to, const struct ledger_window *from)
{
    if (from->bad && (!to->bad || from->bad_ns < to->bad_ns))
        to->bad_ns = from->bad_ns;
    to->bad += from->bad;
    to->total += from->total;
}

/* A window whose time has gone by. Of empty ones there is nothing to say. */
static bool take_late(struct weave *weave, struct weave_piece *ret)
{
    for (size_t i = 0; i < weave->count; i++) {
        struct strand *strand = &weave->strands[i];
        while (strand->count && weave->made_ns != NO_TIME &&
               strand_at(strand, 0)->counted.end_ns <= weave->made_ns) {
            struct ledger_window counted = strand_at(strand, 0)->counted;
            show(weave, strand_at(strand, 0));
            pop(weave, strand);
            counted.known = false;
            ret->counted = counted;
            ret->late = true;
            if (counted.total)
                return true;
        }
    }
    return false;
}

/* Where the next piece ends. */
static int64_t next_end(const struct weave *weave)
{
    int64_t end_ns = INT64_MAX;
    for (size_t i = 0; i < weave->count; i++) {
        const struct strand *strand = &weave->strands[i];
        if (strand->count && strand_at(strand, 0)->counted.end_ns < end_ns)
            end_ns = strand_at(strand, 0)->counted.end_ns;
    }
    return end_ns;
}

static int64_t longest(const struct weave *weave)
{
    int64_t most = 0;
    for (size_t i = 0; i < weave->count; i++) {
        const struct strand *strand = &weave->strands[i];
        int64_t length = strand->count ? length_of(&strand_at(strand, 0)->counted) : 0;
        most = length > most ? length : most;
    }
    return most;
}

/* It may bring something that belongs into the piece that ends then. */
static bool is_awaited(const struct weave *weave, const struct strand *strand, int64_t end_ns)
{
    if (strand->count || strand->gone || weave->over)
        return false;
    if (strand->begun || weave->patient || weave->marks < WEAVE_MARKS)
        return true;
    return weave->lead_ns - end_ns < WEAVE_GRACE * longest(weave);
}

static const struct strand *awaited(const struct weave *weave, int64_t end_ns)
{
    for (size_t i = 0; i < weave->count; i++)
        if (is_awaited(weave, &weave->strands[i], end_ns))
            return &weave->strands[i];
    return NULL;
}

const char *weave_awaits(const struct weave *weave)
{
    int64_t end_ns = next_end(weave);
    const struct strand *strand = end_ns == INT64_MAX ? NULL : awaited(weave, end_ns);
    return strand ? strand->stream : NULL;
}

/* So much waits that nobody can be waited for. */
static bool is_full(struct weave *weave, const struct strand *missing)
{
    size_t most = 0;
    for (size_t i = 0; i < weave->count; i++)
        most = weave->strands[i].count > most ? weave->strands[i].count : most;
    if (most <= WEAVE_WAITING_MAX)
        return false;
    if (!weave->hurried)
        log_warning(
            "service %s: stream %s is so far behind the others that it is not waited for",
            weave->name, missing->stream);
    weave->hurried = true;
    return true;
}

static int64_t begin_of(const struct weave *weave)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < weave->count; i++) {
        const struct strand *strand = &weave->strands[i];
        if (strand->count && strand_at(strand, 0)->counted.start_ns < first)
            first = strand_at(strand, 0)->counted.start_ns;
    }
    return weave->made_ns != NO_TIME && weave->made_ns > first ? weave->made_ns : first;
}

/* Does it know the time from then on, up to the end of the piece? One that has not begun has no say. */
static bool knows(const struct strand *strand, int64_t start_ns)
{
    if (!strand->count)
        return !strand->known || strand->gone;
    const struct ledger_window *head = &strand_at(strand, 0)->counted;
    return head->known && (head->start_ns <= start_ns || !strand->known);
}

static void make_piece(struct weave *weave, int64_t end_ns, struct weave_piece *ret)
{
    struct ledger_window piece = {.start_ns = begin_of(weave), .end_ns = end_ns, .known = true};
    for (size_t i = 0; i < weave->count; i++)
        piece.known &= knows(&weave->strands[i], piece.start_ns);
    for (size_t i = 0; i < weave->count; i++) {
        struct strand *strand = &weave->strands[i];
        strand->known |= strand->count && strand_at(strand, 0)->counted.start_ns < end_ns;
        if (!strand->count || strand_at(strand, 0)->counted.end_ns != end_ns)
            continue;
        add_counts(&piece, &strand_at(strand, 0)->counted);
        show(weave, strand_at(strand, 0));
        pop(weave, strand);
    }
    weave->made_ns = end_ns;
    ret->counted = piece;
}

bool weave_next(struct weave *weave, struct weave_piece *ret)
{
    struct weave_piece piece = {.proofs = weave->shown};
    weave->shown_count = 0;
    if (!take_late(weave, &piece)) {
        int64_t end_ns = next_end(weave);
        const struct strand *missing = end_ns == INT64_MAX ? NULL : awaited(weave, end_ns);
        if (end_ns == INT64_MAX || (missing && !is_full(weave, missing)))
            return false;
        piece.late = false;
        make_piece(weave, end_ns, &piece);
    }
    piece.proof_count = weave->shown_count;
    *ret = piece;
    return true;
}
