/* SPDX-License-Identifier: MIT */
#define NEEDS ODDLINE_NEEDS_TEXT
#include "base.h"
