// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "unit/jsonrpc/parsed.h"

namespace mcpvigil::jsonrpc {
namespace {

// The id of a request with this id, as JSON text again; "absent" where there is none.
std::string round_trip(std::string_view id, Kind* kind = nullptr) {
  Parsed p(R"({"jsonrpc":"2.0","method":"ping","id":)" + std::string(id) + "}");
  if (p.messages.size() != 1) return "no message";
  if (kind != nullptr) *kind = p.only().kind;
  if (p.only().id.type == Id::Type::kAbsent) return "absent";
  std::string out;
  p.only().id.append_json(out);
  return out;
}

TEST(Id, ComesBackAsTheJsonItWas) {
  for (const std::string_view id :
       {"0", "1", "-7", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551615",
        "0.5", "-2.25", R"("")", R"("1")", R"("bcec643c-0")", R"("a\"b\\c\n")", "\"\xC3\xA9\"", R"("\u0001")",
        R"("server-discover-probe-1")"}) {
    EXPECT_EQ(round_trip(id), id);
  }
}

TEST(Id, OneAndOnePointZeroAreTheSameNumberAndTheStringIsAnother) {
  EXPECT_EQ(round_trip("1.0"), "1");
  EXPECT_EQ(round_trip("1e2"), "100");
  EXPECT_EQ(round_trip("-0.0"), "0");
  Parsed number(R"({"jsonrpc":"2.0","method":"ping","id":1})");
  Parsed real(R"({"jsonrpc":"2.0","method":"ping","id":1.0})");
  Parsed string(R"({"jsonrpc":"2.0","method":"ping","id":"1"})");
  EXPECT_EQ(number.only().id, real.only().id);
  EXPECT_NE(number.only().id, string.only().id);
}

TEST(Id, NeighboursBeyondInt64DoNotCollide) {
  Parsed a(R"({"jsonrpc":"2.0","method":"ping","id":18446744073709551614})");
  Parsed b(R"({"jsonrpc":"2.0","method":"ping","id":18446744073709551615})");
  EXPECT_EQ(a.only().id.type, Id::Type::kReal);
  EXPECT_NE(a.only().id, b.only().id);
}

TEST(Id, BeyondSixtyFourBitsIsTheNearestNumberAndFlagged) {
  Parsed p(R"({"jsonrpc":"2.0","method":"ping","id":123456789012345678901234567890})");
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p.only().kind, Kind::kRequest);
  EXPECT_EQ(p.only().id.text, "1.2345678901234568e+29");
  EXPECT_EQ(p.only().oddities, kInexact);
}

TEST(Id, NullOrOfNoLegalTypeMakesANotificationAndIsFlagged) {
  for (const std::string_view id : {"null", "true", "{}", "[1]"}) {
    Kind kind = Kind::kRequest;
    EXPECT_EQ(round_trip(id, &kind), "absent") << id;
    EXPECT_EQ(kind, Kind::kNotification) << id;
    Parsed p(R"({"jsonrpc":"2.0","method":"ping","id":)" + std::string(id) + "}");
    EXPECT_EQ(p.only().oddities, kBadId) << id;
  }
}

TEST(Id, IsNotLeftOverFromTheMessageBefore) {
  Parsed p(R"({"jsonrpc":"2.0","method":"ping","id":"long enough to be on the heap, surely"})");
  p.give(R"({"jsonrpc":"2.0","method":"ping","id":3})");
  EXPECT_EQ(p.only().id.text, "");
  p.give(R"({"jsonrpc":"2.0","method":"notifications/x"})");
  EXPECT_EQ(p.only().id.type, Id::Type::kAbsent);
}

}  // namespace
}  // namespace mcpvigil::jsonrpc
