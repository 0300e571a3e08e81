/* SPDX-License-Identifier: MIT */
/*
 * check.h - our own mistakes end the program, in release builds too.
 *
 * CHECK() is for what cannot happen unless oddline itself is wrong. The world's mischief (bad input, full disk, a
 * server gone) is an error value, never a CHECK.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                       \
    do {                                                                                       \
        if (__builtin_expect(!(condition), 0)) {                                               \
            fprintf(stderr, "oddline: %s:%d: broken promise: %s\n", __FILE__, __LINE__,        \
                    #condition);                                                               \
            abort();                                                                           \
        }                                                                                      \
    } while (0)

#endif /* BASE_CHECK_H */
