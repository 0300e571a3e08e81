/* SPDX-License-Identifier: MIT */

#include "tail/open.h"

#include "tail/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { LINKS_MAX = 40 }; /* the kernel's bound */

#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#define PATH_FLAGS (O_PATH | O_CLOEXEC | O_NOFOLLOW)

static const struct open_how dir_how = {
    .flags = O_PATH | O_CLOEXEC | O_DIRECTORY,
    .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
};
static const struct open_how file_how = {
    .flags = READ_FLAGS | O_NOFOLLOW,
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
};

/* What was learnt on the way. */
struct way {
    int dir;            /* where we are */
    unsigned links;     /* symlinks that were followed ... */
    bool stranger;      /* ... one of them not root's nor ours: ... */
    uid_t stranger_uid; /* ... the file must be of the same owner */
    char rest[PATH_MAX];
};

static bool is_trusted(uid_t uid)
{
    return uid == 0 || uid == geteuid();
}

/* ---- the file itself --------------------------------------------------------- */

static int check_links(const struct way *way, const struct stat *dir, const struct stat *st)
{
    if (way->links == 0)
        return 0;
    bool ours = is_trusted(dir->st_uid) || dir->st_uid == st->st_uid;
    if (!ours || (dir->st_mode & S_IWOTH) || (way->stranger && way->stranger_uid != st->st_uid))
        return -ELOOP;
    return 0;
}

static int check_file(const struct way *way, int fd, struct stat *ret_st)
{
    struct stat dir, st;
    if (tail_sys.fstat(fd, &st) < 0 || tail_sys.fstat(way->dir, &dir) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -ENOTSUP;
    if ((dir.st_mode & S_IWOTH) && !is_trusted(st.st_uid))
        return -EPERM;
    if ((dir.st_mode & S_IWOTH) && st.st_nlink > 1)
        return -EMLINK;
    int r = check_links(way, &dir, &st);
    if (r == 0)
        *ret_st = st;
    return r;
}

/* Take the open descriptor if its file is all right, else close it. */
static int take_file(const struct way *way, int fd, int *ret_fd, struct stat *ret_st)
{
    int r = fd < 0 ? -errno : check_file(way, fd, ret_st);
    if (r < 0 && fd >= 0)
        close(fd);
    if (r == 0)
        *ret_fd = fd;
    return r;
}

/* ---- step by step -------------------------------------------------------------- */

static void way_enter(struct way *way, int dir)
{
    if (way->dir >= 0)
        close(way->dir);
    way->dir = dir;
}

/* A relative path begins here, an absolute one at the root. */
static int way_begin(struct way *way)
{
    const char *root = way->rest[0] == '/' ? "/" : ".";
    if (root[0] == '.' && way->dir >= 0)
        return 0;
    int dir = tail_sys.openat(AT_FDCWD, root, O_PATH | O_CLOEXEC | O_DIRECTORY);
    if (dir < 0)
        return -errno;
    way_enter(way, dir);
    return 0;
}

/* Cut the first component off; *last says whether there is another. */
static void way_next(struct way *way, char name[NAME_MAX + 2], bool *last)
{
    char *at = way->rest + strspn(way->rest, "/");
    size_t len = strcspn(at, "/");
    size_t fits = len <= NAME_MAX ? len : NAME_MAX + 1; // too long: the kernel says so
    memcpy(name, at, fits);
    name[fits] = '\0';
    at += len;
    at += strspn(at, "/");
    *last = *at == '\0';
    memmove(way->rest, at, strlen(at) + 1);
}

/* May this link be followed? Its target goes before the rest of the way. */
static int way_follow(struct way *way, int link, const struct stat *st)
{
    char target[PATH_MAX];
    struct stat dir;
    if (++way->links > LINKS_MAX || tail_sys.fstat(way->dir, &dir) < 0)
        return -ELOOP;
    if (!is_trusted(st->st_uid)) {
        if ((dir.st_mode & S_IWOTH) || (way->stranger && way->stranger_uid != st->st_uid))
            return -ELOOP;
        way->stranger = true;
        way->stranger_uid = st->st_uid;
    }
    ssize_t len = readlinkat(link, "", target, sizeof(target) - 1);
    size_t rest = strlen(way->rest);
    if (len <= 0)
        return len == 0 ? -ENOENT : -errno;
    if ((size_t)len + 1 + rest >= sizeof(way->rest))
        return -ENAMETOOLONG;
    memmove(way->rest + len + 1, way->rest, rest + 1);
    memcpy(way->rest, target, (size_t)len);
    way->rest[len] = rest > 0 ? '/' : '\0';
    return way_begin(way);
}

/* One component further: 1 when there are more, 0 at the end with the file open, -errno. */
static int way_step(struct way *way, int *ret_fd, struct stat *ret_st)
{
    char name[NAME_MAX + 2];
    struct stat st = {0};
    bool last;
    way_next(way, name, &last);
    if (name[0] == '\0') // the root itself, or a link to it
        return -ENOTSUP;
    int at = tail_sys.openat(way->dir, name, PATH_FLAGS);
    int r = at < 0 ? -errno : tail_sys.fstat(at, &st) < 0 ? -errno : 0;
    if (r == 0 && S_ISLNK(st.st_mode)) {
        r = way_follow(way, at, &st);
        r = r == 0 ? 1 : r;
    } else if (r == 0 && !last) {
        r = S_ISDIR(st.st_mode) ? 1 : -ENOTDIR;
        if (r == 1) {
            way_enter(way, at);
            at = -1;
        }
    } else if (r == 0) {
        int fd = tail_sys.openat(way->dir, name, READ_FLAGS | O_NOFOLLOW);
        r = take_file(way, fd, ret_fd, ret_st);
    }
    if (at >= 0)
        close(at);
    return r;
}

static int open_by_steps(const char *path, int *ret_fd, struct stat *ret_st)
{
    struct way way = {.dir = -1};
    size_t len = strlen(path);
    if (len >= sizeof(way.rest))
        return -ENAMETOOLONG;
    memcpy(way.rest, path, len + 1);
    int r = way_begin(&way);
    for (r = r < 0 ? r : 1; r == 1;)
        r = way_step(&way, ret_fd, ret_st);
    if (way.dir >= 0)
        close(way.dir);
    return r;
}

/* ---- at once --------------------------------------------------------------------- */

static int open_at_once(const char *path, int *ret_fd, struct stat *ret_st)
{
    char dir[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t len = slash ? (size_t)(slash - path) + 1 : 1;
    if (*name == '\0')
        return -ENOTSUP; // a directory
    if (len >= sizeof(dir))
        return -ENAMETOOLONG;
    if (slash)
        memcpy(dir, path, len);
    dir[len] = '\0';
    struct way way = {.dir = tail_sys.openat2(AT_FDCWD, dir, &dir_how)};
    if (way.dir < 0)
        return -errno;
    int fd = tail_sys.openat2(way.dir, name, &file_how);
    int r = take_file(&way, fd, ret_fd, ret_st);
    close(way.dir);
    return r;
}

/* ENOSYS before Linux 5.6, EPERM where a filter knows no better, EAGAIN when something was renamed meanwhile. */
static bool needs_steps(int r)
{
    return r == -ELOOP || r == -ENOSYS || r == -EPERM || r == -EAGAIN || r == -EXDEV;
}

int open_log(const char *path, int *ret_fd, struct stat *ret_st)
{
    int r = open_at_once(path, ret_fd, ret_st);
    return needs_steps(r) ? open_by_steps(path, ret_fd, ret_st) : r;
}

int open_named(const char *path, int *ret_fd, struct stat *ret_st)
{
    struct stat st;
    int fd = tail_sys.openat(AT_FDCWD, path, READ_FLAGS);
    int r = fd < 0 || tail_sys.fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -ENOTSUP;
    if (r < 0 && fd >= 0)
        close(fd);
    if (r < 0)
        return r;
    *ret_fd = fd;
    *ret_st = st;
    return 0;
}

int open_say(struct error *reterr, int r, const char *path)
{
    const char *why = r == -ENOTSUP ? "it is no regular file"
                      : r == -ELOOP ? "it is a symlink of somebody who may not lead us there"
                      : r == -EMLINK
                          ? "it has a second link, in a directory that others may write to"
                      : r == -EPERM ? "it is somebody's in a directory that others may write to"
                                    : NULL;
    if (why)
        return error_set(reterr, r, "%s: not read: %s", path, why);
    return error_set(reterr, r, "%s: cannot be read: %s", path, strerror(-r));
}
