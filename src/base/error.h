// SPDX-License-Identifier: Apache-2.0
// Error: why an operation could not be done, with the place and the mend.
//
// For operations that can fail (open a file, load a program). Bad *input* is not an Error: it is data with a
// counter (see ledger.h). Context is added from the inside out: "attach on_ssl_write: open libssl.so.3: ...".
#pragma once
#include <string>
#include <string_view>

namespace mcpvigil::base {

enum class ErrorCode {
  kInvalid,      // the caller's input is wrong (exit code 2)
  kNotFound,     //
  kPermission,   // not root, or a capability is missing (exit code 3)
  kUnsupported,  // this kernel or build cannot do it (exit code 3)
  kFormat,       // a file is not what it should be (exit code 1)
  kIo,           // the operating system refused; errno is in sys
};

struct Error {
  ErrorCode code = ErrorCode::kIo;
  int sys = 0;  // errno, 0 if none
  std::string message;

  // "outer: message"
  [[nodiscard]] Error within(std::string_view outer) const;
};

// An Error from errno, with its text: "open /x: No such file or directory".
[[nodiscard]] Error errno_error(std::string_view what, int sys);

}  // namespace mcpvigil::base
