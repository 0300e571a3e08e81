/* SPDX-License-Identifier: MIT */
/*
 * memory.h - no memory is left: the end of the process.
 *
 * What is known lies in the journal and a start brings it back, exactly; going on without a part of it would lose it. So a
 * buffer that cannot grow ends the process with one sentence, in the daemon as in a command, and a supervisor starts it again.
 * Parts that can be refused on their own (a stream, a regex, a file) return -ENOMEM instead.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

enum { MEMORY_EXIT = 71 }; /* EX_OSERR */

#include <stddef.h>

void memory_gone(void) __attribute__((noreturn));
/* A copy of so many bytes at most, and a NUL; the caller frees it. */
char *memory_text(const char *at, size_t len);

#endif /* BASE_MEMORY_H */
