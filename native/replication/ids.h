// Names of things in the replication protocol (docs/internals/replication.md).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace cairn::replication {

/// Small numbers that the cluster gave out, never used twice; 0 is nobody.
using NodeId = uint32_t;
using StoreId = uint32_t;

/// A placement group: the pool's number above, the group's number in the pool below.
using PgId = uint32_t;
inline constexpr uint32_t kPgBits = 20;
inline constexpr uint32_t kPgsPerPoolMax = 1u << kPgBits;
inline constexpr uint32_t kPoolMax = (1u << (32 - kPgBits)) - 1;
[[nodiscard]] constexpr PgId make_pg(uint32_t pool, uint32_t group) {
  return (pool << kPgBits) | group;
}
[[nodiscard]] constexpr uint32_t pool_of(PgId pg) { return pg >> kPgBits; }
[[nodiscard]] constexpr uint32_t group_of(PgId pg) { return pg & (kPgsPerPoolMax - 1); }

/// The finalizer of splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
/// 2014).
[[nodiscard]] constexpr uint64_t mix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// The placement group of a chunk: consecutive chunks visit different groups, and a clone's chunks
/// those of its lineage's root. `pgs_count` is a power of two.
[[nodiscard]] constexpr uint32_t group_of_chunk(uint64_t root, uint32_t chunk, uint32_t pgs_count) {
  return static_cast<uint32_t>((mix64(root) + chunk) & (pgs_count - 1));
}

struct ChunkKey {
  uint64_t volume = 0;
  uint32_t chunk = 0;
  friend auto operator<=>(const ChunkKey&, const ChunkKey&) = default;
};

struct ChunkKeyHash {
  size_t operator()(const ChunkKey& key) const { return mix64(key.volume ^ mix64(key.chunk)); }
};

}  // namespace cairn::replication
