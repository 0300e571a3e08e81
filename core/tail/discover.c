/* SPDX-License-Identifier: MIT */

#include "tail/discover.h"

#include "base/clock.h"
#include "base/log.h"
#include "tail/glob.h"
#include "tail/sys.h"
#include "tail/watch.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/queue.h>

enum {
    DIRS_MAX = 4096, /* watched at once; what lies beyond is found by walking */
    PATTERNS_MAX = 1024,
    WALK_SHARE = 20, /* one part of so many of the time */
};

/* A directory's mtime has the resolution of a timer tick: what changed just now may change again unseen. */
#define DIR_FRESH_NS (100 * NS_PER_MS)

struct pattern {
    char *text;
    struct tail_wish wish;
    bool magic, walked;
    TAILQ_ENTRY(pattern) link;
};

struct dir {
    char *path;
    int wd;
    uint64_t device, inode;
    int64_t mtime_ns;
    uint64_t walk; /* the last walk that looked into it */
    bool also;     /* a symlink's target, not a pattern's */
    TAILQ_ENTRY(dir) link;
};

struct discover {
    const struct discover_ops *ops;
    void *context;
    struct watch watch;
    TAILQ_HEAD(patterns, pattern) patterns;
    TAILQ_HEAD(dirs, dir) dirs;
    size_t dir_count, pattern_count;
    uint64_t walk;
    int64_t next_walk_ns, walked_ns; /* when, and how long the last one took */
    bool dirty, overfull;
    const struct pattern *walking;
};

/* ---- directories ---------------------------------------------------------- */

static bool dir_shares_watch(const struct discover *d, const struct dir *dir)
{
    const struct dir *other;
    TAILQ_FOREACH(other, &d->dirs, link)
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): a freed directory was taken off the list
    if (other != dir && other->wd == dir->wd)
        return true;
    return false;
}

static void dir_unwatch(struct discover *d, struct dir *dir)
{
    if (dir->wd >= 0 && !dir_shares_watch(d, dir))
        watch_remove(&d->watch, dir->wd);
    dir->wd = -1;
}

/* Look at the directory itself: has it changed since last time? Watches it as soon as it is there. */
static bool dir_look(struct discover *d, struct dir *dir)
{
    struct stat st = {0};
    bool there = tail_sys.stat(*dir->path ? dir->path : ".", &st) == 0;
    int64_t mtime = there ? st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec : 0;
    bool other = st.st_dev != dir->device || st.st_ino != dir->inode;
    bool changed = other || mtime != dir->mtime_ns;
    if (other)
        dir_unwatch(d, dir);
    if (there && dir->wd < 0)
        dir->wd = watch_add(&d->watch, dir->path);
    bool fresh = there && clock_wall_ns() - mtime < DIR_FRESH_NS;
    dir->device = st.st_dev;
    dir->inode = st.st_ino;
    dir->mtime_ns = fresh ? -1 : mtime; // -1: looks changed next time
    return changed;
}

static struct dir *dir_find(struct discover *d, const char *path)
{
    struct dir *dir;
    TAILQ_FOREACH(dir, &d->dirs, link)
    if (strcmp(dir->path, path) == 0)
        return dir;
    return NULL;
}

static struct dir *dir_register(struct discover *d, const char *path)
{
    if (d->dir_count >= DIRS_MAX) {
        if (!d->overfull)
            log_warning("%s: not watched: more than %d directories; it is walked instead", path,
                        DIRS_MAX);
        d->overfull = true;
        return NULL;
    }
    struct dir *dir = calloc(1, sizeof(*dir));
    char *copy = strdup(path);
    if (!dir || !copy) {
        free(dir);
        free(copy);
        return NULL;
    }
    dir->path = copy;
    dir->wd = -1;
    TAILQ_INSERT_TAIL(&d->dirs, dir, link);
    d->dir_count++;
    return dir;
}

static void dir_drop(struct discover *d, struct dir *dir)
{
    dir_unwatch(d, dir);
    TAILQ_REMOVE(&d->dirs, dir, link);
    d->dir_count--;
    free(dir->path);
    free(dir);
}

static void dir_path(const struct dir *dir, const char *name, char path[PATH_MAX])
{
    size_t len = strlen(dir->path);
    const char *slash = len > 0 && dir->path[len - 1] != '/' ? "/" : "";
    int n = snprintf(path, PATH_MAX, "%s%s%s", dir->path, slash, name);
    if (n < 0 || n >= PATH_MAX)
        path[0] = '\0'; // no such file can be opened by this name
}

/* ---- walking -------------------------------------------------------------- */

static void walk_entered(void *context, const char *path)
{
    struct discover *d = context;
    struct dir *dir = dir_find(d, path);
    if (!dir)
        dir = dir_register(d, path);
    if (!dir || dir->walk == d->walk)
        return;
    dir->walk = d->walk;
    dir_look(d, dir);
}

static void walk_found(void *context, const char *path)
{
    struct discover *d = context;
    d->ops->found(d->context, path, d->walking->wish);
}

static bool is_dir(const char *path)
{
    struct stat st;
    return tail_sys.stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void walk_pattern(struct discover *d, const struct pattern *pattern)
{
    struct glob_visitor visitor = {walk_entered, walk_found, d};
    char inside[PATH_MAX];
    d->walking = pattern;
    int n = snprintf(inside, sizeof(inside), "%s/*", pattern->text);
    // a backslash in a plain directory's name is rare enough to write it as a glob then
    if (!pattern->magic && n > 0 && n < PATH_MAX && is_dir(pattern->text))
        glob_each(inside, &visitor);
    else
        glob_each(pattern->text, &visitor);
}

static void walk_all(struct discover *d)
{
    int64_t begin = clock_monotonic_ns();
    d->walk++;
    d->dirty = false;
    const struct pattern *pattern;
    TAILQ_FOREACH(pattern, &d->patterns, link)
    walk_pattern(d, pattern);
    struct dir *dir = TAILQ_FIRST(&d->dirs);
    while (dir) {
        struct dir *next = TAILQ_NEXT(dir, link);
        if (dir->walk != d->walk && !dir->also)
            dir_drop(d, dir);
        dir = next;
    }
    int64_t now = clock_monotonic_ns(), took = now - begin;
    // one that was held up once (by others on the processor, by a disk) says nothing about the next
    int64_t usual = took < d->walked_ns ? took : d->walked_ns;
    d->walked_ns = took;
    d->next_walk_ns = now + WALK_SHARE * usual;
}

void discover_sweep(struct discover *d)
{
    struct dir *dir;
    TAILQ_FOREACH(dir, &d->dirs, link)
    if (dir_look(d, dir))
        d->dirty = true;
    if ((d->dirty || d->overfull) && clock_monotonic_ns() >= d->next_walk_ns)
        walk_all(d);
}

void discover_again(struct discover *d)
{
    d->dirty = true;
}

void discover_also(struct discover *d, const char *path)
{
    struct dir *dir = dir_find(d, path);
    if (!dir)
        dir = dir_register(d, path);
    if (!dir)
        return;
    dir->also = true;
    dir_look(d, dir);
}

/* ---- hearing -------------------------------------------------------------- */

static void heard_name(struct discover *d, const struct dir *dir, uint32_t mask,
                       const char *name)
{
    char path[PATH_MAX];
    dir_path(dir, name, path);
    if (mask & IN_ISDIR)
        d->dirty = true;
    else if (mask & (IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB))
        d->ops->changed(d->context, path);
    else if (mask & IN_MODIFY)
        d->ops->grew(d->context, path);
}

static void heard(void *context, int wd, uint32_t mask, const char *name)
{
    struct discover *d = context;
    if (wd < 0) {
        d->dirty = true;
        d->ops->lost(d->context);
        return;
    }
    struct dir *dir = TAILQ_FIRST(&d->dirs);
    while (dir) {
        struct dir *next = TAILQ_NEXT(dir, link);
        if (dir->wd == wd && *name)
            heard_name(d, dir, mask, name);
        else if (dir->wd == wd)
            d->dirty = true;
        if (dir->wd == wd && (mask & IN_IGNORED))
            dir->wd = -1;
        dir = next;
    }
}

void discover_hear(struct discover *d)
{
    watch_hear(&d->watch, heard, d);
}

/* ---- patterns ------------------------------------------------------------- */

int discover_create(const struct discover_ops *ops, void *context, bool no_inotify,
                    struct discover **ret, struct error *reterr)
{
    struct discover *d = calloc(1, sizeof(*d));
    if (!d)
        return error_set(reterr, -ENOMEM, "tail: cannot start: out of memory");
    d->ops = ops;
    d->context = context;
    TAILQ_INIT(&d->patterns);
    TAILQ_INIT(&d->dirs);
    watch_open(&d->watch, no_inotify);
    *ret = d;
    return 0;
}

void discover_free(struct discover *d)
{
    if (!d)
        return;
    for (struct dir *dir, *next = TAILQ_FIRST(&d->dirs); (dir = next) != NULL;) {
        next = TAILQ_NEXT(dir, link);
        dir_drop(d, dir);
    }
    for (struct pattern *p; (p = TAILQ_FIRST(&d->patterns)) != NULL;) {
        TAILQ_REMOVE(&d->patterns, p, link);
        free(p->text);
        free(p);
    }
    watch_close(&d->watch);
    free(d);
}

/* One slash where there are several, none at the end: so that paths compare as text. */
static void squeeze(char *text)
{
    char *out = text;
    for (const char *in = text; *in; in++)
        if (*in != '/' || out == text || out[-1] != '/')
            *out++ = *in;
    while (out > text + 1 && out[-1] == '/')
        out--;
    *out = '\0';
}

int discover_add(struct discover *d, const char *text, struct tail_wish wish,
                 struct error *reterr)
{
    size_t len = strlen(text);
    if (len == 0 || len + 2 >= PATH_MAX)
        return error_set(reterr, -EINVAL, "%.80s: no path: it must have 1 to %d bytes", text,
                         PATH_MAX - 3);
    if (d->pattern_count >= PATTERNS_MAX)
        return error_set(reterr, -E2BIG, "%.80s: too many patterns: at most %d", text,
                         PATTERNS_MAX);
    struct pattern *pattern = calloc(1, sizeof(*pattern));
    char *copy = strdup(text);
    if (!pattern || !copy) {
        free(pattern);
        free(copy);
        return error_set(reterr, -ENOMEM, "%.80s: cannot be followed: out of memory", text);
    }
    squeeze(copy);
    *pattern = (struct pattern){.text = copy, .wish = wish, .magic = glob_has_magic(copy)};
    TAILQ_INSERT_TAIL(&d->patterns, pattern, link);
    d->pattern_count++;
    return 0;
}

void discover_first(struct discover *d)
{
    struct pattern *pattern;
    d->walk++;
    TAILQ_FOREACH(pattern, &d->patterns, link)
    if (!pattern->walked) {
        pattern->walked = true;
        walk_pattern(d, pattern);
    }
}

static bool pattern_names(const struct pattern *pattern, const char *path)
{
    if (fnmatch(pattern->text, path, FNM_PATHNAME | FNM_PERIOD) == 0)
        return true;
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    return !pattern->magic && len > 0 && len == strlen(pattern->text) &&
           memcmp(pattern->text, path, len) == 0 && slash[1] != '.';
}

void discover_remove(struct discover *d, uint32_t group)
{
    for (struct pattern *p, *next = TAILQ_FIRST(&d->patterns); (p = next) != NULL;) {
        next = TAILQ_NEXT(p, link);
        if (p->wish.group != group)
            continue;
        TAILQ_REMOVE(&d->patterns, p, link);
        d->pattern_count--;
        free(p->text);
        free(p);
    }
}

bool discover_match(const struct discover *d, const char *path, struct tail_wish *ret)
{
    const struct pattern *pattern;
    TAILQ_FOREACH(pattern, &d->patterns, link)
    if (pattern_names(pattern, path)) {
        *ret = pattern->wish;
        return true;
    }
    return false;
}

int discover_fd(const struct discover *d)
{
    return d->watch.fd;
}

bool discover_polling(const struct discover *d)
{
    return d->watch.fd < 0 || d->watch.refused || d->overfull;
}
