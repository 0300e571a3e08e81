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

/* What rotation puts behind a name, as `#` for a digit: a date, perhaps with its hour, or a number. The longest fit counts. */
static const struct suffix {
    const char *form;
    const char *before; /* the characters that may stand before it */
} suffixes[] = {
    {"####-##-##-##", ".-_"},
    {"####-##-##", ".-_"},
    {"##########", ".-_"},
    {"########", ".-_"},
    {"####", "."},
    {"###", "."},
    {"##", "."},
    {"#", "."},
};

/* Does `text` end in the form? Its digits become *ret. */
static bool ends_in(struct bytes text, const struct suffix *suffix, uint64_t *ret)
{
    size_t len = strlen(suffix->form);
    if (text.len < len + 2 || !strchr(suffix->before, text.at[text.len - len - 1]))
        return false;
    *ret = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text.at[text.len - len + i];
        if (suffix->form[i] == '#' ? !isdigit((unsigned char)c) : c != suffix->form[i])
            return false;
        if (c != '-')
            *ret = 10 * *ret + (uint64_t)(c - '0');
    }
    return true;
}

/* YYYYMMDDHH; what is no date is part of the name. */
static bool is_date(uint64_t date)
{
    uint64_t year = date / 1000000, month = date / 10000 % 100, day = date / 100 % 100;
    return year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
           date % 100 < 24;
}

/*
 * Takes `.3`, `-20161219`, `.2016-12-19` or `.2016-12-19-17` off the end: a number (bigger is older) or a date (smaller is
 * older). The live file has neither and is the youngest.
 */
static size_t without_rotation(const char *name, size_t len, uint64_t *ret_age)
{
    uint64_t number;
    *ret_age = 0;
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        size_t form = strlen(suffixes[i].form);
        if (!ends_in((struct bytes){name, len}, &suffixes[i], &number))
            continue;
        bool dated = form >= 8, hour = form == 10 ? suffixes[i].form[4] == '#' : form > 10;
        if (dated && !hour)
            number *= 100;
        if (dated && !is_date(number))
            continue;
        *ret_age = dated ? UINT64_MAX - number : number + 1;
        return len - form - 1;
    }
    return len;
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

static void add(struct search *search, const char *path, const struct stat *st, bool link)
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
    *input = (struct input){.path = arena_text(&inputs->arena, bytes_of(path)),
                            .device = st->st_dev,
                            .inode = st->st_ino,
                            .link = link};
    name_stream(inputs, input);
}

static void add_link(struct search *search, const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0)
        log_warning("%s: cannot be read: %s", path, strerror(errno));
    else if (S_ISREG(st.st_mode))
        add(search, path, &st, true);
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
            add(search, at->fts_path, at->fts_statp, false);
        else if (at->fts_info == FTS_SL)
            add_link(search, at->fts_path);
        else if (at->fts_info == FTS_DNR || at->fts_info == FTS_ERR || at->fts_info == FTS_NS)
            log_warning("%s: cannot be read: %s", at->fts_path, strerror(at->fts_errno));
    }
    fts_close(tree);
}

static void search_path(struct search *search, char *path)
{
    struct stat st = {0};
    if (strcmp(path, "-") == 0) {
        add(search, path, &st, false);
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
        add(search, path, &st, false);
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

/* Of the names of one file the first comes first, symlinks last. */
static int compare_file(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    if (x->input.device != y->input.device)
        return x->input.device < y->input.device ? -1 : 1;
    if (x->input.inode != y->input.inode)
        return x->input.inode < y->input.inode ? -1 : 1;
    if (x->input.link != y->input.link)
        return x->input.link ? 1 : -1;
    return x->stream_at < y->stream_at ? -1 : 1;
}

/* Named twice, read once. */
static size_t each_once(struct ordered *all, size_t count)
{
    size_t kept = 0;
    qsort(all, count, sizeof(*all), compare_file);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || all[i].input.inode != all[kept - 1].input.inode ||
            all[i].input.device != all[kept - 1].input.device)
            all[kept++] = all[i];
    return kept;
}

/* Group by stream without comparing all with all: sort by name, let each take the first place of its name, sort by that. */
static void group(struct inputs *inputs)
{
    struct ordered *all = calloc(inputs->count + 1, sizeof(*all));
    CHECK(all);
    for (size_t i = 0; i < inputs->count; i++)
        all[i] = (struct ordered){inputs->at[i], i};
    inputs->count = each_once(all, inputs->count);
    qsort(all, inputs->count, sizeof(*all), compare_stream);
    for (size_t i = 1; i < inputs->count; i++)
        if (strcmp(all[i].input.stream, all[i - 1].input.stream) == 0)
            all[i].stream_at = all[i - 1].stream_at;
    qsort(all, inputs->count, sizeof(*all), compare_order);
    for (size_t i = 0; i < inputs->count; i++)
        inputs->at[i] = all[i].input;
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
