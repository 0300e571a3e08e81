/* SPDX-License-Identifier: MIT */
/*
 * main.c - the map of the program.
 *
 *      oddline run -c FILE    run.c in this room: the daemon
 *      oddline ANYTHING ELSE  core/command/ANYTHING_command.c or ANYTHING.c, with its parts beside it
 *      oddline worker         plugins/host/worker.c, for the daemon alone
 *
 *      config.c ─▶ plan.c ─▶ lane.c (tail, record, window) ═ring═▶ judge ─▶ deliver
 *        what people wrote     what to do    one thread                one      one a sink
 *
 * core/config knows what people wrote; this room is the daemon and the scan, and loops over no records; core/command sees all.
 */

#include "app/cli.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/regex.h"
#include "host/host.h"
#include "host/worker.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <zstd.h>

const struct command commands[] = {
    {"scan", "scan [-c FILE] [--json] PATH…",
     "Reads logs once, in event time, and prints the findings.", command_scan},
    {"run", "run -c FILE", "The daemon: tails logs and delivers findings.", command_run},
    {"check", "check FILE", "Checks a configuration and runs the tests inside it.",
     command_check},
    {"plugins", "plugins [new NAME | test FILE.so LOG… | FILE.so…]",
     "Lists detectors; for a file, says whether and why (not) it loads.", command_plugins},
    {"score", "score [--detector NAME] [--set k=v] FILE.csv",
     "Scores one numeric series from a CSV file.", command_score},
    {"templates", "templates [--assign] PATH…",
     "Lists the templates of logs with counts; or the template of each line.",
     command_templates},
    {"findings", "findings [--since 1h] [--route page] [-f] [--json]", "Shows what was found.",
     command_findings},
    {"explain", "explain FILE | - | [--state-dir DIR] ID",
     "Computes the score of a finding again from the numbers stored with it.", command_explain},
    {"show", "show [-C N] FILE | - | [--state-dir DIR] ID",
     "Reads the evidence of a finding again, and says whether it is what it was.",
     command_show},
    {"backtest", "backtest -c FILE --labels FILE.csv PATH…",
     "What a configuration would have found in old logs, and missed.", command_backtest},
    {"silence", "silence add|list|expire ID [--stream NAME] [--for 2h]…",
     "Keeps pages and tickets in the log for a while: who, why and until when.",
     command_silence},
    {"routes", "routes test -c FILE [--stream NAME --kind KIND… | FILE.jsonl | -]",
     "Where a finding would go, by which rule, and what would go with it.", command_routes},
    {"audit", "audit [--since 7d] [-c FILE | FILE.jsonl…] [--json]",
     "What paged most, what was noise, and what a threshold would have saved.", command_audit},
    {"mark", "mark deploy|false ID|postmortem ID URL|list…",
     "Tells findings of deployments and post-mortems, and which were false.", command_mark},
    {"slo", "slo [-c FILE] [--json]",
     "Error budgets: what is left, how fast it burns, when it runs out.", command_slo},
    {"act", "act -c FILE [--once] [--dry-run]",
     "Runs commands, posts JSON and feeds Alertmanager for findings in Redis.", command_act},
    {"gate", "gate --service S [-c FILE] [--since WHICH] [--wait 10m] [PATH…]",
     "Compares after with before a deployment: exit 0 pass, 1 fail, 2 inconclusive.",
     command_gate},
    {"fleet", "fleet -c FILE | --url URL [--json] [--watch]",
     "The hosts that publish into one Redis, the silent too, and what fires on how many.",
     command_fleet},
    {"status", "status [-c FILE] [--json]",
     "What the daemon does, and what each detector and pattern costs.", command_status},
    {"trace", "trace ID | --slow | --failed PATH…",
     "The way of one transaction through the services, where it was slow and where it failed.",
     command_trace},
    {"report", "report --since T [--until T] [-o FILE.html] [FILE.jsonl…]",
     "An incident as one page: summary, timeline, charts, evidence, and room for the causes.",
     command_report},
    {"metrics", "metrics [-c FILE]", "The same as Prometheus text.", command_metrics},
};
const size_t command_count = sizeof(commands) / sizeof(commands[0]);

static void print_usage(FILE *out)
{
    fprintf(out, "oddline - finds the odd lines in application logs\n\n");
    for (size_t i = 0; i < command_count; i++)
        fprintf(out, "  oddline %-52s %s\n", commands[i].synopsis, commands[i].help);
    fprintf(out, "\n  oddline COMMAND --help      options of a command\n"
                 "  oddline --version           this version, its libraries, and whether "
                 "patterns are compiled (JIT)\n"
                 "  oddline --plugin-dir        where detectors are looked for\n");
}

static int print_version(void)
{
    char pcre2[64] = "";
    int major, minor, patch;
    pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
    yaml_get_version(&major, &minor, &patch);
    printf("oddline %s\n", ODDLINE_VERSION);
    printf("detector ABI %d\n", ODDLINE_ABI);
    printf("pcre2 %s, JIT %s\n", pcre2, regex_has_jit() ? "on" : "off");
    printf("zstd %s\n", ZSTD_versionString());
    printf("hiredis %d.%d.%d\n", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
    printf("libyaml %d.%d.%d\n", major, minor, patch);
    return EXIT_DONE;
}

static int unknown_command(const char *name)
{
    const char *names[64];
    for (size_t i = 0; i < command_count; i++)
        names[i] = commands[i].name;
    const char *near = nearest(name, names, command_count);
    log_error("unknown command '%s'%s%s%s", name,
              near ? "; did you mean '" : "; see oddline --help", near ? near : "",
              near ? "'?" : "");
    return EXIT_USAGE;
}

/* A file or socket of ours that got one of their numbers would be given what is said there. Using one fails, as it did. */
static void hold_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
    hold_standard_descriptors();
    signal(SIGPIPE, SIG_IGN); // a reader that left is an error of write(2), not the end
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0)
        return print_version();
    if (strcmp(argv[1], "worker") == 0) // started by ourselves: see plugins/host/worker.h
        return worker_main(argc - 1, argv + 1);
    if (strcmp(argv[1], "--plugin-dir") == 0) {
        printf("%s\n", plugin_dir());
        return EXIT_DONE;
    }
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return unknown_command(argv[1]);
}
