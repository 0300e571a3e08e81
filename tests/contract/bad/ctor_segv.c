/* SPDX-License-Identifier: MIT */
/* Its constructor does harm before anybody asked it for anything. */
#include "base.h"

static void *volatile nowhere;

__attribute__((constructor)) static void crash(void)
{
    *(volatile char *)nowhere = 1;
}
