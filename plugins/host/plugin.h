/* SPDX-License-Identifier: MIT */
/*
 * plugin.h - a loaded plugin as the files of this room share it. Outsiders use host.h.
 */
#ifndef HOST_PLUGIN_H
#define HOST_PLUGIN_H

#include "base/arena.h"
#include "host/host.h"

struct plugin {
    int fd;       /* of the file that was checked, or -1; closed with the plugin */
    void *object; /* of dlopen(); NULL where the file is loaded by a worker only */
    const struct oddline_plugin *label;
    unsigned instances; /* open ones; must be 0 when the object is unmapped */
    char path[4096];
    struct arena arena; /* of a label that a worker sent */
    struct oddline_plugin far_label;
};

/* Map it here, run its constructors, check its label. */
int plugin_map(struct plugin *plugin, struct error *reterr);
/* A plugin around a descriptor that came from elsewhere; takes the descriptor. */
int plugin_adopt(int fd, const char *path, struct plugin **ret, struct error *reterr);
/* It is loaded by a worker, which sent this label. */
int plugin_label_far(struct plugin *plugin, struct bytes packed, struct error *reterr);

/*
 * Fill `values` ([label->param_count]) from the fallbacks and then from the settings. Texts are lent from the settings.
 * In setting.c.
 */
int plugin_values(const struct plugin *plugin, const struct instance_options *options,
                  union oddline_value *values, struct error *reterr);

#endif /* HOST_PLUGIN_H */
