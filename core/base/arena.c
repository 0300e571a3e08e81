/* SPDX-License-Identifier: MIT */

#include "base/arena.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct arena_block {
    struct arena_block *next;
    max_align_t data[];
};

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    CHECK(size == 0 || count < SIZE_MAX / 2 / size);
    struct arena_block *block = calloc(1, sizeof(*block) + count * size);
    if (!block)
        memory_gone();
    block->next = arena->blocks;
    arena->blocks = block;
    return block->data;
}

char *arena_text(struct arena *arena, struct bytes text)
{
    char *copy = arena_alloc(arena, text.len + 1, 1);
    if (text.len)
        memcpy(copy, text.at, text.len);
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return arena_text(arena, bytes_of(text));
}

void arena_free(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}
