#include "store/virtual_disk.h"

#include <tsl/robin_map.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "store/line.h"
#include "store/request.h"

namespace cairn::store {

namespace {

using Kind = io::BlockRequest::Kind;

/// Chunks that a trim may pass over, or an extent query may look at, before others get their turn.
constexpr uint32_t kChunksPerTurnMax = 4096;
constexpr uint32_t kMapsPerQueryMax = 64;

bool is_change(const io::BlockRequest& request) {
  return request.kind == Kind::write || request.kind == Kind::trim ||
         request.kind == Kind::write_zeroes;
}

bool overlap(const io::BlockRequest& a, const io::BlockRequest& b) {
  return a.offset_bytes < b.offset_bytes + b.length_bytes &&
         b.offset_bytes < a.offset_bytes + a.length_bytes;
}

uint32_t chunk_of(uint64_t offset_bytes) {
  return static_cast<uint32_t>(offset_bytes / kChunkBytes);
}

}  // namespace

/// A block request passes four stations: `changes_` (a change waits here for earlier ones it
/// overlaps), `cutting_` (its pieces are made as piece slots come free; `tag` is the offset
/// reached), in flight (`pending_parts` counts its pieces, plus one while it is being cut), and
/// `finished_` if it ends without a store completion to end in.
class VirtualDisk::Impl final : private io::Task {
 public:
  Impl(io::Executor& executor, ChunkService& chunks, const VirtualDiskConfig& config)
      : executor_(executor), chunks_(chunks), config_(config), pieces_(config.pieces_max) {
    CAIRN_ASSERT(config.volume_epoch > 0);
    CAIRN_ASSERT(config.volume_epoch <= kVolumeEpochMax);
    CAIRN_ASSERT(config.size_bytes % io::kBlockBytes == 0);
    CAIRN_ASSERT(config.pieces_max > 0);
    for (Piece& piece : pieces_) {
      piece.owner = this;
      piece.next = std::exchange(free_pieces_, &piece);
    }
    tips_.reserve(config.pieces_max);
    changes_.reserve(config.pieces_max);
  }

  void submit(io::BlockRequest& request) {
    CAIRN_ASSERT(request.on_done != nullptr);
    ++stats_.in_flight;
    request.status = Status();
    request.pending_parts = 0;
    if (request.kind == Kind::flush) {
      // Every completed write is durable already.
      ++stats_.flushes;
      request.status = fenced_;
      finish_later(request);
      return;
    }
    CAIRN_ASSERT(request.length_bytes > 0);
    CAIRN_ASSERT(request.offset_bytes % io::kBlockBytes == 0);
    CAIRN_ASSERT(request.length_bytes % io::kBlockBytes == 0);
    CAIRN_ASSERT(request.length_bytes <= config_.size_bytes);
    CAIRN_ASSERT(request.offset_bytes <= config_.size_bytes - request.length_bytes);
    if (is_change(request)) {
      CAIRN_ASSERT(!config_.read_only);
      submit_change(request);
    } else {
      start(request);
    }
  }

  void submit(io::ExtentQuery& query) {
    CAIRN_ASSERT(query.on_done != nullptr);
    CAIRN_ASSERT(!query.extents.empty());
    CAIRN_ASSERT(query.length_bytes > 0);
    CAIRN_ASSERT(query.length_bytes <= config_.size_bytes);
    CAIRN_ASSERT(query.offset_bytes <= config_.size_bytes - query.length_bytes);
    ++stats_.in_flight;
    query.status = Status();
    query.extents_count = 0;
    queries_.push(query);
    wake();
  }

  Status resize(uint64_t size_bytes) {
    if (size_bytes < config_.size_bytes || size_bytes % io::kBlockBytes != 0) {
      return Status(ErrorKind::invalid_argument, "a volume only grows, by whole 4 KiB blocks");
    }
    config_.size_bytes = size_bytes;
    return Status();
  }

  [[nodiscard]] const VirtualDiskConfig& config() const { return config_; }
  [[nodiscard]] const VirtualDiskStats& stats() const { return stats_; }
  [[nodiscard]] const Status& fenced() const { return fenced_; }

 private:
  /// One store request for a part of a block request within one chunk.
  struct Piece {
    StoreRequest request;
    io::BlockRequest* parent = nullptr;
    Impl* owner = nullptr;
    Piece* next = nullptr;
    /// Nothing of this chunk was in flight when it was submitted: its link cannot be broken by
    /// another piece.
    bool first_in_chain = false;
  };
  /// The end of a chunk's version chain while changes of it are in flight.
  struct Tip {
    uint64_t version = 0;
    uint32_t in_flight = 0;
    /// A change failed, so the links of those behind it are void: they park here until the chunk is
    /// quiet.
    bool broken = false;
    Piece* parked = nullptr;
  };
  struct Change {
    io::BlockRequest* request;
    bool started;
  };

  // --- Ordering of overlapping changes ---

  void submit_change(io::BlockRequest& request) {
    const bool free = std::none_of(changes_.begin(), changes_.end(), [&](const Change& earlier) {
      return overlap(*earlier.request, request);
    });
    changes_.push_back({&request, free});
    if (free) {
      start(request);
    } else {
      ++stats_.overlap_waits;
      ++changes_waiting_;
    }
  }

  void forget_change(const io::BlockRequest& request) {
    const auto place = std::find_if(changes_.begin(), changes_.end(),
                                    [&](const Change& c) { return c.request == &request; });
    CAIRN_ASSERT(place != changes_.end());
    changes_.erase(place);
    if (changes_waiting_ > 0) start_freed_changes();
  }

  void start_freed_changes() {
    for (size_t index = 0; index < changes_.size(); ++index) {
      Change& change = changes_[index];
      if (change.started) continue;
      const auto end = changes_.begin() + static_cast<std::ptrdiff_t>(index);
      const bool free = std::none_of(changes_.begin(), end, [&](const Change& earlier) {
        return overlap(*earlier.request, *change.request);
      });
      if (!free) continue;
      change.started = true;
      --changes_waiting_;
      start(*change.request);
    }
  }

  // --- Cutting into pieces ---

  void start(io::BlockRequest& request) {
    request.tag = request.offset_bytes;
    request.pending_parts = 1;
    cutting_.push(request);
    cut();
  }

  void cut() {
    uint32_t chunks_passed = 0;
    while (io::BlockRequest* request = cutting_.front()) {
      const uint64_t end = request->offset_bytes + request->length_bytes;
      if (!fenced_.ok() && request->tag < end) {
        request->tag = end;
        if (request->status.ok()) request->status = fenced_;
      }
      while (request->tag < end) {
        if (chunks_passed > kChunksPerTurnMax) return wake();
        if (free_pieces_ == nullptr) return;
        const uint64_t length = piece_length(*request);
        if (reads_as_zero_already(*request)) {
          ++chunks_passed;
        } else {
          submit_piece(*request, length);
        }
        request->tag += length;
      }
      cutting_.pop();
      if (--request->pending_parts == 0) finish_later(*request);
    }
  }

  [[nodiscard]] static uint64_t piece_length(const io::BlockRequest& request) {
    const uint64_t end = request.offset_bytes + request.length_bytes;
    const uint64_t chunk_end = (request.tag / kChunkBytes + 1) * kChunkBytes;
    const uint64_t in_chunk = std::min(end, chunk_end) - request.tag;
    if (request.kind != Kind::write) return in_chunk;
    const auto first_sector = static_cast<uint32_t>(request.tag % kChunkBytes / kSectorBytes);
    const auto n_sectors = static_cast<uint32_t>(in_chunk / kSectorBytes);
    return uint64_t{write_piece_sectors(first_sector, n_sectors)} * kSectorBytes;
  }

  /// True for zeroes over a chunk that does not exist: there is nothing to do.
  [[nodiscard]] bool reads_as_zero_already(const io::BlockRequest& request) const {
    if (request.kind != Kind::trim && request.kind != Kind::write_zeroes) return false;
    const uint32_t chunk = chunk_of(request.tag);
    return !tips_.contains(chunk) && chunks_.chunk_version(config_.volume, chunk) == 0;
  }

  void submit_piece(io::BlockRequest& parent, uint64_t length_bytes) {
    Piece& piece = *free_pieces_;
    free_pieces_ = std::exchange(piece.next, nullptr);
    piece.parent = &parent;
    ++parent.pending_parts;
    StoreRequest& request = piece.request;
    request.kind = parent.kind == Kind::read    ? StoreRequest::Kind::read
                   : parent.kind == Kind::write ? StoreRequest::Kind::write
                                                : StoreRequest::Kind::zero;
    request.pg = config_.pg;
    request.volume = config_.volume;
    request.chunk = chunk_of(parent.tag);
    request.birth = config_.birth;
    request.first_sector = static_cast<uint32_t>(parent.tag % kChunkBytes / kSectorBytes);
    request.n_sectors = static_cast<uint32_t>(length_bytes / kSectorBytes);
    request.data =
        parent.data == nullptr ? nullptr : parent.data + (parent.tag - parent.offset_bytes);
    request.sector_crcs = nullptr;
    request.context = &piece;
    request.on_done = [](StoreRequest& done) {
      auto* self = static_cast<Piece*>(done.context);
      self->owner->piece_done(*self);
    };
    if (parent.kind == Kind::read) {
      chunks_.submit(request);
    } else {
      link_and_submit(piece);
    }
  }

  // --- The version chain ---

  void link_and_submit(Piece& piece) {
    StoreRequest& request = piece.request;
    const auto [place, added] = tips_.try_emplace(request.chunk);
    Tip& tip = place.value();
    if (added) tip.version = chunks_.chunk_version(config_.volume, request.chunk);
    if (tip.broken) {
      piece.next = std::exchange(tip.parked, &piece);
      return;
    }
    CAIRN_ASSERT(sequence_ < kSequenceMax);
    piece.first_in_chain = tip.in_flight == 0;
    request.prev_version = tip.version;
    request.version = make_version(config_.volume_epoch, ++sequence_);
    tip.version = request.version;
    ++tip.in_flight;
    chunks_.submit(request);
  }

  void piece_done(Piece& piece) {
    if (piece.request.kind == StoreRequest::Kind::read) return end_piece(piece);
    const uint32_t chunk = piece.request.chunk;
    const auto place = tips_.find(chunk);
    CAIRN_ASSERT(place != tips_.end());
    Tip& tip = place.value();
    CAIRN_ASSERT(tip.in_flight > 0);
    --tip.in_flight;
    const bool failed = !piece.request.status.ok();
    if (failed) tip.broken = true;
    if (piece.request.status.kind() == ErrorKind::stale_epoch && fenced_.ok()) {
      fenced_ = piece.request.status;
    }
    // A gap behind a failed change is ours to mend; a gap at the front of a chain is the truth
    // about the chunk.
    const bool relink =
        piece.request.status.kind() == ErrorKind::version_gap && !piece.first_in_chain;
    if (relink) piece.next = std::exchange(tip.parked, &piece);
    Piece* parked = nullptr;
    if (tip.in_flight == 0) {
      parked = std::exchange(tip.parked, nullptr);
      tips_.erase(place);
    }
    while (parked != nullptr) {
      Piece& waiting = *parked;
      parked = std::exchange(waiting.next, nullptr);
      if (fenced_.ok()) {
        link_and_submit(waiting);
      } else {
        waiting.request.status = fenced_;
        end_piece(waiting);
      }
    }
    if (!relink) end_piece(piece);
  }

  void end_piece(Piece& piece) {
    io::BlockRequest& parent = *piece.parent;
    if (!piece.request.status.ok() && parent.status.ok()) {
      parent.status = std::move(piece.request.status);
    }
    piece.request.status = Status();
    piece.parent = nullptr;
    piece.next = std::exchange(free_pieces_, &piece);
    CAIRN_ASSERT(parent.pending_parts > 0);
    if (--parent.pending_parts == 0) finish(parent);
    if (!cutting_.empty()) cut();
  }

  // --- Ends ---

  /// For requests that end inside `submit`: their completion comes in a turn of its own.
  void finish_later(io::BlockRequest& request) {
    finished_.push(request);
    wake();
  }

  void finish(io::BlockRequest& request) {
    if (is_change(request)) forget_change(request);
    count(request);
    CAIRN_ASSERT(stats_.in_flight > 0);
    --stats_.in_flight;
    request.on_done(request);
  }

  void count(const io::BlockRequest& request) {
    if (!request.status.ok()) {
      ++stats_.errors;
      return;
    }
    switch (request.kind) {
      case Kind::read:
        ++stats_.reads;
        stats_.read_bytes += request.length_bytes;
        break;
      case Kind::write:
        ++stats_.writes;
        stats_.write_bytes += request.length_bytes;
        break;
      case Kind::trim:
      case Kind::write_zeroes:
        ++stats_.trims;
        stats_.trim_bytes += request.length_bytes;
        break;
      case Kind::flush:
        break;
    }
  }

  void wake() {
    if (std::exchange(woken_, true)) return;
    executor_.post(*this);
  }

  void run() override {
    woken_ = false;
    Line<io::BlockRequest> batch = std::exchange(finished_, {});
    while (io::BlockRequest* request = batch.pop()) finish(*request);
    if (!cutting_.empty()) cut();
    if (!map_in_flight_ && !queries_.empty()) advance_query();
  }

  // --- Extents: one query at a time, one chunk at a time; `query_position_` is the offset reached
  // ---

  void advance_query() {
    if (!fenced_.ok()) return finish_query(fenced_);
    io::ExtentQuery& query = *queries_.front();
    const uint64_t end = query.offset_bytes + query.length_bytes;
    if (query_position_ < query.offset_bytes || query_position_ >= end) {
      query_position_ = query.offset_bytes;
      maps_done_ = 0;
    }
    for (uint32_t passed = 0; query_position_ < end; ++passed) {
      if (passed > kChunksPerTurnMax) return wake();
      const uint32_t chunk = chunk_of(query_position_);
      const bool known = tips_.contains(chunk) || chunks_.chunk_version(config_.volume, chunk) != 0;
      if (known) {
        if (maps_done_ == kMapsPerQueryMax) break;
        return ask_map(chunk);
      }
      const uint64_t length = std::min(end, (uint64_t{chunk} + 1) * kChunkBytes) - query_position_;
      if (!add_extent(query, length, false)) break;
    }
    finish_query(Status());
  }

  void ask_map(uint32_t chunk) {
    map_.volume = config_.volume;
    map_.chunk = chunk;
    map_.birth = config_.birth;
    map_.context = this;
    map_.on_done = [](ChunkMapRequest& done) { static_cast<Impl*>(done.context)->map_done(); };
    map_in_flight_ = true;
    chunks_.submit(map_);
  }

  void map_done() {
    map_in_flight_ = false;
    if (!map_.status.ok()) return finish_query(std::exchange(map_.status, Status()));
    io::ExtentQuery& query = *queries_.front();
    ++maps_done_;
    const uint64_t end =
        std::min(query.offset_bytes + query.length_bytes, (uint64_t{map_.chunk} + 1) * kChunkBytes);
    while (query_position_ < end) {
      const auto sector = static_cast<uint32_t>(query_position_ % kChunkBytes / kSectorBytes);
      const bool allocated = ((map_.allocated[sector / 64] >> (sector % 64)) & 1) != 0;
      if (!add_extent(query, kSectorBytes, allocated)) return finish_query(Status());
    }
    if (query_position_ >= query.offset_bytes + query.length_bytes) return finish_query(Status());
    advance_query();
  }

  /// Appends to the last extent or adds one; false if there is no room for another.
  bool add_extent(io::ExtentQuery& query, uint64_t length_bytes, bool allocated) {
    const bool same =
        query.extents_count > 0 && query.extents[query.extents_count - 1].allocated == allocated;
    if (same) {
      query.extents[query.extents_count - 1].length_bytes += length_bytes;
    } else {
      if (query.extents_count == query.extents.size()) return false;
      query.extents[query.extents_count++] = {length_bytes, allocated};
    }
    query_position_ += length_bytes;
    return true;
  }

  void finish_query(Status status) {
    io::ExtentQuery& query = *queries_.pop();
    query.status = std::move(status);
    query_position_ = ~uint64_t{0};
    --stats_.in_flight;
    query.on_done(query);
    if (!queries_.empty()) wake();
  }

  io::Executor& executor_;
  ChunkService& chunks_;
  VirtualDiskConfig config_;
  VirtualDiskStats stats_;
  uint64_t sequence_ = 0;
  /// Why nothing is served any more.
  Status fenced_;

  std::vector<Change> changes_;  ///< In order of submission.
  uint32_t changes_waiting_ = 0;
  Line<io::BlockRequest> cutting_;
  Line<io::BlockRequest> finished_;
  std::vector<Piece> pieces_;
  Piece* free_pieces_ = nullptr;
  tsl::robin_map<uint32_t, Tip> tips_;
  bool woken_ = false;

  Line<io::ExtentQuery> queries_;
  ChunkMapRequest map_;
  bool map_in_flight_ = false;
  uint64_t query_position_ = ~uint64_t{0};
  uint32_t maps_done_ = 0;
};

VirtualDisk::VirtualDisk(io::Executor& executor, ChunkService& chunks,
                         const VirtualDiskConfig& config)
    : impl_(std::make_unique<Impl>(executor, chunks, config)) {}

VirtualDisk::~VirtualDisk() = default;

uint64_t VirtualDisk::size_bytes() const { return impl_->config().size_bytes; }

bool VirtualDisk::read_only() const { return impl_->config().read_only; }

void VirtualDisk::submit(io::BlockRequest& request) { impl_->submit(request); }

void VirtualDisk::submit(io::ExtentQuery& query) { impl_->submit(query); }

Status VirtualDisk::resize(uint64_t size_bytes) { return impl_->resize(size_bytes); }

const Status& VirtualDisk::fenced() const { return impl_->fenced(); }

bool VirtualDisk::idle() const { return impl_->stats().in_flight == 0; }

VirtualDiskStats VirtualDisk::stats() const { return impl_->stats(); }

}  // namespace cairn::store
