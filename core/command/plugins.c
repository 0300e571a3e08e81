/* SPDX-License-Identifier: MIT */

/*
 * oddline plugins: what can be loaded, with its parameters; for a file, whether and why (not) it loads. `new` and `test` are
 * for who writes one: author.c, trial.c.
 */

#include "app/cli.h"
#include "base/clock.h"
#include "command/author.h"
#include "command/trial.h"
#include "host/host.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *type_name(oddline_type type)
{
    static const char *const names[] = {
        [ODDLINE_F64] = "number",         [ODDLINE_I64] = "whole number",
        [ODDLINE_BOOL] = "true or false", [ODDLINE_TEXT] = "text",
        [ODDLINE_DURATION] = "duration",  [ODDLINE_PATTERNS] = "list of patterns",
    };
    return names[type];
}

static void print_value(oddline_type type, oddline_value value)
{
    char text[CLOCK_TEXT_SIZE];
    if (type == ODDLINE_F64)
        printf("%g", value.f64);
    else if (type == ODDLINE_I64)
        printf("%" PRId64, value.i64);
    else if (type == ODDLINE_BOOL)
        printf("%s", value.i64 ? "true" : "false");
    else if (type == ODDLINE_DURATION)
        printf("%s", clock_format_duration(value.i64, text));
    else
        printf("%s", value.text ? value.text : "");
}

static void print_param(const oddline_param *param)
{
    bool ranged = param->type == ODDLINE_F64 || param->type == ODDLINE_I64 ||
                  param->type == ODDLINE_DURATION;
    printf("    %-16s %s", param->name, type_name(param->type));
    if (param->type != ODDLINE_PATTERNS) {
        printf(", default ");
        print_value(param->type, param->fallback);
    }
    if (ranged) {
        printf(" (");
        print_value(param->type, param->min);
        printf(" to ");
        print_value(param->type, param->max);
        printf(")");
    }
    printf("%s%s\n                     %s\n", *param->unit ? " " : "", param->unit,
           param->help);
}

static void print_plugin(const struct plugin *plugin)
{
    const struct oddline_plugin *label = plugin_label(plugin);
    printf("%s %s  %s\n    %s\n", label->id, label->version, label->summary,
           plugin_path(plugin));
    for (uint32_t i = 0; i < label->param_count; i++)
        print_param(&label->params[i]);
    printf("\n");
}

static int show(const char *name)
{
    struct plugin *plugin;
    struct error error;
    if (plugin_load(name, plugin_dir(), &plugin, &error) < 0)
        return say_failure(EXIT_DATA, &error);
    print_plugin(plugin);
    plugin_free(plugin);
    return EXIT_DONE;
}

static int show_all(void)
{
    char pattern[4096];
    glob_t found;
    int code = EXIT_DONE;
    snprintf(pattern, sizeof(pattern), "%s/*.so", plugin_dir());
    if (glob(pattern, 0, NULL, &found) != 0) {
        struct error error;
        error_set(&error, -ENOENT, "%s: no detectors there; set ODDLINE_PLUGIN_DIR",
                  plugin_dir());
        return say_failure(EXIT_NO_INPUT, &error);
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        int r = show(found.gl_pathv[i]);
        code = r ? r : code;
    }
    globfree(&found);
    return code;
}

int command_plugins(int argc, char **argv)
{
    struct option_set set = {.command = "plugins"};
    int first, code;
    if (argc > 1 && strcmp(argv[1], "new") == 0)
        return author_command(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "test") == 0)
        return trial_command(argc - 1, argv + 1);
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (first == argc)
        return show_all();
    code = EXIT_DONE;
    for (int i = first; i < argc; i++) {
        int r = show(argv[i]);
        code = r ? r : code;
    }
    return code;
}
