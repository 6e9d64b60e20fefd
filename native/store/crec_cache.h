// CrecCache: decoded chunk records, least recently used first out. Nodes are allocated as needed up
// to the limit.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "format/chunk_record.h"
#include "store/chunk_index.h"

namespace cairn::store {

class CrecCache {
 public:
  void set_capacity(uint64_t bytes);
  /// The cached record of `entry`, or nullptr. The pointer is valid until the next `put`.
  const format::ChunkRecord* get(const ChunkEntry& entry);
  void put(ChunkEntry& entry, const format::ChunkRecord& record);
  void drop(ChunkEntry& entry);

 private:
  static constexpr uint32_t kSlabNodes = 32;
  struct Node {
    format::ChunkRecord record;
    ChunkEntry* entry = nullptr;
    uint32_t newer = kNoCrec;
    uint32_t older = kNoCrec;
  };
  Node& node(uint32_t index) { return slabs_[index / kSlabNodes][index % kSlabNodes]; }
  uint32_t take_node();
  void link_newest(uint32_t index);
  void unlink(uint32_t index);

  std::vector<std::unique_ptr<Node[]>> slabs_;
  std::vector<uint32_t> free_;
  uint32_t newest_ = kNoCrec;
  uint32_t oldest_ = kNoCrec;
  uint32_t capacity_ = kSlabNodes;
};

}  // namespace cairn::store
