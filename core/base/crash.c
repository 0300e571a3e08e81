/* SPDX-License-Identifier: MIT */

#include "base/crash.h"

#ifdef ODDLINE_CRASH_POINTS
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void crash_point(const char *name)
{
    static _Atomic unsigned long passed;
    const char *wanted = getenv("ODDLINE_CRASH");
    size_t len = strlen(name);
    if (!wanted || strncmp(wanted, name, len) != 0 ||
        (wanted[len] != '\0' && wanted[len] != ':'))
        return;
    unsigned long at = wanted[len] == ':' ? strtoul(wanted + len + 1, NULL, 10) : 1;
    if (atomic_fetch_add(&passed, 1) + 1 == at)
        raise(SIGKILL);
}
#endif
