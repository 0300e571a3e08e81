/* SPDX-License-Identifier: MIT */

#include "app/inputs.h"

#include "base/check.h"
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct search {
    struct inputs *inputs;
    size_t capacity;
    bool full;
};

/* ---- names -------------------------------------------------------------- */

static size_t digits_before(const char *text, size_t end)
{
    size_t n = 0;
    while (n < end && isdigit((unsigned char)text[end - 1 - n]))
        n++;
    return n;
}

/*
 * Takes `.3` or `-20161219` off the end: logrotate's number (bigger is older) or date (smaller is older). The live file has
 * neither and is the youngest.
 */
static size_t without_rotation(const char *name, size_t len, uint64_t *ret_age)
{
    size_t digits = digits_before(name, len);
    *ret_age = 0;
    if (digits == 0 || digits + 1 >= len)
        return len;
    char before = name[len - digits - 1];
    uint64_t number = strtoull(name + len - digits, NULL, 10);
    bool dated = (before == '-' || before == '.' || before == '_') && digits == 8;
    bool numbered = before == '.' && digits <= 4;
    if (!dated && !numbered)
        return len;
    *ret_age = dated ? UINT64_MAX - number : number + 1;
    return len - digits - 1;
}

static void name_stream(struct inputs *inputs, struct input *input)
{
    const char *path = input->path;
    size_t len = strlen(path);
    bool archive = len > 4 && strcmp(path + len - 4, ".zst") == 0;
    if (archive)
        len -= 4;
    size_t stem = without_rotation(path, len, &input->age);
    if (archive && input->age == 0)
        input->age = 1; // nobody writes to it: older than the live file
    const char *slash = memrchr(path, '/', stem);
    if (slash && slash + 1 == path + stem) // nothing but a number: that is its name
        stem = len;
    while (stem > 2 && strncmp(path, "./", 2) == 0) {
        path += 2;
        stem -= 2;
    }
    input->stream = strcmp(path, "-") == 0
                        ? "stdin"
                        : arena_text(&inputs->arena, (struct bytes){path, stem});
}

/* ---- finding ------------------------------------------------------------ */

static void add(struct search *search, const char *path)
{
    struct inputs *inputs = search->inputs;
    if (inputs->count == INPUTS_MAX) {
        if (!search->full)
            log_warning("more than %d files; the rest, from %s on, is left out", INPUTS_MAX,
                        path);
        search->full = true;
        return;
    }
    if (inputs->count == search->capacity) {
        search->capacity = search->capacity ? 2 * search->capacity : 64;
        inputs->at = realloc(inputs->at, search->capacity * sizeof(*inputs->at));
        CHECK(inputs->at);
    }
    struct input *input = &inputs->at[inputs->count++];
    *input = (struct input){.path = arena_text(&inputs->arena, bytes_of(path))};
    name_stream(inputs, input);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void walk(struct search *search, char *path)
{
    char *roots[] = {path, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    if (!tree)
        return;
    for (FTSENT *at; (at = fts_read(tree));) {
        bool hidden = at->fts_level > 0 && at->fts_name[0] == '.';
        if (hidden)
            fts_set(tree, at, FTS_SKIP);
        else if (at->fts_info == FTS_F)
            add(search, at->fts_path);
        else if (at->fts_info == FTS_DNR || at->fts_info == FTS_ERR || at->fts_info == FTS_NS)
            log_warning("%s: cannot be read: %s", at->fts_path, strerror(at->fts_errno));
    }
    fts_close(tree);
}

static void search_path(struct search *search, char *path)
{
    struct stat st;
    if (strcmp(path, "-") == 0) {
        add(search, path);
        return;
    }
    if (stat(path, &st) < 0) {
        log_error("%s: cannot be read: %s", path, strerror(errno));
        search->inputs->unreadable++;
        return;
    }
    if (S_ISDIR(st.st_mode))
        walk(search, path);
    else
        add(search, path);
}

/* ---- order -------------------------------------------------------------- */

struct ordered {
    struct input input;
    size_t stream_at; /* where its stream was first named */
};

static int compare_order(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    if (x->stream_at != y->stream_at)
        return x->stream_at < y->stream_at ? -1 : 1;
    if (x->input.age != y->input.age)
        return x->input.age > y->input.age ? -1 : 1;
    return strcmp(x->input.path, y->input.path);
}

static int compare_stream(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    int by_stream = strcmp(x->input.stream, y->input.stream);
    return by_stream                     ? by_stream
           : x->stream_at < y->stream_at ? -1
                                         : x->stream_at > y->stream_at;
}

/* Group by stream without comparing all with all: sort by name, let each take the first place of its name, sort by that. */
static void group(struct inputs *inputs)
{
    struct ordered *all = calloc(inputs->count + 1, sizeof(*all));
    CHECK(all);
    for (size_t i = 0; i < inputs->count; i++)
        all[i] = (struct ordered){inputs->at[i], i};
    qsort(all, inputs->count, sizeof(*all), compare_stream);
    for (size_t i = 1; i < inputs->count; i++)
        if (strcmp(all[i].input.stream, all[i - 1].input.stream) == 0)
            all[i].stream_at = all[i - 1].stream_at;
    qsort(all, inputs->count, sizeof(*all), compare_order);
    size_t kept = 0;
    for (size_t i = 0; i < inputs->count; i++)
        if (kept == 0 || strcmp(inputs->at[kept - 1].path, all[i].input.path) != 0)
            inputs->at[kept++] = all[i].input; // named twice, read once
    inputs->count = kept;
    free(all);
}

void inputs_find(char *const *paths, size_t count, struct inputs *ret)
{
    *ret = (struct inputs){0};
    struct search search = {.inputs = ret};
    for (size_t i = 0; i < count; i++)
        search_path(&search, paths[i]);
    group(ret);
}

void inputs_free(struct inputs *inputs)
{
    free(inputs->at);
    arena_free(&inputs->arena);
    *inputs = (struct inputs){0};
}
