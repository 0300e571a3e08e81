/* SPDX-License-Identifier: MIT */
#define NEEDS 0x80000000u
#include "base.h"
