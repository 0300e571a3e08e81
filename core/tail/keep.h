/* SPDX-License-Identifier: MIT */
/*
 * keep.h - the bytes a reader left, for sources that cannot go back (archive, pipe).
 *
 *      read:  [ kept | fresh ... ]       consume `used`:  kept := the rest of what was shown
 *
 * Bounded: never more than one read was long. A read that returned bytes must be followed by source_consume() (with 0,
 * if need be) before the next one, or the fresh bytes would be lost; that is checked.
 */
#ifndef TAIL_KEEP_H
#define TAIL_KEEP_H

#include <stddef.h>

struct source;

/* Copy the kept bytes to the front of buf, at most `size`; returns how many. */
size_t keep_give(struct source *source, char *buf, size_t size);
/* `shown` fresh and kept bytes are with the reader now. */
void keep_lend(struct source *source, size_t fresh);
/* The reader has consumed `used` of `got`. Out of memory ends the program: the bytes exist nowhere else. */
void keep_rest(struct source *source, const char *buf, size_t got, size_t used);
void keep_free(struct source *source);

#endif /* TAIL_KEEP_H */
