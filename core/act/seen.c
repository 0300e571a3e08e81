/* SPDX-License-Identifier: MIT */

#include "act/seen.h"

#include "base/hash.h"

static uint64_t who(const struct letter *letter)
{
    uint64_t hash = hash_bytes(bytes_of(letter->host));
    hash = hash_join(hash, hash_bytes(bytes_of(letter->epoch)));
    hash = hash_join(hash, (uint64_t)letter->stream);
    return hash ? hash : 1;
}

static struct seen_line *line_of(struct seen *seen, uint64_t key)
{
    struct seen_line *oldest = &seen->lines[0];
    for (size_t i = 0; i < SEEN_MAX; i++) {
        struct seen_line *line = &seen->lines[i];
        if (line->who == key)
            return line;
        if (line->turn < oldest->turn)
            oldest = line;
    }
    *oldest = (struct seen_line){.who = key};
    return oldest;
}

uint64_t seen_enter(struct seen *seen, const struct letter *letter)
{
    struct seen_line *line = line_of(seen, who(letter));
    uint64_t before = line->n;
    line->turn = ++seen->turn;
    if (letter->n <= before) // published again
        return 0;
    line->n = letter->n;
    return before && letter->prev > before ? before : 0;
}
