/* SPDX-License-Identifier: MIT */

#include "app/cli.h"

#include "base/log.h"
#include "base/nearest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { OPTIONS_MAX = 24 };

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void print_help(const struct option_set *set)
{
    const struct command *command = find_command(set->command);
    printf("usage: oddline %s\n\n%s\n", command->synopsis, command->help);
    if (set->count)
        printf("\noptions:\n");
    for (size_t i = 0; i < set->count; i++) {
        char left[64];
        const char *value = set->specs[i].value;
        snprintf(left, sizeof(left), "--%s%s%s", set->specs[i].name, value ? "=" : "",
                 value ? value : "");
        printf("  %-24s %s\n", left, set->specs[i].help);
    }
}

/* `letter` is the unknown short option, 0 for a long one or a missing value. */
static int wrong_option(const struct option_set *set, const char *word, int letter)
{
    const char short_word[] = {'-', (char)letter, '\0'};
    if (letter) // getopt stays within a word such as -xy
        word = short_word;
    const char *names[OPTIONS_MAX];
    for (size_t i = 0; i < set->count; i++)
        names[i] = set->specs[i].name;
    size_t dashes = strspn(word, "-"), len = strcspn(word + dashes, "=");
    char name[64];
    snprintf(name, sizeof(name), "%.*s", (int)len, word + dashes);
    const char *near = nearest(name, names, set->count);
    log_error("%s: unknown option or missing value: %s%s%s%s", set->command, word,
              near ? "; did you mean --" : "", near ? near : "", near ? "?" : "; see --help");
    return EXIT_USAGE;
}

bool options_parse(const struct option_set *set, int argc, char **argv, int *ret_first,
                   int *ret_exit)
{
    struct option longs[OPTIONS_MAX + 2] = {{"help", no_argument, NULL, 'h'}};
    for (size_t i = 0; i < set->count && i < OPTIONS_MAX; i++) {
        const char *value = set->specs[i].value;
        int has = !value                            ? no_argument
                  : value[strlen(value) - 1] == '?' ? optional_argument
                                                    : required_argument;
        longs[i + 1] = (struct option){set->specs[i].name, has, NULL, 256 + (int)i};
    }
    opterr = 0;
    optind = 0; // start anew, also within a word
    for (int c; (c = getopt_long(argc, argv, ":hc:fC:o:", longs, NULL)) != -1;) {
        struct error error;
        size_t index = c >= 256 ? (size_t)c - 256 : set->count;
        if (c == 'h') {
            print_help(set);
            *ret_exit = EXIT_DONE;
            return false;
        }
        for (size_t i = 0; i < set->count;
             i++) // -c FILE, -f, -C N and -o FILE, as everybody has them
            if (strcmp(set->specs[i].name, c == 'c'   ? "config"
                                           : c == 'f' ? "follow"
                                           : c == 'C' ? "context"
                                           : c == 'o' ? "output"
                                                      : "") == 0)
                index = i;
        if (index == set->count) {
            *ret_exit =
                wrong_option(set, argv[optind - 1], c == '?' && optopt < 256 ? optopt : 0);
            return false;
        }
        if (!set->take(set->context, index, optarg, &error)) {
            *ret_exit = say_failure(EXIT_USAGE, &error);
            return false;
        }
    }
    *ret_first = optind;
    return true;
}

bool color_wanted(const char *when, int fd)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    return isatty(fd) && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}

int terminal_width(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int terminal_height(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

int say_failure(enum exit_code code, const struct error *error)
{
    log_error("%s", error->text);
    return code;
}
