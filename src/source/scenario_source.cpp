// SPDX-License-Identifier: Apache-2.0
#include "source/scenario_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/unique_fd.h"
#include "source/scenario_writer.h"

namespace mcpvigil::source {

base::Result<std::unique_ptr<ScenarioSource>> ScenarioSource::parse(std::string_view text, std::string_view name,
                                                                    std::uint64_t max_bytes) {
  auto source = std::make_unique<ScenarioSource>();
  ScenarioCursor in(name, text, max_bytes);
  TRY(ScenarioWriter(*source, in).run());
  return source;
}

base::Result<std::unique_ptr<ScenarioSource>> ScenarioSource::open(const std::string& path) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return base::errno_error("open " + path, errno);
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::errno_error("read " + path, errno);
    if (n == 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
    if (text.size() > ScenarioCursor::kMaxBytes)
      return base::Error{base::ErrorCode::kInvalid, 0, path + ": too large for a scenario"};
  }
  return parse(text, path);
}

base::Result<Batch> ScenarioSource::next() {
  if (given_ == events_.size()) return Batch{SourceState::kEnd, {}};
  const std::size_t n = std::min(kBatchEvents, events_.size() - given_);
  const Batch batch{SourceState::kBatch, std::span<const event::Event>(events_).subspan(given_, n)};
  given_ += n;
  return batch;
}

}  // namespace mcpvigil::source
