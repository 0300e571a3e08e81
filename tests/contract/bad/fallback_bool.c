/* SPDX-License-Identifier: MIT */
#define PARAM                                                                                  \
    {                                                                                          \
        .name = "a", .unit = "", .help = "A.", .type = ODDLINE_BOOL, .fallback.i64 = 2         \
    }
#include "base.h"
