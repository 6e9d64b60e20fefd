#include "store/verify.h"

#include <fmt/format.h>

#include <bit>
#include <coroutine>

#include "base/crc32c.h"
#include "store/store_impl.h"
#include "store/superblock_io.h"

namespace cairn::store {

namespace {

/// Awaits one read of a chunk's sectors through the store.
class ChunkRead {
 public:
  ChunkRead(Store& store, uint64_t volume, uint32_t chunk) : store_(store) {
    request_.kind = StoreRequest::Kind::read;
    request_.volume = volume;
    request_.chunk = chunk;
    request_.context = this;
    request_.on_done = [](StoreRequest& request) {
      static_cast<ChunkRead*>(request.context)->caller_.resume();
    };
  }
  ChunkRead(const ChunkRead&) = delete;
  ChunkRead& operator=(const ChunkRead&) = delete;
  ChunkRead& range(uint32_t first, uint32_t n, std::byte* memory) {
    request_.first_sector = first;
    request_.n_sectors = n;
    request_.data = memory;
    return *this;
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    store_.submit(request_);
  }
  Status await_resume() { return std::move(request_.status); }

 private:
  Store& store_;
  StoreRequest request_;
  std::coroutine_handle<> caller_;
};

}  // namespace

struct Verifier::State final : io::Task {
  State(Environment environment, Store& target)
      : executor(environment.executor),
        store(target),
        impl(target.internals()),
        memory(kChunkBytes),
        block(2 * size_t{format::kBlockBytes}) {}

  void run() override { operation->on_done(*operation); }

  void problem(std::string text) {
    if (report.problems.size() < VerifyReport::kProblemsMax) {
      report.problems.push_back(std::move(text));
    }
  }

  Flow check_redundancy() {
    FoundSuperblock found;
    const Status read = co_await read_superblocks(impl.state.disk, found);
    if (!read.ok()) co_return read;
    report.superblock_copies_good = found.copies_good;
    for (uint32_t slot = 0; slot < 2; ++slot) {
      DiskOp op(impl.state.disk);
      op.read(impl.state.geometry.checkpoint_slot_offset(slot),
              block.span().first(format::kBlockBytes));
      const Status status = co_await op;
      if (!status.ok()) continue;
      const auto header = format::decode_checkpoint_header(
          block.span(), impl.state.journal_identity, impl.state.geometry);
      if (!header.ok()) continue;
      bool good = false;
      const Status body = co_await check_body(slot, header.value(), good);
      if (!body.ok()) co_return body;
      if (good) ++report.checkpoint_slots_good;
    }
    co_return Status();
  }

  Flow check_body(uint32_t slot, const format::CheckpointHeader& header, bool& good) {
    const uint64_t bytes = format::shape_of(header).body_bytes();
    uint32_t crc = 0;
    for (uint64_t at = 0; at < bytes; at += memory.size()) {
      const auto part = memory.span().first(std::min<uint64_t>(memory.size(), bytes - at));
      DiskOp op(impl.state.disk);
      op.read(impl.state.geometry.checkpoint_slot_offset(slot) + format::kBlockBytes + at, part);
      const Status status = co_await op;
      if (!status.ok()) co_return Status();
      crc = crc32c_extend(crc, part);
    }
    good = crc == header.body_crc;
    co_return Status();
  }

  /// Reads the chunk record from the drive, whatever the cache holds, and notes who owns which
  /// page.
  Flow check_record(uint64_t volume, uint32_t chunk, const ChunkEntry& entry) {
    const auto place = impl.state.crec_place(entry);
    DiskOp op(impl.state.disk);
    op.read(place.offset_bytes, block.span().first(place.read_bytes));
    Status status = co_await op;
    format::ChunkRecord record;
    if (status.ok()) {
      status = impl.state.decode_crec(
          block.span().subspan(place.skip_bytes, place.read_bytes - place.skip_bytes), volume,
          chunk, entry, record);
    }
    if (!status.ok()) {
      ++report.bad_records;
      problem(fmt::format("volume {} chunk {}: {}", volume, chunk, status.message()));
      co_return Status();
    }
    for (const uint64_t word : record.lost) {
      report.lost_sectors += static_cast<uint64_t>(std::popcount(word));
    }
    for (uint64_t left = record.page_map; left != 0; left &= left - 1) {
      own(record.pages[static_cast<size_t>(std::countr_zero(left))], true, volume, chunk);
    }
    co_return Status();
  }

  void own(uint32_t page, bool by_record, uint64_t volume, uint32_t chunk) {
    ++report.pages;
    if (owned[page]) {
      ++report.double_owned_pages;
      problem(
          fmt::format("page {} has two owners; one is volume {} chunk {}", page, volume, chunk));
    }
    owned[page] = true;
    if (by_record && !impl.state.pages.committed(page)) {
      ++report.unmarked_pages;
      problem(
          fmt::format("page {} of volume {} chunk {} is not marked in use", page, volume, chunk));
    }
  }

  void own_journal_pages(const Overlay& overlay, uint64_t volume, uint32_t chunk) {
    uint32_t last = format::kPageNone;
    for (const OverlaySector& s : overlay.view()) {
      if (s.source != SectorSource::page || s.place == last) continue;
      last = s.place;
      own(s.place, false, volume, chunk);
    }
    for (const uint32_t page : overlay.superseded_pages) own(page, false, volume, chunk);
  }

  Flow check_sectors(uint64_t volume, uint32_t chunk) {
    ChunkRead whole(store, volume, chunk);
    whole.range(0, kChunkSectors, memory.data());
    const Status status = co_await whole;
    report.sectors_checked += kChunkSectors;
    if (status.ok()) co_return Status();
    for (uint32_t sector = 0; sector < kChunkSectors; ++sector) {
      ChunkRead single(store, volume, chunk);
      single.range(sector, 1, memory.data());
      const Status one = co_await single;
      if (one.ok()) continue;
      ++report.bad_sectors;
      problem(
          fmt::format("volume {} chunk {} sector {}: {}", volume, chunk, sector, one.message()));
    }
    co_return Status();
  }

  Flow check_segments() {
    const auto& g = impl.state.geometry;
    for (uint32_t i = 0; i < impl.state.segments.count(); ++i) {
      const auto& segment = impl.state.segments[i];
      if (segment.state != SegmentTable::State::closed) continue;
      const uint64_t offset = g.metadata_offset + uint64_t{i} * g.segment_bytes;
      DiskOp first(impl.state.disk);
      first.read(offset, block.span().first(format::kBlockBytes));
      Status status = co_await first;
      uint64_t sequence = 0;
      if (status.ok()) {
        status =
            format::decode_segment_header(block.span(), i, impl.state.journal_identity, sequence);
      }
      DiskOp last(impl.state.disk);
      last.read(offset + g.segment_bytes - format::kBlockBytes,
                block.span().subspan(format::kBlockBytes));
      const Status read = co_await last;
      format::SegmentFooter footer;
      if (status.ok()) status = read;
      if (status.ok()) {
        status = format::decode_segment_footer(block.span().subspan(format::kBlockBytes), i,
                                               impl.state.journal_identity, footer);
      }
      const bool same = sequence == segment.sequence && footer.sequence == segment.sequence;
      if (status.ok() && same) continue;
      ++report.bad_segments;
      problem(fmt::format("metadata segment {}: {}", i,
                          status.ok() ? "header and footer disagree" : status.message()));
    }
    co_return Status();
  }

  Flow check_volume(uint64_t id) {
    const Volume& volume = *impl.state.index.find_volume(id);
    const uint64_t chunks = volume.leaves.size() * uint64_t{kChunksPerLeaf};
    for (uint64_t at = 0; at < chunks; ++at) {
      const auto chunk = static_cast<uint32_t>(at);
      const ChunkEntry* entry = volume.find(chunk);
      if (entry == nullptr || !entry->exists()) continue;
      ++report.chunks;
      if (entry->has_crec()) {
        const Status status = co_await check_record(id, chunk, *entry);
        if (!status.ok()) co_return status;
      }
      if (entry->dirty != nullptr) {
        own_journal_pages(entry->dirty->active, id, chunk);
        own_journal_pages(entry->dirty->frozen, id, chunk);
      }
      if (volume.dropping) continue;
      const Status status = co_await check_sectors(id, chunk);
      if (!status.ok()) co_return status;
    }
    co_return Status();
  }

  Flow verify() {
    owned.assign(impl.state.geometry.pages_count, false);
    report.journal_groups = impl.state.stats.recovered_groups;
    report.journal_rotten_groups = impl.state.stats.rotten_groups;
    Status status = co_await check_redundancy();
    if (!status.ok()) co_return status;
    for (const uint64_t id : impl.state.index.volume_ids()) {
      ++report.volumes;
      status = co_await check_volume(id);
      if (!status.ok()) co_return status;
    }
    for (uint32_t page = 0; page < impl.state.geometry.pages_count; ++page) {
      if (impl.state.pages.committed(page) && !owned[page]) ++report.unowned_pages;
    }
    if (report.unowned_pages > 0) {
      problem(fmt::format("{} pages are marked in use and belong to nobody", report.unowned_pages));
    }
    status = co_await check_segments();
    co_return status;
  }

  io::Executor& executor;
  Store& store;
  StoreImpl& impl;
  AlignedBuffer memory;
  AlignedBuffer block;
  std::vector<bool> owned;
  VerifyReport report;
  StoreOperation* operation = nullptr;
  Flow flow;
};

Verifier::Verifier(Environment environment, Store& store)
    : state_(std::make_unique<State>(environment, store)) {}
Verifier::~Verifier() = default;

void Verifier::start(StoreOperation& operation) {
  state_->operation = &operation;
  state_->flow = state_->verify();
  state_->flow.start(
      [](void* context, Status status) {
        auto& self = *static_cast<State*>(context);
        self.operation->status = std::move(status);
        self.executor.post(self);
      },
      state_.get());
}

const VerifyReport& Verifier::report() const { return state_->report; }

}  // namespace cairn::store
