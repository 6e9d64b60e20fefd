#include "store/overlay.h"

#include <algorithm>
#include <cstring>

namespace cairn::store {

namespace {

constexpr uint32_t kSlabSectors = 1024;

}  // namespace

void ReplayList::append(ReplayNode& node, uint64_t lsn) {
  CAIRN_ASSERT(!node.linked());
  CAIRN_ASSERT(lsn != 0);
  CAIRN_ASSERT(tail_ == nullptr || tail_->min_lsn <= lsn);
  node.min_lsn = lsn;
  node.previous = tail_;
  node.next = nullptr;
  (tail_ == nullptr ? head_ : tail_->next) = &node;
  tail_ = &node;
  ++size_;
}

void ReplayList::remove(ReplayNode& node) {
  CAIRN_ASSERT(node.linked());
  (node.previous == nullptr ? head_ : node.previous->next) = node.next;
  (node.next == nullptr ? tail_ : node.next->previous) = node.previous;
  node.previous = nullptr;
  node.next = nullptr;
  node.min_lsn = 0;
  --size_;
}

void ReplayList::replace(ReplayNode& from, ReplayNode& to) {
  CAIRN_ASSERT(from.linked());
  CAIRN_ASSERT(!to.linked());
  to.previous = from.previous;
  to.next = from.next;
  to.min_lsn = from.min_lsn;
  (to.previous == nullptr ? head_ : to.previous->next) = &to;
  (to.next == nullptr ? tail_ : to.next->previous) = &to;
  from.previous = nullptr;
  from.next = nullptr;
  from.min_lsn = 0;
}

OverlaySector* OverlayPool::get(uint32_t size_class) {
  auto& list = free_[size_class];
  if (list.empty()) {
    slabs_.push_back(std::make_unique<OverlaySector[]>(kSlabSectors));
    const uint32_t step = capacity_of(size_class);
    for (uint32_t at = 0; at + step <= kSlabSectors; at += step) {
      list.push_back(slabs_.back().get() + at);
    }
  }
  OverlaySector* array = list.back();
  list.pop_back();
  return array;
}

void OverlayPool::put(OverlaySector* array, uint32_t size_class) {
  free_[size_class].push_back(array);
}

const OverlaySector* Overlay::find(uint32_t sector) const {
  const auto all = view();
  const auto at = std::ranges::lower_bound(all, sector, {}, &OverlaySector::sector);
  return at != all.end() && at->sector == sector ? &*at : nullptr;
}

void Overlay::grow(OverlayPool& pool, uint32_t needed) {
  if (sectors != nullptr && needed <= OverlayPool::capacity_of(size_class)) return;
  uint32_t bigger = sectors == nullptr ? 0 : size_class + 1u;
  while (OverlayPool::capacity_of(bigger) < needed) ++bigger;
  CAIRN_ASSERT(bigger < OverlayPool::kClasses);
  OverlaySector* array = pool.get(bigger);
  if (sectors != nullptr) {
    std::memcpy(array, sectors, count * sizeof(OverlaySector));
    pool.put(sectors, size_class);
  }
  sectors = array;
  size_class = static_cast<uint8_t>(bigger);
}

void Overlay::note_superseded(uint32_t first, uint32_t n) {
  const uint32_t end = first + n;
  for (uint32_t page = first / format::kPageSectors; page * format::kPageSectors < end; ++page) {
    uint32_t number = format::kPageNone;
    bool still_named = false;
    for (uint32_t i = 0; i < format::kPageSectors; ++i) {
      const uint32_t sector = page * format::kPageSectors + i;
      const OverlaySector* found = find(sector);
      if (found == nullptr || found->source != SectorSource::page) continue;
      number = found->place;
      still_named = still_named || sector < first || sector >= end;
    }
    if (number != format::kPageNone && !still_named) superseded_pages.push_back(number);
  }
}

void Overlay::put(OverlayPool& pool, uint32_t first, std::span<const OverlaySector> updates) {
  const auto n = static_cast<uint32_t>(updates.size());
  CAIRN_ASSERT(n > 0 && first + n <= format::kChunkSectors);
  if (count > 0) note_superseded(first, n);
  const auto all = view();
  const auto begin = static_cast<uint32_t>(
      std::ranges::lower_bound(all, first, {}, &OverlaySector::sector) - all.begin());
  uint32_t end = begin;
  while (end < count && sectors[end].sector < first + n) ++end;
  const uint32_t total = count - (end - begin) + n;
  grow(pool, total);
  std::memmove(sectors + begin + n, sectors + end, (count - end) * sizeof(OverlaySector));
  std::memcpy(sectors + begin, updates.data(), n * sizeof(OverlaySector));
  count = static_cast<uint16_t>(total);
}

void Overlay::clear(OverlayPool& pool) {
  if (sectors != nullptr) pool.put(sectors, size_class);
  sectors = nullptr;
  count = 0;
  size_class = 0;
  version = 0;
  birth = 0;
  pg = 0;
  rebased = false;
  superseded_pages.clear();
}

}  // namespace cairn::store
