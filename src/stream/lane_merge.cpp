// SPDX-License-Identifier: Apache-2.0
#include "stream/lane_merge.h"

#include <algorithm>
#include <utility>

namespace mcpvigil::stream {

using base::LossReason;
using base::SkipReason;
using event::Way;

namespace {
Use use_of(Way w) { return w == Way::kRead ? Use::kReader : Use::kWriter; }
}  // namespace

void LaneMerge::take_slow(const Chunk& c) {
  // What the copy not in use did not copy was not seen: its bytes are those of the other one.
  if (c.by_order && use_ != Use::kUndecided && use_ != use_of(c.way)) return;
  ledger_->seen += c.len;
  if (use_ == Use::kUndecided) {
    const bool wait = c.way == Way::kRead ? wait_for_bind_ || wait_for_writer_ : !writer_at_once_;
    const std::uint64_t wait_ns = wait_for_bind_ ? kBindNs : c.way == Way::kRead ? kWriterNs : kProbationNs;
    if (wait && !ended_ && !c.by_order && hold(c, env_->limits.max_pending, wait_ns)) return;
    choose(use_of(c.way));
  } else if (use_ == Use::kWriter && c.way == Way::kRead) {
    if (!blind_reader_) sink_->lane_reader_seen();
    if (exact_ && !blind_reader_ && !ended_) {
      // The reader was slow, not blind, and its copy starts where the stream does: it takes over. What was delivered
      // from the writer's copy comes again and is dropped by position.
      while (!held_.empty()) {
        Held h = unhold(held_.size() - 1);
        other_end(h.chunk.len);
        release(h);
      }
      use_ = Use::kReader;
      after_blind_ = false;
      sink_->lane_use(use_);
    }
  }
  if (use_ != use_of(c.way)) {
    other_end(c.len);
    return;
  }
  accept(c);
}

// A chunk of the copy in use, already counted as seen.
void LaneMerge::accept(const Chunk& c) {
  if (next_ == kUnanchored) {
    next_ = c.pos;
    if (reanchor_at_ != kUnanchored) shift_ = std::exchange(reanchor_at_, kUnanchored) - c.pos;
  } else if (c.pos > next_ && !ended_) {
    if (hold(c, kReorderBytes, kReorderNs)) return;
    flush_reorder(true);
  }
  if (c.pos > next_) skip_to(c.pos);
  give_out(c);
  drain();
}

// c.pos <= next_.
void LaneMerge::give_out(const Chunk& c) {
  const std::uint64_t cut = next_ - c.pos;  // came before, delivered or declared missing
  if (cut >= c.len) {
    other_end(c.len);
    return;
  }
  other_end(cut);
  next_ = c.pos + c.len;
  std::uint64_t rest = c.len - cut;
  if (cut < c.payload.size()) {
    const base::Bytes bytes = c.payload.substr(cut);
    rest -= bytes.size();
    if (ended_) {
      ledger_->lose(LossReason::kStreamGap, bytes.size());
    } else {
      lost_serial_ = env_->lost_serial;
      sink_->lane_bytes(c.way, c.pos + cut, c.pos + cut + shift_, bytes, c.actor, c.ts);
    }
  }
  if (rest == 0) return;
  if (c.by_order) {
    ledger_->skip(SkipReason::kKernelIgnored, rest);
    ignored_told_ += rest;
    if (!ended_) sink_->lane_ignored(rest, c.ts);
  } else {
    const LossReason why = c.missing == LossReason::kCount ? LossReason::kStreamGap : c.missing;
    ledger_->lose(why, rest);
    if (!ended_) sink_->lane_gap(rest, why, c.ts);
  }
}

void LaneMerge::skip_to(std::uint64_t pos) {
  const std::uint64_t n = pos - next_;
  const LossReason why = gap_reason();
  ledger_->seen += n;
  ledger_->lose(why, n);
  next_ = pos;
  lost_serial_ = env_->lost_serial;
  after_blind_ = false;
  if (!ended_) sink_->lane_gap(n, why, env_->now);
}

LossReason LaneMerge::gap_reason() const {
  if (env_->lost_serial != lost_serial_) return env_->lost_reason;
  return after_blind_ ? LossReason::kBlindReader : LossReason::kStreamGap;
}

// Held chunks that the stream has reached.
void LaneMerge::drain() {
  while (!held_.empty()) {
    const std::size_t i = lowest();
    if (held_[i].chunk.pos > next_) break;
    Held h = unhold(i);
    give_out(h.chunk);
    release(h);
  }
}

void LaneMerge::flush_reorder(bool all) {
  while (!held_.empty() && (all || deadline_ <= env_->now.ns)) {
    const std::size_t i = lowest();
    if (held_[i].chunk.pos > next_) skip_to(held_[i].chunk.pos);
    drain();
  }
}

void LaneMerge::expire() {
  if (deadline_ > env_->now.ns) return;
  if (use_ == Use::kUndecided) {
    choose_held();
  } else {
    flush_reorder(false);
  }
}

void LaneMerge::set_wait_for_writer(bool v) {
  wait_for_writer_ = v;
  if (!v && !wait_for_bind_ && use_ == Use::kUndecided && holds_reader()) choose(Use::kReader);
}

void LaneMerge::choose_held() {
  if (use_ != Use::kUndecided || held_.empty()) return;
  choose(holds_reader() ? Use::kReader : Use::kWriter);
}

void LaneMerge::choose(Use use) {
  if (use_ != Use::kUndecided) return;
  use_ = use;
  // While a writer's bytes wait for a reader the kernel copies a limited amount: what follows it is the reader's doing.
  after_blind_ = use == Use::kWriter && !writer_at_once_;
  next_ = known_start_[static_cast<std::size_t>(use)] ? 0 : kUnanchored;
  std::vector<Held> waiting = std::exchange(held_, {});
  held_len_ = held_bytes_ = 0;
  deadline_ = kNoDeadline;
  std::stable_sort(waiting.begin(), waiting.end(),
                   [](const Held& x, const Held& y) { return x.chunk.pos < y.chunk.pos; });
  sink_->lane_use(use);
  for (Held& h : waiting) {
    if (use_of(h.chunk.way) == use) {
      accept(h.chunk);
    } else {
      other_end(h.chunk.len);
    }
    release(h);
  }
}

void LaneMerge::reader_is_blind() {
  if (ended_ || blind_reader_) return;
  blind_reader_ = true;
  if (use_ == Use::kWriter) return;
  if (use_ == Use::kUndecided) {
    choose(Use::kWriter);
    return;
  }
  flush_reorder(true);
  use_ = Use::kWriter;
  sink_->lane_use(use_);
  if (exact_) {
    after_blind_ = true;  // the writer's copy starts wherever it was switched on; what lies between is the gap
  } else {
    // The two copies count from different bytes: how much went by unseen cannot be known.
    const std::uint64_t out_next = next_ == kUnanchored ? 0 : next_ + shift_;
    sink_->lane_gap(0, LossReason::kBlindReader, env_->now);
    reanchor_at_ = out_next;
    next_ = kUnanchored;
  }
}

void LaneMerge::close_tap(Way way, std::uint64_t total, std::uint64_t ignored) {
  if (use_ != use_of(way)) return;
  flush_reorder(true);
  if (next_ == kUnanchored || total <= next_ || total > kMaxPosition) return;
  const std::uint64_t tail = total - next_;
  const std::uint64_t by_order = std::min(tail, ignored > ignored_told_ ? ignored - ignored_told_ : 0);
  if (by_order != 0) {
    ledger_->seen += by_order;
    ledger_->skip(SkipReason::kKernelIgnored, by_order);
    ignored_told_ += by_order;
    next_ += by_order;
    if (!ended_) sink_->lane_ignored(by_order, env_->now);
  }
  if (next_ < total) skip_to(total);
}

void LaneMerge::end() {
  if (ended_) return;
  choose_held();
  if (use_ != Use::kUndecided) flush_reorder(true);
  ended_ = true;
}

bool LaneMerge::holds_reader() const {
  return std::any_of(held_.begin(), held_.end(), [](const Held& h) { return h.chunk.way == Way::kRead; });
}

void LaneMerge::set_wait_for_bind(bool v) {
  wait_for_bind_ = v;
  if (!v && !wait_for_writer_ && holds_reader()) choose(Use::kReader);
}

void LaneMerge::set_writer_at_once(bool v) {
  writer_at_once_ = v;
  if (v && !wait_for_bind_) choose_held();
}

void LaneMerge::absorb(LaneMerge& other) {
  const bool adopt = use_ == Use::kUndecided && other.use_ != Use::kUndecided;
  std::vector<Held> theirs = std::exchange(other.held_, {});
  other.ledger_->seen -= other.held_len_;
  ledger_->seen += other.held_len_;
  other.held_len_ = other.held_bytes_ = 0;
  other.deadline_ = kNoDeadline;
  if (adopt) {
    // Ours were held for a reader that turns out to be there.
    while (!held_.empty()) {
      Held h = unhold(held_.size() - 1);
      other_end(h.chunk.len);
      release(h);
    }
    use_ = other.use_;
    next_ = other.next_;
    shift_ = other.shift_;
    reanchor_at_ = other.reanchor_at_;
    lost_serial_ = other.lost_serial_;
    ignored_told_ = other.ignored_told_;
    sink_->lane_use(use_);
  }
  blind_reader_ = blind_reader_ || other.blind_reader_;
  ended_ = ended_ || (adopt && other.ended_);
  for (Held& h : theirs) {
    if (adopt || use_ == Use::kUndecided) {
      held_len_ += h.chunk.len;
      held_bytes_ += h.bytes.size();
      held_.push_back(std::move(h));
      held_.back().chunk.payload = held_.back().bytes.view();
    } else {
      other_end(h.chunk.len);
      release(h);
    }
  }
  refresh_deadline();
  if (ended_) {
    choose_held();
    flush_reorder(true);
  }
}

bool LaneMerge::hold(const Chunk& c, std::uint64_t max_bytes, std::uint64_t wait_ns) {
  if (held_bytes_ + c.payload.size() > max_bytes) return false;
  const bool whole = c.payload.size() == c.len;
  if (held_.size() >= kCoalesceFrom && whole) {
    Held& last = held_.back();
    if (last.chunk.way == c.way && last.chunk.actor == c.actor && last.chunk.pos + last.chunk.len == c.pos &&
        last.bytes.size() == last.chunk.len) {
      if (env_->limits.budget != nullptr && !env_->limits.budget->take(c.payload.size())) return false;
      last.charged += c.payload.size();
      last.bytes.append(c.payload);
      last.chunk.len += c.len;
      last.chunk.payload = last.bytes.view();
      last.chunk.ts = c.ts;
      held_len_ += c.len;
      held_bytes_ += c.payload.size();
      return true;
    }
  }
  if (held_.size() >= kMaxHeld) return false;
  if (env_->limits.budget != nullptr && !env_->limits.budget->take(c.payload.size())) return false;
  Held& h = held_.emplace_back();
  h.chunk = c;
  h.bytes.append(c.payload);
  h.chunk.payload = h.bytes.view();
  h.charged = c.payload.size();
  h.deadline = env_->now.ns + wait_ns;
  held_len_ += c.len;
  held_bytes_ += c.payload.size();
  deadline_ = std::min(deadline_, h.deadline);
  return true;
}

LaneMerge::Held LaneMerge::unhold(std::size_t i) {
  Held h = std::move(held_[i]);
  h.chunk.payload = h.bytes.view();
  held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(i));
  held_len_ -= h.chunk.len;
  held_bytes_ -= h.bytes.size();
  refresh_deadline();
  return h;
}

void LaneMerge::release(Held& h) {
  if (env_->limits.budget != nullptr) env_->limits.budget->give(h.charged);
  h.charged = 0;
}

void LaneMerge::drop_held() {
  for (Held& h : held_) release(h);
  held_.clear();
}

void LaneMerge::refresh_deadline() {
  deadline_ = kNoDeadline;
  for (const Held& h : held_) deadline_ = std::min(deadline_, h.deadline);
}

std::size_t LaneMerge::lowest() const {
  std::size_t best = 0;
  for (std::size_t i = 1; i < held_.size(); ++i) {
    if (held_[i].chunk.pos < held_[best].chunk.pos) best = i;
  }
  return best;
}

}  // namespace mcpvigil::stream
