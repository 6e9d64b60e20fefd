#include "store/crec_cache.h"

#include <algorithm>

#include "base/assert.h"

namespace cairn::store {

void CrecCache::set_capacity(uint64_t bytes) {
  capacity_ = static_cast<uint32_t>(
      std::clamp<uint64_t>(bytes / sizeof(Node), kSlabNodes, uint64_t{1} << 30));
}

const format::ChunkRecord* CrecCache::get(const ChunkEntry& entry) {
  if (entry.cached == kNoCrec) return nullptr;
  CAIRN_ASSERT(node(entry.cached).entry == &entry);
  if (newest_ != entry.cached) {
    unlink(entry.cached);
    link_newest(entry.cached);
  }
  return &node(entry.cached).record;
}

void CrecCache::put(ChunkEntry& entry, const format::ChunkRecord& record) {
  if (entry.cached == kNoCrec) {
    const uint32_t index = take_node();
    node(index).entry = &entry;
    entry.cached = index;
  } else {
    unlink(entry.cached);
  }
  node(entry.cached).record = record;
  link_newest(entry.cached);
}

void CrecCache::drop(ChunkEntry& entry) {
  if (entry.cached == kNoCrec) return;
  unlink(entry.cached);
  node(entry.cached).entry = nullptr;
  free_.push_back(entry.cached);
  entry.cached = kNoCrec;
}

uint32_t CrecCache::take_node() {
  if (free_.empty()) {
    const auto made = static_cast<uint32_t>(slabs_.size()) * kSlabNodes;
    if (made < capacity_) {
      slabs_.push_back(std::make_unique<Node[]>(kSlabNodes));
      for (uint32_t i = kSlabNodes; i-- > 0;) free_.push_back(made + i);
    } else {
      CAIRN_ASSERT(oldest_ != kNoCrec);
      drop(*node(oldest_).entry);
    }
  }
  const uint32_t index = free_.back();
  free_.pop_back();
  return index;
}

void CrecCache::link_newest(uint32_t index) {
  node(index).older = newest_;
  node(index).newer = kNoCrec;
  if (newest_ != kNoCrec) node(newest_).newer = index;
  newest_ = index;
  if (oldest_ == kNoCrec) oldest_ = index;
}

void CrecCache::unlink(uint32_t index) {
  Node& n = node(index);
  if (n.newer == kNoCrec) {
    newest_ = n.older;
  } else {
    node(n.newer).older = n.older;
  }
  if (n.older == kNoCrec) {
    oldest_ = n.newer;
  } else {
    node(n.older).newer = n.newer;
  }
}

}  // namespace cairn::store
