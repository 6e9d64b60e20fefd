// The bytes between nodes (docs/internals/replication-wire.md).
//
//   message := FrameDisk | body (frame.body_bytes) | data (frame.data_bytes)
//
//   hello    body HelloDisk      frozen for all versions: its frame says protocol 0
//   goodbye  body GoodbyeDisk    frozen, too
//   ping, pong                   no body; `call_id` is the ping's number
//   request  body RequestDisk | have 32, only for pull | crcs 4 x crcs_count
//   reply    body ReplyDisk | valid 32, for map and pull | delta 32, for pull
//                 | entries 24 x entries_count | crcs 4 x crcs_count
//
// Integers are little-endian; what is reserved is zero. The frame has a crc32c of its own, so its
// lengths can be trusted before anything is allocated; `body_crc` covers the body. Data is made of
// whole sectors, each covered by its entry in crcs, which the store verifies: it is not hashed
// here. Every valid message has exactly one encoding, and the decoders refuse everything else.
//
// Pure functions: any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "base/status.h"
#include "format/bytes.h"
#include "replication/ids.h"
#include "replication/messages.h"

namespace cairn::replication {

/// The versions that this build speaks; nodes agree on the highest that both do.
inline constexpr uint16_t kProtocolMin = 1;
inline constexpr uint16_t kProtocolMax = 1;
/// In the frames of hello and goodbye, which come before an agreement.
inline constexpr uint16_t kProtocolFrozen = 0;

inline constexpr uint32_t kFrameMagic = 0x314e5243;  // "CRN1"

enum class MessageType : uint8_t {
  hello = 1,
  goodbye = 2,
  ping = 3,
  pong = 4,
  request = 16,
  reply = 17,
};

struct FrameDisk {
  uint32_t magic;
  uint16_t protocol;
  uint8_t type;
  uint8_t kind;  ///< Of the request that this is or answers; 0 in other messages.
  uint32_t body_bytes;
  uint32_t data_bytes;
  uint64_t call_id;
  uint32_t body_crc;
  uint32_t frame_crc;  ///< Of all fields before it.
};
static_assert(sizeof(FrameDisk) == 32);
static_assert(std::is_trivially_copyable_v<FrameDisk>);
static_assert(offsetof(FrameDisk, protocol) == 4);
static_assert(offsetof(FrameDisk, type) == 6);
static_assert(offsetof(FrameDisk, kind) == 7);
static_assert(offsetof(FrameDisk, body_bytes) == 8);
static_assert(offsetof(FrameDisk, data_bytes) == 12);
static_assert(offsetof(FrameDisk, call_id) == 16);
static_assert(offsetof(FrameDisk, body_crc) == 24);
static_assert(offsetof(FrameDisk, frame_crc) == 28);

using ClusterId = std::array<uint8_t, 16>;
/// What both ends of an authenticated connection know and nobody else could have chosen
/// (replication-wire.md: what is protected). Zero without TLS.
using Binding = std::array<uint8_t, 32>;

struct HelloDisk {
  ClusterId cluster;
  uint64_t boot;
  uint32_t node;
  uint32_t peer;
  uint16_t protocol_min;
  uint16_t protocol_max;
  std::array<uint8_t, 4> reserved;  ///< Ignored: a later version may use it.
  Binding binding;
  std::array<uint8_t, 8> reserved2;  ///< Ignored.
};
static_assert(sizeof(HelloDisk) == 80);
static_assert(std::is_trivially_copyable_v<HelloDisk>);
static_assert(offsetof(HelloDisk, boot) == 16);
static_assert(offsetof(HelloDisk, node) == 24);
static_assert(offsetof(HelloDisk, protocol_min) == 32);
static_assert(offsetof(HelloDisk, binding) == 40);

struct GoodbyeDisk {
  uint32_t reason;
  uint32_t reserved;
};
static_assert(sizeof(GoodbyeDisk) == 8);

struct RequestDisk {
  uint64_t volume;
  uint64_t version;
  uint64_t prev_version;
  uint32_t store;
  uint32_t source;
  uint32_t pg;
  uint32_t pg_epoch;
  uint32_t volume_epoch;
  uint32_t chunk;
  uint32_t birth;
  uint32_t limit;
  uint16_t first_sector;
  uint16_t n_sectors;
  uint32_t crcs_count;
};
static_assert(sizeof(RequestDisk) == 64);
static_assert(std::is_trivially_copyable_v<RequestDisk>);
static_assert(offsetof(RequestDisk, store) == 24);
static_assert(offsetof(RequestDisk, volume_epoch) == 40);
static_assert(offsetof(RequestDisk, limit) == 52);
static_assert(offsetof(RequestDisk, first_sector) == 56);
static_assert(offsetof(RequestDisk, crcs_count) == 60);

struct ReplyDisk {
  uint64_t version;
  uint32_t pg_epoch;
  uint32_t birth;
  uint32_t entries_count;
  uint32_t crcs_count;
  uint8_t answer;
  uint8_t more;
  std::array<uint8_t, 6> reserved;
};
static_assert(sizeof(ReplyDisk) == 32);
static_assert(std::is_trivially_copyable_v<ReplyDisk>);
static_assert(offsetof(ReplyDisk, pg_epoch) == 8);
static_assert(offsetof(ReplyDisk, entries_count) == 16);
static_assert(offsetof(ReplyDisk, answer) == 24);

struct ListEntryDisk {
  uint64_t volume;
  uint64_t version;
  uint32_t chunk;
  uint32_t birth;
};
static_assert(sizeof(ListEntryDisk) == 24);
static_assert(std::is_trivially_copyable_v<ListEntryDisk>);
static_assert(offsetof(ListEntryDisk, version) == 8);
static_assert(offsetof(ListEntryDisk, chunk) == 16);

inline constexpr size_t kFrameBytes = sizeof(FrameDisk);
inline constexpr size_t kBitsBytes = sizeof(SectorBits);
inline constexpr size_t kHelloBytes = kFrameBytes + sizeof(HelloDisk);
inline constexpr size_t kGoodbyeBytes = kFrameBytes + sizeof(GoodbyeDisk);
inline constexpr uint32_t kRequestBodyBytesMax =
    sizeof(RequestDisk) + kBitsBytes + store::kChunkSectors * sizeof(uint32_t);
inline constexpr uint32_t kReplyBodyBytesMax =
    sizeof(ReplyDisk) + kListEntriesMax * sizeof(ListEntryDisk);
inline constexpr uint32_t kDataBytesMax = store::kChunkBytes;
/// The largest message: 1 MiB of data and what goes with it.
inline constexpr size_t kMessageBytesMax = kDataBytesMax + (size_t{64} << 10);
static_assert(kFrameBytes + kRequestBodyBytesMax + kDataBytesMax <= kMessageBytesMax);
static_assert(kFrameBytes + sizeof(ReplyDisk) + 2 * kBitsBytes +
                  store::kChunkSectors * sizeof(uint32_t) + kDataBytesMax <=
              kMessageBytesMax);
static_assert(kFrameBytes + kReplyBodyBytesMax <= kMessageBytesMax);

/// A frame that was found right: its lengths are within the limits of its type.
struct Frame {
  MessageType type = MessageType::ping;
  Request::Kind kind{};  ///< Of request and reply; 0 otherwise.
  uint32_t body_bytes = 0;
  uint32_t data_bytes = 0;
  uint64_t call_id = 0;
  uint32_t body_crc = 0;
};

/// Who speaks, to whom, and what it can.
struct Hello {
  ClusterId cluster{};
  /// The sender, and whom it means to talk to.
  NodeId node = 0;
  NodeId peer = 0;
  /// Random per process: another one means that the node's process was started anew.
  uint64_t boot = 0;
  uint16_t protocol_min = kProtocolMin;
  uint16_t protocol_max = kProtocolMax;
  Binding binding{};
  friend bool operator==(const Hello&, const Hello&) = default;
};

/// Why a node ends a connection.
enum class Goodbye : uint32_t {
  stopping = 1,   ///< An orderly end: it answers nothing more.
  wrong_cluster,  ///< The hello names another cluster.
  wrong_node,     ///< The hello means another node, or its sender is not who it says it is.
  unknown_node,   ///< The sender is no node of the cluster as far as the receiver knows.
  no_common_version,
  broken,  ///< Something arrived that is not the protocol.
};

[[nodiscard]] const char* to_string(Goodbye reason);

/// Bytes of frame and body. The data follows them, as it is, from `request.data` or `reply.data`.
[[nodiscard]] size_t head_bytes(const Request& request);
[[nodiscard]] size_t head_bytes(Request::Kind kind, const Reply& reply);
/// How many of `reply`'s data bytes are sent: none unless the answer is ok and the kind has data.
[[nodiscard]] size_t data_bytes(Request::Kind kind, const Reply& reply);

/// Each writes a whole head at the front of `out` and returns its size. A request or reply that
/// breaks its own rules (counts, ranges) is a bug. A reply carries the tables of its kind only, and
/// none unless its answer is ok.
size_t encode_request(uint64_t call_id, const Request& request, std::span<std::byte> out);
size_t encode_reply(uint64_t call_id, Request::Kind kind, const Reply& reply,
                    std::span<std::byte> out);
size_t encode_hello(const Hello& hello, std::span<std::byte> out);
size_t encode_goodbye(Goodbye reason, std::span<std::byte> out);
size_t encode_ping(MessageType type, uint64_t number, std::span<std::byte> out);

/// The decoders' errors: `corrupt` for what no encoder of a version we know would write,
/// `unsupported` for a protocol version other than ours.
[[nodiscard]] Result<Frame> decode_frame(std::span<const std::byte, kFrameBytes> bytes);
/// The body of `frame`; `body` is aligned to 8, and `request` points into it afterwards. Its data
/// is for the caller to fill in: `frame.data_bytes` of it, which the body was found to agree with.
[[nodiscard]] Status decode_request(const Frame& frame, std::span<const std::byte> body,
                                    Request& request);
[[nodiscard]] Status decode_reply(const Frame& frame, std::span<const std::byte> body,
                                  Reply& reply);
[[nodiscard]] Result<Hello> decode_hello(const Frame& frame, std::span<const std::byte> body);
[[nodiscard]] Result<Goodbye> decode_goodbye(const Frame& frame, std::span<const std::byte> body);

}  // namespace cairn::replication
