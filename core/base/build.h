/* SPDX-License-Identifier: MIT */
/*
 * build.h - which build of oddline is running.
 *
 * State in memory order is good for the program that wrote it and no other, so snapshots carry this number. It stands
 * for the linker's build id, which changes with any byte of code; a program linked without one has that of its version.
 */
#ifndef BASE_BUILD_H
#define BASE_BUILD_H

#include <stdint.h>

/* The same in every process of one build. Never 0. Thread: any. */
uint64_t build_id(void);

#endif /* BASE_BUILD_H */
