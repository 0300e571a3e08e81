/* SPDX-License-Identifier: MIT */

#include "judge/first_inner.h"

enum { NEAR_WINDOWS = 3, NONE = -1 };

static uint32_t count_shared(const struct first *a, const struct first *b)
{
    uint32_t count = 0;
    for (size_t i = 0; i < first_ids(a); i++)
        count += first_has(b, a->ids[i]);
    return count;
}

/* Stamps may lie further apart than an int64_t holds. */
static uint64_t since(int64_t early, int64_t late)
{
    return (uint64_t)late - (uint64_t)early;
}

static uint64_t reach_of(const struct first *a, const struct first *b)
{
    int64_t window = a->window_ns > b->window_ns ? a->window_ns : b->window_ns;
    int64_t reach =
        NEAR_WINDOWS * window > FIRST_NEAR_NS ? NEAR_WINDOWS * window : FIRST_NEAR_NS;
    return (uint64_t)reach;
}

static bool began_near(const struct first *a, const struct first *b)
{
    const struct first *early = a->sign_ns <= b->sign_ns ? a : b, *late = early == a ? b : a;
    return since(early->sign_ns, late->sign_ns) <= reach_of(a, b);
}

/* Was one still there, or over only lately, when the other began? */
static bool met(const struct first *a, const struct first *b)
{
    const struct first *early = a->sign_ns <= b->sign_ns ? a : b, *late = early == a ? b : a;
    return early->over_ns == NO_TIME || late->sign_ns <= early->over_ns ||
           since(early->over_ns, late->sign_ns) <= reach_of(a, b);
}

static bool is_linked(const struct first *a, const struct first *b, uint32_t shared)
{
    if (strcmp(a->stream, b->stream) == 0)
        return false;
    if (shared)
        return began_near(a, b) || met(a, b);
    return began_near(a, b) && a->aloud && b->aloud && !(a->id_count && b->id_count);
}

/* The next one in the order they began after (`at`, number `which`); NONE: none. */
static int next_linked(const struct firsts *firsts, int64_t at, int which)
{
    int best = NONE;
    for (int i = 0; i < (int)firsts->count; i++) {
        int64_t sign = firsts->at[i].sign_ns;
        if (firsts->linked[i] && (sign > at || (sign == at && i > which)) &&
            (best == NONE || sign < firsts->at[best].sign_ns))
            best = i;
    }
    return best;
}

static void follow(struct finding_began *began, const char *stream)
{
    bool known = strcmp(began->stream, stream) == 0;
    for (size_t i = 0; i < began->followed_count; i++)
        known |= strcmp(began->followed[i], stream) == 0;
    if (!known && began->followed_count < FINDING_FOLLOWED_MAX)
        began->followed[began->followed_count++] = stream;
}

static void tell(const struct firsts *firsts, int self, struct finding_began *ret)
{
    int first = next_linked(firsts, INT64_MIN, NONE);
    const struct first *f = &firsts->at[first];
    *ret = (struct finding_began){.stream = f->stream,
                                  .service = *f->service ? f->service : NULL,
                                  .starts_ns = f->sign_ns,
                                  .shared = firsts->shared[first]};
    for (size_t i = 0; i < firsts->count && first == self; i++)
        if ((int)i != self && firsts->linked[i] && firsts->shared[i] > ret->shared)
            ret->shared = firsts->shared[i];
    for (int at = first; at != NONE; at = next_linked(firsts, firsts->at[at].sign_ns, at))
        follow(ret, firsts->at[at].stream);
}

void firsts_link(struct firsts *firsts, int self, struct finding_began *ret)
{
    const struct first *mine = &firsts->at[self];
    bool any = false;
    for (int i = 0; i < (int)firsts->count; i++) {
        firsts->shared[i] = i == self ? 0 : count_shared(mine, &firsts->at[i]);
        firsts->linked[i] = i != self && is_linked(mine, &firsts->at[i], firsts->shared[i]);
        any |= firsts->linked[i];
    }
    firsts->linked[self] = true;
    if (any)
        tell(firsts, self, ret);
}
