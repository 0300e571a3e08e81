/* SPDX-License-Identifier: MIT */
/*
 * letter.h - one entry of a stream, given to us by Redis and not acknowledged yet.
 *
 * Whoever may write to the stream may write anything, so all is copied and bounded, and what is no finding is told apart.
 */
#ifndef ACT_LETTER_H
#define ACT_LETTER_H

#include "base/bytes.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>

enum { LETTER_ID = 48, LETTER_WORD = 256, LETTER_DATA_MAX = 1 << 20 };

struct letter {
    int stream;         /* which of the routes it came by */
    char id[LETTER_ID]; /* of the entry */
    char host[LETTER_WORD], epoch[LETTER_WORD], finding[LETTER_WORD], fingerprint[LETTER_WORD],
        status[LETTER_WORD];
    uint64_t n, prev;
    bool trimmed;       /* it is gone: only the id is left */
    bool bad;           /* it is no finding */
    struct buffer data; /* owned: the finding as JSON */
};

/* Fill from one element of a reply, {id, {name, value, …}}; the memory of `letter` is used again. False: it is no entry. */
bool letter_read(const redisReply *reply, int stream, struct letter *letter);
/* host, epoch and n: the same entry, also when it was published twice. */
enum { LETTER_ME = 2 * LETTER_WORD + 32 };
char *letter_me(const struct letter *letter, char ret[LETTER_ME]);
void letter_free(struct letter *letter);

#endif /* ACT_LETTER_H */
