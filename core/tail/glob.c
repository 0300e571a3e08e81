/* SPDX-License-Identifier: MIT */

#include "tail/glob.h"

#include <dirent.h>
#include <fnmatch.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH_MAX = 64 }; /* directories below each other: a loop of symlinks ends here */

struct walk {
    const struct glob_visitor *visitor;
    char path[PATH_MAX];
    int depth;
};

static void walk_from(struct walk *walk, size_t len, const char *rest);

bool glob_has_magic(const char *pattern)
{
    for (; *pattern; pattern++) {
        if (*pattern == '\\' && pattern[1])
            pattern++;
        else if (strchr("*?[", *pattern))
            return true;
    }
    return false;
}

/* Append a name to the path; returns the new length, or 0 when it does not fit. */
static size_t walk_append(struct walk *walk, size_t len, const char *name, size_t n)
{
    bool slash = len > 0 && walk->path[len - 1] != '/';
    if (len + slash + n + 1 > sizeof(walk->path))
        return 0;
    if (slash)
        walk->path[len++] = '/';
    memcpy(walk->path + len, name, n);
    walk->path[len + n] = '\0';
    return len + n;
}

static void walk_match(struct walk *walk, size_t len, const char *part, const char *rest)
{
    DIR *dir = opendir(len > 0 ? walk->path : ".");
    if (!dir)
        return; // may come later
    for (struct dirent *d; (d = readdir(dir)) != NULL; walk->path[len] = '\0') {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
            fnmatch(part, d->d_name, FNM_PERIOD) != 0)
            continue;
        bool leaf = d->d_type != DT_DIR && d->d_type != DT_LNK && d->d_type != DT_UNKNOWN;
        size_t n = walk_append(walk, len, d->d_name, strlen(d->d_name));
        if (n > 0 && (!*rest || !leaf))
            walk_from(walk, n, rest);
    }
    closedir(dir);
}

static void walk_literal(struct walk *walk, size_t len, char *part, const char *rest)
{
    char *out = part;
    for (char *in = part; *in; in++) {
        if (*in == '\\' && in[1])
            in++;
        *out++ = *in;
    }
    size_t n = walk_append(walk, len, part, (size_t)(out - part));
    if (n > 0)
        walk_from(walk, n, rest);
    walk->path[len] = '\0';
}

static void walk_from(struct walk *walk, size_t len, const char *rest)
{
    const struct glob_visitor *visitor = walk->visitor;
    if (!*rest) {
        visitor->found(visitor->context, walk->path);
        return;
    }
    char part[NAME_MAX * 2 + 1]; // brackets and backslashes make a pattern longer than a name
    size_t n = strcspn(rest, "/");
    if (n >= sizeof(part) || walk->depth >= DEPTH_MAX)
        return;
    memcpy(part, rest, n);
    part[n] = '\0';
    rest += n;
    rest += strspn(rest, "/");
    bool magic = glob_has_magic(part);
    if (magic || !*rest)
        visitor->entered(visitor->context, walk->path);
    walk->depth++;
    if (magic)
        walk_match(walk, len, part, rest);
    else
        walk_literal(walk, len, part, rest);
    walk->depth--;
}

void glob_each(const char *pattern, const struct glob_visitor *visitor)
{
    struct walk walk = {.visitor = visitor, .path = "", .depth = 0};
    size_t len = 0;
    if (*pattern == '/') {
        len = walk_append(&walk, 0, "/", 1);
        pattern += strspn(pattern, "/");
    }
    walk_from(&walk, len, pattern);
}
