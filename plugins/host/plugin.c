/* SPDX-License-Identifier: MIT */

#include "host/plugin.h"

#include "base/check.h"
#include "host/elf.h"
#include "host/label.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static int open_object(struct plugin *plugin, struct error *reterr)
{
    plugin->object = dlopen(plugin->path, RTLD_NOW | RTLD_LOCAL);
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

int plugin_load(const char *name, const char *dir, struct plugin **ret, struct error *reterr)
{
    _Static_assert(sizeof(((struct plugin *)0)->path) == PATH_MAX, "find() fills it");
    struct plugin *plugin = calloc(1, sizeof(*plugin));
    if (!plugin)
        return error_set(reterr, -ENOMEM, "%s: cannot load: out of memory", name);
    int r = find(name, dir, plugin->path, reterr);
    if (r == 0)
        r = elf_check(plugin->path, reterr);
    if (r == 0)
        r = open_object(plugin, reterr);
    if (r < 0)
        goto fail;
    *ret = plugin;
    return 0;
fail:
    plugin_free(plugin);
    return r;
}

void plugin_free(struct plugin *plugin)
{
    if (!plugin)
        return;
    CHECK(plugin->instances == 0);
    if (plugin->object)
        dlclose(plugin->object);
    free(plugin);
}

const struct oddline_plugin *plugin_label(const struct plugin *plugin)
{
    return plugin->label;
}

const char *plugin_path(const struct plugin *plugin)
{
    return plugin->path;
}

/* `detectors` beside the running executable: true in the build tree only. */
static bool beside_executable(char path[static PATH_MAX])
{
    static const char tail[] = "/detectors";
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - sizeof(tail));
    if (len <= 0)
        return false;
    path[len] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return false;
    memcpy(slash, tail, sizeof(tail));
    return access(path, R_OK | X_OK) == 0;
}

const char *plugin_dir(void)
{
    static char found
        [PATH_MAX]; // the answer is static text, the same for the whole life of the process
    const char *wish = getenv("ODDLINE_PLUGIN_DIR");
    if (wish && wish[0])
        return wish;
    return beside_executable(found) ? found : ODDLINE_PLUGIN_DIR;
}
