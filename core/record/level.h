/* SPDX-License-Identifier: MIT */
/*
 * level.h - reads the severity of a record from where programs put it, never from the word "error" in free text.
 *
 *      stamp  8328  DEBUG  neutron.wsgi [-] accepted        a level word stands as a token of its own,
 *      stamp  [thread-3]  ERROR  c.f.Bar - boom             with only header tokens before it
 *      stamp  Connection error on port 7                    "Connection" is no header token: no level
 *
 * Header tokens are those that no sentence has: brackets, numbers, key=value, dotted names, dashes, and a name in front
 * of a dash. A level word counts when it is in capitals, in brackets or followed by a colon. A bare `info` or `error` counts only
 * where the sample showed a column of levels: a token position at which harmless words (info, debug) stand as well.
 *
 * Result: severity numbers of OpenTelemetry (detector.h). Syslog and PostgreSQL words are mapped as its data model
 * does (LOG is INFO); DETAIL, HINT and STATEMENT are none.
 */
#ifndef RECORD_LEVEL_H
#define RECORD_LEVEL_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LEVEL_TOKENS = 8
}; /* tokens that are looked at; BlueGene writes the level as the seventh behind the epoch */

/* The severity of exactly this word in any case, 0 when it is none: "WARN", "info", "Error". */
uint8_t level_word(struct bytes word);
/* The same for a field's value: words, single letters, "30". Bunyan and pino count 10..60, syslog 0..7. */
uint8_t level_value(struct bytes value);
uint8_t level_number(double number);
/* Of a syslog PRI. */
uint8_t level_pri(unsigned pri);

/* What the sample taught about one source. Zero-initialise. */
struct level_habit {
    uint8_t
        column; /* bit k: token k is a level in any case, if only header tokens are before it */
    uint8_t always; /* bit k: token k is one, whatever is before it */
    /* counted while learning */
    uint32_t records;
    uint32_t words[LEVEL_TOKENS], harmless[LEVEL_TOKENS], headed[LEVEL_TOKENS];
};
/* `text` is what lies behind the stamp. */
void level_learn(struct level_habit *habit, struct bytes text);
void level_settle(struct level_habit *habit);

/*
 * The level near the start of `text`; 0 when there is none. *ret_end is where the message begins: behind the level, or 0.
 * Cost: about 20 ns
 */
uint8_t level_find(const struct level_habit *habit, struct bytes text, size_t *ret_end);

/* Behind the blanks, dashes, bars and colons at `at` that people put between columns. */
size_t level_skip(struct bytes text, size_t at);

#endif /* RECORD_LEVEL_H */
