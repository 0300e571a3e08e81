/* SPDX-License-Identifier: MIT */
#define SCORE NULL
#include "base.h"
