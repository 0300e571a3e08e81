/* SPDX-License-Identifier: MIT */
/* Its constructor does harm before anybody asked it for anything. */
#include "base.h"

static volatile int turns;

__attribute__((constructor)) static void hang(void)
{
    for (;;)
        turns = 0;
}
