// SPDX-License-Identifier: Apache-2.0
// TemporaryFile: a file name of its own, gone at the end.
#pragma once
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

namespace mcpvigil::source {

class TemporaryFile {
 public:
  TemporaryFile() {
    const char* folder = ::getenv("TMPDIR");
    path_ = std::string(folder != nullptr ? folder : "/tmp") + "/mcpvigil-test-XXXXXX";
    const int fd = ::mkstemp(path_.data());
    if (fd >= 0) ::close(fd);
  }
  TemporaryFile(TemporaryFile&&) = delete;
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string content() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void put(const std::string& bytes) const { std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes; }

 private:
  std::string path_;
};

}  // namespace mcpvigil::source
