/* SPDX-License-Identifier: MIT */
/*
 * discover.h - finds the files that patterns name, and hears what happens to names.
 *
 *      patterns ──walk──▶ found(path)                      (all of them are walked again when a directory changed)
 *          └──▶ directories ──inotify──▶ changed(path), grew(path)
 *
 * A directory is registered when a pattern looks into it, also before it exists. Changes are known from inotify at once,
 * and from a directory's mtime at the next sweep, so nothing depends on inotify but latency. A walk that was long delays
 * the next one: never more than a twentieth of the time goes into walking.
 */
#ifndef TAIL_DISCOVER_H
#define TAIL_DISCOVER_H

#include "tail/tail.h"

struct discover;

struct discover_ops {
    void (*found)(void *context, const char *path, struct tail_wish wish);
    void (*changed)(void *context,
                    const char *path); /* created, renamed, deleted, new permissions */
    void (*grew)(void *context, const char *path);
    void (*lost)(void *context); /* events were lost: look at everything */
};

int discover_create(const struct discover_ops *ops, void *context, bool no_inotify,
                    struct discover **ret, struct error *reterr);
void discover_free(struct discover *discover); /* accepts NULL */

/* Nothing is found before discover_first(). */
int discover_add(struct discover *discover, const char *pattern, struct tail_wish wish,
                 struct error *reterr);
/* Walk the patterns that were never walked. */
void discover_first(struct discover *discover);
/* Forget the patterns of this group. */
void discover_remove(struct discover *discover, uint32_t group);
/* Does some pattern name it? */
bool discover_match(const struct discover *discover, const char *path, struct tail_wish *ret);
/* Hear about this directory too: a followed symlink points into it. */
void discover_also(struct discover *discover, const char *dir);

void discover_hear(struct discover *discover);
void discover_sweep(struct discover *discover);
/* Walk at the next sweep, whatever the directories say. */
void discover_again(struct discover *discover);

int discover_fd(
    const struct discover *discover); /* readable when there is something to hear; -1 = never */
bool discover_polling(const struct discover *discover); /* inotify does not cover everything */

#endif /* TAIL_DISCOVER_H */
