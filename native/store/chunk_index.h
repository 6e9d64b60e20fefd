// ChunkIndex: where each chunk's record is and what is known of it, in memory. 48 bytes per chunk,
// in leaves of 64 chunks.
#pragma once

#include <tsl/robin_map.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace cairn::store {

struct DirtyChunk;

inline constexpr uint32_t kChunksPerLeaf = 64;
/// 64 TiB per volume.
inline constexpr uint32_t kChunksPerVolumeMax = 1u << 26;
inline constexpr uint32_t kNoCrec = 0xffff'ffff;

/// `version`, `lsn` and `page_map` are those of the chunk record; what the journal has on top is in
/// `dirty`.
struct ChunkEntry {
  uint64_t version = 0;
  uint64_t lsn = 0;
  uint64_t page_map = 0;
  DirtyChunk* dirty = nullptr;
  uint32_t birth = 0;
  uint32_t offset_units = kNoCrec;
  /// The record's place in the cache, kNoCrec if it is not cached.
  uint32_t cached = kNoCrec;
  uint16_t length_units = 0;
  /// All sectors hold data, as of the record.
  bool full = false;

  [[nodiscard]] bool has_crec() const { return offset_units != kNoCrec; }
  [[nodiscard]] bool exists() const { return has_crec() || dirty != nullptr; }
};
static_assert(sizeof(ChunkEntry) == 48);

struct Volume {
  struct Leaf {
    std::array<ChunkEntry, kChunksPerLeaf> entries;
  };

  uint64_t id = 0;
  /// A drop is durable; the chunks are being reaped.
  bool dropping = false;
  /// A drop is on its way to the journal.
  bool drop_pending = false;
  /// Changes accepted and not yet durable.
  uint32_t changes_pending = 0;
  uint64_t chunks = 0;
  uint64_t pages = 0;
  std::vector<std::unique_ptr<Leaf>> leaves;

  [[nodiscard]] ChunkEntry* find(uint32_t chunk) const {
    const size_t leaf = chunk / kChunksPerLeaf;
    if (leaf >= leaves.size() || leaves[leaf] == nullptr) return nullptr;
    return &leaves[leaf]->entries[chunk % kChunksPerLeaf];
  }
  /// The first chunk at or after `from` that exists, or kChunksPerVolumeMax.
  [[nodiscard]] uint32_t next_existing(uint32_t from) const {
    for (size_t leaf = from / kChunksPerLeaf; leaf < leaves.size(); ++leaf) {
      if (leaves[leaf] == nullptr) continue;
      const auto base = static_cast<uint32_t>(leaf * kChunksPerLeaf);
      for (uint32_t i = from > base ? from - base : 0; i < kChunksPerLeaf; ++i) {
        if (leaves[leaf]->entries[i].exists()) return base + i;
      }
    }
    return kChunksPerVolumeMax;
  }
  /// One above the highest chunk that exists, 0 if there is none.
  [[nodiscard]] uint32_t limit() const {
    for (size_t leaf = leaves.size(); leaf-- > 0;) {
      if (leaves[leaf] == nullptr) continue;
      for (uint32_t i = kChunksPerLeaf; i-- > 0;) {
        if (leaves[leaf]->entries[i].exists()) {
          return static_cast<uint32_t>(leaf * kChunksPerLeaf) + i + 1;
        }
      }
    }
    return 0;
  }
  /// The entry's address stays valid until the volume is erased.
  ChunkEntry& find_or_make(uint32_t chunk) {
    const size_t leaf = chunk / kChunksPerLeaf;
    if (leaf >= leaves.size()) leaves.resize(leaf + 1);
    if (leaves[leaf] == nullptr) leaves[leaf] = std::make_unique<Leaf>();
    return leaves[leaf]->entries[chunk % kChunksPerLeaf];
  }
};

class ChunkIndex {
 public:
  [[nodiscard]] Volume* find_volume(uint64_t id) const {
    if (last_ != nullptr && last_->id == id) return last_;
    const auto at = volumes_.find(id);
    if (at == volumes_.end()) return nullptr;
    return last_ = at->second.get();
  }
  [[nodiscard]] ChunkEntry* find(uint64_t volume, uint32_t chunk) const {
    const Volume* found = find_volume(volume);
    return found == nullptr ? nullptr : found->find(chunk);
  }
  Volume& find_or_make_volume(uint64_t id) {
    if (Volume* found = find_volume(id)) return *found;
    auto made = std::make_unique<Volume>();
    made->id = id;
    return *volumes_.insert_or_assign(id, std::move(made)).first->second;
  }
  void erase_volume(uint64_t id) {
    last_ = nullptr;
    volumes_.erase(id);
  }
  [[nodiscard]] std::vector<uint64_t> volume_ids() const {
    std::vector<uint64_t> ids;
    ids.reserve(volumes_.size());
    for (const auto& [id, volume] : volumes_) ids.push_back(id);
    return ids;
  }
  [[nodiscard]] size_t volumes_count() const { return volumes_.size(); }

  /// Chunks that exist, over all volumes. Maintained by the callers.
  uint64_t chunks = 0;

 private:
  mutable Volume* last_ = nullptr;
  tsl::robin_map<uint64_t, std::unique_ptr<Volume>> volumes_;
};

}  // namespace cairn::store
