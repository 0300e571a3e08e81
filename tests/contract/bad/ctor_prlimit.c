/* SPDX-License-Identifier: MIT */
/* Its constructor does harm before anybody asked it for anything. */
#include "base.h"

#include <sys/resource.h>

/* Another process, such as the core, which has the same user and could be ended by a limit. */
__attribute__((constructor)) static void limit_the_core(void)
{
    struct rlimit none = {0, 0};
    prlimit(1, RLIMIT_FSIZE, &none, NULL);
}
