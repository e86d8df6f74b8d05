// SPDX-License-Identifier: Apache-2.0
#include "session/redact.h"

#include <algorithm>
#include <array>
#include <vector>

#include "session/json_text.h"

namespace mcpvigil::session {
namespace {

// Members of the message itself whose strings stay.
constexpr std::array<std::string_view, 3> kMessageKeeps{"jsonrpc", "id", "method"};
// Members of params, result and error whose strings (all of them, at any depth) stay. "_meta" and "data" are not here.
constexpr std::array<std::string_view, 13> kParamsKeep{
    "name",   "uri",    "cursor", "protocolVersion", "clientInfo", "capabilities", "requestId", "level",
    "logger", "taskId", "ref",    "progressToken",   "mode"};
constexpr std::array<std::string_view, 15> kResultKeeps{"tools",
                                                        "prompts",
                                                        "resources",
                                                        "resourceTemplates",
                                                        "nextCursor",
                                                        "protocolVersion",
                                                        "supportedVersions",
                                                        "serverInfo",
                                                        "capabilities",
                                                        "resultType",
                                                        "taskId",
                                                        "cacheScope",
                                                        "status",
                                                        "role",
                                                        "action"};
constexpr std::array<std::string_view, 1> kErrorKeeps{"message"};

bool one_of(std::string_view s, const auto& names) { return std::find(names.begin(), names.end(), s) != names.end(); }

class Redactor {
 public:
  Redactor(std::string_view json, std::string& out) : json_(json), out_(out) {}

  void run() {
    while (i_ < json_.size()) {
      char c = json_[i_];
      switch (c) {
        case '"': string(); break;
        case '{':
        case '[':
          open_.push_back(c == '{');
          expect_key_ = c == '{';
          copy();
          break;
        case '}':
        case ']':
          if (!open_.empty()) open_.pop_back();
          expect_key_ = false;
          leave();
          copy();
          break;
        case ',':
          expect_key_ = !open_.empty() && open_.back();
          copy();
          break;
        case ':':
          expect_key_ = false;
          copy();
          break;
        case '\n':
        case '\r':
          out_.push_back(' ');
          ++i_;
          break;
        default: copy();
      }
    }
  }

 private:
  enum class Section { kOther, kParams, kResult, kError };

  void copy() { out_.push_back(json_[i_++]); }

  void leave() {
    if (open_.size() <= keep_from_) keep_from_ = kNever;
    if (open_.size() < 2) section_ = Section::kOther;
  }

  void string() {
    std::size_t begin = i_ + 1, end = begin;
    while (end < json_.size() && json_[end] != '"') end += json_[end] == '\\' ? 2 : 1;
    end = std::min(end, json_.size());
    std::string_view raw = json_.substr(begin, end - begin);
    i_ = std::min(end + 1, json_.size());
    if (expect_key_) {
      key(raw);
    } else if (open_.size() >= keep_from_ || (open_.size() == 1 && kept_member_)) {
      out_.push_back('"');
      append_json_text(raw, out_);
      out_.push_back('"');
    } else {
      out_ += "\"<redacted:";
      append_number(raw.size(), out_);
      out_ += " bytes>\"";
    }
  }

  // Keys stay: they are structure. They also say what becomes of their value; one spelled with escapes matches nothing.
  void key(std::string_view raw) {
    out_.push_back('"');
    append_json_text(raw, out_);
    out_.push_back('"');
    if (open_.size() == 1) {
      kept_member_ = one_of(raw, kMessageKeeps);
      section_ = raw == "params"   ? Section::kParams
                 : raw == "result" ? Section::kResult
                 : raw == "error"  ? Section::kError
                                   : Section::kOther;
      keep_from_ = kNever;
    } else if (open_.size() == 2) {
      bool keep = (section_ == Section::kParams && one_of(raw, kParamsKeep)) ||
                  (section_ == Section::kResult && one_of(raw, kResultKeeps)) ||
                  (section_ == Section::kError && one_of(raw, kErrorKeeps));
      keep_from_ = keep ? 2 : kNever;
    }
  }

  static constexpr std::size_t kNever = static_cast<std::size_t>(-1);
  std::string_view json_;
  std::string& out_;
  std::size_t i_ = 0;
  std::vector<bool> open_;          // true: an object, false: an array
  std::size_t keep_from_ = kNever;  // strings at this depth and below stay
  Section section_ = Section::kOther;
  bool expect_key_ = false;
  bool kept_member_ = false;
};

}  // namespace

void append_redacted(std::string_view json, std::string& out) { Redactor(json, out).run(); }

}  // namespace mcpvigil::session
