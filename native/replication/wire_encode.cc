#include <cstring>

#include "base/assert.h"
#include "base/crc32c.h"
#include "replication/wire.h"
#include "replication/wire_rules.h"

namespace cairn::replication {

namespace {

using namespace wire;
using format::save;
using Kind = Request::Kind;

/// Puts the frame in front of a body that is already in `out`; returns the head's size.
size_t finish(const Frame& frame, std::span<std::byte> out) {
  const uint32_t body_crc =
      frame.body_bytes == 0 ? 0 : crc32c(out.subspan(kFrameBytes, frame.body_bytes));
  save(out, 0,
       FrameDisk{.magic = kFrameMagic,
                 .protocol = is_frozen(frame.type) ? kProtocolFrozen : kProtocolMax,
                 .type = static_cast<uint8_t>(frame.type),
                 .kind = static_cast<uint8_t>(frame.kind),
                 .body_bytes = frame.body_bytes,
                 .data_bytes = frame.data_bytes,
                 .call_id = frame.call_id,
                 .body_crc = body_crc,
                 .frame_crc = 0});
  const uint32_t crc = crc32c(out.first(offsetof(FrameDisk, frame_crc)));
  save(out, offsetof(FrameDisk, frame_crc), crc);
  return kFrameBytes + frame.body_bytes;
}

/// Appends `bytes` at `at` of `out` and moves `at` behind them.
void append(std::span<std::byte> out, size_t& at, std::span<const std::byte> bytes) {
  CAIRN_ASSERT(at <= out.size());
  CAIRN_ASSERT(bytes.size() <= out.size() - at);
  if (!bytes.empty()) std::memcpy(out.data() + at, bytes.data(), bytes.size());
  at += bytes.size();
}

void append_entries(const std::vector<ListEntry>& entries, std::span<std::byte> out, size_t& at) {
  for (const ListEntry& entry : entries) {
    save(out, at, ListEntryDisk{entry.volume, entry.version, entry.chunk, entry.birth});
    at += sizeof(ListEntryDisk);
  }
}

}  // namespace

size_t head_bytes(const Request& request) {
  return kFrameBytes + sizeof(RequestDisk) + (request.kind == Kind::pull ? kBitsBytes : 0) +
         request.crcs.size_bytes();
}

size_t head_bytes(Kind kind, const Reply& reply) {
  const ReplyTables tables = tables_of(kind, reply.answer);
  return kFrameBytes + reply_body_bytes(tables, tables.entries ? reply.entries.size() : 0,
                                        tables.crcs ? reply.crcs.size() : 0);
}

size_t data_bytes(Kind kind, const Reply& reply) {
  return tables_of(kind, reply.answer).crcs ? reply.data.size() : 0;
}

size_t encode_request(uint64_t call_id, const Request& request, std::span<std::byte> out) {
  const auto crcs_count = static_cast<uint32_t>(request.crcs.size());
  CAIRN_ASSERT(out.size() >= head_bytes(request));
  CAIRN_ASSERT(range_fits(request.kind, request.first_sector, request.n_sectors));
  CAIRN_ASSERT(request.limit <= kListEntriesMax);
  CAIRN_ASSERT(crcs_count == request_crcs_count(request.kind, request.n_sectors, request.have));
  const size_t sectors = request.kind == Kind::write ? crcs_count : 0;
  CAIRN_ASSERT(request.data.size() == sectors * store::kSectorBytes);
  save(out, kFrameBytes,
       RequestDisk{.volume = request.volume,
                   .version = request.version,
                   .prev_version = request.prev_version,
                   .store = request.store,
                   .source = request.source,
                   .pg = request.pg,
                   .pg_epoch = request.pg_epoch,
                   .volume_epoch = request.volume_epoch,
                   .chunk = request.chunk,
                   .birth = request.birth,
                   .limit = request.limit,
                   .first_sector = request.first_sector,
                   .n_sectors = request.n_sectors,
                   .crcs_count = crcs_count});
  size_t at = kFrameBytes + sizeof(RequestDisk);
  if (request.kind == Kind::pull) append(out, at, std::as_bytes(std::span(request.have)));
  append(out, at, std::as_bytes(request.crcs));
  CAIRN_ASSERT(at == head_bytes(request));
  return finish(Frame{.type = MessageType::request,
                      .kind = request.kind,
                      .body_bytes = static_cast<uint32_t>(at - kFrameBytes),
                      .data_bytes = static_cast<uint32_t>(request.data.size()),
                      .call_id = call_id},
                out);
}

size_t encode_reply(uint64_t call_id, Kind kind, const Reply& reply, std::span<std::byte> out) {
  const ReplyTables tables = tables_of(kind, reply.answer);
  const size_t entries_count = tables.entries ? reply.entries.size() : 0;
  const size_t crcs_count = tables.crcs ? reply.crcs.size() : 0;
  CAIRN_ASSERT(out.size() >= head_bytes(kind, reply));
  CAIRN_ASSERT(entries_count <= kListEntriesMax);
  CAIRN_ASSERT(crcs_count <= store::kChunkSectors);
  CAIRN_ASSERT(!tables.crcs || reply.data.size() == crcs_count * store::kSectorBytes);
  CAIRN_ASSERT(!tables.delta || crcs_count == count(reply.delta));
  CAIRN_ASSERT(!tables.delta || is_subset(reply.delta, reply.valid));
  CAIRN_ASSERT(!tables.crcs || tables.delta || crcs_count > 0);
  save(out, kFrameBytes,
       ReplyDisk{.version = reply.version,
                 .pg_epoch = reply.pg_epoch,
                 .birth = reply.birth,
                 .entries_count = static_cast<uint32_t>(entries_count),
                 .crcs_count = static_cast<uint32_t>(crcs_count),
                 .answer = static_cast<uint8_t>(reply.answer),
                 .more = static_cast<uint8_t>(tables.entries && reply.more),
                 .reserved = {}});
  size_t at = kFrameBytes + sizeof(ReplyDisk);
  if (tables.valid) append(out, at, std::as_bytes(std::span(reply.valid)));
  if (tables.delta) append(out, at, std::as_bytes(std::span(reply.delta)));
  if (tables.entries) append_entries(reply.entries, out, at);
  if (tables.crcs) append(out, at, std::as_bytes(reply.crcs));
  CAIRN_ASSERT(at == head_bytes(kind, reply));
  return finish(Frame{.type = MessageType::reply,
                      .kind = kind,
                      .body_bytes = static_cast<uint32_t>(at - kFrameBytes),
                      .data_bytes = static_cast<uint32_t>(data_bytes(kind, reply)),
                      .call_id = call_id},
                out);
}

size_t encode_hello(const Hello& hello, std::span<std::byte> out) {
  CAIRN_ASSERT(out.size() >= kHelloBytes);
  CAIRN_ASSERT(hello.protocol_min <= hello.protocol_max);
  save(out, kFrameBytes,
       HelloDisk{.cluster = hello.cluster,
                 .boot = hello.boot,
                 .node = hello.node,
                 .peer = hello.peer,
                 .protocol_min = hello.protocol_min,
                 .protocol_max = hello.protocol_max,
                 .reserved = {},
                 .binding = hello.binding,
                 .reserved2 = {}});
  return finish(Frame{.type = MessageType::hello, .body_bytes = sizeof(HelloDisk)}, out);
}

size_t encode_goodbye(Goodbye reason, std::span<std::byte> out) {
  CAIRN_ASSERT(out.size() >= kGoodbyeBytes);
  save(out, kFrameBytes, GoodbyeDisk{.reason = static_cast<uint32_t>(reason), .reserved = 0});
  return finish(Frame{.type = MessageType::goodbye, .body_bytes = sizeof(GoodbyeDisk)}, out);
}

size_t encode_ping(MessageType type, uint64_t number, std::span<std::byte> out) {
  CAIRN_ASSERT(type == MessageType::ping || type == MessageType::pong);
  CAIRN_ASSERT(out.size() >= kFrameBytes);
  return finish(Frame{.type = type, .call_id = number}, out);
}

}  // namespace cairn::replication
