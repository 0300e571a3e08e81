/* SPDX-License-Identifier: MIT */
#define ID NULL
#include "base.h"
