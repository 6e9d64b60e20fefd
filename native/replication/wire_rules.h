// What encoder and decoder of the wire agree on: which tables a message has and how long they are.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "format/bytes.h"
#include "replication/wire.h"

namespace cairn::replication::wire {

[[nodiscard]] inline uint32_t count(const SectorBits& bits) {
  int sum = 0;
  for (const uint64_t word : bits) sum += std::popcount(word);
  return static_cast<uint32_t>(sum);
}

[[nodiscard]] inline bool is_subset(const SectorBits& part, const SectorBits& whole) {
  for (size_t i = 0; i < part.size(); ++i) {
    if ((part[i] & ~whole[i]) != 0) return false;
  }
  return true;
}

[[nodiscard]] inline bool has_range(Request::Kind kind) {
  return kind == Request::Kind::write || kind == Request::Kind::zero ||
         kind == Request::Kind::read || kind == Request::Kind::repair;
}

[[nodiscard]] inline bool range_fits(Request::Kind kind, uint32_t first_sector,
                                     uint32_t n_sectors) {
  if (has_range(kind) && n_sectors == 0) return false;
  return first_sector <= store::kChunkSectors && n_sectors <= store::kChunkSectors - first_sector;
}

/// Checksums that a request must carry.
[[nodiscard]] inline uint32_t request_crcs_count(Request::Kind kind, uint32_t n_sectors,
                                                 const SectorBits& have) {
  if (kind == Request::Kind::write) return n_sectors;
  return kind == Request::Kind::pull ? count(have) : 0;
}

/// The tables of an ok reply; none of another.
struct ReplyTables {
  bool valid = false;
  bool delta = false;
  bool entries = false;
  bool crcs = false;
};

[[nodiscard]] inline ReplyTables tables_of(Request::Kind kind, Answer answer) {
  if (answer != Answer::ok) return {};
  using Kind = Request::Kind;
  switch (kind) {
    case Kind::read:
      return {.crcs = true};
    case Kind::map:
      return {.valid = true};
    case Kind::open:
    case Kind::list:
      return {.entries = true};
    case Kind::pull:
      return {.valid = true, .delta = true, .crcs = true};
    case Kind::write:
    case Kind::zero:
    case Kind::decide:
    case Kind::repair:
      return {};
  }
  return {};
}

[[nodiscard]] inline size_t reply_body_bytes(const ReplyTables& tables, size_t entries_count,
                                             size_t crcs_count) {
  size_t bytes = sizeof(ReplyDisk) + crcs_count * sizeof(uint32_t);
  if (tables.valid) bytes += kBitsBytes;
  if (tables.delta) bytes += kBitsBytes;
  return bytes + entries_count * sizeof(ListEntryDisk);
}

[[nodiscard]] inline bool is_frozen(MessageType type) {
  return type == MessageType::hello || type == MessageType::goodbye;
}

}  // namespace cairn::replication::wire
