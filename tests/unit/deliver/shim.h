/* SPDX-License-Identifier: MIT */
/* A disk that does what a test wants, in place of deliver_sys: fails the nth call, is full, writes by halves. */
#ifndef TESTS_DELIVER_SHIM_H
#define TESTS_DELIVER_SHIM_H

#include <stdbool.h>

enum shim_call {
    SHIM_OPENAT,
    SHIM_PWRITE,
    SHIM_FDATASYNC,
    SHIM_FSYNC,
    SHIM_FALLOCATE,
    SHIM_FTRUNCATE,
    SHIM_RENAMEAT,
    SHIM_UNLINKAT,
    SHIM_CALLS
};
struct shim {
    unsigned long seen[SHIM_CALLS];
    unsigned long fail_at[SHIM_CALLS]; /* 0: never; else this call and `fail_more` behind it */
    unsigned long fail_more;
    int error;   /* errno of those */
    bool full;   /* no file grows, none is made */
    bool halves; /* a write does half of what is asked */
    bool quick;  /* a sync does nothing: for tests that open it a thousand times */
    unsigned long
        changes; /* calls that would change the disk, opening for reading not counted */
};
extern struct shim shim;

void shim_install(void); /* all zero */
void shim_remove(void);
/* From now on the next call of this kind fails. */
void shim_fail(enum shim_call call, int error);

#endif /* TESTS_DELIVER_SHIM_H */
