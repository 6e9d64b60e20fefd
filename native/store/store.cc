#include "store/store.h"

#include <algorithm>

#include "base/assert.h"
#include "store/changes.h"
#include "store/maintenance.h"
#include "store/reader.h"
#include "store/recovery.h"
#include "store/store_impl.h"

namespace cairn::store {

namespace {

/// Three groups with the longest small write each.
constexpr uint64_t kWindowBytesMin = 512u << 10;
/// No encoder fills a 512 byte sector with it.
constexpr std::byte kScrubByte{0xdb};

}  // namespace

StoreImpl::StoreImpl(Environment environment, StoreConfig config)
    : state(environment, std::move(config)),
      changes(state),
      reader(state),
      maintenance(state, changes) {
  CAIRN_ASSERT(state.config.group_bytes_max <= (512u << 10));
  state.crecs.set_capacity(state.config.crec_cache_bytes);
}

void StoreImpl::run() {
  if (phase == Phase::closing && !stopping) {
    if (!changes.quiet() || !changes.writer().quiet() || !reader.quiet()) return;
    stopping = true;
    state.env.executor.cancel(changes);
    maintenance.stop();
    if (!maintenance_running) start_flow(finish_close());
    return;
  }
  if (phase == Phase::closed && has_posted_tasks()) return post();
  if (StoreOperation* done = std::exchange(completed, nullptr)) done->on_done(*done);
}

bool StoreImpl::has_posted_tasks() const {
  return state.completions.posted() || changes.posted() || maintenance.posted();
}

void StoreImpl::post() {
  if (posted) return;
  posted = true;
  state.env.executor.post(turn);
}

void StoreImpl::start_flow(Flow next) {
  flow = std::move(next);
  flow.start(
      [](void* context, Status status) {
        auto& impl = *static_cast<StoreImpl*>(context);
        impl.on_flow_done(std::move(status));
      },
      this);
}

void StoreImpl::on_flow_done(Status status) {
  CAIRN_ASSERT(operation != nullptr);
  operation->status = std::move(status);
  if (phase == Phase::opening) {
    phase = operation->status.ok() ? Phase::open : Phase::closed;
  } else {
    phase = Phase::closed;
  }
  completed = std::exchange(operation, nullptr);
  post();
}

Flow StoreImpl::scrub_journal_head() {
  AlignedBuffer block(format::kBlockBytes);
  std::ranges::fill(block.span(), kScrubByte);
  const JournalRing& ring = state.ring;
  const uint64_t next_lap = format::round_up(ring.head(), ring.blocks());
  for (const uint64_t position : {ring.head(), next_lap}) {
    if (position + 1 - ring.tail() > ring.blocks()) continue;
    DiskOp op(state.disk);
    op.write(state.geometry.journal_offset + position % ring.blocks() * format::kBlockBytes,
             block.span(), state.disk.cache_is_volatile());
    const Status status = co_await op;
    if (!status.ok()) {
      state.fail(status, "journal write");
      co_return status;
    }
  }
  co_return Status();
}

Flow StoreImpl::recover() {
  Recovery recovery(state);
  Status status = co_await recovery.run();
  if (!status.ok()) co_return status;
  state.config.journal_window_bytes =
      std::max(state.config.journal_window_bytes, kWindowBytesMin) / kSectorBytes * kSectorBytes;
  state.window.reset(state.config.read_only ? kSectorBytes : state.config.journal_window_bytes);
  if (state.config.read_only) co_return Status();
  changes.writer().start(std::move(recovery).last_digests());
  // The checkpoint replaces the older one first: until then the older one may need the blocks that
  // the scrub takes.
  status = co_await maintenance.first_checkpoint();
  if (status.ok()) status = co_await scrub_journal_head();
  if (!status.ok()) co_return status;
  maintenance_running = true;
  maintenance.start(
      [](void* context, Status) {
        auto& impl = *static_cast<StoreImpl*>(context);
        impl.maintenance_running = false;
        if (impl.stopping) impl.finish_after_maintenance = true;
        impl.post();
      },
      this);
  co_return Status();
}

Flow StoreImpl::finish_close() {
  if (!state.failure.ok()) co_return state.failure;
  if (state.config.read_only) co_return Status();
  const Status status = co_await maintenance.write_superblock(true);
  co_return status;
}

Store::Store(Environment environment, StoreConfig config)
    : impl_(std::make_unique<StoreImpl>(environment, std::move(config))) {}

Store::~Store() = default;

void Store::open(StoreOperation& operation) {
  CAIRN_ASSERT(impl_->phase == StoreImpl::Phase::created);
  impl_->phase = StoreImpl::Phase::opening;
  impl_->operation = &operation;
  impl_->start_flow(impl_->recover());
}

void Store::close(StoreOperation& operation) {
  CAIRN_ASSERT(impl_->phase == StoreImpl::Phase::open);
  impl_->phase = StoreImpl::Phase::closing;
  impl_->operation = &operation;
  impl_->state.request_done = [](void* context) { static_cast<StoreImpl*>(context)->post(); };
  impl_->state.request_done_context = impl_.get();
  impl_->post();
}

void Store::submit(StoreRequest& request) {
  StoreImpl& impl = *impl_;
  if (impl.phase != StoreImpl::Phase::open) {
    request.status = Status(ErrorKind::cancelled, "the store is not open");
    impl.state.completions.add(request);
    return;
  }
  if (request.kind == StoreRequest::Kind::read) {
    impl.reader.submit(request);
  } else if (impl.state.config.read_only) {
    request.status = Status(ErrorKind::invalid_argument, "the store is open read-only");
    impl.state.completions.add(request);
  } else {
    impl.changes.submit(request);
  }
}

void Store::submit(ChunkMapRequest& request) {
  if (impl_->phase != StoreImpl::Phase::open) {
    request.status = Status(ErrorKind::cancelled, "the store is not open");
    impl_->state.completions.add(request);
    return;
  }
  impl_->reader.submit(request);
}

const Volume* Store::visible(uint64_t volume) const {
  const Volume* found = impl_->state.index.find_volume(volume);
  return found != nullptr && !found->dropping ? found : nullptr;
}

uint64_t Store::chunk_version(uint64_t volume, uint32_t chunk) const {
  const Volume* found = visible(volume);
  if (found == nullptr || chunk >= kChunksPerVolumeMax) return 0;
  const ChunkEntry* entry = found->find(chunk);
  return entry != nullptr && entry->exists() ? StoreState::tip_of(*entry) : 0;
}

uint32_t Store::chunk_birth(uint64_t volume, uint32_t chunk) const {
  const Volume* found = visible(volume);
  if (found == nullptr || chunk >= kChunksPerVolumeMax) return 0;
  const ChunkEntry* entry = found->find(chunk);
  return entry != nullptr && entry->exists() ? StoreState::birth_of(*entry) : 0;
}

std::optional<ChunkSummary> Store::next_chunk(uint64_t volume, uint32_t chunk_from) const {
  const Volume* found = visible(volume);
  if (found == nullptr) return std::nullopt;
  for (uint32_t at = found->next_existing(chunk_from); at < kChunksPerVolumeMax;
       at = found->next_existing(at + 1)) {
    const ChunkEntry& entry = *found->find(at);
    if (const uint64_t version = StoreState::tip_of(entry); version != 0) {
      return ChunkSummary{at, StoreState::birth_of(entry), version};
    }
  }
  return std::nullopt;
}

uint32_t Store::chunk_limit(uint64_t volume) const {
  const Volume* found = visible(volume);
  return found == nullptr ? 0 : found->limit();
}

bool Store::has_volume(uint64_t volume) const { return visible(volume) != nullptr; }

std::vector<uint64_t> Store::volumes() const {
  std::vector<uint64_t> ids = impl_->state.index.volume_ids();
  std::erase_if(ids, [this](uint64_t id) { return !has_volume(id); });
  std::ranges::sort(ids);
  return ids;
}

VolumeUsage Store::usage(uint64_t volume) const {
  const Volume* found = impl_->state.index.find_volume(volume);
  if (found == nullptr || found->dropping) return {};
  return {found->chunks, found->pages * format::kPageBytes};
}

const StoreIdentity& Store::identity() const { return impl_->state.identity; }

StoreCapacity Store::capacity() const {
  const StoreState& s = impl_->state;
  StoreCapacity c;
  c.total_bytes = s.pages.usable_pages() * format::kPageBytes;
  c.releasing_bytes = s.pages.releasing_pages() * format::kPageBytes;
  const uint64_t spoken = s.pages_spoken_for();
  c.allocated_bytes = spoken * format::kPageBytes + c.releasing_bytes;
  c.free_bytes = spoken < s.pages_limit() ? (s.pages_limit() - spoken) * format::kPageBytes : 0;
  return c;
}

StoreStats Store::stats() const {
  const StoreState& s = impl_->state;
  StoreStats stats = s.stats;
  stats.journal_used_bytes = s.ring.used_blocks() * kSectorBytes;
  stats.journal_capacity_bytes = uint64_t{s.ring.blocks()} * kSectorBytes;
  stats.journal_dirty_bytes = s.dirty_blocks() * kSectorBytes;
  stats.chunks = s.index.chunks;
  stats.volumes = s.index.volumes_count();
  stats.metadata_live_bytes = s.segments.live_bytes();
  stats.metadata_capacity_bytes = s.geometry.metadata_bytes;
  stats.in_flight = impl_->changes.in_flight() + impl_->reader.in_flight();
  return stats;
}

const Status& Store::failure() const { return impl_->state.failure; }

void Store::set_failure_handler(void (*handler)(void* context, const Status& failure),
                                void* context) {
  impl_->state.failure_handler = handler;
  impl_->state.failure_context = context;
}

StoreImpl& Store::internals() { return *impl_; }

}  // namespace cairn::store
