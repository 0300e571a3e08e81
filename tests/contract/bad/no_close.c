/* SPDX-License-Identifier: MIT */
#define CLOSE NULL
#include "base.h"
