/* SPDX-License-Identifier: MIT */
#define PARAM                                                                                  \
    {                                                                                          \
        .name = "a", .unit = "", .help = "A.", .type = ODDLINE_TEXT                            \
    }
#include "base.h"
