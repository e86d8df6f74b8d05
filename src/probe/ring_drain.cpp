// SPDX-License-Identifier: Apache-2.0
#include "probe/ring_drain.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/unique_fd.h"
#include "mcpvigil/wire/event.h"
#include "probe/ring_reader.h"

namespace mcpvigil::probe {

Block::Block() : data_(new char[kBytes + base::kPadding]) { std::memset(data_.get() + kBytes, 0, base::kPadding); }

bool Block::fits(std::size_t record) const { return used_ + 8 + (record + 7) / 8 * 8 <= kBytes; }

void Block::append(std::string_view record) {
  const auto len = static_cast<unsigned int>(record.size());
  std::memcpy(data_.get() + used_, &len, sizeof len);
  std::memcpy(data_.get() + used_ + 8, record.data(), record.size());
  used_ += 8 + (record.size() + 7) / 8 * 8;
}

struct RingDrain::State {
  RingReader ring;
  std::size_t max_blocks;
  std::mutex mutex;
  std::condition_variable filled, freed;
  std::deque<std::unique_ptr<Block>> ready;
  std::vector<std::unique_ptr<Block>> spare;
  std::atomic<bool> stop{false};
  base::UniqueFd wake;  // readable once stop is set
  std::thread thread;

  explicit State(RingReader r, std::size_t blocks) : ring(std::move(r)), max_blocks(blocks) {}

  std::unique_ptr<Block> fresh() {
    const std::lock_guard lock(mutex);
    if (spare.empty()) return std::make_unique<Block>();
    auto b = std::move(spare.back());
    spare.pop_back();
    return b;
  }
  void push(std::unique_ptr<Block> b) {
    const std::lock_guard lock(mutex);
    ready.push_back(std::move(b));
    filled.notify_one();
  }
  bool full() {
    std::unique_lock lock(mutex);
    return ready.size() >= max_blocks &&
           !freed.wait_for(lock, std::chrono::milliseconds(10), [&] { return ready.size() < max_blocks; });
  }

  void run() {
    // The ring holds what arrives while we wait for a CPU: come first. Refused without CAP_SYS_NICE: no harm.
    setpriority(PRIO_PROCESS, 0, -10);
    for (bool last = false; !last;) {
      last = stop.load();  // once more after we were told to stop
      if (!last && full()) continue;
      if (!last && ring.backlog() == 0) {
        ring.wait(-1, wake.get());
        continue;
      }
      auto block = fresh();
      ring.drain([&](std::string_view record) {
        // A reservation is as large as its tier: keep what is filled.
        mv_header h;
        if (record.size() < sizeof h) return true;
        std::memcpy(&h, record.data(), sizeof h);
        if (h.type == MV_EV_DATA) record = record.substr(0, std::min(record.size(), sizeof(mv_data) + h.payload));
        if (!block->fits(record.size())) {
          push(std::move(block));
          block = fresh();
        }
        block->append(record);
        return true;
      });
      if (!block->empty()) {
        push(std::move(block));
      } else {
        const std::lock_guard lock(mutex);
        spare.push_back(std::move(block));
      }
    }
  }
};

RingDrain::RingDrain() = default;

base::Result<std::unique_ptr<RingDrain>> RingDrain::start(int ring_fd, std::size_t ring_bytes, std::size_t max_bytes) {
  TRY_ASSIGN(auto ring, RingReader::open(ring_fd, ring_bytes));
  auto d = std::unique_ptr<RingDrain>(new RingDrain());
  d->s_ = std::make_unique<State>(std::move(ring), std::max<std::size_t>(2, max_bytes / Block::kBytes));
  d->s_->wake = base::UniqueFd(eventfd(0, EFD_CLOEXEC));
  if (!d->s_->wake) return base::errno_error("eventfd", errno);
  d->s_->thread = std::thread([s = d->s_.get()] { s->run(); });
  return d;
}

RingDrain::~RingDrain() {
  if (s_) finish();
}

void RingDrain::finish() {
  s_->stop = true;
  eventfd_write(s_->wake.get(), 1);
  if (s_->thread.joinable()) s_->thread.join();
}

std::unique_ptr<Block> RingDrain::take(int timeout_ms) {
  std::unique_lock lock(s_->mutex);
  if (!s_->filled.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return !s_->ready.empty(); }))
    return nullptr;
  auto b = std::move(s_->ready.front());
  s_->ready.pop_front();
  s_->freed.notify_one();
  return b;
}

void RingDrain::recycle(std::unique_ptr<Block> b) {
  b->clear();
  const std::lock_guard lock(s_->mutex);
  if (s_->spare.size() < 4) s_->spare.push_back(std::move(b));
}

}  // namespace mcpvigil::probe
