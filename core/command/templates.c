/* SPDX-License-Identifier: MIT */
/*
 * oddline templates: the sentences that logs are made of.
 *
 *      source ──▶ recorder ──▶ message ──lead──▶ sentence ──▶ miner
 *
 * The records go no further than the batch they are collected in: nothing here is published on the ring.
 *
 * --assign reads a file twice: a template is only known for good when all lines were seen, and keeping every line's
 * guess would take memory without bound. In it each physical line is a record, so that output and input run in step.
 */

#include "app/cli.h"
#include "app/inputs.h"
#include "base/hash.h"
#include "base/log.h"
#include "record/record.h"
#include "record/template.h"
#include "tail/source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPT_ASSIGN, OPTIONS, RING_BYTES = 4 << 20 };

static const struct option_spec specs[OPTIONS] = {
    [OPT_ASSIGN] = {"assign", NULL,
                    "for each line of one file its template: ID, a tab, the template"},
};

struct mining {
    struct ring *ring;
    struct batch_writer writer;
    struct record_plan *plan;
    struct miner *miner; /* of the stream that is being read */
    bool assign;         /* --assign */
};

/* One file being read. */
struct reading_file {
    struct mining *mining;
    struct source *source;
    struct recorder *recorder;
    bool assign; /* print, learn nothing */
};

/* ---- one batch -------------------------------------------------------------- */

static void print_assigned(const struct template_view *view)
{
    printf("%016" PRIx64 "\t%.*s\n", view->id, (int)view->text.len,
           view->text.at ? view->text.at : "");
}

/* Blank lines are no records: they show in the text between two. */
static void print_blanks(const char *from, const char *to)
{
    const struct template_view none = {0};
    while (from < to && (from = memchr(from, '\n', (size_t)(to - from)))) {
        print_assigned(&none);
        from++;
    }
}

static void take_records(struct reading_file *file, size_t used)
{
    struct mining *mining = file->mining;
    const struct batch_writer *writer = &mining->writer;
    const char *at = writer->text;
    recorder_look(file->recorder, mining->miner, writer);
    for (uint32_t i = 0; i < writer->record_count; i++) {
        const struct oddline_record *r = &writer->records[i];
        struct bytes sentence = recorder_sentence(file->recorder, mining->miner, writer, r);
        if (!file->assign) {
            template_assign(mining->miner, sentence);
            continue;
        }
        struct template_view view = template_find(mining->miner, sentence);
        print_blanks(at, writer->text + r->text);
        print_assigned(&view);
        at = memchr(writer->text + r->text + r->text_len, '\n', used - r->text - r->text_len);
        at = at ? at + 1 : writer->text + used;
    }
    if (file->assign)
        print_blanks(at, writer->text + used);
}

/* ---- one file ------------------------------------------------------------------ */

/* What the writer holds becomes records; the source is told how much was used. */
static size_t digest(struct reading_file *file, size_t got, bool final, bool again)
{
    struct batch_writer *writer = &file->mining->writer;
    batch_filled(writer, got);
    size_t used = recorder_feed(file->recorder, writer, final);
    take_records(file, used);
    if (!again || used)
        source_consume(file->source, writer->text, got, used);
    return used;
}

static void digest_rest(struct reading_file *file)
{
    struct batch_writer *writer = &file->mining->writer;
    for (;;) {
        batch_begin(writer, 0, 0, source_offset(file->source));
        ssize_t got = source_again(file->source, writer->text, BATCH_TEXT_BYTES);
        if (got <= 0 || !digest(file, (size_t)got, true, true))
            return;
    }
}

static int read_on(struct reading_file *file)
{
    struct batch_writer *writer = &file->mining->writer;
    bool is_pipe = source_kind(file->source) == SOURCE_PIPE;
    for (;;) {
        batch_begin(writer, 0, 0, source_offset(file->source));
        ssize_t got = source_read(file->source, writer->text, BATCH_TEXT_BYTES);
        if (got == -ENODATA || (got == 0 && !is_pipe))
            break;
        if (got < 0) {
            log_warning("%s: cannot be read on: %s", source_path(file->source),
                        strerror((int)-got));
            break;
        }
        if (got == 0)
            continue;
        if (!digest(file, (size_t)got, false, false) && got == BATCH_TEXT_BYTES)
            digest_rest(file);
    }
    digest_rest(file);
    return 0;
}

static int read_file(struct mining *mining, const char *path, bool assign)
{
    struct reading_file file = {.mining = mining, .assign = assign};
    struct error error;
    int r = strcmp(path, "-") == 0 ? source_open_pipe(STDIN_FILENO, "-", &file.source, &error)
                                   : source_open(path, &file.source, &error);
    if (r < 0) {
        log_error("%s", error.text);
        return r;
    }
    r = recorder_create(mining->plan, source_mtime_ns(file.source), &file.recorder);
    if (r == 0)
        r = read_on(&file);
    recorder_free(file.recorder);
    source_close(file.source);
    return r;
}

/* ---- the list ---------------------------------------------------------------------- */

static int more_first(const void *a, const void *b)
{
    const struct template_view *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

static int print_list(const struct miner *miner)
{
    struct template_view *views = calloc(TEMPLATES_MAX, sizeof(*views));
    size_t count = 0;
    if (!views)
        return -ENOMEM;
    for (size_t i = 0; i < TEMPLATES_MAX; i++) {
        views[count] = template_at(miner, i);
        count += views[count].id != 0;
    }
    qsort(views, count, sizeof(*views), more_first);
    for (size_t i = 0; i < count; i++)
        printf("%10" PRIu64 "  %016" PRIx64 "  %.*s\n", views[i].count, views[i].id,
               (int)views[i].text.len, views[i].text.at);
    free(views);
    return 0;
}

static void say_health(const char *stream, const struct miner_health *health)
{
    log_notice("%s: %" PRIu64 " records, %zu templates (%" PRIu64 " created, %" PRIu64
               " generalised, %" PRIu64 " evicted)",
               stream, health->messages, health->held, health->created, health->generalised,
               health->evicted);
}

/* ---- the command ---------------------------------------------------------------------- */

static int setup(struct mining *mining, struct error *reterr)
{
    struct record_options options = {.format = RECORD_AUTO,
                                     .multiline_start = mining->assign ? "" : NULL};
    int r = ring_create(RING_BYTES, 1, &mining->ring, reterr);
    if (r == 0)
        r = batch_writer_init(&mining->writer, mining->ring, reterr);
    if (r == 0)
        r = record_plan_create(&options, &mining->plan, reterr);
    return r;
}

static void teardown(struct mining *mining)
{
    record_plan_free(mining->plan);
    batch_writer_free(&mining->writer);
    ring_destroy(mining->ring);
}

/* Inputs [first, end) are one stream: they share their templates, and with no other. */
static size_t mine_stream(struct mining *mining, const struct inputs *inputs, size_t first,
                          size_t end)
{
    size_t failed = 0;
    for (size_t i = first; i < end; i++) {
        failed += read_file(mining, inputs->at[i].path, false) < 0;
        if (mining->assign)
            failed += read_file(mining, inputs->at[i].path, true) < 0;
    }
    struct miner_health health = miner_health(mining->miner);
    if (health.no_templates)
        log_warning("%s: has no templates: nearly every record is a new one",
                    inputs->at[first].stream);
    if (mining->assign || !health.messages)
        return failed;
    say_health(inputs->at[first].stream, &health);
    if (!health.no_templates && print_list(mining->miner) < 0)
        failed++;
    return failed;
}

static int mine(struct mining *mining, const struct inputs *inputs)
{
    size_t failed = inputs->unreadable;
    for (size_t first = 0, end; first < inputs->count; first = end) {
        end = first + 1;
        while (end < inputs->count &&
               strcmp(inputs->at[end].stream, inputs->at[first].stream) == 0)
            end++;
        if (miner_create(&mining->miner) < 0) {
            log_error("%s: cannot be read: out of memory", inputs->at[first].path);
            return EXIT_IO;
        }
        failed += mine_stream(mining, inputs, first, end);
        miner_free(mining->miner);
        fflush(stdout); // before what is said about the next one
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        log_error("stdout: cannot be written: %s", strerror(errno));
        return EXIT_IO;
    }
    return failed || !inputs->count ? EXIT_NO_INPUT : EXIT_DONE;
}

static bool take(void *context, size_t index, const char *value, struct error *reterr)
{
    (void)index;
    (void)value;
    (void)reterr;
    return *(bool *)context = true;
}

int command_templates(int argc, char **argv)
{
    bool assign = false;
    struct option_set set = {"templates", specs, OPTIONS, take, &assign};
    int first, code;
    if (!options_parse(&set, argc, argv, &first, &code))
        return code;
    if (first == argc || (assign && (argc - first > 1 || strcmp(argv[first], "-") == 0))) {
        log_error("templates: %s",
                  assign ? "--assign takes one file, which is read twice" : "no path given");
        return EXIT_USAGE;
    }
    struct mining mining = {.assign = assign};
    struct inputs inputs;
    struct error error;
    inputs_find(argv + first, (size_t)(argc - first), &inputs);
    code = setup(&mining, &error) < 0 ? say_failure(EXIT_IO, &error) : mine(&mining, &inputs);
    inputs_free(&inputs);
    teardown(&mining);
    return code;
}
