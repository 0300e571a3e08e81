/* SPDX-License-Identifier: MIT */
#define PARAM                                                                                  \
    {                                                                                          \
        .name = "a", .unit = "", .help = "A.", .type = ODDLINE_F64, .fallback.f64 = 0.0 / 0.0, \
        .max.f64 = 1                                                                           \
    }
#include "base.h"
