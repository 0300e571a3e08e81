/* SPDX-License-Identifier: MIT */
#define OPEN NULL
#include "base.h"
