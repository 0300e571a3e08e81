/* SPDX-License-Identifier: MIT */
/*
 * jail.h - what a process that runs somebody's detector may still do.
 *
 *      exec ─▶ jail_limit ─▶ dlopen (constructors run here) ─▶ jail_lock ─▶ open, observe, score
 *              limits, fds,                                     memory, doorbells, exit;
 *              linker's calls                                   nothing else
 *
 * There is no way back. Under a sanitizer, whose runtime needs more than the filters allow, both do only what they can: no
 * filters and no memory limit; docs/isolation.md has the whole list.
 */
#ifndef HOST_JAIL_H
#define HOST_JAIL_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jail_options {
    size_t memory_bytes; /* address space beyond what is mapped at jail_limit(); 0 = 256 MiB */
    const int *
        keep; /* [keep_count] descriptors that stay open, besides 0 to 2, which become /dev/null unless ... */
    size_t keep_count;
    bool keep_stdio; /* ... this is set */
    uint32_t *
        ret_denied; /* where 1 + the number of a system call that was not allowed is left before the process ends with
                             SIGSYS; may be shared memory; NULL = nowhere */
};

/*
 * Before any code of a plugin: parent-death signal, no new privileges, not dumpable, limits, descriptors, first filter.
 *   Thread   the process has only one
 */
int jail_limit(const struct jail_options *options, struct error *reterr);
/* After the file is loaded, before its first call. Only the descriptors in `use` may be read and written. */
int jail_lock(const int *use, size_t use_count, struct error *reterr);

/* Does this build enforce filters and memory limits? False under a sanitizer. */
bool jail_is_tight(void);

#endif /* HOST_JAIL_H */
