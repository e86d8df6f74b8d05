// SPDX-License-Identifier: Apache-2.0
// The recording file (.cap): numbers and sizes that are on disk. Written out in docs/design/capture-format.md.
//
// A number here is never changed and never used again for something else. All integers are little endian.
//
//   file   = header, records until end_offset
//   record = tag u16, flags u16 (0), length u32, crc u32, body (length bytes)
//   body   = fixed_length u16, fixed part, tails; a tail is length u32 and that many bytes
//
// crc is CRC-32C over tag, flags, length and body. A reader skips a tag it does not know, ignores what a longer fixed
// part or further tails hold, and takes defaults for what a shorter one does not: so a field is added at the end of a
// fixed part, or as a further tail, by raising kMinor. Anything else raises kMajor and needs a converter.
#pragma once
#include <cstddef>
#include <cstdint>

namespace mcpvigil::capture_format {

// A byte above 127, a DOS and a UNIX line end and ^Z: a transfer in text mode breaks it at once.
inline constexpr unsigned char kMagic[8] = {0x89, 'M', 'C', 'P', 0x0D, 0x0A, 0x1A, 0x0A};
inline constexpr std::uint16_t kMajor = 1;
inline constexpr std::uint16_t kMinor = 0;

// Header: offset of each field. Strings are NUL padded and may fill their field.
inline constexpr std::size_t kMagicAt = 0;           // 8 bytes
inline constexpr std::size_t kMajorAt = 8;           // u16
inline constexpr std::size_t kMinorAt = 10;          // u16
inline constexpr std::size_t kHeaderSizeAt = 12;     // u32: where the records begin
inline constexpr std::size_t kHeaderCrcAt = 16;      // u32: over [kIdentityAt, header size)
inline constexpr std::size_t kStateAt = 20;          // u32: kIncomplete, kCut
inline constexpr std::size_t kEndOffsetAt = 24;      // u64: one past the last record; 0 while incomplete
inline constexpr std::size_t kIdentityAt = 32;       // what follows never changes once written
inline constexpr std::size_t kWireVersionAt = 32;    // u32: of the probes that made it
inline constexpr std::size_t kMachineAt = 36;        // u16: ELF machine number
inline constexpr std::size_t kCreatedAt = 40;        // u64: ns since the epoch
inline constexpr std::size_t kBootOffsetAt = 48;     // u64: wall clock minus boot clock, ns
inline constexpr std::size_t kKernelReleaseAt = 64;  // 64 bytes
inline constexpr std::size_t kHostNameAt = 128;      // 64 bytes
inline constexpr std::size_t kToolVersionAt = 192;   // 32 bytes
inline constexpr std::size_t kNameLength = 64;
inline constexpr std::size_t kToolVersionLength = 32;
inline constexpr std::size_t kHeaderSize = 256;
inline constexpr std::size_t kMaxHeaderSize = 4096;  // a later minor version may use more

// State bits.
inline constexpr std::uint32_t kIncomplete = 1;  // set while writing, cleared by the last write of all
inline constexpr std::uint32_t kCut = 2;         // ended at its size limit, not at the end of what it records

inline constexpr std::size_t kRecordHeaderSize = 12;
// The largest message we promise to follow, and the fixed parts around it.
inline constexpr std::size_t kMaxBody = (64u << 20) + (64u << 10);

enum class Tag : std::uint16_t {
  kFlowOpen = 1,
  kFlowData = 2,
  kFlowActor = 3,
  kFlowHolder = 4,
  kFlowEof = 5,
  kFlowClose = 6,
  kProcessExec = 7,
  kProcessFork = 8,
  kProcessExit = 9,
  kProcessFacts = 10,
  kProcessNote = 11,
  kLost = 12,
  kTick = 13,
  kFlowSkipped = 14,
};

// Sizes of the fixed parts of version 1.0, without fixed_length itself.
inline constexpr std::size_t kFlowOpenFixed = 84;
inline constexpr std::size_t kFlowDataFixed = 52;
inline constexpr std::size_t kFlowActorFixed = 40;
inline constexpr std::size_t kFlowHolderFixed = 32;
inline constexpr std::size_t kFlowEofFixed = 20;
inline constexpr std::size_t kFlowCloseFixed = 48;
inline constexpr std::size_t kProcessExecFixed = 32;
inline constexpr std::size_t kProcessForkFixed = 32;
inline constexpr std::size_t kProcessExitFixed = 20;
inline constexpr std::size_t kProcessFactsFixed = 36;
inline constexpr std::size_t kProcessNoteFixed = 32;
inline constexpr std::size_t kLostFixed = 28;
inline constexpr std::size_t kTickFixed = 8;
inline constexpr std::size_t kFlowSkippedFixed = 36;

// Way, FlowKind, BlindSpot and LossReason have the numbers of event.h and ledger.h; 255 is "no reason".
inline constexpr std::uint8_t kNoReason = 255;

}  // namespace mcpvigil::capture_format
