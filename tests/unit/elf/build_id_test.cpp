// SPDX-License-Identifier: Apache-2.0
#include "elf/build_id.h"

#include <gtest/gtest.h>

#include "elf_image.h"

namespace mcpvigil::elf {
namespace {

std::string id_of(const BuiltImage& built) {
  const auto elf = open_bytes(built.bytes);
  EXPECT_TRUE(elf);
  const auto id = build_id(*elf);
  EXPECT_TRUE(id);
  return id ? *id : "error";
}

ElfImage with_id(const std::string& id) {
  ElfImage image;
  image.build_id = id;
  return image;
}

TEST(BuildId, IsHex) { EXPECT_EQ(id_of(with_id("\x01\xab\xff\x10").build()), "01abff10"); }

TEST(BuildId, IsEmptyWhenThereIsNone) { EXPECT_EQ(id_of(ElfImage{}.build()), ""); }

TEST(BuildId, IsFoundWithoutSectionHeaders) {
  auto image = with_id("abcd");
  image.with_sections = false;
  EXPECT_EQ(id_of(image.build()), "61626364");
}

TEST(BuildId, IsFoundThroughSectionsWhenNoSegmentHasNotes) {
  auto built = with_id("abcd").build();
  built.put(built.at["phdrs"] + 4 * sizeof(Elf64_Phdr), Elf64_Word{PT_NULL});
  EXPECT_EQ(id_of(built), "61626364");
}

TEST(BuildId, IgnoresNotesOfOtherOwnersAndTypes) {
  auto built = with_id("abcd").build();
  built.put(built.at["note"] + sizeof(Elf64_Nhdr), 'X');
  EXPECT_EQ(id_of(built), "");
  built = with_id("abcd").build();
  built.put(built.at["note"] + offsetof(Elf64_Nhdr, n_type), Elf64_Word{NT_GNU_ABI_TAG});
  EXPECT_EQ(id_of(built), "");
}

TEST(BuildId, RefusesSizesThatLie) {
  for (const std::uint32_t size : {0U, 5U, 65U, 0x7fffffffU, 0xfffffffcU, 0xffffffffU}) {
    for (const std::size_t field : {offsetof(Elf64_Nhdr, n_descsz), offsetof(Elf64_Nhdr, n_namesz)}) {
      auto built = with_id("abcd").build();
      built.put(built.at["note"] + field, size);
      EXPECT_EQ(id_of(built), "") << size;
    }
  }
}

}  // namespace
}  // namespace mcpvigil::elf
