/* SPDX-License-Identifier: MIT */
#define PARAM                                                                                  \
    {                                                                                          \
        .name = "a", .unit = "", .help = "A.", .type = ODDLINE_I64, .fallback.i64 = 5,         \
        .max.i64 = 4                                                                           \
    }
#include "base.h"
