/* SPDX-License-Identifier: MIT */

#include "act/ledger.h"

#include "base/hash.h"

static uint64_t who(const struct letter *letter)
{
    uint64_t hash = hash_bytes(bytes_of(letter->host));
    hash = hash_join(hash, hash_bytes(bytes_of(letter->epoch)));
    hash = hash_join(hash, (uint64_t)letter->stream);
    return hash ? hash : 1;
}

static struct ledger_line *line_of(struct ledger *ledger, uint64_t key)
{
    struct ledger_line *oldest = &ledger->lines[0];
    for (size_t i = 0; i < LEDGER_MAX; i++) {
        struct ledger_line *line = &ledger->lines[i];
        if (line->who == key)
            return line;
        if (line->turn < oldest->turn)
            oldest = line;
    }
    *oldest = (struct ledger_line){.who = key};
    return oldest;
}

uint64_t ledger_enter(struct ledger *ledger, const struct letter *letter)
{
    struct ledger_line *line = line_of(ledger, who(letter));
    uint64_t before = line->n;
    line->turn = ++ledger->turn;
    if (letter->n <= before) // published again
        return 0;
    line->n = letter->n;
    return before && letter->prev > before ? before : 0;
}
