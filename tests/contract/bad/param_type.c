/* SPDX-License-Identifier: MIT */
#define PARAM                                                                                  \
    {                                                                                          \
        .name = "a", .unit = "", .help = "A.", .type = (oddline_type)9                         \
    }
#include "base.h"
