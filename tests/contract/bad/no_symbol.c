/* SPDX-License-Identifier: MIT */
#define SYMBOL something_else
#include "base.h"
