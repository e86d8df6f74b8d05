// SPDX-License-Identifier: Apache-2.0
// One pair of actors moves streams of given sizes over a carrier, one after the other; each byte is heard once, in
// order, with both ends named. A skip with a reason where this machine has no such carrier.
#pragma once
#include <vector>

#include "kernel/carriers.h"
#include "kernel/observed.h"

namespace mcpvigil::test {

struct How {
  Writer writer;
  Reader reader;
  Split write_split = Split::kWhole, read_split = Split::kWhole;
};

void move(probe::KernelSource& source, Carrier carrier, const How& how, std::vector<std::size_t> sizes);

}  // namespace mcpvigil::test
