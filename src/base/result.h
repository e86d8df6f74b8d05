// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or an Error. Dropping one is a compiler warning (a bare std::expected is not, with libstdc++ 12).
//
//   Result<File> open(path);
//   TRY_ASSIGN(auto file, open(path));   // returns the Error to the caller
//   TRY(file.sync());
#pragma once
#include <expected>
#include <utility>

#include "base/error.h"

namespace mcpvigil::base {

template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  Result(Error e) : std::expected<T, Error>(std::unexpected(std::move(e))) {}
};

using Status = Result<void>;

}  // namespace mcpvigil::base

#define MCPVIGIL_CAT2(a, b) a##b
#define MCPVIGIL_CAT(a, b) MCPVIGIL_CAT2(a, b)
#define TRY_IMPL(tmp, expr)          \
  do {                               \
    if (auto tmp = (expr); !tmp) {   \
      return std::move(tmp).error(); \
    }                                \
  } while (false)
#define TRY(expr) TRY_IMPL(MCPVIGIL_CAT(try_result_, __COUNTER__), expr)
#define TRY_ASSIGN_IMPL(tmp, lhs, expr)    \
  auto tmp = (expr);                       \
  if (!tmp) return std::move(tmp).error(); \
  lhs = std::move(*tmp)
#define TRY_ASSIGN(lhs, expr) TRY_ASSIGN_IMPL(MCPVIGIL_CAT(try_tmp_, __COUNTER__), lhs, expr)
