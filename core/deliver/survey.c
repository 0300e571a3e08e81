/* SPDX-License-Identifier: MIT */

#include "deliver/survey.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void survey_name(uint64_t seq, char name[SURVEY_NAME_SIZE])
{
    snprintf(name, SURVEY_NAME_SIZE, "%016" PRIx64 ".seg", seq);
}

static bool parse_name(const char *name, uint64_t *ret)
{
    if (strspn(name, "0123456789abcdef") != 16 || strcmp(name + 16, ".seg") != 0)
        return false;
    *ret = strtoull(name, NULL, 16);
    return true;
}

/* ---- listing ------------------------------------------------------------ */

static void look_at(int dir, struct survey_file *file)
{
    char name[SURVEY_NAME_SIZE];
    struct segment segment;
    survey_name(file->seq, name);
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    file->kind = segment_header(fd, &segment);
    if (file->kind == SEGMENT_OURS && segment.first_seq != file->seq)
        file->kind = SEGMENT_DAMAGED;
    if (file->kind == SEGMENT_OURS)
        file->epoch = segment.epoch;
    close(fd);
}

/* False when it went away meanwhile. */
static bool fill(int dir, uint64_t seq, bool look, struct survey_file *ret)
{
    char name[SURVEY_NAME_SIZE];
    struct stat st;
    survey_name(seq, name);
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return false;
    *ret = (struct survey_file){.seq = seq, .inode = st.st_ino, .kind = SEGMENT_OURS};
    if (look) {
        ret->kind = SEGMENT_DAMAGED;
        look_at(dir, ret);
    }
    return true;
}

static int by_seq(const void *a, const void *b)
{
    uint64_t x = ((const struct survey_file *)a)->seq, y = ((const struct survey_file *)b)->seq;
    return x < y ? -1 : x > y;
}

static int add_all(DIR *stream, int dir, bool look, struct survey *survey)
{
    size_t capacity = 0;
    for (const struct dirent *d; (d = readdir(stream));) {
        uint64_t seq;
        if (!parse_name(d->d_name, &seq))
            continue;
        if (survey->count == SURVEY_FILES_MAX)
            return -E2BIG;
        if (survey->count == capacity) {
            capacity = capacity ? 2 * capacity : 64;
            void *grown = realloc(survey->files, capacity * sizeof(*survey->files));
            if (!grown)
                return -ENOMEM;
            survey->files = grown;
        }
        survey->count += fill(dir, seq, look, &survey->files[survey->count]);
    }
    return 0;
}

int survey_take(int dir, bool look, struct survey *ret, struct error *reterr)
{
    struct survey survey = {0};
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    int r = stream ? add_all(stream, dir, look, &survey) : -errno;
    if (stream)
        closedir(stream);
    else if (fd >= 0)
        close(fd);
    if (r < 0) {
        survey_free(&survey);
        return error_set(reterr, r, "journal: cannot list its files: %s", strerror(-r));
    }
    if (survey.count)
        qsort(survey.files, survey.count, sizeof(*survey.files), by_seq);
    *ret = survey;
    return 0;
}

void survey_free(struct survey *survey)
{
    free(survey->files);
    *survey = (struct survey){0};
}

/* ---- judging ------------------------------------------------------------ */

int survey_judge(const struct survey *survey, const struct epoch *epoch, const char *path,
                 struct error *reterr)
{
    uint64_t other = 0;
    bool own = false;
    for (size_t i = 0; i < survey->count; i++) {
        const struct survey_file *f = &survey->files[i];
        if (f->kind == SEGMENT_FOREIGN)
            return error_set(reterr, -EBADMSG,
                             "%s: %016" PRIx64 ".seg was written by another version of oddline "
                             "or on another kind of machine: use another state directory",
                             path, f->seq);
        if (f->kind != SEGMENT_OURS || !epoch)
            continue;
        own |= f->epoch == epoch->now;
        if (f->epoch != epoch->now && f->epoch != epoch->former)
            other = f->epoch;
    }
    if (other && !own)
        return error_set(reterr, -EBADMSG,
                         "%s: its files are of epoch %016" PRIx64 ", the directory is of "
                         "%016" PRIx64 ": was it put together from two? 'oddline run "
                         "--new-epoch' begins again",
                         path, other, epoch->now);
    return 0;
}

uint64_t survey_epoch(const struct survey *survey)
{
    for (size_t i = survey->count; i-- > 0;)
        if (survey->files[i].kind == SEGMENT_OURS)
            return survey->files[i].epoch;
    return 0;
}
