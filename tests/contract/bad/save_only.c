/* SPDX-License-Identifier: MIT */
#define SAVE base_save
#include "base.h"
