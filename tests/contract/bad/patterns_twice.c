/* SPDX-License-Identifier: MIT */
#define PARAM                                                                                  \
    {.name = "a", .unit = "", .help = "A.", .type = ODDLINE_PATTERNS},                         \
    {                                                                                          \
        .name = "b", .unit = "", .help = "B.", .type = ODDLINE_PATTERNS                        \
    }
#include "base.h"
