/* SPDX-License-Identifier: MIT */
/*
 * cli.h - what all commands share: exit codes, options, the table of commands.
 */
#ifndef APP_CLI_H
#define APP_CLI_H

#include "base/error.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FOUND = 1,     /* scan --exit-code; check: a test failed */
    EXIT_USAGE = 64,    /* EX_USAGE */
    EXIT_DATA = 65,     /* EX_DATAERR */
    EXIT_NO_INPUT = 66, /* EX_NOINPUT */
    EXIT_NO_SINK = 69,  /* EX_UNAVAILABLE */
    EXIT_IO = 74,       /* EX_IOERR */
    EXIT_CONFIG = 78,   /* EX_CONFIG */
};

struct command {
    const char *name, *synopsis, *help; /* help: one line */
    int (*run)(int argc, char **argv);  /* argv[0] is the command; returns an exit code */
};
extern const struct command commands[];
extern const size_t command_count;

int command_scan(int argc, char **argv);
int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_plugins(int argc, char **argv);
int command_score(int argc, char **argv);
int command_templates(int argc, char **argv);
int command_findings(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_show(int argc, char **argv);
int command_backtest(int argc, char **argv);
int command_silence(int argc, char **argv);
int command_routes(int argc, char **argv);
int command_audit(int argc, char **argv);
int command_mark(int argc, char **argv);
int command_slo(int argc, char **argv);
int command_act(int argc, char **argv);
int command_gate(int argc, char **argv);
int command_fleet(int argc, char **argv);
int command_status(int argc, char **argv);
int command_metrics(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_report(int argc, char **argv);

/* ---- options ------------------------------------------------------------ */

/* One option of a command; `help` is for people. */
struct option_spec {
    const char *name, *value; /* value: NULL when it takes none; "N?" when it may be left out */
    const char *help;
};

/*
 * Walk argv by the specs: calls `take(context, index of the spec, value)` for each option and leaves the operands in
 * argv[*ret_first..]. --help prints usage and returns EXIT_DONE through *ret_exit.
 *   Returns  true to go on; false: leave with *ret_exit
 */
struct option_set {
    const char *command;
    const struct option_spec *specs; /* [count] */
    size_t count;
    bool (*take)(void *context, size_t index, const char *value, struct error *reterr);
    void *context;
};
bool options_parse(const struct option_set *set, int argc, char **argv, int *ret_first,
                   int *ret_exit);

/* "auto", "always", "never" and NO_COLOR against what `fd` is. */
bool color_wanted(const char *when, int fd);
/* Columns of the terminal at `fd`, 0 when it is none. */
int terminal_width(int fd);
int terminal_height(int fd);

/* Print one sentence on stderr as the program's last word and hand back `code`. */
int say_failure(enum exit_code code, const struct error *error);

#endif /* APP_CLI_H */
