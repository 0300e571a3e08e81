/* SPDX-License-Identifier: MIT */
#define ABI 0
#include "base.h"
