/* SPDX-License-Identifier: MIT */
#define ABI 2
#include "base.h"
