#include <string>

#include "base/assert.h"
#include "base/crc32c.h"
#include "replication/wire.h"
#include "replication/wire_rules.h"

namespace cairn::replication {

namespace {

using namespace wire;
using format::load;
using Kind = Request::Kind;

// The numbers of kinds and answers are the protocol's.
static_assert(static_cast<int>(Kind::write) == 1 && static_cast<int>(Kind::zero) == 2);
static_assert(static_cast<int>(Kind::read) == 3 && static_cast<int>(Kind::map) == 4);
static_assert(static_cast<int>(Kind::open) == 5 && static_cast<int>(Kind::decide) == 6);
static_assert(static_cast<int>(Kind::list) == 7 && static_cast<int>(Kind::pull) == 8);
static_assert(static_cast<int>(Kind::repair) == 9);
static_assert(static_cast<int>(Answer::ok) == 1 && static_cast<int>(Answer::stale_pg) == 2);
static_assert(static_cast<int>(Answer::stale_volume) == 3 && static_cast<int>(Answer::gap) == 4);
static_assert(static_cast<int>(Answer::bad_checksum) == 5);
static_assert(static_cast<int>(Answer::no_space) == 6 && static_cast<int>(Answer::failed) == 7);
static_assert(static_cast<int>(Answer::busy) == 8 && static_cast<int>(Answer::invalid) == 9);

constexpr auto kKindLast = static_cast<uint8_t>(Kind::repair);
constexpr auto kAnswerLast = static_cast<uint8_t>(Answer::invalid);
constexpr auto kGoodbyeLast = static_cast<uint32_t>(Goodbye::broken);

Status corrupt(const char* what) {
  return Status(ErrorKind::corrupt, std::string("message: ") + what);
}

/// The limits that a frame's type sets to its lengths.
bool lengths_fit(const FrameDisk& frame) {
  switch (static_cast<MessageType>(frame.type)) {
    case MessageType::hello:
      return frame.body_bytes == sizeof(HelloDisk) && frame.data_bytes == 0;
    case MessageType::goodbye:
      return frame.body_bytes == sizeof(GoodbyeDisk) && frame.data_bytes == 0;
    case MessageType::ping:
    case MessageType::pong:
      return frame.body_bytes == 0 && frame.data_bytes == 0 && frame.body_crc == 0;
    case MessageType::request:
      return frame.body_bytes >= sizeof(RequestDisk) && frame.body_bytes <= kRequestBodyBytesMax;
    case MessageType::reply:
      return frame.body_bytes >= sizeof(ReplyDisk) && frame.body_bytes <= kReplyBodyBytesMax;
  }
  return false;
}

bool is_known(uint8_t type) {
  switch (static_cast<MessageType>(type)) {
    case MessageType::hello:
    case MessageType::goodbye:
    case MessageType::ping:
    case MessageType::pong:
    case MessageType::request:
    case MessageType::reply:
      return true;
  }
  return false;
}

Status check_body(const Frame& frame, std::span<const std::byte> body) {
  CAIRN_ASSERT(body.size() == frame.body_bytes);
  CAIRN_ASSERT(reinterpret_cast<uintptr_t>(body.data()) % alignof(uint64_t) == 0);
  return crc32c(body) == frame.body_crc ? Status() : corrupt("the body misses its checksum");
}

std::span<const uint32_t> crcs_at(std::span<const std::byte> body, size_t at, size_t crcs_count) {
  CAIRN_ASSERT(at + crcs_count * sizeof(uint32_t) == body.size());
  return {reinterpret_cast<const uint32_t*>(body.data() + at), crcs_count};
}

void decode_entries(std::span<const std::byte> body, size_t& at, uint32_t entries_count,
                    std::vector<ListEntry>& entries) {
  entries.resize(entries_count);
  for (ListEntry& entry : entries) {
    const auto disk = load<ListEntryDisk>(body, at);
    entry = {
        .volume = disk.volume, .chunk = disk.chunk, .birth = disk.birth, .version = disk.version};
    at += sizeof(ListEntryDisk);
  }
}

}  // namespace

const char* to_string(Goodbye reason) {
  switch (reason) {
    case Goodbye::stopping:
      return "stopping";
    case Goodbye::wrong_cluster:
      return "wrong cluster";
    case Goodbye::wrong_node:
      return "wrong node";
    case Goodbye::unknown_node:
      return "unknown node";
    case Goodbye::no_common_version:
      return "no common protocol version";
    case Goodbye::broken:
      return "broken protocol";
  }
  return "unknown";
}

Result<Frame> decode_frame(std::span<const std::byte, kFrameBytes> bytes) {
  const auto disk = load<FrameDisk>(bytes, 0);
  if (disk.magic != kFrameMagic) return corrupt("no frame");
  if (disk.frame_crc != crc32c(bytes.first(offsetof(FrameDisk, frame_crc)))) {
    return corrupt("the frame misses its checksum");
  }
  const auto type = static_cast<MessageType>(disk.type);
  const bool frozen = is_frozen(type);
  if (disk.protocol != (frozen ? kProtocolFrozen : kProtocolMax)) {
    return Status(ErrorKind::unsupported, "message of version " + std::to_string(disk.protocol));
  }
  if (!is_known(disk.type)) return corrupt("unknown type");
  const bool has_kind = type == MessageType::request || type == MessageType::reply;
  const bool kind_fits = has_kind ? disk.kind > 0 && disk.kind <= kKindLast : disk.kind == 0;
  if (!kind_fits) return corrupt("unknown kind");
  if (frozen && disk.call_id != 0) return corrupt("a number where none belongs");
  if (!lengths_fit(disk)) return corrupt("impossible length");
  if (disk.data_bytes > kDataBytesMax || disk.data_bytes % store::kSectorBytes != 0) {
    return corrupt("data that is not whole sectors of a chunk");
  }
  return Frame{.type = type,
               .kind = static_cast<Kind>(disk.kind),
               .body_bytes = disk.body_bytes,
               .data_bytes = disk.data_bytes,
               .call_id = disk.call_id,
               .body_crc = disk.body_crc};
}

Status decode_request(const Frame& frame, std::span<const std::byte> body, Request& request) {
  CAIRN_ASSERT(frame.type == MessageType::request);
  CAIRN_RETURN_IF_ERROR(check_body(frame, body));
  const auto disk = load<RequestDisk>(body, 0);
  const bool is_pull = frame.kind == Kind::pull;
  size_t at = sizeof(RequestDisk);
  SectorBits have{};
  if (is_pull) {
    if (body.size() - at < kBitsBytes) return corrupt("a pull without its sectors");
    have = load<SectorBits>(body, at);
    at += kBitsBytes;
  }
  if (!range_fits(frame.kind, disk.first_sector, disk.n_sectors)) {
    return corrupt("sectors beyond the chunk");
  }
  if (disk.limit > kListEntriesMax) return corrupt("limit of more entries than fit");
  if (disk.crcs_count != request_crcs_count(frame.kind, disk.n_sectors, have)) {
    return corrupt("number of checksums");
  }
  if (body.size() != at + disk.crcs_count * sizeof(uint32_t)) return corrupt("length of a request");
  const size_t sectors = frame.kind == Kind::write ? disk.crcs_count : 0;
  if (frame.data_bytes != sectors * store::kSectorBytes) return corrupt("length of data");
  request = {.kind = frame.kind,
             .store = disk.store,
             .source = disk.source,
             .pg = disk.pg,
             .pg_epoch = disk.pg_epoch,
             .volume = disk.volume,
             .volume_epoch = disk.volume_epoch,
             .chunk = disk.chunk,
             .birth = disk.birth,
             .version = disk.version,
             .prev_version = disk.prev_version,
             .first_sector = disk.first_sector,
             .n_sectors = disk.n_sectors,
             .limit = disk.limit,
             .have = have,
             .crcs = crcs_at(body, at, disk.crcs_count),
             .data = {}};
  return Status();
}

namespace {

/// Everything about a reply that can be known without reading its tables.
Status check_reply(const Frame& frame, std::span<const std::byte> body, const ReplyDisk& disk) {
  if (disk.answer == 0 || disk.answer > kAnswerLast) return corrupt("unknown answer");
  if (disk.reserved != decltype(disk.reserved){}) return corrupt("something in the reserved place");
  const ReplyTables tables = tables_of(frame.kind, static_cast<Answer>(disk.answer));
  if (disk.more > (tables.entries ? 1 : 0)) return corrupt("more of nothing");
  if (disk.entries_count > (tables.entries ? kListEntriesMax : 0)) {
    return corrupt("number of entries");
  }
  if (disk.crcs_count > (tables.crcs ? store::kChunkSectors : 0)) {
    return corrupt("number of checksums");
  }
  if (tables.crcs && !tables.delta && disk.crcs_count == 0) return corrupt("a read of nothing");
  if (body.size() != reply_body_bytes(tables, disk.entries_count, disk.crcs_count)) {
    return corrupt("length of a reply");
  }
  const bool data_fits = frame.data_bytes == size_t{disk.crcs_count} * store::kSectorBytes;
  return data_fits ? Status() : corrupt("length of data");
}

}  // namespace

Status decode_reply(const Frame& frame, std::span<const std::byte> body, Reply& reply) {
  CAIRN_ASSERT(frame.type == MessageType::reply);
  CAIRN_RETURN_IF_ERROR(check_body(frame, body));
  const auto disk = load<ReplyDisk>(body, 0);
  CAIRN_RETURN_IF_ERROR(check_reply(frame, body, disk));
  reply.answer = static_cast<Answer>(disk.answer);
  reply.pg_epoch = disk.pg_epoch;
  reply.version = disk.version;
  reply.birth = disk.birth;
  reply.more = disk.more != 0;
  reply.valid = {};
  reply.delta = {};
  reply.entries.clear();
  const ReplyTables tables = tables_of(frame.kind, reply.answer);
  size_t at = sizeof(ReplyDisk);
  if (tables.valid) {
    reply.valid = load<SectorBits>(body, at);
    at += kBitsBytes;
  }
  if (tables.delta) {
    reply.delta = load<SectorBits>(body, at);
    at += kBitsBytes;
    if (!is_subset(reply.delta, reply.valid)) return corrupt("bytes of sectors without data");
    if (disk.crcs_count != count(reply.delta)) return corrupt("number of checksums");
  }
  if (tables.entries) decode_entries(body, at, disk.entries_count, reply.entries);
  reply.crcs = crcs_at(body, at, disk.crcs_count);
  reply.data = {};
  return Status();
}

Result<Hello> decode_hello(const Frame& frame, std::span<const std::byte> body) {
  CAIRN_ASSERT(frame.type == MessageType::hello);
  CAIRN_RETURN_IF_ERROR(check_body(frame, body));
  const auto disk = load<HelloDisk>(body, 0);
  if (disk.protocol_min > disk.protocol_max) return corrupt("versions of a hello");
  return Hello{.cluster = disk.cluster,
               .node = disk.node,
               .peer = disk.peer,
               .boot = disk.boot,
               .protocol_min = disk.protocol_min,
               .protocol_max = disk.protocol_max,
               .binding = disk.binding};
}

Result<Goodbye> decode_goodbye(const Frame& frame, std::span<const std::byte> body) {
  CAIRN_ASSERT(frame.type == MessageType::goodbye);
  CAIRN_RETURN_IF_ERROR(check_body(frame, body));
  const auto disk = load<GoodbyeDisk>(body, 0);
  // A reason that a later version invented still ends the connection.
  if (disk.reason == 0) return corrupt("a goodbye without a reason");
  return disk.reason <= kGoodbyeLast ? static_cast<Goodbye>(disk.reason) : Goodbye::broken;
}

}  // namespace cairn::replication
