/* SPDX-License-Identifier: MIT */
#define PARAM                                                                                  \
    {                                                                                          \
        .name = "a", .unit = "", .type = ODDLINE_BOOL                                          \
    }
#include "base.h"
