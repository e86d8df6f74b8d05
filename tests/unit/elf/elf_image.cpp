// SPDX-License-Identifier: Apache-2.0
#include "elf_image.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "elf/gnu_hash.h"

namespace mcpvigil::elf {
namespace {

template <typename T>
std::string raw(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

struct Tables {
  std::string symbols, strings;
};

Tables tables_of(const std::vector<ImageSymbol>& symbols, std::uint64_t text_address) {
  Tables t{raw(Elf64_Sym{}), std::string(1, '\0')};
  for (const ImageSymbol& s : symbols) {
    Elf64_Sym record{};
    record.st_name = static_cast<Elf64_Word>(t.strings.size());
    record.st_info = static_cast<unsigned char>(s.binding << 4 | s.type);
    record.st_shndx = s.section;
    record.st_value = s.section == SHN_UNDEF ? 0 : text_address + s.into_text;
    record.st_size = 8;
    t.symbols += raw(record);
    t.strings += s.name + '\0';
  }
  return t;
}

constexpr std::uint32_t kBuckets = 2;

// Imports first, the rest by bucket: the order the format asks for. Returns how many imports there are.
std::size_t order_for_hash(std::vector<ImageSymbol>& symbols) {
  std::stable_sort(symbols.begin(), symbols.end(), [](const ImageSymbol& a, const ImageSymbol& b) {
    const auto rank = [](const ImageSymbol& s) {
      return s.section == SHN_UNDEF ? -1 : static_cast<int>(gnu_hash(s.name) % kBuckets);
    };
    return rank(a) < rank(b);
  });
  return static_cast<std::size_t>(
      std::ranges::count_if(symbols, [](const ImageSymbol& s) { return s.section == SHN_UNDEF; }));
}

std::string gnu_hash_table(const std::vector<ImageSymbol>& symbols, std::size_t imports) {
  std::uint64_t bloom = 0;
  std::uint32_t buckets[kBuckets] = {};
  std::string chains;
  for (std::size_t i = imports; i < symbols.size(); ++i) {
    std::uint32_t h = gnu_hash(symbols[i].name);
    bloom |= 1ULL << (h % 64) | 1ULL << ((h >> 6) % 64);
    std::uint32_t& bucket = buckets[h % kBuckets];
    if (bucket == 0) bucket = static_cast<std::uint32_t>(i + 1);
    const bool last = i + 1 == symbols.size() || gnu_hash(symbols[i + 1].name) % kBuckets != h % kBuckets;
    chains += raw(last ? h | 1 : h & ~1U);
  }
  return raw(kBuckets) + raw(static_cast<std::uint32_t>(imports + 1)) + raw(std::uint32_t{1}) + raw(std::uint32_t{6}) +
         raw(bloom) + raw(buckets) + chains;
}

}  // namespace

BuiltImage ElfImage::build() const {
  BuiltImage out;
  std::string& bytes = out.bytes;
  const auto place = [&](const char* name, const std::string& content) {
    bytes.resize((bytes.size() + 7) / 8 * 8);
    out.at[name] = bytes.size();
    bytes += content;
    return static_cast<std::uint64_t>(out.at[name]);
  };
  constexpr std::uint16_t kSegments = 5;
  bytes.resize(sizeof(Elf64_Ehdr));
  place("phdrs", std::string(kSegments * sizeof(Elf64_Phdr), '\0'));
  std::string note;
  if (!build_id.empty()) {
    note = raw(Elf64_Nhdr{4, static_cast<Elf64_Word>(build_id.size()), NT_GNU_BUILD_ID}) + std::string("GNU\0", 4) +
           build_id;
  }
  const auto note_at = place("note", note);
  const auto text_at = place("text", std::string(kTextSize, '\x90'));
  const auto data_at = place("data", data);

  const auto start_of_tables = bytes.size();
  auto sorted = exported;
  const std::size_t imports = order_for_hash(sorted);
  const Tables dynamic_tables = tables_of(sorted, kText + text_at);
  const auto hash_at = place("gnu_hash", with_gnu_hash ? gnu_hash_table(sorted, imports) : "");
  std::string sysv;
  if (with_sysv_hash) {
    sysv = raw(std::uint32_t{1}) + raw(static_cast<std::uint32_t>(sorted.size() + 1));
    for (std::size_t i = 0; i < sorted.size() + 2; ++i) sysv += raw(std::uint32_t{1});  // a chain that bites its tail
  }
  const auto sysv_at = place("sysv_hash", sysv);
  const auto dynsym_at = place("dynsym", dynamic_tables.symbols);
  const auto dynstr_at = place("dynstr", dynamic_tables.strings);
  const auto pclntab_at = place("pclntab", pclntab);
  std::string dynamic;
  const auto tag = [&dynamic](std::int64_t name, std::uint64_t value) { dynamic += raw(name) + raw(value); };
  if (!exported.empty()) {
    tag(DT_SYMTAB, kReadOnly + dynsym_at);
    tag(DT_STRTAB, kReadOnly + dynstr_at);
    tag(DT_STRSZ, dynamic_tables.strings.size());
    if (with_gnu_hash) tag(DT_GNU_HASH, kReadOnly + hash_at);
    if (with_sysv_hash) tag(DT_HASH, kReadOnly + sysv_at);
  }
  tag(DT_NULL, 0);
  const auto dynamic_at = place("dynamic", dynamic);
  const auto end_of_tables = bytes.size();

  Elf64_Ehdr header{};
  std::memcpy(header.e_ident,
              "\x7f"
              "ELF\x02\x01\x01",
              7);
  header.e_type = type;
  header.e_machine = machine;
  header.e_version = 1;
  header.e_phoff = out.at["phdrs"];
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = kSegments;

  if (with_sections) {
    std::string names(1, '\0');
    std::vector<Elf64_Shdr> sections(1);
    const auto section = [&](const char* name, Elf64_Word kind, std::uint64_t offset, std::uint64_t size,
                             Elf64_Word link, std::uint64_t entry) {
      Elf64_Shdr s{};
      s.sh_name = static_cast<Elf64_Word>(names.size());
      s.sh_type = kind;
      s.sh_offset = offset;
      s.sh_size = size;
      s.sh_link = link;
      s.sh_entsize = entry;
      names += std::string(name) + '\0';
      sections.push_back(s);
    };
    section(".text", SHT_PROGBITS, text_at, kTextSize, 0, 0);
    section(".dynsym", SHT_DYNSYM, dynsym_at, dynamic_tables.symbols.size(), 3, sizeof(Elf64_Sym));
    section(".dynstr", SHT_STRTAB, dynstr_at, dynamic_tables.strings.size(), 0, 0);
    if (!note.empty()) section(".note.gnu.build-id", SHT_NOTE, note_at, note.size(), 0, 0);
    if (!data.empty()) section(".go.buildinfo", SHT_PROGBITS, data_at, data.size(), 0, 0);
    if (!pclntab.empty()) section(".gopclntab", SHT_PROGBITS, pclntab_at, pclntab.size(), 0, 0);
    if (!local.empty()) {
      const Tables t = tables_of(local, kText + text_at);
      const auto symtab_at = place("symtab", t.symbols);
      const auto strtab_at = place("strtab", t.strings);
      const auto link = static_cast<Elf64_Word>(sections.size() + 1);
      section(".symtab", SHT_SYMTAB, symtab_at, t.symbols.size(), link, sizeof(Elf64_Sym));
      section(".strtab", SHT_STRTAB, strtab_at, t.strings.size(), 0, 0);
    }
    section(".shstrtab", SHT_STRTAB, 0, 0, 0, 0);
    sections.back().sh_offset = place("shstrtab", names);
    sections.back().sh_size = names.size();
    std::string table;
    for (const auto& s : sections) table += raw(s);
    header.e_shoff = place("sections", table);
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<Elf64_Half>(sections.size());
    header.e_shstrndx = static_cast<Elf64_Half>(sections.size() - 1);
  }

  out.put(0, header);
  std::size_t at = out.at["phdrs"];
  const auto segment = [&](Elf64_Word kind, Elf64_Word flags, std::uint64_t base, std::uint64_t offset,
                           std::uint64_t size) {
    out.put(at, Elf64_Phdr{kind, flags, offset, base + offset, base + offset, size, size, 8});
    at += sizeof(Elf64_Phdr);
  };
  segment(PT_LOAD, PF_R, kReadOnly, start_of_tables, end_of_tables - start_of_tables);
  segment(PT_LOAD, PF_R | PF_X, kText, text_at, kTextSize);
  segment(PT_LOAD, PF_R | PF_W, kData, data_at, data.size());
  segment(PT_DYNAMIC, PF_R, kReadOnly, dynamic_at, dynamic.size());
  segment(PT_NOTE, PF_R, kReadOnly, note_at, note.size());
  out.put<std::uint64_t>(at - sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, p_align), 4);
  return out;
}

base::Result<ElfFile> open_bytes(const std::string& bytes) {
  const base::UniqueFd fd(::memfd_create("elf", MFD_CLOEXEC));
  if (!fd) return base::errno_error("memfd", errno);
  if (::write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    return base::errno_error("write", errno);
  }
  return ElfFile::open(fd.get());
}

}  // namespace mcpvigil::elf
