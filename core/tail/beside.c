/* SPDX-License-Identifier: MIT */

#include "tail/beside.h"

#include "base/hash.h"
#include "tail/archive.h"
#include "tail/follow.h"
#include "tail/sys.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { LOOKS_MAX = 256, WALKS_MAX = 8 };

int beside_each(const char *path, beside_visit *visit, void *context)
{
    char beside[PATH_MAX];
    size_t len = resume_dir_len(path);
    len += path[len] == '/';
    int n = snprintf(beside, sizeof(beside), "%.*s", (int)len, path);
    DIR *dir = n >= 0 && n < PATH_MAX ? opendir(*beside ? beside : ".") : NULL;
    if (!dir)
        return -errno;
    bool done = false;
    for (struct dirent *d; !done && (d = readdir(dir)) != NULL;) {
        n = snprintf(beside, sizeof(beside), "%.*s%s", (int)len, path, d->d_name);
        if (n > 0 && n < PATH_MAX)
            done = visit(context, beside, d->d_ino);
    }
    closedir(dir);
    return done;
}

/* When a name was last given or taken there; has a clock's tick for resolution, so visits look, too. */
static int64_t names_changed_ns(const char *path)
{
    char dir[PATH_MAX];
    struct stat st;
    size_t len = resume_dir_len(path);
    int n = snprintf(dir, sizeof(dir), "%.*s", (int)(len + (path[len] == '/')), path);
    if (n < 0 || n >= PATH_MAX || tail_sys.stat(*dir ? dir : ".", &st) < 0)
        return 0;
    return st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
}

int beside_settled(const char *path, beside_visit *visit, void *context, bool *moved)
{
    for (int walk = 1;; walk++) {
        int64_t before = names_changed_ns(path);
        *moved = false;
        int r = beside_each(path, visit, context);
        if (r != 0 || walk == WALKS_MAX || (!*moved && names_changed_ns(path) == before))
            return r;
    }
}

/* ---- by content ------------------------------------------------------------ */

struct hunt {
    const struct bookmark *mark;
    unsigned kinds;
    int looks;
    struct source *found;
};

/* Rotation keeps the name up to its first dot: app.log, app.log.1, app.log-20240101.zst, app-2024.log. */
static bool is_named_like(const char *path, const char *known)
{
    const char *a = path + resume_dir_len(path), *b = known + resume_dir_len(known);
    a += *a == '/';
    b += *b == '/';
    size_t stem = strcspn(b, ".");
    return strncmp(a, b, stem) == 0 && strcmp(a, b) != 0;
}

static bool packs(struct source *archive, const struct identity *id)
{
    char head[IDENTITY_HEAD_BYTES];
    size_t len = archive_peek(archive, head);
    return len >= id->head_len && hash_bytes((struct bytes){head, id->head_len}) == id->head;
}

static bool fits(const struct hunt *hunt, struct source *source)
{
    struct marker marker;
    if (source_kind(source) == SOURCE_ARCHIVE)
        return (hunt->kinds & BESIDE_ARCHIVE) && packs(source, &hunt->mark->identity);
    return (hunt->kinds & BESIDE_COPY) && resume_holds(source, hunt->mark, &marker);
}

static bool look_at(void *context, const char *path, uint64_t inode)
{
    struct hunt *hunt = context;
    struct source *source;
    if (inode == hunt->mark->identity.inode || !is_named_like(path, hunt->mark->path))
        return false;
    if (hunt->looks++ >= LOOKS_MAX)
        return true;
    if (source_follow(path, &source, NULL) < 0)
        return false;
    if (!fits(hunt, source)) {
        source_close(source);
        return false;
    }
    hunt->found = source;
    return true;
}

int beside_find(const struct bookmark *mark, unsigned kinds, struct source **ret)
{
    struct hunt hunt = {.mark = mark, .kinds = kinds};
    if (mark->identity.head_len == 0 || (mark->flags & BOOKMARK_ARCHIVE))
        return -ENOENT; // nothing is known of its content, or it is packed already
    beside_each(mark->path, look_at, &hunt);
    if (!hunt.found)
        return -ENOENT;
    *ret = hunt.found;
    return 0;
}
