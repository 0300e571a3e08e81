/* SPDX-License-Identifier: MIT */

/* oddline silence: what nobody wants to be called about, until when, and who said so. Works beside a running daemon, and without one. */

#include "app/silence_file.h"
#include "base/clock.h"
#include "base/screen.h"
#include "command/given.h"
#include "config/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_CONFIG,
    OPT_STATE_DIR,
    OPT_STREAM,
    OPT_DETECTOR,
    OPT_SERIES,
    OPT_UNTIL,
    OPT_FOR,
    OPT_REASON,
    OPT_AUTHOR,
    OPTIONS
};

static const struct option_spec specs[OPTIONS] = {
    [OPT_CONFIG] = GIVEN_CONFIG,
    [OPT_STATE_DIR] = GIVEN_STATE_DIR,
    [OPT_STREAM] = {"stream", "NAME", "add: whose findings"},
    [OPT_DETECTOR] = {"detector", "ID", "add: only of this detector"},
    [OPT_SERIES] = {"series", "NAME", "add: only of this series"},
    [OPT_UNTIL] = {"until", "TIME", "add: until a time such as 2016-12-19T17:14:38Z, or"},
    [OPT_FOR] = {"for", "DURATION", "add: from now on for so long, such as 2h"},
    [OPT_REASON] = {"reason", "TEXT", "add: why"},
    [OPT_AUTHOR] = {"author", "NAME", "add: who says so"},
};

/* Nobody means longer; and ended ones are shown for so long. */
#define LONGEST_NS (366 * 86400 * NS_PER_S)
#define SHOWN_NS   (7 * 86400 * NS_PER_S)

struct request {
    const char *values[OPTIONS];
    const char *dir;
    struct config config;
};

/* ---- add --------------------------------------------------------------------- */

static int take_typed(const struct request *request, size_t index, char *into, size_t size,
                      struct error *reterr)
{
    char what[32];
    snprintf(what, sizeof(what), "--%s", specs[index].name);
    return given_text(what, request->values[index], into, size, reterr);
}

static int take_end(const struct request *request, struct silence *silence,
                    struct error *reterr)
{
    const char *until = request->values[OPT_UNTIL], *length = request->values[OPT_FOR];
    int64_t now = silence->from_ns, span = 0;
    if (!until == !length)
        return error_set(reterr, -EINVAL, "silence: say --until TIME or --for DURATION");
    int r = until ? clock_parse(until, &silence->until_ns, reterr)
                  : clock_parse_duration(length, &span, reterr);
    if (r < 0)
        return r;
    if (length)
        silence->until_ns = now + span;
    if (silence->until_ns <= now || silence->until_ns - now > LONGEST_NS)
        return error_set(reterr, -EINVAL, "silence: its end must lie within the next 366 days");
    return 0;
}

/* A misspelt stream would silence nobody, and be found out at night. */
static int check_stream(const struct request *request, struct error *reterr)
{
    const struct config *config = &request->config;
    const char *wanted = request->values[OPT_STREAM];
    for (size_t i = 0; i < config->stream_count; i++)
        if (strcmp(config->streams[i].name, wanted) == 0)
            return 0;
    return config->path ? given_no_stream(config, wanted, reterr) : 0;
}

static int make_silence(const struct request *request, struct silence *ret,
                        struct error *reterr)
{
    static const size_t needed[] = {OPT_STREAM, OPT_REASON, OPT_AUTHOR};
    struct silence silence = {.from_ns = clock_wall_ns()};
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!request->values[needed[i]])
            return error_set(reterr, -EINVAL, "silence add: --%s is missing",
                             specs[needed[i]].name);
    const struct {
        size_t index, size;
        char *into;
    } typed[] = {{OPT_STREAM, HUSH_NAME_SIZE, silence.stream},
                 {OPT_SERIES, HUSH_NAME_SIZE, silence.series},
                 {OPT_DETECTOR, HUSH_NAME_SIZE, silence.detector},
                 {OPT_REASON, HUSH_REASON_SIZE, silence.reason},
                 {OPT_AUTHOR, HUSH_AUTHOR_SIZE, silence.author}};
    int r = check_stream(request, reterr);
    for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]) && r == 0; i++)
        r = take_typed(request, typed[i].index, typed[i].into, typed[i].size, reterr);
    if (r == 0)
        r = take_end(request, &silence, reterr);
    if (r == 0)
        *ret = silence;
    return r;
}

/* Those that ended long ago make room. */
static void prune(struct silences *list, int64_t now)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i].until_ns > now - SHOWN_NS)
            list->at[kept++] = list->at[i];
    list->count = kept;
}

static int add(const struct request *request, struct silence_file *file, struct error *reterr)
{
    struct silence silence = {0};
    int r = make_silence(request, &silence, reterr);
    if (r < 0)
        return r;
    prune(&file->list, silence.from_ns);
    if (file->list.count == SILENCES_MAX)
        return error_set(reterr, -ENOSPC, "silence: there are %d already", SILENCES_MAX);
    silence.id = file->next_id++;
    file->list.at[file->list.count++] = silence;
    r = silence_file_write(request->dir, file, reterr);
    if (r == 0)
        printf("%" PRIu64 "\n", silence.id);
    return r;
}

/* ---- expire, list ------------------------------------------------------------- */

static int expire(const struct request *request, const char *word, struct silence_file *file,
                  struct error *reterr)
{
    char *end;
    uint64_t id = strtoull(word, &end, 10);
    int64_t now = clock_wall_ns();
    for (size_t i = 0; i < file->list.count && !*end; i++) {
        struct silence *silence = &file->list.at[i];
        if (silence->id != id)
            continue;
        if (silence->until_ns <= now)
            return error_set(reterr, -EINVAL, "silence %s: it has ended already", word);
        silence->until_ns = now;
        return silence_file_write(request->dir, file, reterr);
    }
    return error_set(reterr, -ENOENT, "silence '%s': there is none; see oddline silence list",
                     word);
}

static void put(struct buffer *out, const char *before, const char *text)
{
    if (!*text)
        return;
    buffer_text(out, before);
    screen_text(out, bytes_of(text), 0);
}

static void show(const struct silence *silence, int64_t now)
{
    char until[CLOCK_TEXT_SIZE];
    struct buffer line = {0};
    buffer_printf(&line, "%-4" PRIu64 " %-8s until %s  ", silence->id,
                  silence->until_ns <= now ? "ended" : "active",
                  clock_format(silence->until_ns, until));
    put(&line, "", silence->stream);
    put(&line, ", series ", silence->series);
    put(&line, ", detector ", silence->detector);
    put(&line, ": ", silence->reason);
    put(&line, " (", silence->author);
    buffer_text(&line, ")\n");
    if (line.at)
        fwrite(line.at, 1, line.len, stdout);
    buffer_free(&line);
}

static void list(const struct silences *silences)
{
    int64_t now = clock_wall_ns();
    for (size_t i = 0; i < silences->count; i++)
        show(&silences->at[i], now);
    if (silences->count == 0)
        printf("no silences\n");
}

/* ---- the command --------------------------------------------------------------- */

static int change(const struct request *request, char **words, struct silence_file *file,
                  struct error *reterr)
{
    int lock = silence_file_lock(request->dir, reterr);
    if (lock < 0)
        return lock;
    int r = silence_file_read(request->dir, file, reterr);
    if (r == 0)
        r = strcmp(words[0], "add") == 0 ? add(request, file, reterr)
                                         : expire(request, words[1], file, reterr);
    close(lock);
    return r;
}

static int act(struct request *request, int count, char **words, struct error *reterr)
{
    const char *const *v = request->values;
    bool is_list = count == 1 && strcmp(words[0], "list") == 0;
    bool is_change = (count == 1 && strcmp(words[0], "add") == 0) ||
                     (count == 2 && strcmp(words[0], "expire") == 0);
    if (!is_list && !is_change)
        return error_set(reterr, -EINVAL, "silence: say add, list or expire ID");
    struct silence_file *file = calloc(1, sizeof(*file));
    if (!file)
        return error_set(reterr, -ENOMEM, "silence: out of memory");
    int r = given_state_dir(v[OPT_CONFIG], v[OPT_STATE_DIR], &request->config, &request->dir,
                            reterr);
    if (r == 0)
        r = is_list ? silence_file_read(request->dir, file, reterr)
                    : change(request, words, file, reterr);
    if (r == 0 && is_list)
        list(&file->list);
    free(file);
    return r;
}

int command_silence(int argc, char **argv)
{
    struct request request = {0};
    struct option_set set = {"silence", specs, OPTIONS, given_keep, request.values};
    struct error error;
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    int r = act(&request, argc - first, argv + first, &error);
    config_free(&request.config);
    if (r < 0)
        return say_failure(r == -EINVAL ? EXIT_USAGE : EXIT_IO, &error);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_IO;
}
