// SPDX-License-Identifier: Apache-2.0
#include "source/capture_info.h"

#include <gtest/gtest.h>

namespace mcpvigil::source {
namespace {

namespace format = capture_format;

TEST(CaptureHeader, ReadsBackAsWritten) {
  const CaptureInfo in{.wire_version = 3,
                       .machine = 62,
                       .created = {42},
                       .boot_offset_ns = 7,
                       .kernel_release = "6.1.0-18-amd64",
                       .host_name = std::string(64, 'h'),
                       .tool_version = "0.1.0",
                       .incomplete = false,
                       .cut = true,
                       .end_offset = 4711};
  const auto out = decode_header(encode_header(in));
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_EQ(out->major, format::kMajor);
  EXPECT_EQ(out->wire_version, 3u);
  EXPECT_EQ(out->machine, 62);
  EXPECT_EQ(out->created.ns, 42u);
  EXPECT_EQ(out->boot_offset_ns, 7u);
  EXPECT_EQ(out->kernel_release, "6.1.0-18-amd64");
  EXPECT_EQ(out->host_name, std::string(64, 'h'));
  EXPECT_EQ(out->tool_version, "0.1.0");
  EXPECT_FALSE(out->incomplete);
  EXPECT_TRUE(out->cut);
  EXPECT_EQ(out->end_offset, 4711u);
}

TEST(CaptureHeader, DescribesThisHost) {
  const CaptureInfo info = describe_host();
  EXPECT_FALSE(info.kernel_release.empty());
  EXPECT_FALSE(info.tool_version.empty());
  EXPECT_GT(info.created.ns, 1'500'000'000'000'000'000u);
  EXPECT_TRUE(info.incomplete);
}

TEST(CaptureHeader, SaysWhatAFileIsInsteadOfARecording) {
  const auto e = decode_header("GET / HTTP/1.1\r\n");
  ASSERT_FALSE(e.has_value());
  EXPECT_EQ(e.error().code, base::ErrorCode::kFormat);
  EXPECT_NE(e.error().message.find("not a recording"), std::string::npos);
  EXPECT_NE(e.error().message.find("47 45 54 20"), std::string::npos) << e.error().message;
  EXPECT_NE(decode_header("").error().message.find("empty"), std::string::npos);
}

TEST(CaptureHeader, NamesBothVersionsWhenTheyDiffer) {
  std::string h = encode_header({});
  h[format::kMajorAt] = 9;
  const auto e = decode_header(h);
  ASSERT_FALSE(e.has_value());
  EXPECT_NE(e.error().message.find("format 9.0"), std::string::npos) << e.error().message;
  EXPECT_NE(e.error().message.find("reads 1.x"), std::string::npos) << e.error().message;
}

TEST(CaptureHeader, AcceptsALaterMinorVersion) {
  std::string h = encode_header({});
  h[format::kMinorAt] = 5;
  const auto r = decode_header(h);
  ASSERT_TRUE(r.has_value());
  EXPECT_EQ(r->minor, 5);
}

}  // namespace
}  // namespace mcpvigil::source
