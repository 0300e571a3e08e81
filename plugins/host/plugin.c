/* SPDX-License-Identifier: MIT */

#include "host/plugin.h"

#include "base/check.h"
#include "host/brief.h"
#include "host/elf.h"
#include "host/guard.h"
#include "host/label.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_path(const char *name)
{
    size_t len = strlen(name);
    return strchr(name, '/') || (len > 3 && strcmp(name + len - 3, ".so") == 0);
}

/* A path without a slash gets "./": dlopen() would search the system's directories for it. */
static int find(const char *name, const char *dir, char path[static PATH_MAX],
                struct error *reterr)
{
    int len;
    if (is_path(name)) {
        len = snprintf(path, PATH_MAX, "%s%s", strchr(name, '/') ? "" : "./", name);
    } else if (!label_id_is_good(name)) {
        return error_set(
            reterr, -EINVAL,
            "%s: not a detector: an id has 1 to %d lower-case letters, digits and `-`", name,
            LABEL_ID_MAX);
    } else {
        len = snprintf(path, PATH_MAX, "%s/%s.so", dir, name);
        if (len < PATH_MAX && access(path, F_OK) < 0 && errno == ENOENT)
            return error_set(reterr, -ENOENT, "%s: no such detector: looked in %s", name, dir);
    }
    if (len < 0 || len >= PATH_MAX)
        return error_set(reterr, -ENAMETOOLONG, "%s: cannot open: path too long", name);
    return 0;
}

/* How many bytes the object says its label has. */
static size_t symbol_bytes(const void *label)
{
    Dl_info info;
    ElfW(Sym) *symbol = NULL;
    if (!dladdr1(label, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol)
        return 0;
    return symbol->st_size;
}

int plugin_map(struct plugin *plugin, struct error *reterr)
{
    char real[64]; // what was checked is what is loaded, whatever lies under the name by now
    snprintf(real, sizeof(real), "/proc/self/fd/%d", plugin->fd);
    plugin->object = dlopen(real, RTLD_NOW | RTLD_LOCAL);
    if (!plugin->object) {
        const char *why = dlerror();
        return error_set(reterr, -ENOEXEC, "%s: cannot load: %s", plugin->path,
                         why ? why : "unknown");
    }
    plugin->label = dlsym(plugin->object, ODDLINE_SYMBOL);
    if (!plugin->label)
        return error_set(reterr, -ENOEXEC,
                         "%s: no detector: it exports no `" ODDLINE_SYMBOL "`", plugin->path);
    return label_check(plugin->path, plugin->label, symbol_bytes(plugin->label), reterr);
}

static struct plugin *make(void)
{
    struct plugin *plugin = calloc(1, sizeof(*plugin));
    if (plugin)
        plugin->fd = -1;
    return plugin;
}

int plugin_find(const char *name, const char *dir, struct plugin **ret, struct error *reterr)
{
    _Static_assert(sizeof(((struct plugin *)0)->path) == PATH_MAX, "find() fills it");
    struct plugin *plugin = make();
    if (!plugin)
        return error_set(reterr, -ENOMEM, "%s: cannot load: out of memory", name);
    int r = find(name, dir, plugin->path, reterr);
    if (r == 0)
        r = guard_open(plugin->path, &plugin->fd, reterr);
    if (r == 0)
        r = elf_check(plugin->fd, plugin->path, reterr);
    if (r < 0)
        goto fail;
    *ret = plugin;
    return 0;
fail:
    plugin_free(plugin);
    return r;
}

int plugin_adopt(int fd, const char *path, struct plugin **ret, struct error *reterr)
{
    struct plugin *plugin = make();
    if (!plugin)
        return error_set(reterr, -ENOMEM, "%s: cannot load: out of memory", path);
    plugin->fd = fd;
    snprintf(plugin->path, sizeof(plugin->path), "%s", path);
    *ret = plugin;
    return 0;
}

int plugin_label_far(struct plugin *plugin, struct bytes packed, struct error *reterr)
{
    int r = label_unpack(packed, plugin->path, &plugin->arena, &plugin->far_label, reterr);
    if (r == 0)
        plugin->label = &plugin->far_label;
    return r;
}

int plugin_load(const char *name, const char *dir, struct plugin **ret, struct error *reterr)
{
    struct plugin *plugin = NULL;
    int r = plugin_find(name, dir, &plugin, reterr);
    if (r < 0 || !plugin)
        return r;
    r = plugin_map(plugin, reterr);
    if (r < 0) {
        plugin_free(plugin);
        return r;
    }
    *ret = plugin;
    return 0;
}

void plugin_free(struct plugin *plugin)
{
    if (!plugin)
        return;
    CHECK(plugin->instances == 0);
    if (plugin->object)
        dlclose(plugin->object);
    if (plugin->fd >= 0)
        close(plugin->fd);
    arena_free(&plugin->arena);
    free(plugin);
}

const struct oddline_plugin *plugin_label(const struct plugin *plugin)
{
    return plugin->label;
}

bool plugin_takes(const struct plugin *plugin, const struct oddline_window *window)
{
    return !(window->flags & ODDLINE_WINDOW_UNFINISHED) ||
           plugin->label->needs & ODDLINE_TAKES_UNFINISHED;
}

const char *plugin_path(const struct plugin *plugin)
{
    return plugin->path;
}

bool plugin_same_file(const struct plugin *a, const struct plugin *b)
{
    struct stat x, y;
    return fstat(a->fd, &x) == 0 && fstat(b->fd, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino && x.st_size == y.st_size &&
           x.st_mtim.tv_sec == y.st_mtim.tv_sec && x.st_mtim.tv_nsec == y.st_mtim.tv_nsec;
}

bool plugin_is_stranger(const struct plugin *plugin)
{
    const char *dir = plugin_dir();
    size_t len = strlen(dir);
    return strncmp(plugin->path, dir, len) != 0 || plugin->path[len] != '/' ||
           strchr(plugin->path + len + 1, '/');
}

/* That directory, seen from the one the running executable lies in. */
static bool beside_executable(const char *where, char path[static PATH_MAX])
{
    char here[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", here, sizeof(here) - 1);
    if (len <= 0)
        return false;
    here[len] = '\0';
    char *slash = strrchr(here, '/');
    if (!slash)
        return false;
    *slash = '\0';
    int n = snprintf(path, PATH_MAX, "%s/%s", here, where);
    return n > 0 && n < PATH_MAX && access(path, R_OK | X_OK) == 0;
}

// Found once, by whichever thread asks first; the same for the whole life of the process.
static char own_dir[PATH_MAX];

/* The build tree first, then an installed prefix wherever it was moved, then where it was meant to be. */
static void find_own_dir(void)
{
    if (!beside_executable("detectors", own_dir) &&
        !beside_executable(ODDLINE_PLUGIN_FROM_BIN, own_dir))
        snprintf(own_dir, sizeof(own_dir), "%s", ODDLINE_PLUGIN_DIR);
}

const char *plugin_dir(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const char *wish = getenv("ODDLINE_PLUGIN_DIR");
    if (wish && wish[0])
        return wish;
    pthread_once(&once, find_own_dir);
    return own_dir;
}
