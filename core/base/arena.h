/* SPDX-License-Identifier: MIT */
/*
 * arena.h - memory that is given back all at once: a configuration, a plan.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"

#include <stddef.h>

struct arena_block;
/* Zero-initialise. */
struct arena {
    struct arena_block *blocks;
};

/* Zeroed memory, lent until arena_free(). Out of memory ends the program: an arena holds start-up data only. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);
char *arena_text(struct arena *arena, struct bytes text); /* a NUL-terminated copy */
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *arena);

#endif /* BASE_ARENA_H */
