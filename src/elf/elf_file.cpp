// SPDX-License-Identifier: Apache-2.0
#include "elf/elf_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

namespace mcpvigil::elf {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;

static_assert(std::endian::native == std::endian::little, "ELF fields are copied as they are");

namespace {

Error damaged(const char* what) { return {ErrorCode::kFormat, 0, what}; }
Error unsupported(const char* what) { return {ErrorCode::kUnsupported, 0, what}; }

}  // namespace

Result<ElfFile> ElfFile::open(const std::string& path) {
  const base::UniqueFd where(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!where) return base::errno_error("open " + path, errno);
  struct stat st{};
  if (::fstat(where.get(), &st) != 0) return base::errno_error("stat " + path, errno);
  if (!S_ISREG(st.st_mode)) return damaged("not a regular file").within(path);
  const std::string again = "/proc/self/fd/" + std::to_string(where.get());
  const base::UniqueFd fd(::open(again.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return base::errno_error("open " + path, errno);
  auto elf = open(fd.get());
  if (!elf) return elf.error().within(path);
  return elf;
}

Result<ElfFile> ElfFile::open(int fd) {
  ElfFile elf;
  elf.fd_ = base::UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!elf.fd_) return base::errno_error("dup", errno);
  struct stat st{};
  if (::fstat(elf.fd_.get(), &st) != 0) return base::errno_error("stat", errno);
  if (!S_ISREG(st.st_mode)) return damaged("not a regular file");
  elf.size_ = static_cast<std::uint64_t>(st.st_size);
  if (elf.size_ > kMaxFileSize) return unsupported("larger than 4 GiB");
  TRY(elf.read_header());
  TRY(elf.read_segments());
  if (auto sections = elf.read_sections(); !sections) {
    if (sections.error().code != ErrorCode::kFormat) return std::move(sections).error();
    elf.sections_.clear();
    elf.sections_damaged_ = true;
  }
  return elf;
}

Status ElfFile::read_header() {
  if (size_ < sizeof header_) return damaged("not an ELF file");
  TRY_ASSIGN(header_, read_as<Elf64_Ehdr>(0));
  if (std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0) return damaged("not an ELF file");
  if (header_.e_ident[EI_CLASS] != ELFCLASS64) return unsupported("not a 64-bit ELF file");
  if (header_.e_ident[EI_DATA] != ELFDATA2LSB) return unsupported("not a little-endian ELF file");
  if (header_.e_machine != EM_X86_64 && header_.e_machine != EM_AARCH64) {
    return unsupported("neither x86-64 nor aarch64");
  }
  if (header_.e_type != ET_EXEC && header_.e_type != ET_DYN) {
    return unsupported("neither an executable nor a shared library");
  }
  return {};
}

Status ElfFile::read_segments() {
  const std::uint64_t count = header_.e_phnum;  // PN_XNUM (more than 65534) is beyond the limit too
  if (count == 0) return damaged("no program headers");
  if (count > kMaxProgramHeaders) return unsupported("more than 1024 program headers");
  if (header_.e_phentsize != sizeof(Elf64_Phdr)) return damaged("program headers of a wrong size");
  if (header_.e_phoff > size_ || count * sizeof(Elf64_Phdr) > size_ - header_.e_phoff) {
    return damaged("program headers beyond the end of the file");
  }
  segments_.resize(count);
  TRY(read(header_.e_phoff, std::span(reinterpret_cast<char*>(segments_.data()), count * sizeof(Elf64_Phdr))));
  for (Elf64_Phdr& segment : segments_) {
    segment.p_offset = std::min(segment.p_offset, size_);
    segment.p_filesz = std::min(segment.p_filesz, size_ - segment.p_offset);
  }
  return {};
}

Status ElfFile::read_sections() {
  if (header_.e_shoff == 0) return {};
  if (header_.e_shentsize != sizeof(Elf64_Shdr)) return damaged("section headers of a wrong size");
  TRY_ASSIGN(const auto first, read_as<Elf64_Shdr>(header_.e_shoff));
  // Numbers that do not fit the header are in the otherwise unused first section.
  const std::uint64_t count = header_.e_shnum != 0 ? header_.e_shnum : first.sh_size;
  section_names_ = header_.e_shstrndx != SHN_XINDEX ? header_.e_shstrndx : first.sh_link;
  if (count > kMaxSections) return damaged("more than 65536 sections");
  if (count * sizeof(Elf64_Shdr) > size_ - header_.e_shoff) return damaged("sections beyond the end of the file");
  sections_.resize(count);  // at most 4 MiB, and no more than the file really has
  return read(header_.e_shoff, std::span(reinterpret_cast<char*>(sections_.data()), count * sizeof(Elf64_Shdr)));
}

std::optional<Extent> ElfFile::extent_of(const Elf64_Shdr& section) const {
  if (section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL) return std::nullopt;
  if (section.sh_offset > size_ || section.sh_size > size_ - section.sh_offset) return std::nullopt;
  return Extent{section.sh_offset, section.sh_size};
}

Result<std::optional<Extent>> ElfFile::section_named(std::string_view name) const {
  if (section_names_ >= sections_.size()) return std::optional<Extent>{};
  const auto names = extent_of(sections_[section_names_]);
  if (!names) return std::optional<Extent>{};
  std::string found(name.size() + 1, '\0');
  const std::string wanted = std::string(name) + '\0';
  for (const Elf64_Shdr& section : sections_) {
    if (section.sh_type != SHT_PROGBITS) continue;
    if (section.sh_name > names->size || found.size() > names->size - section.sh_name) continue;
    TRY(read(names->offset + section.sh_name, std::span(found.data(), found.size())));
    if (found == wanted) return extent_of(section);
  }
  return std::optional<Extent>{};
}

std::optional<Extent> ElfFile::mapped(std::uint64_t address, std::uint32_t flags) const {
  // Segments are mapped in order, over one another: where two claim an address, the last one is what runs.
  for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
    if (segment->p_type != PT_LOAD || address < segment->p_vaddr) continue;
    const std::uint64_t into = address - segment->p_vaddr;
    if (into >= segment->p_filesz) continue;
    if ((segment->p_flags & flags) != flags) return std::nullopt;
    return Extent{segment->p_offset + into, segment->p_filesz - into};
  }
  return std::nullopt;
}

Status ElfFile::read(std::uint64_t offset, std::span<char> out) const {
  if (offset > size_ || out.size() > size_ - offset) return damaged("the file ends too early");
  while (!out.empty()) {
    if (++work_.reads > kMaxReads || out.size() > kMaxBytesRead - work_.bytes) {
      return unsupported("too much to read");
    }
    const ssize_t n = ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::errno_error("read", errno);
    if (n == 0) return damaged("the file became shorter");
    const auto got = static_cast<std::size_t>(n);
    work_.bytes += got;
    offset += got;
    out = out.subspan(got);
  }
  return {};
}

Status ElfFile::spend(std::uint64_t steps) const {
  if (steps > kMaxSteps - work_.steps) return unsupported("too many symbols to look at");
  work_.steps += steps;
  return {};
}

}  // namespace mcpvigil::elf
