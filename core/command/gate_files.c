/* SPDX-License-Identifier: MIT */

#include "command/gate_files.h"

#include "app/inputs.h"
#include "app/scan.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/nearest.h"
#include "tail/glob.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- streams ------------------------------------------------------------------ */

static const char *pair_of(const struct config_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strcmp(pairs->at[i].name, name) == 0)
            return pairs->at[i].value;
    return NULL;
}

bool gate_serves(const struct config *config, const struct config_stream *stream,
                 const char *service)
{
    static const char *const keys[] = {"service.name", "service"};
    if (strcmp(stream->name, service) == 0)
        return true;
    for (size_t i = 0; i < 2; i++) {
        const char *label = pair_of(&stream->labels, keys[i]);
        if (label)
            return strcmp(label, service) == 0;
    }
    const char *all = pair_of(&config->resource, keys[0]);
    return all && strcmp(all, service) == 0;
}

struct finding_streams {
    const struct gate_wish *wish;
    struct arena *arena;
    struct gate_stream *at;
    size_t count;
    struct error *reterr;
};

static int add_stream(struct finding_streams *f, const struct gate_stream *stream)
{
    if (f->count == GATE_STREAMS_MAX)
        return error_set(f->reterr, -E2BIG, "gate: more than %d streams", GATE_STREAMS_MAX);
    f->at[f->count++] = *stream;
    return 0;
}

/* A directory stands for the files in it. */
static int add_path(struct finding_streams *f, const char *path, bool control)
{
    struct stat st;
    const char **one = arena_alloc(f->arena, 1, sizeof(*one));
    const struct config_stream *claimed =
        f->wish->config ? scan_claimed(f->wish->config, path) : NULL;
    if (stat(path, &st) < 0 && !glob_has_magic(path))
        return error_set(f->reterr, -ENOENT, "%s: cannot be read: %s", path, strerror(errno));
    *one = stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? arena_printf(f->arena, "%s/*", path)
                                                       : path;
    return add_stream(f, &(struct gate_stream){.name = path,
                                               .config = claimed ? claimed : &f->wish->plain,
                                               .control = control,
                                               .paths = {one, 1}});
}

static const struct config_stream *find_named(const struct config *config, const char *name)
{
    for (size_t i = 0; config && i < config->stream_count; i++)
        if (strcmp(config->streams[i].name, name) == 0)
            return &config->streams[i];
    return NULL;
}

static int add_control(struct finding_streams *f, const char *word)
{
    const struct config_stream *named = find_named(f->wish->config, word);
    return named ? add_stream(f, &(struct gate_stream){.name = named->name,
                                                       .config = named,
                                                       .control = true,
                                                       .paths = named->paths})
                 : add_path(f, word, true);
}

static bool is_control(const struct gate_wish *wish, const char *name)
{
    for (size_t i = 0; i < wish->control_count; i++)
        if (strcmp(wish->controls[i], name) == 0)
            return true;
    return false;
}

static int add_service(struct finding_streams *f)
{
    const struct gate_wish *wish = f->wish;
    int r = 0;
    for (size_t i = 0; wish->config && i < wish->config->stream_count && r == 0; i++) {
        const struct config_stream *stream = &wish->config->streams[i];
        if (gate_serves(wish->config, stream, wish->service) && !is_control(wish, stream->name))
            r = add_stream(f, &(struct gate_stream){.name = stream->name,
                                                    .config = stream,
                                                    .paths = stream->paths});
    }
    if (r == 0 && f->count == 0)
        return error_set(f->reterr, -EINVAL,
                         "gate: no stream is of service '%s': name its logs, or give a stream "
                         "that name, or the label service.name",
                         wish->service);
    return r;
}

int gate_streams_find(const struct gate_wish *wish, struct arena *arena,
                      struct gate_stream *ret, struct error *reterr)
{
    struct finding_streams f = {.wish = wish, .arena = arena, .at = ret, .reterr = reterr};
    int r = wish->path_count ? 0 : add_service(&f);
    for (size_t i = 0; i < wish->path_count && r == 0; i++)
        r = add_path(&f, wish->paths[i], false);
    for (size_t i = 0; i < wish->control_count && r == 0; i++)
        r = add_control(&f, wish->controls[i]);
    return r < 0 ? r : (int)f.count;
}

/* ---- files -------------------------------------------------------------------- */

/* Names, growing. */
struct names {
    struct arena *arena;
    char **at;
    size_t count, capacity;
};

static void add_name(struct names *names, const char *path)
{
    struct stat st;
    if (names->count == INPUTS_MAX || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return;
    if (names->count == names->capacity) {
        names->capacity = names->capacity ? 2 * names->capacity : 64;
        names->at = realloc(names->at, names->capacity * sizeof(*names->at));
        CHECK(names->at);
    }
    names->at[names->count++] = arena_text(names->arena, bytes_of(path));
}

/* What stands beside a log under its name with something behind it: perhaps its rotated files. */
static void add_beside(struct names *names, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *folder =
        slash ? arena_text(names->arena, (struct bytes){path, (size_t)(slash - path) + 1}) : "";
    DIR *dir = opendir(*folder ? folder : ".");
    size_t len = strlen(base);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (strncmp(entry->d_name, base, len) == 0 && entry->d_name[len] &&
            strchr(".-_", entry->d_name[len]))
            add_name(names, arena_printf(names->arena, "%s%s", folder, entry->d_name));
    if (dir)
        closedir(dir);
}

static void entered(void *context, const char *dir)
{
    (void)context;
    (void)dir;
}

static void found(void *context, const char *path)
{
    add_name(context, path);
    add_beside(context, path);
}

static int64_t written_ns(const char *path)
{
    struct stat st;
    return stat(path, &st) < 0 ? 0 : st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
}

static bool needed(const struct gate_spans *need, int64_t from_ns, int64_t until_ns)
{
    for (size_t i = 0; i < need->count; i++)
        if (from_ns < need->at[i].until_ns && until_ns >= need->at[i].from_ns)
            return true;
    return false;
}

/* Those of inputs, which are oldest first in each stream, that have records in one of the spans. */
static int add_needed(struct gate_reader *reader, size_t stream, const struct inputs *inputs,
                      const struct gate_spans *need, struct error *reterr)
{
    int count = 0;
    for (size_t i = 0; i < inputs->count; i++) {
        const struct input *input = &inputs->at[i];
        bool first = i == 0 || strcmp(inputs->at[i - 1].stream, input->stream) != 0;
        int64_t from = first ? INT64_MIN : written_ns(inputs->at[i - 1].path);
        int64_t until = written_ns(input->path);
        if (glob_has_magic(input->path) || !needed(need, INT64_MIN, until))
            continue;
        if (!needed(need, from, until) &&
            !needed(need, gate_reader_first_ns(reader, stream, input->path), until))
            continue;
        int r = gate_reader_add(reader, stream, input->path, reterr);
        if (r < 0)
            return r;
        count++;
    }
    return count;
}

int gate_files_add(struct gate_reader *reader, const struct gate_reading *reading,
                   struct gate_counts *ret, struct error *reterr)
{
    struct gate_counts counts = {0, 0};
    int r = 0;
    for (size_t s = 0; s < reading->stream_count && r >= 0; s++) {
        struct arena arena = {0};
        struct names names = {.arena = &arena};
        const struct glob_visitor visitor = {entered, found, &names};
        struct inputs inputs;
        for (size_t p = 0; p < reading->streams[s].paths.count; p++)
            glob_each(reading->streams[s].paths.at[p], &visitor);
        inputs_find(names.at, names.count, &inputs);
        r = add_needed(reader, s, &inputs, reading->spans, reterr);
        counts.needed += r > 0 ? (size_t)r : 0;
        counts.found += reading->streams[s].control ? 0 : names.count;
        inputs_free(&inputs);
        free(names.at);
        arena_free(&arena);
    }
    if (r >= 0)
        *ret = counts;
    return r < 0 ? r : 0;
}
