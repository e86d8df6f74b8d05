// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

#include "base/unique_fd.h"

namespace mcpvigil::base {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return Error{ErrorCode::kInvalid, 0, "odd"};
  return n / 2;
}
Result<std::unique_ptr<int>> boxed(int n) {
  TRY_ASSIGN(const int h, half(n));
  return std::make_unique<int>(h);
}
Status halves(int a, int b, int& done) {
  // clang-format off: two on one line have names of their own
  TRY(half(a)); TRY(half(b));
  // clang-format on
  ++done;
  return {};
}

TEST(Result, IsAValueOrAnError) {
  EXPECT_EQ(half(4).value(), 2);
  ASSERT_FALSE(half(3));
  EXPECT_EQ(half(3).error().message, "odd");
  EXPECT_EQ(half(3).error().code, ErrorCode::kInvalid);
}

TEST(Result, TryReturnsTheFirstError) {
  int done = 0;
  EXPECT_TRUE(halves(2, 4, done));
  EXPECT_FALSE(halves(2, 3, done));
  EXPECT_FALSE(halves(1, 4, done));
  EXPECT_EQ(done, 1);
}

TEST(Result, TryAssignMovesTheValueOut) {
  const auto b = boxed(10);
  ASSERT_TRUE(b);
  EXPECT_EQ(**b, 5);
  EXPECT_EQ(boxed(11).error().message, "odd");
}

TEST(Error, ContextIsAddedFromTheInsideOut) {
  const Error e = errno_error("open libssl.so.3", ENOENT).within("attach on_ssl_write");
  EXPECT_EQ(e.message, "attach on_ssl_write: open libssl.so.3: No such file or directory");
  EXPECT_EQ(e.code, ErrorCode::kNotFound);
  EXPECT_EQ(e.sys, ENOENT);
}

TEST(Error, ErrnoChoosesTheCode) {
  EXPECT_EQ(errno_error("x", EPERM).code, ErrorCode::kPermission);
  EXPECT_EQ(errno_error("x", EACCES).code, ErrorCode::kPermission);
  EXPECT_EQ(errno_error("x", ENOSYS).code, ErrorCode::kUnsupported);
  EXPECT_EQ(errno_error("x", ESRCH).code, ErrorCode::kNotFound);
  EXPECT_EQ(errno_error("x", EIO).code, ErrorCode::kIo);
}

bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFd, ClosesOnceAndOnlyWhatItHolds) {
  int raw = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(raw, 0);
  {
    UniqueFd a(raw);
    UniqueFd b = std::move(a);
    EXPECT_TRUE(b);
    EXPECT_EQ(b.get(), raw);
    EXPECT_TRUE(is_open(raw));
    UniqueFd c;
    EXPECT_FALSE(c);
    c = std::move(b);
    EXPECT_TRUE(is_open(raw));
  }
  EXPECT_FALSE(is_open(raw));
}

}  // namespace
}  // namespace mcpvigil::base
