// SPDX-License-Identifier: Apache-2.0
#include "mcp/look_alike.h"
#include "mcp/operation.h"

namespace mcpvigil::mcp {
namespace {

// One stray log line with a "method" must not close a channel; a protocol without versions sends this many at once.
constexpr std::uint32_t kUnversionedLimit = 4;

bool has_method(const Operation& op) {
  return op.kind == jsonrpc::Kind::kRequest || op.kind == jsonrpc::Kind::kNotification;
}

}  // namespace

Classifier::State Classifier::observe(const Operation& op) {
  if (op.evidence == Evidence::kVeto) {
    veto(op.veto);
    return state_;
  }
  if (state_ == State::kMcp || op.evidence == Evidence::kNothing) return state_;
  if (certain_ && !has_method(op)) return state_;
  if (op.evidence == Evidence::kDecisive) return observe_decisive();
  if (first_mark_.empty()) {
    first_mark_ = op.strong_mark;
    mark_is_method_ = has_method(op);
    if (state_ == State::kUnknown) state_ = State::kCandidate;
  } else if (first_mark_ != op.strong_mark) {
    return observe_decisive();
  }
  return state_;
}

Classifier::State Classifier::observe_look_alike(std::string_view protocol) {
  if (!protocol.empty()) veto(protocol);
  return state_;
}

Classifier::State Classifier::observe_decisive() {
  state_ = State::kMcp;
  certain_ = false;
  other_ = {};
  return state_;
}

void Classifier::veto(std::string_view protocol) {
  if (state_ == State::kMcp) {
    ++contradictions_;
    return;
  }
  if (protocol == kUnversioned) {
    ++unversioned_;
    if (state_ != State::kUnknown || unversioned_ < kUnversionedLimit) return;
  } else {
    certain_ = true;
    if (!mark_is_method_) first_mark_ = {};
  }
  if (state_ != State::kOther || other_ == kUnversioned) other_ = protocol;
  state_ = State::kOther;
}

}  // namespace mcpvigil::mcp
