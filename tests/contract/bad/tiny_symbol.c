/* SPDX-License-Identifier: MIT */
/* The right name on the wrong thing. */
__attribute__((visibility("default"))) const int oddline_plugin = 1;
