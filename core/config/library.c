/* SPDX-License-Identifier: MIT */

/*
 * The plugins of a process: each file is known once, however many streams use it. The first built-in detector that is asked for
 * brings all of them, since one worker reads a dozen labels as fast as one.
 */

#include "config/plan.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct plugin *look_up(const struct library *library, const char *name)
{
    for (size_t i = 0; i < library->count; i++)
        if (strcmp(library->names[i], name) == 0)
            return library->plugins[i];
    return NULL;
}

static int add(struct library *library, const char *name, struct plugin *plugin)
{
    struct plugin **plugins =
        realloc(library->plugins, (library->count + 1) * sizeof(struct plugin *));
    if (plugins)
        library->plugins = plugins;
    const char **names = realloc(library->names, (library->count + 1) * sizeof(*names));
    if (names)
        library->names = names;
    char *copy = strdup(name);
    if (!plugins || !names || !copy) {
        free(copy);
        return -ENOMEM;
    }
    library->plugins[library->count] = plugin;
    library->names[library->count++] = copy;
    return 0;
}

static void keep_sentence(void *context, size_t index, const char *sentence)
{
    (void)index;
    error_set(context, 0, "%s", sentence);
}

/* One file, its label read by a worker of its own. */
static int know(struct library *library, const char *name, struct error *reterr)
{
    struct plugin *plugin;
    struct error refused = {""};
    int r = plugin_find(name, plugin_dir(), &plugin, reterr);
    if (r < 0)
        return r;
    struct label_request request = {
        .plugins = &plugin, .count = 1, .refuse = keep_sentence, .context = &refused};
    r = crew_read_labels(&request, reterr);
    if (r == 0 && !plugin_label(plugin))
        r = error_set(reterr, -ENOEXEC, "%s",
                      refused.text[0] ? refused.text : "its label could not be read");
    if (r == 0 && add(library, name, plugin) < 0)
        r = error_set(reterr, -ENOMEM, "%s: out of memory", name);
    if (r < 0)
        plugin_free(plugin);
    return r;
}

static void ignore_sentence(void *context, size_t index, const char *sentence)
{
    (void)context, (void)index, (void)sentence; // whoever asks for that one hears it then
}

/* `ewma` of /…/detectors/ewma.so. */
static void base_name(const char *path, char *name, size_t size)
{
    const char *slash = strrchr(path, '/');
    snprintf(name, size, "%.*s", (int)strlen(slash ? slash + 1 : path) - 3,
             slash ? slash + 1 : path);
}

static void know_built_ins(struct library *library)
{
    enum { MOST = 32 };
    struct plugin *plugins[MOST];
    size_t count = 0;
    char pattern[4096], name[256];
    glob_t found;
    snprintf(pattern, sizeof(pattern), "%s/*.so", plugin_dir());
    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc && count < MOST; i++)
        count += plugin_find(found.gl_pathv[i], plugin_dir(), &plugins[count], NULL) == 0;
    globfree(&found);
    struct label_request request = {
        .plugins = plugins, .count = count, .refuse = ignore_sentence};
    if (count)
        crew_read_labels(&request, NULL);
    for (size_t i = 0; i < count; i++) {
        base_name(plugin_path(plugins[i]), name, sizeof(name));
        if (!plugin_label(plugins[i]) || look_up(library, name) ||
            add(library, name, plugins[i]) < 0)
            plugin_free(plugins[i]);
    }
}

static int load_here(struct library *library, const char *name, struct error *reterr)
{
    struct plugin *plugin;
    int r = plugin_load(name, plugin_dir(), &plugin, reterr);
    if (r == 0 && add(library, name, plugin) < 0) {
        plugin_free(plugin);
        r = error_set(reterr, -ENOMEM, "%s: out of memory", name);
    }
    return r;
}

int library_get(struct library *library, const char *name, struct plugin **ret,
                struct error *reterr)
{
    struct plugin *plugin = look_up(library, name);
    int r = 0;
    if (!plugin && library->isolation == ISOLATION_NONE) {
        r = load_here(library, name, reterr);
    } else if (!plugin) {
        if (!strchr(name, '/') && !strstr(name, ".so") && library->count == 0)
            know_built_ins(library);
        if (!look_up(library, name))
            r = know(library, name, reterr);
    }
    if (r == 0)
        *ret = look_up(library, name);
    return r;
}

void library_free(struct library *library)
{
    for (size_t i = 0; i < library->count; i++) {
        plugin_free(library->plugins[i]);
        free((void *)(uintptr_t)library->names[i]);
    }
    free(library->plugins);
    free(library->names);
    *library = (struct library){.isolation = library->isolation};
}
