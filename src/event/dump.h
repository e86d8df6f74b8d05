// SPDX-License-Identifier: Apache-2.0
// dump: an event as one readable line, for `inspect` and test failures. Never for machines: the form may change.
//
//   1700000000.000000001 flow_data flow=3 read by=200@17 tid=200 pos=0 len=9 "{\"a\":1}\n"
#pragma once
#include <cstddef>
#include <string>

#include "event/event.h"

namespace mcpvigil::event {

// At most max_payload bytes of a payload are shown; the rest is told as "+N".
[[nodiscard]] std::string dump(const Event& e, std::size_t max_payload = 64);

// Printable ASCII as it is, \n \r \t \" \\ by name, every other byte as \xNN: one line whatever the bytes are.
[[nodiscard]] std::string escape(Bytes b);

// "127.0.0.1:80", "[::1]:80", "-" when not known.
[[nodiscard]] std::string to_string(const Address& a);

}  // namespace mcpvigil::event
