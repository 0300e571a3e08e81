/* SPDX-License-Identifier: MIT */
#define PARAM_COUNT 33
#include "base.h"
