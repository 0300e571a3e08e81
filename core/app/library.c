/* SPDX-License-Identifier: MIT */

/* The plugins of a process: each file is loaded once, however many streams use it. */

#include "app/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int library_get(struct library *library, const char *name, struct plugin **ret,
                struct error *reterr)
{
    for (size_t i = 0; i < library->count; i++)
        if (strcmp(library->names[i], name) == 0) {
            *ret = library->plugins[i];
            return 0;
        }
    struct plugin *plugin;
    int r = plugin_load(name, plugin_dir(), &plugin, reterr);
    if (r < 0)
        return r;
    struct plugin **plugins =
        realloc(library->plugins, (library->count + 1) * sizeof(*plugins));
    if (plugins)
        library->plugins = plugins;
    const char **names = realloc(library->names, (library->count + 1) * sizeof(*names));
    if (names)
        library->names = names;
    char *copy = strdup(name);
    if (!plugins || !names || !copy) {
        free(copy);
        plugin_free(plugin);
        return error_set(reterr, -ENOMEM, "%s: out of memory", name);
    }
    library->plugins[library->count] = plugin;
    library->names[library->count++] = copy;
    *ret = plugin;
    return 0;
}

void library_free(struct library *library)
{
    for (size_t i = 0; i < library->count; i++) {
        plugin_free(library->plugins[i]);
        free((void *)(uintptr_t)library->names[i]);
    }
    free(library->plugins);
    free(library->names);
    *library = (struct library){0};
}
