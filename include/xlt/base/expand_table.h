// SPDX-License-Identifier: Apache-2.0
// A table of named things, expanded from the rows `X(name)` of a `things.def`: declares what makes each of
// them and defines the list. Included once a table, at namespace scope, hence no guard:
//
//   #define XLT_ROWS "train/losses.def"     // X(dpo, "what it is") X(sft, "…"): the rest is for others
//   #define XLT_THING Loss
//   #define XLT_MAKER loss                  // std::unique_ptr<Loss> make_dpo_loss(), make_sft_loss();
//   #define XLT_LIST losses                 // std::span<const Entry<Loss>> losses(), in the order of the rows
//   #include "xlt/base/expand_table.h"
//
// Needs "xlt/base/registry.h". A row without its file does not link, a file without its row does not compile.

#define XLT_JOIN_NOW(a, b) a##_##b
#define XLT_JOIN(a, b) XLT_JOIN_NOW(a, b)

#define X(name, ...) std::unique_ptr<XLT_THING> XLT_JOIN(make_##name, XLT_MAKER)();
#include XLT_ROWS
#undef X

#define X(name, ...) {#name, XLT_JOIN(make_##name, XLT_MAKER)},
inline std::span<const Entry<XLT_THING>> XLT_LIST() {
  static constexpr Entry<XLT_THING> kRows[] = {
#include XLT_ROWS
  };
  return kRows;
}
#undef X

#undef XLT_JOIN
#undef XLT_JOIN_NOW
#undef XLT_ROWS
#undef XLT_THING
#undef XLT_MAKER
#undef XLT_LIST
