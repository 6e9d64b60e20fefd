// The NBD protocol's numbers and fixed layouts, as the public protocol document defines them. All
// integers on the wire are big-endian.
//
// Handshake (fixed newstyle):
//   server: u64 "NBDMAGIC" | u64 "IHAVEOPT" | u16 handshake flags
//   client: u32 client flags
//   client: u64 "IHAVEOPT" | u32 option | u32 length | data           (repeated, one at a time)
//   server: u64 0x3e889045565a9 | u32 option | u32 reply | u32 length | data
// Transmission, client to server:
//   compact:  u32 0x25609513 | u16 flags | u16 type | u64 cookie | u64 offset | u32 length  [ |
//   payload of a write ] extended: u32 0x21e41c71 | u16 flags | u16 type | u64 cookie | u64 offset
//   | u64 length  [ | payload of a write ]
// Transmission, server to client:
//   simple:     u32 0x67446698 | u32 error | u64 cookie  [ | data of a read ]
//   structured: u32 0x668e33ef | u16 flags | u16 type | u64 cookie | u32 length | payload
//   extended:   u32 0x6e8a278c | u16 flags | u16 type | u64 cookie | u64 offset | u64 length |
//   payload
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::nbd {

inline constexpr uint64_t kGreetingMagic = 0x4e42444d41474943;  // "NBDMAGIC"
inline constexpr uint64_t kOptionMagic = 0x49484156454f5054;    // "IHAVEOPT"
inline constexpr uint64_t kOptionReplyMagic = 0x0003e889045565a9;
inline constexpr uint32_t kRequestMagic = 0x25609513;
inline constexpr uint32_t kExtendedRequestMagic = 0x21e41c71;
inline constexpr uint32_t kSimpleReplyMagic = 0x67446698;
inline constexpr uint32_t kStructuredReplyMagic = 0x668e33ef;
inline constexpr uint32_t kExtendedReplyMagic = 0x6e8a278c;

inline constexpr size_t kClientFlagsBytes = 4;
inline constexpr size_t kOptionHeaderBytes = 16;
inline constexpr size_t kRequestBytes = 28;
inline constexpr size_t kExtendedRequestBytes = 32;
inline constexpr size_t kSimpleReplyBytes = 16;
inline constexpr size_t kStructuredReplyBytes = 20;
inline constexpr size_t kExtendedReplyBytes = 32;
/// The zeroes after the reply to EXPORT_NAME, unless the client asked to leave them out.
inline constexpr size_t kExportNamePaddingBytes = 124;

/// Handshake flags (server) and client flags share their bits.
inline constexpr uint16_t kFlagFixedNewstyle = 1 << 0;
inline constexpr uint16_t kFlagNoZeroes = 1 << 1;

enum class Option : uint32_t {
  export_name = 1,
  abort = 2,
  list = 3,
  start_tls = 5,
  info = 6,
  go = 7,
  structured_reply = 8,
  list_meta_context = 9,
  set_meta_context = 10,
  extended_headers = 11,
};

enum class OptionReply : uint32_t {
  ack = 1,
  server = 2,
  info = 3,
  meta_context = 4,
  unsupported = 0x80000001,
  policy = 0x80000002,
  invalid = 0x80000003,
  unknown_export = 0x80000006,
  too_big = 0x80000009,
  extended_header_required = 0x8000000a,
};

enum class InfoType : uint16_t { export_facts = 0, name = 1, description = 2, block_size = 3 };

// Transmission flags of an export.
inline constexpr uint16_t kExportHasFlags = 1 << 0;
inline constexpr uint16_t kExportReadOnly = 1 << 1;
inline constexpr uint16_t kExportSendFlush = 1 << 2;
inline constexpr uint16_t kExportSendFua = 1 << 3;
inline constexpr uint16_t kExportSendTrim = 1 << 5;
inline constexpr uint16_t kExportSendWriteZeroes = 1 << 6;
inline constexpr uint16_t kExportSendDf = 1 << 7;
inline constexpr uint16_t kExportCanMultiConn = 1 << 8;
inline constexpr uint16_t kExportSendCache = 1 << 10;
inline constexpr uint16_t kExportSendFastZero = 1 << 11;

enum class Command : uint16_t {
  read = 0,
  write = 1,
  disconnect = 2,
  flush = 3,
  trim = 4,
  cache = 5,
  write_zeroes = 6,
  block_status = 7,
};

inline constexpr uint16_t kCommandFua = 1 << 0;
inline constexpr uint16_t kCommandNoHole = 1 << 1;
inline constexpr uint16_t kCommandDf = 1 << 2;
inline constexpr uint16_t kCommandReqOne = 1 << 3;
inline constexpr uint16_t kCommandFastZero = 1 << 4;
inline constexpr uint16_t kCommandPayloadLength = 1 << 5;

enum class Chunk : uint16_t {
  none = 0,
  offset_data = 1,
  block_status = 5,
  block_status_extended = 6,
  error = 0x8001,
};

inline constexpr uint16_t kChunkDone = 1 << 0;

/// Error numbers on the wire; the protocol fixes them apart from any system's errno.
enum class WireError : uint32_t {
  none = 0,
  not_permitted = 1,
  io = 5,
  no_memory = 12,
  invalid = 22,
  no_space = 28,
  not_supported = 95,
  shutting_down = 108,
};

// Block status of the context base:allocation.
inline constexpr uint32_t kStateHole = 1 << 0;
inline constexpr uint32_t kStateZero = 1 << 1;

/// The block sizes every export has. The smallest is Cairn's sector, so that clients pad and Cairn
/// never has to.
inline constexpr uint32_t kBlockBytesMin = 4096;
inline constexpr uint32_t kBlockBytesPreferred = 64 << 10;
inline constexpr uint32_t kBlockBytesMax = 32 << 20;

}  // namespace cairn::nbd
