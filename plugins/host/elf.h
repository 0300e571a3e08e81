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

/* 0; -ENOENT, -EACCES and the like from open(2); -ENOEXEC with one sentence for everything else. */
int elf_check(const char *path, struct error *reterr);

#endif /* HOST_ELF_H */
