/* SPDX-License-Identifier: MIT */
/*
 * survey.h - a look at the journal's directory before anything in it is touched: which files are there, and whose.
 *
 * A directory that was copied from another host, or written by another version, is refused as a whole and stays as it
 * is. So the look comes first, and only then is anything cut, set aside or deleted.
 */
#ifndef DELIVER_SURVEY_H
#define DELIVER_SURVEY_H

#include "deliver/epoch.h"
#include "deliver/segment.h"

enum {
    SURVEY_FILES_MAX = 1 << 16, /* far above what is kept; more are refused */
    SURVEY_NAME_SIZE = 32,
};

struct survey_file {
    uint64_t seq, inode, epoch; /* seq from the name; epoch of ours only */
    enum segment_kind kind;
};
struct survey {
    struct survey_file *files; /* owned; by seq */
    size_t count;
};

/* `<seq as 16 hex>.seg` */
void survey_name(uint64_t seq, char name[SURVEY_NAME_SIZE]);
/* -E2BIG, -ENOMEM, other -errno, with a sentence. With `look` the headers are read too, else kind is OURS. */
int survey_take(int dir, bool look, struct survey *ret, struct error *reterr);
void survey_free(struct survey *survey);

/* May this directory be used with this epoch (NULL: none known)? 0, or -EBADMSG with the sentence. */
int survey_judge(const struct survey *survey, const struct epoch *epoch, const char *path,
                 struct error *reterr);
/* The epoch of the newest file of ours, 0 when there is none. */
uint64_t survey_epoch(const struct survey *survey);

#endif /* DELIVER_SURVEY_H */
