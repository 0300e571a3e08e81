/* SPDX-License-Identifier: MIT */
#define PARAM                                                                                  \
    {.name = "a", .unit = "", .help = "A.", .type = ODDLINE_F64, .max.f64 = 1},                \
    {                                                                                          \
        .name = "a", .unit = "", .help = "A.", .type = ODDLINE_F64, .max.f64 = 1               \
    }
#include "base.h"
