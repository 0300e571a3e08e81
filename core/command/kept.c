/* SPDX-License-Identifier: MIT */

#include "command/kept.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

static void walk(struct journal *journal, struct journal_reader *reader, kept_visit *visit,
                 void *context)
{
    uint64_t seen = 0;
    do {
        journal_read(journal, reader, seen, JOURNAL_READ_MAX);
        for (size_t i = 0; i < reader->count; i++) {
            seen = reader->entries[i].n;
            visit(context, &reader->entries[i]);
        }
    } while (reader->count);
}

int kept_each(const char *state_dir, kept_visit *visit, void *context, struct error *reterr)
{
    static struct journal_reader reader; // 16 KiB of entries
    struct journal *journal;
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/journal", state_dir);
    int r = journal_open_readonly(path, &journal, reterr);
    if (r == -ENOENT)
        return error_set(reterr, r, "%s: no daemon has run with this state directory",
                         state_dir);
    if (r < 0)
        return r;
    r = journal_reader_init(&reader);
    if (r == 0)
        walk(journal, &reader, visit, context);
    journal_reader_free(&reader);
    journal_close(journal);
    return r < 0 ? error_set(reterr, r, "%s: out of memory", state_dir) : 0;
}
