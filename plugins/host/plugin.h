/* SPDX-License-Identifier: MIT */
/*
 * plugin.h - a loaded plugin as the files of this room share it. Outsiders use host.h.
 */
#ifndef HOST_PLUGIN_H
#define HOST_PLUGIN_H

#include "host/host.h"

struct plugin {
    void *object; /* of dlopen() */
    const struct oddline_plugin *label;
    unsigned instances; /* open ones; must be 0 when the object is unmapped */
    char path[4096];
};

/*
 * Fill `values` ([label->param_count]) from the fallbacks and then from the settings. Texts are lent from the settings.
 * In setting.c.
 */
int plugin_values(const struct plugin *plugin, const struct instance_options *options,
                  union oddline_value *values, struct error *reterr);

#endif /* HOST_PLUGIN_H */
