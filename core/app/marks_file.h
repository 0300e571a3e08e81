/* SPDX-License-Identifier: MIT */
/*
 * marks_file.h - STATE_DIR/marks.jsonl: what people said of deployments and findings, one JSON object a line, for good.
 *
 *      oddline mark ──appends a line, synced──▶ marks.jsonl ──when it changed──▶ lane: a step, a frame ──▶ judge
 *                                                   └──▶ oddline mark list, scan --marks
 *
 * A line is one write(2), so any number of commands may append at once. A line that is torn or foreign is passed over; what else
 * stands in an object than is known here, too. What the judge got is a step of the manifest: a replay knows what was known.
 */
#ifndef APP_MARKS_FILE_H
#define APP_MARKS_FILE_H

#include "base/error.h"
#include "judge/remarks.h"

#include <sys/types.h>
#include <time.h>

enum {
    MARKS_READ_MAX = 4 << 20, /* of a longer file the end is read: some 20,000 marks */
    MARKS_DEPLOYS =
        64, /* a daemon knows so many, of the last MARKS_DAYS, and the last of each service */
    MARKS_DAYS = 30,
    SAID_REASON_SIZE = 256,
    SAID_AUTHOR_SIZE = 64,
};

enum said_kind { SAID_DEPLOY, SAID_FALSE, SAID_POSTMORTEM, SAID_KINDS };
const char *said_kind_name(enum said_kind kind);

/* One line. Texts that do not apply are "". */
struct said {
    enum said_kind kind;
    int64_t time_ns;
    uint64_t fingerprint; /* of the finding, where the journal knew it; else 0 */
    char service[DEPLOY_NAME_SIZE], version[DEPLOY_NAME_SIZE], url[DEPLOY_URL_SIZE];
    char id[FINDING_ID_SIZE], reason[SAID_REASON_SIZE], author[SAID_AUTHOR_SIZE];
};

/* As a line, with its newline. */
void said_encode(const struct said *said, struct buffer *out);
/* False when it is none. */
bool said_decode(struct bytes line, struct said *ret);

/* Durable when it returns. The file belongs to whom the directory belongs to. */
int marks_append(const char *dir, const struct said *said, struct error *reterr);

/* Each good line in order, lent for the call; *ret_bad counts the others. No file has none. */
typedef void marks_take(void *context, const struct said *said, struct bytes line);
int marks_read(const char *path, marks_take *take, void *context, size_t *ret_bad,
               struct error *reterr);
/* All of it for the judge: *ret is added to. */
int marks_collect(const char *path, struct remarks *ret, size_t *ret_bad, struct error *reterr);

/* Which file was looked at last. Zero-initialise. */
struct marks_watch {
    bool looked;
    struct timespec changed;
    ino_t inode;
    off_t size;
    size_t bad_said; /* lines that make no sense, of which was spoken */
};

/* The lane's tick: hand what the file says to the judge when it changed. */
struct daemon;
void marks_look(struct daemon *daemon);

#endif /* APP_MARKS_FILE_H */
