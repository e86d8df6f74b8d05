// SPDX-License-Identifier: Apache-2.0
#include "session/digest.h"

#include <openssl/evp.h>

namespace mcpvigil::session {

Digest sha256(std::string_view text) {
  Digest out{};
  unsigned int n = 0;
  EVP_Digest(text.data(), text.size(), out.data(), &n, EVP_sha256(), nullptr);
  return out;
}

std::string hex(const Digest& d, std::size_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes * 2);
  for (std::size_t i = 0; i < bytes && i < d.size(); ++i) {
    out.push_back(kDigits[d[i] >> 4]);
    out.push_back(kDigits[d[i] & 15]);
  }
  return out;
}

}  // namespace mcpvigil::session
