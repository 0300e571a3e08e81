/* SPDX-License-Identifier: MIT */

#include "command/show_input.h"

#include "command/given.h"
#include "command/kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_id(struct json_value finding, const char *id)
{
    struct json_value value = json_at(finding, "id");
    return value.type == JSON_STRING && bytes_is(value.raw, id);
}

/* ---- a file ------------------------------------------------------------- */

static int read_all(const char *path, struct buffer *into, struct error *reterr)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!file)
        return error_set(reterr, -errno, "%s: cannot be read: %s", path, strerror(errno));
    size_t got;
    do {
        got = fread(buffer_room(into, 65536), 1, 65536, file);
        into->len += got;
    } while (got && into->len <= SHOW_INPUT_BYTES_MAX);
    bool failed = ferror(file);
    if (file != stdin)
        fclose(file);
    if (failed)
        return error_set(reterr, -EIO, "%s: cannot be read: it is a directory, or too much",
                         path);
    if (into->len > SHOW_INPUT_BYTES_MAX)
        return error_set(reterr, -EFBIG,
                         "%s: longer than 256 MiB; cut it, or name a finding "
                         "of a state directory by its id",
                         path);
    return 0;
}

static bool is_blank(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!strchr(" \t\r\n", text.at[i]))
            return false;
    return true;
}

/* All findings of the text, or the last revision of one. */
static int walk(const struct show_input *input, struct bytes text, show_take *take,
                void *context, struct error *reterr)
{
    struct json_value last = {.type = JSON_BAD};
    int r = 0;
    for (size_t count = 1; !is_blank(text) && r == 0; count++) {
        struct json_value value = json_read(text, &text);
        if (value.type != JSON_OBJECT || json_at(value, "id").type != JSON_STRING)
            return error_set(reterr, -EBADMSG,
                             "%s: value %zu in it is no finding: a JSON object with an id",
                             input->operand, count);
        if (!input->id)
            r = take(context, value);
        else if (has_id(value, input->id))
            last = value;
    }
    if (!input->id)
        return r;
    return last.type == JSON_OBJECT ? take(context, last)
                                    : error_set(reterr, -ENOENT, "%s: no finding '%s' in it",
                                                input->operand, input->id);
}

static int from_file(const struct show_input *input, show_take *take, void *context,
                     struct error *reterr)
{
    struct buffer text = {0};
    int r = read_all(input->operand, &text, reterr);
    if (r == 0)
        r = walk(input, buffer_bytes(&text), take, context, reterr);
    buffer_free(&text);
    return r;
}

/* ---- a state directory -------------------------------------------------- */

/* The newest revision wins: all that is kept is looked through, once. */
struct wanted {
    const char *id;
    struct buffer *json;
};

/* The newest revision wins. */
static void keep_last(void *context, const struct entry *entry)
{
    struct wanted *wanted = context;
    if (!bytes_is(entry->id, wanted->id))
        return;
    buffer_clear(wanted->json);
    buffer_append(wanted->json, entry->data.at, entry->data.len);
}

static int from_journal(const char *state_dir, const char *id, struct buffer *ret,
                        struct error *reterr)
{
    struct wanted wanted = {id, ret};
    int r = kept_each(state_dir, keep_last, &wanted, reterr);
    if (r < 0)
        return r;
    return ret->len
               ? 0
               : error_set(reterr, -ENOENT, "%s: no finding '%s' is kept here", state_dir, id);
}

static int from_state(const struct show_input *input, show_take *take, void *context,
                      struct error *reterr)
{
    struct config config = {0};
    struct buffer json = {0};
    const char *dir;
    int r = given_state_dir(input->config, input->state_dir, &config, &dir, reterr);
    struct bytes rest;
    if (r == 0)
        r = from_journal(dir, input->operand, &json, reterr);
    if (r == 0)
        r = take(context, json_read(buffer_bytes(&json), &rest));
    buffer_free(&json);
    config_free(&config);
    return r;
}

int show_input_read(const struct show_input *input, show_take *take, void *context)
{
    struct error error = {""};
    bool is_file = strcmp(input->operand, "-") == 0 || access(input->operand, F_OK) == 0;
    int r = is_file && !input->state_dir && !input->config
                ? from_file(input, take, context, &error)
                : from_state(input, take, context, &error);
    if (r == 0)
        return EXIT_DONE;
    return say_failure(r == -EINVAL                   ? EXIT_CONFIG
                       : r == -EBADMSG || r == -EFBIG ? EXIT_DATA
                       : r == -EIO                    ? EXIT_IO
                                                      : EXIT_NO_INPUT,
                       &error);
}

int show_input_files(int count, char **paths, show_take *take, void *context)
{
    int code = EXIT_DONE;
    for (int i = 0; i < count && code == EXIT_DONE; i++) {
        struct show_input input = {.operand = paths[i]};
        struct error error;
        if (strcmp(paths[i], "-") != 0 && access(paths[i], F_OK) != 0) { // else it were an id
            error_set(&error, -errno, "%s: cannot be read: %s", paths[i], strerror(errno));
            return say_failure(EXIT_NO_INPUT, &error);
        }
        code = show_input_read(&input, take, context);
    }
    return code;
}
