// SPDX-License-Identifier: Apache-2.0
// JSON-RPC 2.0 messages as found on the wire. One parser for every transport.
//
// Views and DOM elements live until the next parse() of the same Parser. Never throws; bad text is a SkipReason.
#pragma once
#include <simdjson.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ledger.h"

namespace mcpvigil::jsonrpc {

using base::Bytes;

// An id keeps its JSON type: 1 and "1" differ, 1.0 and 1 are the same number. A number that is no int64 is kReal and
// `text` holds its JSON spelling, exact up to uint64.
struct Id {
  enum class Type : std::uint8_t { kAbsent, kNull, kInteger, kReal, kString };
  Type type = Type::kAbsent;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;
  bool operator==(const Id&) const = default;
  [[nodiscard]] bool usable() const { return type == Type::kInteger || type == Type::kString || type == Type::kReal; }
  // The id as JSON text: 3, "a\"b", null.
  void append_json(std::string& out) const;
};

// The id an element spells, into `out` (whose memory is reused). False: not a legal id (an object, true); `out` is
// then kNull.
bool read_id(simdjson::dom::element e, Id& out);

enum class Kind : std::uint8_t { kRequest, kNotification, kResponse, kError };
[[nodiscard]] std::string_view name(Kind k);

// Oddities with no honest reason to exist: parsers disagree about them.
enum Oddity : std::uint32_t {
  kDuplicateKey = 1,  // a member name twice in one object that we read (last wins)
  kEscapedKey = 2,    // a member name or the method spelled with escapes it does not need
  kWrongCase = 4,     // a JSON-RPC member in another case ("Method"); it is not taken for the member
  kNoVersion = 8,     // no "jsonrpc":"2.0"
  kBatched = 16,      // came in an array
  kRawNewline = 32,   // a message spread over several lines
  kInexact = 64,      // a number beyond 64 bits or half a surrogate pair: we show the nearest value
  kBadId = 128,       // an id that is null, or no string or number; the message is taken as one without id
  kMixedShape = 256,  // a method together with a result or an error, or a result together with an error
};
inline constexpr std::uint32_t kOddityCount = 9;
[[nodiscard]] std::string_view name(Oddity o);  // "duplicate_key"; one bit at a time

struct Message {
  Kind kind = Kind::kNotification;
  Id id;
  std::string_view method;                       // requests and notifications
  std::optional<simdjson::dom::element> params;  // requests and notifications
  std::optional<simdjson::dom::element> result;  // responses
  std::optional<simdjson::dom::element> error;   // errors: the error object
  simdjson::dom::element root;
  std::uint32_t oddities = 0;
  std::uint32_t batch_index = 0;  // position in its array
  std::uint32_t batch_size = 1;   // elements of the array, bad ones too; 1 when not batched
  Bytes text;                     // the JSON text of this message; of the whole array when batched
};

// Reads one element as a message: for those carried inside another (mcp::Operation::nested). False: not JSON-RPC.
// Sets everything but the batch members and `text`, which it clears; escapes cannot be seen here and are not flagged.
bool read_message(simdjson::dom::element root, Message& out);

class Parser {
 public:
  Parser();
  ~Parser();
  // Parses one JSON text (padded) and gives its messages in order; an array is a batch. Returns why nothing (or, in a
  // batch, not all: the count of bad elements) was a JSON-RPC message: kMalformedJson, kTooDeep, kBadUtf8, kNotJsonRpc,
  // and kTooLarge beyond kMaxText. kCount = every element was a message.
  base::SkipReason parse(Bytes padded_text, const std::function<void(const Message&)>& on_message);

  static constexpr std::size_t kMaxText = (64ULL << 20) + (1ULL << 20);  // the largest message and what wraps it
  static constexpr std::size_t kMaxDepth = 1024;                         // simdjson's default; SDKs stop near it too

  // Of the last parse(): its root when the text was JSON at all (what a look-alike is told by), elements of a batch
  // that were no messages, and every oddity met, also of what was not a message.
  [[nodiscard]] std::optional<simdjson::dom::element> document() const;
  [[nodiscard]] std::uint32_t bad_elements() const;
  [[nodiscard]] std::uint32_t oddities() const;

  // Gives back what a large text made it allocate; ends the life of views. The next parse() does so by itself.
  void release_memory();

 private:
  struct State;
  std::unique_ptr<State> s_;
};

// The last value of `key` in an object (JSON's "last wins", as every SDK tried does), or nothing.
[[nodiscard]] std::optional<simdjson::dom::element> last(simdjson::dom::object o, std::string_view key);
// ... as a string or number; empty/nothing when absent or of another type.
[[nodiscard]] std::string_view string_at(simdjson::dom::element e, std::string_view key);

}  // namespace mcpvigil::jsonrpc
