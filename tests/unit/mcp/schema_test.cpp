// SPDX-License-Identifier: Apache-2.0
// The published JSON schemas as an oracle: every method they name is in our table, in that revision, with the sender
// their unions give; every example message decodes to the method it shows.
#include <filesystem>
#include <map>

#include "mcp/method.h"
#include "unit/mcp/decoded.h"

namespace mcpvigil::mcp {
namespace {

namespace fs = std::filesystem;
namespace dom = simdjson::dom;

const struct {
  std::string_view folder;
  Revision revision;
} kRevisions[] = {
    {"2024-11-05", k2024_11_05}, {"2025-03-26", k2025_03_26}, {"2025-06-18", k2025_06_18},
    {"2025-11-25", k2025_11_25}, {"2026-07-28", k2026_07_28},
};

// Tests run in the source root.
const fs::path kSchemas = fs::path("..") / "shared" / "mcp-schema";

#define NEEDS_SCHEMAS() \
  if (!fs::exists(kSchemas)) GTEST_SKIP() << "no schemas at " << fs::absolute(kSchemas)

struct Schema {
  dom::parser parser;
  dom::object definitions;
  explicit Schema(const fs::path& file) {
    dom::element root;
    if (parser.load(file.string()).get(root) != simdjson::SUCCESS) return;
    if (root["$defs"].get(definitions) != simdjson::SUCCESS) {
      EXPECT_EQ(root["definitions"].get(definitions), simdjson::SUCCESS) << file;
    }
  }
  // The method constant of a definition, or "".
  [[nodiscard]] std::string_view method(std::string_view definition) const {
    std::string_view m;
    const auto e = definitions[definition]["properties"]["method"]["const"].get(m);
    return e == simdjson::SUCCESS ? m : std::string_view();
  }
  // Method -> definition, of a union like ClientRequest (or of a definition that stands for a union of one).
  void add_union(std::string_view name, Sender side, std::map<std::string, Sender>& out) const {
    dom::element u;
    if (definitions[name].get(u) != simdjson::SUCCESS) return;
    dom::array options;
    if (u["anyOf"].get(options) != simdjson::SUCCESS) {
      add(name, side, out);
      std::string_view ref;
      if (u["$ref"].get(ref) == simdjson::SUCCESS) add(ref.substr(ref.rfind('/') + 1), side, out);
      return;
    }
    for (const auto option : options) {
      std::string_view ref;
      if (option["$ref"].get(ref) == simdjson::SUCCESS) add(ref.substr(ref.rfind('/') + 1), side, out);
    }
  }

 private:
  void add(std::string_view definition, Sender side, std::map<std::string, Sender>& out) const {
    const auto m = method(definition);
    if (m.empty()) return;
    const auto [it, is_new] = out.try_emplace(std::string(m), side);
    if (!is_new && it->second != side) it->second = Sender::kEither;
  }
};

TEST(Schema, EveryMethodIsInTheTableInItsRevision) {
  NEEDS_SCHEMAS();
  for (const auto& r : kRevisions) {
    const Schema s(kSchemas / r.folder / "schema.json");
    int found = 0;
    for (const auto field : s.definitions) {
      const auto m = s.method(field.key);
      if (m.empty()) continue;
      ++found;
      const Method* known = find_method(m);
      ASSERT_NE(known, nullptr) << r.folder << " " << m;
      EXPECT_TRUE(known->revisions & r.revision) << r.folder << " " << m;
      EXPECT_EQ(known->notification, m.starts_with("notifications/")) << m;
    }
    EXPECT_GT(found, 20) << r.folder;
    // ... and the table claims no more for this revision than the schema has.
    for (const auto& known : all_methods()) {
      if ((known.revisions & r.revision) == 0) continue;
      bool in_schema = false;
      for (const auto field : s.definitions) in_schema = in_schema || s.method(field.key) == known.name;
      EXPECT_TRUE(in_schema) << r.folder << " " << known.name;
    }
  }
}

TEST(Schema, SendersAgreeWithTheUnions) {
  NEEDS_SCHEMAS();
  for (const auto& r : kRevisions) {
    const Schema s(kSchemas / r.folder / "schema.json");
    std::map<std::string, Sender> senders;
    s.add_union("ClientRequest", Sender::kClient, senders);
    s.add_union("ClientNotification", Sender::kClient, senders);
    s.add_union("ServerRequest", Sender::kServer, senders);
    s.add_union("ServerNotification", Sender::kServer, senders);
    EXPECT_GT(senders.size(), 15U) << r.folder;
    for (const auto& [method, sender] : senders) {
      const Method* known = find_method(method);
      ASSERT_NE(known, nullptr) << method;
      // Ours covers all revisions at once: either side in one of them is either side.
      EXPECT_TRUE(known->sender == sender || known->sender == Sender::kEither) << r.folder << " " << method;
    }
  }
}

TEST(Schema, EveryExampleMessageDecodesAndNoneLooksLikeAnotherProtocol) {
  NEEDS_SCHEMAS();
  int decoded = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kSchemas / "2026-07-28" / "examples")) {
    if (entry.path().extension() != ".json") continue;
    dom::parser parser;
    dom::element root;
    ASSERT_EQ(parser.load(entry.path().string()).get(root), simdjson::SUCCESS);
    jsonrpc::Message m;
    if (!jsonrpc::read_message(root, m) || (m.oddities & jsonrpc::kNoVersion) != 0) continue;  // a part of a message
    ++decoded;
    const Operation op = decode(m);
    EXPECT_NE(op.evidence, Evidence::kVeto) << entry.path() << " " << op.veto;
    EXPECT_EQ(m.oddities, 0U) << entry.path();
    if (m.kind == jsonrpc::Kind::kRequest || m.kind == jsonrpc::Kind::kNotification) {
      EXPECT_TRUE(op.known_method) << entry.path();
      EXPECT_EQ(m.kind == jsonrpc::Kind::kNotification, op.method.starts_with("notifications/")) << entry.path();
    }
    if (!op.protocol_version.empty()) {
      EXPECT_EQ(op.era, Era::kStateless) << entry.path();
      EXPECT_EQ(op.evidence, Evidence::kDecisive) << entry.path();
      EXPECT_FALSE(op.client.name.empty()) << entry.path();
    }
  }
  EXPECT_GT(decoded, 30);
}

}  // namespace
}  // namespace mcpvigil::mcp
