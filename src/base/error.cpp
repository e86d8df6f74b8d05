// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <cerrno>
#include <cstring>

namespace mcpvigil::base {

Error Error::within(std::string_view outer) const {
  Error e = *this;
  e.message = std::string(outer) + ": " + message;
  return e;
}

Error errno_error(std::string_view what, int sys) {
  ErrorCode code = ErrorCode::kIo;
  if (sys == ENOENT || sys == ESRCH) code = ErrorCode::kNotFound;
  if (sys == EPERM || sys == EACCES) code = ErrorCode::kPermission;
  if (sys == ENOSYS || sys == EOPNOTSUPP) code = ErrorCode::kUnsupported;
  char buf[128];
  return Error{code, sys, std::string(what) + ": " + strerror_r(sys, buf, sizeof buf)};
}

}  // namespace mcpvigil::base
