/* SPDX-License-Identifier: MIT */
/*
 * author.h - `oddline plugins new NAME`: a detector to begin with, that builds, has a test, and finds something.
 *
 *      templates (author_files.c) ──@NAME@ and the like filled in──▶ NAME.c test_NAME.c CMakeLists.txt Makefile README.md
 *                                                                    oddline.yaml sample.log
 *
 * Nothing that is there is ever written over: the directory must be new or empty.
 */
#ifndef COMMAND_AUTHOR_H
#define COMMAND_AUTHOR_H

#include "base/error.h"

#include <stddef.h>
#include <stdio.h>

struct author_options {
    const char *name; /* the id of the detector */
    const char *dir;  /* NULL: a directory of that name here */
    const char *
        from; /* prefix of an installed oddline; NULL: that of the running one, if it is installed */
};

/*
 * Write the project. -EINVAL for a name that is none, -ENOTEMPTY for a directory with something in it, -ENOENT for a prefix
 * without an oddline, -errno from the file system; each a sentence.
 */
int author_write(const struct author_options *options, struct error *reterr);

/* A file of the project. `text` is a template: @NAME@ and the like are filled in; NULL for the sample log, which is computed. */
struct author_file {
    const char *path, *text;
};
extern const struct author_file author_files[];
extern const size_t author_file_count;
/* Three hours of a shop, the same bytes each time, with ten minutes in them that any detector should find. */
void author_sample(FILE *out);

/* argv[0] is the word `new`. Returns an exit code. */
int author_command(int argc, char **argv);

#endif /* COMMAND_AUTHOR_H */
