/* SPDX-License-Identifier: MIT */
#define SIZE 48
#include "base.h"
