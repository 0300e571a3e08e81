/* SPDX-License-Identifier: MIT */
/*
 * elf.h - is this file a shared object that this machine can map? Asked before dlopen().
 *
 * The dynamic linker maps first and complains later: a truncated file costs SIGBUS, and its sentences speak of ELF
 * classes. So the headers are read by hand, and every segment and section must end inside the file.
 */
#ifndef HOST_ELF_H
#define HOST_ELF_H

#include "base/error.h"

/* 0, or -ENOEXEC with one sentence that begins with `path`; `fd` is open for reading. */
int elf_check(int fd, const char *path, struct error *reterr);

#endif /* HOST_ELF_H */
