/* SPDX-License-Identifier: MIT */
/*
 * glob.h - walks what a pattern names, without keeping it.
 *
 * The rules of glob(3) (no braces, no tilde; a leading dot must be written), but every match is handed out as it is found,
 * in the order of the directory, so 100,000 matches cost no memory.
 */
#ifndef TAIL_GLOB_H
#define TAIL_GLOB_H

#include <stdbool.h>

struct glob_visitor {
    void (*entered)(
        void *context,
        const char *dir); /* its names count; "" = the working directory; may not exist */
    void (*found)(void *context, const char *path); /* not yet looked at */
    void *context;
};

void glob_each(const char *pattern, const struct glob_visitor *visitor);
bool glob_has_magic(const char *pattern);

#endif /* TAIL_GLOB_H */
