// The messages between a writer (or a joining store) and the stores
// (docs/internals/replication.md).
//
// A Request goes to one store on one node; exactly one Reply answers it, unless the connection is
// lost. Messages of one connection arrive in order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "replication/ids.h"
#include "store/request.h"

namespace cairn::replication {

using SectorBits = std::array<uint64_t, store::kChunkSectors / 64>;

struct Request {
  enum class Kind : uint8_t {
    /// `data` replaces the range at `version`, above `prev_version`. Needs an in-sync or joining
    /// member.
    write = 1,
    /// The range reads as zeroes.
    zero,
    /// The range's bytes. Only from an in-sync member.
    read,
    /// Which sectors hold data (`Reply::valid`). Only from an in-sync member.
    map,
    /// Fences all older writers of the volume at this store and waits for what they have under way.
    /// An in-sync member lists the volume's chunks in group `pg` from `chunk` on, at most `limit`
    /// of
    /// them (`Reply::entries`); a joiner begins its comparison anew and lists nothing.
    open,
    /// The chunk's version was decided to be `version`; `source` has it. An in-sync member copies
    /// it; a joiner without a base drops what it has of the chunk. Done when durable.
    decide,
    /// Lists the chunks of placement group `pg` after (`volume`, `chunk`); `limit` entries.
    list,
    /// The chunk's exact state: version, which sectors hold data (`Reply::valid`), and of those the
    /// bytes of the sectors (`Reply::delta`) that differ from what the asker has (`have`, `crcs`).
    /// Only from an in-sync member.
    pull,
    /// The range cannot be read at this store: it copies it anew from `source`.
    repair,
  };

  Kind kind = Kind::read;
  StoreId store = 0;
  StoreId source = 0;
  PgId pg = 0;
  uint32_t pg_epoch = 0;
  uint64_t volume = 0;
  /// The writer's; 0 where no writer speaks (list, pull by a joiner): not checked then.
  uint32_t volume_epoch = 0;
  uint32_t chunk = 0;
  uint32_t birth = 1;
  uint64_t version = 0;
  uint64_t prev_version = 0;
  uint16_t first_sector = 0;
  uint16_t n_sectors = 0;
  uint32_t limit = 0;
  /// For pull: the sectors that the asker can read.
  SectorBits have{};
  /// For write: one per sector. For pull: one per set bit of `have`, in order.
  std::span<const uint32_t> crcs;
  /// For write.
  std::span<const std::byte> data;
};

enum class Answer : uint8_t {
  ok = 1,
  /// `Reply::pg_epoch` is newer than the request's, or the store is no such member of the group.
  stale_pg,
  /// A newer writer has the volume, or the volume is gone.
  stale_volume,
  /// Nothing was applied: the chunk is at `Reply::version`, not at `prev_version`.
  gap,
  bad_checksum,
  no_space,
  /// The store serves nothing any more.
  failed,
  /// A queue is full, or the facts did not come in time: again later.
  busy,
  invalid,
};

struct ListEntry {
  uint64_t volume = 0;
  uint32_t chunk = 0;
  uint32_t birth = 0;
  uint64_t version = 0;
  friend bool operator==(const ListEntry&, const ListEntry&) = default;
};

struct Reply {
  Answer answer = Answer::ok;
  /// The group's epoch at the store when it answered: the tag of a list or a pull, the epoch under
  /// which a write was accepted.
  uint32_t pg_epoch = 0;
  /// The chunk's version at the store.
  uint64_t version = 0;
  uint32_t birth = 0;
  /// For open and list: there are more entries after the last.
  bool more = false;
  SectorBits valid{};
  SectorBits delta{};
  std::vector<ListEntry> entries;
  /// For read: one per sector. For pull: one per set bit of `delta`.
  std::span<const uint32_t> crcs;
  std::span<const std::byte> data;
};

/// Entries of one open or list reply.
inline constexpr uint32_t kListEntriesMax = 16384;

}  // namespace cairn::replication
