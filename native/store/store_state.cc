#include "store/store_state.h"

namespace cairn::store {

namespace {

constexpr uint32_t kDirtySlab = 32;

}  // namespace

void CompletionQueue::add(StoreRequest& request) {
  request.next = nullptr;
  (tail_ == nullptr ? head_ : tail_->next) = &request;
  tail_ = &request;
  schedule();
}

void CompletionQueue::add(ChunkMapRequest& request) {
  request.next = nullptr;
  (map_tail_ == nullptr ? map_head_ : map_tail_->next) = &request;
  map_tail_ = &request;
  schedule();
}

void CompletionQueue::schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  executor_.post(*this);
}

void CompletionQueue::run() {
  scheduled_ = false;
  StoreRequest* request = std::exchange(head_, nullptr);
  tail_ = nullptr;
  ChunkMapRequest* map = std::exchange(map_head_, nullptr);
  map_tail_ = nullptr;
  while (request != nullptr) {
    StoreRequest* next = request->next;
    request->on_done(*request);
    request = next;
  }
  while (map != nullptr) {
    ChunkMapRequest* next = map->next;
    map->on_done(*map);
    map = next;
  }
}

StoreState::StoreState(Environment environment, StoreConfig store_config)
    : env(environment),
      config(std::move(store_config)),
      disk(environment.disk, stats),
      completions(environment.executor) {}

DirtyChunk& StoreState::make_dirty(Volume& volume, ChunkEntry& entry, uint32_t chunk) {
  if (entry.dirty != nullptr) return *entry.dirty;
  if (dirty_free_.empty()) {
    dirty_slabs_.push_back(std::make_unique<DirtyChunk[]>(kDirtySlab));
    for (uint32_t i = 0; i < kDirtySlab; ++i) dirty_free_.push_back(&dirty_slabs_.back()[i]);
  }
  DirtyChunk& dirty = *dirty_free_.back();
  dirty_free_.pop_back();
  if (!entry.exists()) {
    ++index.chunks;
    ++volume.chunks;
  }
  dirty.volume = &volume;
  dirty.entry = &entry;
  dirty.chunk = chunk;
  dirty.birth = entry.birth;
  dirty.tip = entry.version;
  dirty.page_map = entry.page_map;
  dirty.pending = 0;
  dirty.run_hint = format::kPageNone;
  dirty.destaging = false;
  dirty.destage_failures = 0;
  dirty.active.chunk = &dirty;
  dirty.frozen.chunk = &dirty;
  CAIRN_ASSERT(dirty.order_head == nullptr);
  entry.dirty = &dirty;
  ++stats.dirty_chunks;
  return dirty;
}

void StoreState::settle_dirty(DirtyChunk& dirty) {
  if (!dirty.idle() || dirty.destaging) return;
  ChunkEntry& entry = *dirty.entry;
  set_page_map(dirty, entry.page_map);
  entry.dirty = nullptr;
  if (!entry.exists()) {
    --index.chunks;
    --dirty.volume->chunks;
  }
  --stats.dirty_chunks;
  dirty.volume = nullptr;
  dirty.entry = nullptr;
  dirty_free_.push_back(&dirty);
}

uint32_t StoreState::take_page(DirtyChunk& dirty, uint32_t page, uint32_t previous) {
  if (previous != format::kPageNone && !pages.in_use_or_beyond(previous + 1)) {
    return pages.take(previous + 1);
  }
  if (dirty.run_hint == format::kPageNone || pages.in_use_or_beyond(dirty.run_hint + page)) {
    dirty.run_hint = pages.find_free_run();
  }
  const bool known = dirty.run_hint != format::kPageNone;
  return pages.take(known ? dirty.run_hint + page : format::kPageNone);
}

void StoreState::set_page_map(DirtyChunk& dirty, uint64_t page_map) {
  const uint64_t have = dirty.entry->page_map;
  const auto before = static_cast<uint64_t>(std::popcount(dirty.page_map & ~have));
  const auto after = static_cast<uint64_t>(std::popcount(page_map & ~have));
  CAIRN_ASSERT(reserved_pages >= before);
  reserved_pages = reserved_pages - before + after;
  dirty.page_map = page_map;
}

void StoreState::apply(DirtyChunk& dirty, uint64_t lsn, const format::Record& record,
                       std::span<const OverlaySector> sectors) {
  Overlay& overlay = dirty.active;
  CAIRN_ASSERT(lsn > dirty.entry->lsn);
  CAIRN_ASSERT(record.version != 0);
  CAIRN_ASSERT(record.rebase || record.version > overlay.version);
  if (overlay.empty()) replay.append(overlay, lsn);
  overlay.version = record.version;
  overlay.rebased = overlay.rebased || record.rebase;
  overlay.birth = record.birth;
  overlay.pg = record.pg;
  overlay.put(overlays, record.first_sector, sectors);
}

void StoreState::freeze(DirtyChunk& dirty) {
  CAIRN_ASSERT(dirty.frozen.empty());
  CAIRN_ASSERT(!dirty.active.empty());
  Overlay& from = dirty.active;
  Overlay& to = dirty.frozen;
  to.sectors = std::exchange(from.sectors, nullptr);
  to.count = std::exchange(from.count, uint16_t{0});
  to.size_class = from.size_class;
  to.version = std::exchange(from.version, 0);
  to.birth = from.birth;
  to.pg = from.pg;
  to.rebased = std::exchange(from.rebased, false);
  to.superseded_pages.swap(from.superseded_pages);
  replay.replace(from, to);
}

void StoreState::retire(Overlay& overlay) {
  CAIRN_ASSERT(!overlay.empty());
  if (overlay.linked()) replay.remove(overlay);
  overlay.clear(overlays);
}

uint64_t StoreState::pages_spoken_for() const {
  return pages.usable_pages() - pages.free_pages() - pages.releasing_pages() + reserved_pages;
}

uint64_t StoreState::dirty_blocks() const {
  if (replay.empty()) return 0;
  return ring.head() - ring.position_of(replay.head()->min_lsn);
}

uint64_t StoreState::replay_lsn() const {
  const uint64_t in_flight = durable_lsn + 1;
  return replay.empty() ? in_flight : std::min(replay.head()->min_lsn, in_flight);
}

StoreState::CrecPlace StoreState::crec_place(const ChunkEntry& entry) const {
  CAIRN_ASSERT(entry.has_crec());
  const uint64_t at = crec_offset(entry.offset_units);
  const uint64_t end = at + uint64_t{entry.length_units} * 8;
  const uint64_t first = format::round_down(at, format::kBlockBytes);
  return {first, static_cast<uint32_t>(format::round_up(end, format::kBlockBytes) - first),
          static_cast<uint32_t>(at - first)};
}

Status StoreState::decode_crec(std::span<const std::byte> bytes, uint64_t volume, uint32_t chunk,
                               const ChunkEntry& entry, format::ChunkRecord& record) const {
  uint32_t length = 0;
  CAIRN_RETURN_IF_ERROR(format::decode_crec(bytes, geometry.pages_count, record, length));
  if (record.volume != volume || record.chunk != chunk || record.lsn != entry.lsn ||
      record.version != entry.version || record.page_map != entry.page_map ||
      length != uint32_t{entry.length_units} * 8) {
    return {ErrorKind::corrupt, "another chunk record is in the place of this chunk's"};
  }
  return {};
}

void StoreState::fail(const Status& cause, const char* what) {
  if (!failure.ok()) return;
  CAIRN_ASSERT(!cause.ok());
  failure = Status(ErrorKind::store_failed, std::string(what) + ": " + cause.message());
  if (failure_handler != nullptr) failure_handler(failure_context, failure);
}

}  // namespace cairn::store
