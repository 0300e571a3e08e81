/* SPDX-License-Identifier: MIT */
#define PARAM                                                                                  \
    {                                                                                          \
        .name = "a", .unit = "", .help = "A.", .type = ODDLINE_F64, .fallback.f64 = 2,         \
        .max.f64 = 1                                                                           \
    }
#include "base.h"
