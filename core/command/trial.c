/* SPDX-License-Identifier: MIT */

#include "command/trial.h"

#include "app/cli.h"
#include "base/clock.h"
#include "base/log.h"
#include "command/trial_checks.h"
#include "host/jail.h"
#include "host/plugin.h" // find here, map in the child: host.h does both at once

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEADLINE_S = 60 };

struct trial {
    struct plugin *plugin; /* found and checked; mapped in the children only */
    int64_t deadline_ns;
    struct reel reel;
    struct trial_report *report; /* shared with the child */
    uint64_t digest;             /* of the scores in another process; 0 before */
    size_t failed;
};

/* How a child ended. */
struct ending {
    bool overdue;
    int status;
};

/* ---- the child ---------------------------------------------------------- */

/* What a detector is lent, it may not write to: in a worker it could not either. */
static int enter_jail(const struct trial *trial, struct trial_child *child,
                      struct error *reterr)
{
    for (int i = 0; i < 2; i++)
        child->statm[i] = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    const int keep[] = {trial->plugin->fd, child->statm[0], child->statm[1]};
    struct jail_options options = {
        .keep = keep, .keep_count = 3, .ret_denied = &trial->report->denied};
    if (mprotect(trial->reel.at, REEL_BYTES, PROT_READ) < 0)
        return error_set(reterr, -errno, "plugins test: %s", strerror(errno));
    int r = jail_limit(&options, reterr);
    trial->report->call = CALL_DLOPEN;
    if (r == 0)
        r = plugin_map(trial->plugin, reterr);
    child->plugin = trial->plugin;
    trial->report->call = CALL_NONE;
    return r < 0 ? r : jail_lock(child->statm, 2, reterr);
}

static int run_on_streams(const struct reel *reel, struct trial_child *child,
                          int (*run)(struct trial_child *child, struct error *reterr))
{
    int r = 0;
    for (size_t i = 0; i < reel->stream_count && r == 0; i++) {
        child->stream = &reel->streams[i];
        if (child->stream->frames)
            r = run(child, &child->report->error);
    }
    return r;
}

static void run_child(const struct trial *trial,
                      int (*run)(struct trial_child *child, struct error *reterr))
{
    struct trial_report *report = trial->report;
    struct trial_child child = {.reel = &trial->reel, .report = report};
    if (enter_jail(trial, &child, &report->error) < 0) {
        report->outcome = TRIAL_NO_LOAD;
        return;
    }
    const struct oddline_plugin *label = plugin_label(child.plugin);
    snprintf(report->title, sizeof(report->title), "%s %s: %s", label->id, label->version,
             label->summary);
    int r = run_on_streams(&trial->reel, &child, run);
    report->outcome = r < 0 ? TRIAL_FAILED : r == TRIAL_NOTHING ? TRIAL_NOTHING : TRIAL_PASSED;
}

/* ---- the parent --------------------------------------------------------- */

static int await(pid_t pid, int64_t deadline_ns, struct ending *ret)
{
    int pidfd = pidfd_open(pid, 0);
    struct pollfd wait = {.fd = pidfd, .events = POLLIN};
    int64_t until = clock_monotonic_ns() + deadline_ns, left = deadline_ns;
    int n = 0;
    while (pidfd >= 0 && left > 0 && n == 0) {
        n = poll(&wait, 1, (int)(left / NS_PER_MS) + 1);
        n = n < 0 && errno == EINTR ? 0 : n;
        left = until - clock_monotonic_ns();
    }
    ret->overdue = n == 0;
    if (n <= 0)
        kill(pid, SIGKILL); // ours, and not yet waited for: the number is still its own
    if (pidfd >= 0)
        close(pidfd);
    return waitpid(pid, &ret->status, 0) < 0 ? -errno : 0;
}

static int run_apart(struct trial *trial,
                     int (*run)(struct trial_child *child, struct error *reterr),
                     struct ending *ret, struct error *reterr)
{
    *trial->report = (struct trial_report){.memory_kib = -1};
    *ret = (struct ending){0};
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        run_child(trial, run);
        _exit(0); // no exit handlers, neither ours nor the detector's
    }
    int r = pid < 0 ? -errno : await(pid, trial->deadline_ns, ret);
    return r < 0 ? error_set(reterr, r, "plugins test: cannot run a process: %s", strerror(-r))
                 : 0;
}

/* Where it was, in words that follow a verb. */
static const char *place(const struct trial_report *report)
{
    static const char *const places[CALLS] = {
        [CALL_NONE] = "outside its calls",
        [CALL_DLOPEN] = "while it was mapped (a constructor)",
        [CALL_OPEN] = "in open()",
        [CALL_OBSERVE] = "in observe()",
        [CALL_SCORE] = "in score()",
        [CALL_SAVE] = "in save()",
        [CALL_LOAD] = "in load()",
        [CALL_CLOSE] = "in close()",
    };
    return report->call < CALLS ? places[report->call] : "somewhere";
}

static void say_denied(const struct trial_report *report, struct error *ret)
{
    char *call = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)report->denied - 1);
    error_set(ret, 0, "system call %s %s: a detector may not", call ? call : "of no name",
              place(report));
    free(call);
}

/* The sentence about a process that ended before it had its say. */
static void say_ending(const struct trial *trial, const struct ending *ending,
                       struct error *ret)
{
    const struct trial_report *report = trial->report;
    char deadline[CLOCK_TEXT_SIZE];
    if (ending->overdue) {
        error_set(ret, 0, "still running after %s %s",
                  clock_format_duration(trial->deadline_ns, deadline), place(report));
    } else if (report->denied) {
        say_denied(report, ret);
    } else if (WIFSIGNALED(ending->status)) {
        const char *name = sigabbrev_np(WTERMSIG(ending->status));
        error_set(ret, 0, "killed by SIG%s %s", name ? name : "?", place(report));
    } else {
        error_set(ret, 0, "the process ended with %d %s", WEXITSTATUS(ending->status),
                  place(report));
    }
}

/* What comes from the child is anybody's bytes: it ends, and moves no cursor. */
static void clean(char *text, size_t size)
{
    text[size - 1] = '\0';
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

static enum trial_outcome conclude(const struct trial *trial, const struct ending *ending)
{
    struct trial_report *report = trial->report;
    bool whole = WIFEXITED(ending->status) && WEXITSTATUS(ending->status) == 0;
    clean(report->title, sizeof(report->title));
    clean(report->error.text, sizeof(report->error.text));
    if (whole && !ending->overdue && report->outcome != TRIAL_RUNNING &&
        report->outcome <= TRIAL_PASSED)
        return (enum trial_outcome)report->outcome;
    bool loading = report->call == CALL_DLOPEN;
    say_ending(trial, ending, &report->error);
    return loading ? TRIAL_NO_LOAD : TRIAL_FAILED;
}

/* ---- what is said ------------------------------------------------------- */

static void say_check(const char *name, enum trial_outcome outcome, const char *why)
{
    if (outcome == TRIAL_FAILED)
        printf("FAILED  %s: %s\n", name, why);
    else if (outcome == TRIAL_NOTHING)
        printf("-       %s: %s\n", name, why);
    else
        printf("ok      %s\n", name);
    fflush(stdout);
}

static void say_reel(const struct reel *reel)
{
    size_t used = 0;
    for (size_t i = 0; i < reel->stream_count; i++)
        used += reel->streams[i].frames > 0;
    printf("logs    %llu lines in %llu batches, %llu windows of %zu stream%s; %.1f MiB of "
           "frames%s\n",
           (unsigned long long)reel->lines, (unsigned long long)reel->batches,
           (unsigned long long)reel->windows, used, used == 1 ? "" : "s",
           (double)reel->len / 1048576,
           reel->full ? "; the rest of the logs was left out" : "");
}

static void say_cost(const struct trial_report *report)
{
    const struct trial_cost *cost = &report->cost;
    printf("cost    ");
    if (cost->lines)
        printf("%.1f ns a line, ", (double)cost->observe_ns / (double)cost->lines);
    printf("%.0f ns a window",
           cost->windows ? (double)cost->score_ns / (double)cost->windows : 0.0);
    printf(" for one instance");
    if (report->memory_kib >= 0)
        printf("; %s%lld KiB of memory for %u", report->memory_kib < 4 ? "under " : "",
               report->memory_kib < 4 ? 4 : (long long)report->memory_kib, report->instances);
    printf("%s\n",
           jail_is_tight() ? "" : " (built with a sanitizer: times mean little, no filter)");
}

/* ---- the trial ---------------------------------------------------------- */

/* Two processes must say the same, too: a seed may be as old as its process. */
static void compare_processes(struct trial *trial, enum trial_outcome *outcome)
{
    uint64_t digest = trial->report->digest;
    if (*outcome != TRIAL_PASSED || digest == 0)
        return;
    if (trial->digest && trial->digest != digest) {
        *outcome = TRIAL_FAILED;
        error_set(&trial->report->error, 0, "another process says something else of them");
    }
    trial->digest = digest;
}

/* Returns false when there is no point in going on; *ret_exit says with what. */
static bool run_check(struct trial *trial, const struct trial_check *check, int *ret_exit)
{
    struct ending ending;
    struct error error;
    if (run_apart(trial, check->run, &ending, &error) < 0) {
        *ret_exit = say_failure(EXIT_IO, &error);
        return false;
    }
    enum trial_outcome outcome = conclude(trial, &ending);
    if (outcome == TRIAL_NO_LOAD) {
        bool named = ending.status == 0; // a sentence of the loader; the others know no name
        log_error("%s%s%s", named ? "" : plugin_path(trial->plugin), named ? "" : ": ",
                  trial->report->error.text);
        *ret_exit = EXIT_DATA;
        return false;
    }
    compare_processes(trial, &outcome);
    if (check == trial_checks)
        printf("%s\n", trial->report->title);
    say_check(check->name, outcome, trial->report->error.text);
    trial->failed += outcome == TRIAL_FAILED;
    if (ending.overdue)
        printf("        the other checks were not run\n");
    *ret_exit = EXIT_FOUND;
    return !ending.overdue;
}

static int measure(struct trial *trial)
{
    struct ending ending;
    struct error error;
    say_reel(&trial->reel);
    if (run_apart(trial, trial_measure, &ending, &error) < 0)
        return say_failure(EXIT_IO, &error);
    if (conclude(trial, &ending) == TRIAL_PASSED)
        say_cost(trial->report);
    else
        printf("cost    not known: %s\n", trial->report->error.text);
    return trial->failed ? EXIT_FOUND : EXIT_DONE;
}

static int try_all(struct trial *trial)
{
    int code;
    for (size_t i = 0; i < trial_check_count; i++)
        if (!run_check(trial, &trial_checks[i], &code))
            return code;
    return measure(trial);
}

static int try_detector(struct trial *trial, char **paths, size_t count)
{
    struct error error;
    int code = EXIT_IO, r = reel_read(&trial->reel, paths, count, &error);
    trial->report = mmap(NULL, sizeof(*trial->report), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (r < 0)
        code = say_failure(r == -ENODATA ? EXIT_NO_INPUT : EXIT_IO, &error);
    else if (trial->report == MAP_FAILED)
        log_error("plugins test: out of memory");
    else
        code = try_all(trial);
    if (trial->report != MAP_FAILED)
        munmap(trial->report, sizeof(*trial->report));
    reel_free(&trial->reel);
    return code;
}

/* ---- the command -------------------------------------------------------- */

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    struct trial *trial = context;
    int64_t deadline;
    (void)index;
    if (clock_parse_duration(value, &deadline, reterr) < 0)
        return false;
    if (deadline < NS_PER_S || deadline > 3600 * NS_PER_S) {
        error_set(reterr, -EINVAL, "--deadline: %s is out of range; allowed is 1s to 1h",
                  value);
        return false;
    }
    trial->deadline_ns = deadline;
    return true;
}

int trial_command(int argc, char **argv)
{
    static const struct option_spec specs[] = {
        {"deadline", "DURATION", "how long each check of `plugins test` may take (60s)"}};
    struct trial trial = {.deadline_ns = DEADLINE_S * NS_PER_S};
    struct option_set set = {"plugins", specs, 1, take, &trial};
    struct error error;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (argc - first < 2) {
        error_set(&error, -EINVAL,
                  "plugins test: name a detector and the logs to try it on: FILE.so LOG…");
        return say_failure(EXIT_USAGE, &error);
    }
    if (plugin_find(argv[first], plugin_dir(), &trial.plugin, &error) < 0)
        return say_failure(EXIT_DATA, &error);
    code = try_detector(&trial, argv + first + 1, (size_t)(argc - first - 1));
    plugin_free(trial.plugin);
    return code;
}
