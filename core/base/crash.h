/* SPDX-License-Identifier: MIT */
/*
 * crash.h - places where a test build may die.
 *
 *      ODDLINE_CRASH=block-synced:3 oddline run …      killed when it comes there the third time
 *
 * Only with the build option ODDLINE_CRASH_POINTS; else CRASH_POINT() is nothing. The death is SIGKILL: no handler, no
 * flush, as after an out-of-memory kill.
 */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

#ifdef ODDLINE_CRASH_POINTS
/* Any thread. */
void crash_point(const char *name);
#define CRASH_POINT(name) crash_point(name)
#else
#define CRASH_POINT(name) ((void)0)
#endif

#endif /* BASE_CRASH_H */
