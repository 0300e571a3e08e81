/* SPDX-License-Identifier: MIT */
/*
 * audit_read.c - what the daemon has found: the file that its jsonl sink writes, then the journal, which has the newest.
 *
 *      findings.jsonl   as long as people keep it     ─┐
 *      journal          what was confirmed, for a day  ─┴─▶ audit: a finding that is in both is one
 *
 * The file is written meanwhile, and may have been cut: a line that is no finding is passed over.
 */

#include "command/audit.h"

#include "base/clock.h"
#include "command/kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1 << 20 }; /* far above the longest finding */

static void take_line(struct audit *audit, struct bytes line)
{
    struct bytes rest;
    struct json_value finding = json_read(line, &rest);
    if (finding.type == JSON_OBJECT)
        audit_add(audit, finding);
    else
        audit->skipped++;
}

/* 0 also where there is no such file: nothing was found yet. */
static int read_jsonl(struct audit *audit, const char *path, struct error *reterr)
{
    FILE *file = fopen(path, "re");
    if (!file && errno == ENOENT)
        return 0;
    if (!file)
        return error_set(reterr, -errno, "%s: cannot be read: %s", path, strerror(errno));
    char *line = malloc(LINE_MAX_BYTES);
    int r = line ? 0 : -ENOMEM;
    for (bool whole = true; r == 0 && fgets(line, LINE_MAX_BYTES, file);) {
        size_t len = strlen(line);
        bool ends = len && line[len - 1] == '\n', begins = whole;
        whole = ends;
        if (begins && ends && len > 1) // a piece of a longer line is none
            take_line(audit, (struct bytes){line, len - 1});
    }
    r = r == 0 && ferror(file) ? -EIO : r;
    free(line);
    fclose(file);
    audit->jsonl = r == 0 ? path : NULL;
    return r < 0 ? error_set(reterr, r, "%s: cannot be read: %s", path, strerror(-r)) : 0;
}

static void take_entry(void *context, const struct entry *entry)
{
    struct bytes rest;
    audit_add(context, json_read(entry->data, &rest));
}

int audit_read(struct audit *audit, const struct audit_sources *from, struct error *reterr)
{
    audit->from_ns = from->since_ns;
    audit->watched = true;
    int r = from->jsonl ? read_jsonl(audit, from->jsonl, reterr) : 0;
    if (r == 0)
        r = kept_each(from->state_dir, take_entry, audit, reterr);
    return r == -ENOENT && audit->jsonl ? 0 : r; // the file may outlive the daemon
}

bool audit_is_short(const struct audit *audit)
{
    return audit->watched && audit->read && !audit->whole && audit->oldest_ns > audit->from_ns;
}
