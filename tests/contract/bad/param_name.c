/* SPDX-License-Identifier: MIT */
#define PARAM                                                                                  \
    {                                                                                          \
        .name = "A b", .unit = "", .help = "A.", .type = ODDLINE_BOOL                          \
    }
#include "base.h"
