/* SPDX-License-Identifier: MIT */

#include "base/redact.h"

#include <stdbool.h>

/*
 * The rules see the text as far as a search looks at all, which leaves enough to show even when they make it much shorter.
 * A secret may straddle that bound: what may be the beginning of a match there is withheld with all that follows.
 */
enum { WORK_BYTES = REGEX_SUBJECT_BYTES };

struct work {
    char at[WORK_BYTES];
    size_t len;
    bool cut; /* there was more */
};

static void put(struct work *work, struct bytes text)
{
    size_t room = WORK_BYTES - work->len, n = text.len < room ? text.len : room;
    if (n)
        memcpy(work->at + work->len, text.at, n);
    work->len += n;
    work->cut |= n < text.len;
}

/* One rule over `from` into `to`; false when the search gave up. */
static bool apply(const struct redaction *rule, const struct work *from, struct work *to)
{
    struct bytes all = {from->at, from->len};
    size_t
        done = 0,
        at =
            0; // copied up to done; searched up to at, in the same subject for anchors and lookbehinds
    to->len = 0;
    to->cut = from->cut;
    while (at <= all.len && to->len < WORK_BYTES) {
        int r = regex_match_from(rule->match, all, at, from->cut);
        if (r < 0)
            return false;
        if (r == 0)
            break;
        struct bytes hit = regex_group(rule->match, all, 0);
        size_t begin = (size_t)(hit.at - all.at);
        if (r == REGEX_UNDECIDED) {
            all.len = begin > done ? begin : done;
            break;
        }
        at = begin + (hit.len ? hit.len : 1);
        if (!hit.len) // an empty match takes nothing away
            continue;
        put(to, (struct bytes){all.at + done, begin - done});
        put(to, bytes_of(rule->with));
        done = at;
    }
    put(to, (struct bytes){all.at + done, all.len - done});
    return true;
}

size_t redact(const struct redaction *rules, size_t count, struct bytes text, char *out,
              size_t capacity)
{
    struct work a, b, *from = &a, *to = &b; // not initialised as a whole: 32 KiB
    a.len = 0;
    a.cut = false;
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
