/* SPDX-License-Identifier: MIT */

#include "window/redact.h"

#include <stdbool.h>

/* Text beyond this is cut before the rules run: evidence is far shorter, and a secret across the cut is cut too. */
enum { WORK_BYTES = 4096 };

struct work {
    char at[WORK_BYTES];
    size_t len;
};

static void put(struct work *work, struct bytes text)
{
    size_t room = WORK_BYTES - work->len, n = text.len < room ? text.len : room;
    if (n)
        memcpy(work->at + work->len, text.at, n);
    work->len += n;
}

/* One rule over `from` into `to`; false when the search gave up. */
static bool apply(const struct redaction *rule, const struct work *from, struct work *to)
{
    to->len = 0;
    struct bytes rest = {from->at, from->len};
    while (rest.len) {
        int r = regex_match(rule->match, rest);
        if (r < 0)
            return false;
        if (r == 0)
            break;
        struct bytes hit = regex_group(rule->match, rest, 0);
        size_t before = (size_t)(hit.at - rest.at), step = hit.len ? hit.len : 1;
        put(to, (struct bytes){rest.at, before});
        if (hit.len)
            put(to, bytes_of(rule->with));
        else if (before < rest.len)
            put(to, (struct bytes){hit.at, 1}); // an empty match takes nothing away
        if (before + step > rest.len)
            return true;
        rest = (struct bytes){rest.at + before + step, rest.len - before - step};
    }
    put(to, rest);
    return true;
}

size_t redact(const struct redaction *rules, size_t count, struct bytes text, char *out,
              size_t capacity)
{
    struct work a = {.len = 0}, b = {.len = 0}, *from = &a, *to = &b;
    put(from, text);
    for (size_t i = 0; i < count; i++) {
        if (!apply(&rules[i], from, to)) {
            from->len = 0;
            put(from, bytes_of("<withheld: redaction failed>"));
            break;
        }
        struct work *swap = from;
        from = to;
        to = swap;
    }
    size_t len = from->len < capacity ? from->len : capacity;
    memcpy(out, from->at, len);
    return len;
}
