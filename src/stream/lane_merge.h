// SPDX-License-Identifier: Apache-2.0
// LaneMerge: two copies of one directed byte stream (taken at its reader, taken at its writer) -> the stream, once.
//
// The reader's copy is preferred: it is what was delivered. Until a reader is seen the writer's copy is held
// (probation); a reader's first bytes drop it, time or memory running out delivers it and keeps to the writer's copy.
// Bytes come out in order of position; what is missing comes out as a gap after a short wait for stragglers.
// Law, after every call: ledger.seen == delivered + kOtherEnd + kKernelIgnored + lost + held().
//
//   LaneMerge m(ledger, env, sink);  m.take({.way = Way::kRead, .pos = 0, .len = 2, .payload = "{}", ...});
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/ledger.h"
#include "base/memory_budget.h"
#include "event/event.h"

namespace mcpvigil::stream {

// Which copy a lane uses. The first two have the numbers of event::Way.
enum class Use : std::uint8_t { kReader = 0, kWriter = 1, kUndecided = 2 };

struct Chunk {
  event::Way way{};
  bool by_order = false;  // counted and not copied because we said so: not a loss
  base::LossReason missing = base::LossReason::kCount;
  std::uint64_t pos = 0, len = 0;  // len >= payload.size()
  base::Bytes payload{};           // padded
  base::ProcessKey actor{};
  base::Timestamp ts{};
};

// What all lanes of one assembler share. Outlives them.
struct LaneEnv {
  base::StreamLimits limits;
  base::Timestamp now;                                          // the latest event time
  std::uint64_t lost_serial = 0;                                // counts Lost events
  base::LossReason lost_reason = base::LossReason::kStreamGap;  // of the last one
};

class LaneSink {
 public:
  virtual ~LaneSink() = default;
  // tap_pos: position in the copy it was taken from; out_pos: position in what this lane gives out (no jumps but gaps).
  virtual void lane_bytes(event::Way taken, std::uint64_t tap_pos, std::uint64_t out_pos, base::Bytes bytes,
                          const base::ProcessKey& actor, base::Timestamp ts) = 0;
  // n == 0: an unknown number.
  virtual void lane_gap(std::uint64_t n, base::LossReason why, base::Timestamp ts) = 0;
  virtual void lane_ignored(std::uint64_t n, base::Timestamp ts) = 0;
  virtual void lane_use(Use use) = 0;   // the copy in use changed
  virtual void lane_reader_seen() = 0;  // a reader moves bytes although the writer's copy is in use
};

class LaneMerge {
 public:
  // A writer's bytes wait this long for a reader. Long, because a server that is
  // still starting has not read its first request yet, and who reads is half of what we report; what ends the wait
  // sooner is a reader, a blind reader that was noticed, or a full buffer.
  static constexpr std::uint64_t kProbationNs = 5'000'000'000;
  // A TLS stream's bytes wait this long for its socket.
  static constexpr std::uint64_t kBindNs = 200'000'000;
  // A reader's first bytes wait this long for news of who wrote them: on another CPU the writer's call may return later
  // than the reader's. Once a lane's writer is known nothing waits.
  static constexpr std::uint64_t kWriterNs = 50'000'000;
  // Events of two CPUs may come out of order by as much as a ring buffer's poll.
  static constexpr std::uint64_t kReorderNs = 100'000'000;
  static constexpr std::uint64_t kReorderBytes = 64ULL << 10;
  // One held chunk costs about 150 bytes of overhead whatever its size.
  static constexpr std::size_t kMaxHeld = 256;
  static constexpr std::size_t kCoalesceFrom = 64;
  // Positions beyond this are damage, not streams; below it sums cannot overflow.
  static constexpr std::uint64_t kMaxPosition = 1ULL << 62;
  static constexpr std::uint64_t kNoDeadline = std::numeric_limits<std::uint64_t>::max();

  LaneMerge(base::Ledger& ledger, LaneEnv& env, LaneSink& sink)
      : ledger_(&ledger), env_(&env), sink_(&sink), lost_serial_(env.lost_serial) {}
  ~LaneMerge() { drop_held(); }
  LaneMerge(LaneMerge&&) = delete;

  // The caller has checked pos, len <= kMaxPosition and payload.size() <= len.
  void take(const Chunk& c) {
    if (static_cast<std::uint8_t>(use_) == static_cast<std::uint8_t>(c.way) && c.pos == next_ &&
        c.payload.size() == c.len && held_.empty() && !ended_) [[likely]] {
      ledger_->seen += c.len;
      lost_serial_ = env_->lost_serial;
      next_ += c.len;
      sink_->lane_bytes(c.way, c.pos, c.pos + shift_, c.payload, c.actor, c.ts);
      return;
    }
    take_slow(c);
  }

  // What is held too long is decided or given up.
  void expire();
  // Decides for a copy, if not decided: what is held of it is delivered, the rest dropped as kOtherEnd.
  void choose(Use use);
  // Decides for what is held. No-op when nothing is.
  void choose_held();
  // The reader moves bytes by calls that are not hooked: the writer's copy from now on.
  void reader_is_blind();
  // The object that `way` was taken at is gone: what its kernel counters know and we do not is ignored or lost.
  void close_tap(event::Way way, std::uint64_t total, std::uint64_t ignored);
  // No more bytes: held ones are delivered, later ones are lost.
  void end();
  // `other` is found to be the same stream: its taps feed this one from now on. Its held bytes move, with their
  // share of its ledger.
  void absorb(LaneMerge& other);

  // Both copies count positions from the same first byte, so one can continue the other.
  void set_exact(bool v) { exact_ = v; }
  // Positions of this way count from a first sight we were told of; else the first chunk says where we are.
  void set_known_start(event::Way way, bool v) { known_start_[static_cast<std::size_t>(way)] = v; }
  // There is no local reader: do not wait for one.
  void set_writer_at_once(bool v);
  // TLS not bound to a socket yet: the reader's copy waits as well.
  void set_wait_for_bind(bool v);

  // Nobody was seen writing yet, and somebody on this host must have.
  void set_wait_for_writer(bool v);

  [[nodiscard]] Use use() const { return use_; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool exact() const { return exact_; }
  [[nodiscard]] std::uint64_t held() const { return held_len_; }
  [[nodiscard]] std::uint64_t deadline() const { return deadline_; }

 private:
  static constexpr std::uint64_t kUnanchored = std::numeric_limits<std::uint64_t>::max();
  struct Held {
    Chunk chunk;  // payload points into bytes
    base::PaddedBuffer bytes;
    std::uint64_t deadline = 0;
    std::uint64_t charged = 0;  // taken from the budget
  };

  void take_slow(const Chunk& c);
  void accept(const Chunk& c);
  void give_out(const Chunk& c);
  void drain();
  void flush_reorder(bool all);
  void skip_to(std::uint64_t pos);
  [[nodiscard]] bool hold(const Chunk& c, std::uint64_t max_bytes, std::uint64_t wait_ns);
  [[nodiscard]] Held unhold(std::size_t i);
  void release(Held& h);
  void drop_held();
  [[nodiscard]] bool holds_reader() const;
  void refresh_deadline();
  [[nodiscard]] std::size_t lowest() const;
  [[nodiscard]] base::LossReason gap_reason() const;
  void other_end(std::uint64_t n) { ledger_->skip(base::SkipReason::kOtherEnd, n); }

  base::Ledger* ledger_;
  LaneEnv* env_;
  LaneSink* sink_;
  Use use_ = Use::kUndecided;
  bool ended_ = false;
  bool exact_ = false;
  bool writer_at_once_ = false;
  bool wait_for_bind_ = false;
  bool wait_for_writer_ = false;
  bool blind_reader_ = false;
  bool after_blind_ = false;  // the next gap is the blind reader's
  std::array<bool, 2> known_start_{};
  std::uint64_t next_ = kUnanchored;         // expected position in the copy in use
  std::uint64_t reanchor_at_ = kUnanchored;  // out_pos at which the next chunk continues, whatever its own position
  std::uint64_t shift_ = 0;                  // out_pos - tap_pos, modulo 2^64
  std::uint64_t lost_serial_ = 0;
  std::uint64_t ignored_told_ = 0;  // bytes already counted as kKernelIgnored
  std::uint64_t held_len_ = 0, held_bytes_ = 0;
  std::uint64_t deadline_ = kNoDeadline;
  std::vector<Held> held_;
};

}  // namespace mcpvigil::stream
