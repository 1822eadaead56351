// SPDX-License-Identifier: Apache-2.0
// The torch wheel ships c10d's headers and Gloo's code, but not Gloo's headers. What c10d's header of its
// Gloo group names is declared in this folder, and no more: all of it is made and used inside
// libtorch_cpu.so.
#pragma once
