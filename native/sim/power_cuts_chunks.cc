#include "sim/power_cuts_chunks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/crc32c.h"

namespace cairn::sim {

namespace {

using store::kChunkSectors;
using store::kSectorBytes;
using Kind = store::StoreRequest::Kind;

constexpr std::array<uint32_t, 4> kChunkNumbers = {0, 1, 70, 4000};
constexpr size_t kOperationsMax = 20;
constexpr uint64_t kStepsMax = 2'000'000;

}  // namespace

ChunkLoad::ChunkLoad(SimExecutor& executor, SimDisk& disk, uint64_t volume, uint64_t seed)
    : executor_(executor),
      disk_(disk),
      volume_(volume),
      random_(~seed),
      filler_(volume, 0),
      operations_(kOperationsMax) {
  chunks_.resize(1 + random_.below(kChunkNumbers.size()));
  for (size_t i = 0; i < chunks_.size(); ++i) chunks_[i].number = kChunkNumbers[i];
  for (Operation& operation : operations_) {
    operation.load = this;
    operation.memory = allocate(store::kChunkBytes);
    operation.request.context = &operation;
    operation.request.on_done = [](store::StoreRequest& done) {
      auto& self = *static_cast<Operation*>(done.context);
      self.load->ended(self);
    };
  }
}

void ChunkLoad::attach(store::Store& store) {
  store_ = &store;
  ++epoch_;
}

void ChunkLoad::forget() {
  store_ = nullptr;
  busy_count_ = 0;
  for (Operation& operation : operations_) {
    if (!std::exchange(operation.busy, false)) continue;
    // A refusal stands from when it was decided, though nobody was told.
    const bool refused = !operation.request.status.ok();
    if (refused && operation.request.kind != Kind::read) erase(*operation.chunk, operation.id);
  }
  for (Chunk& chunk : chunks_) {
    chunk.in_flight = 0;
    chunk.broken = false;
    chunk.reading = false;
  }
}

// --- Work ---

ChunkLoad::Operation* ChunkLoad::free_operation() {
  for (Operation& operation : operations_) {
    if (!operation.busy) return &operation;
  }
  return nullptr;
}

void ChunkLoad::start_random() {
  if (random_.below(3) != 0) return;
  Chunk& chunk = chunks_[random_.below(chunks_.size())];
  if (chunk.reading || chunk.broken) return;
  const uint64_t dice = random_.below(100);
  if (dice < 55) return start_single(chunk, false);
  if (dice < 80) return start_single(chunk, true);
  if (dice < 92) return start_state(chunk);
  if (chunk.in_flight == 0) start_read(chunk);
}

/// Above the chunk's, and never given before: a version that came again would be a duplicate.
uint64_t ChunkLoad::next_version(const Chunk& chunk) {
  const uint64_t version = store::make_version(epoch_, ++sequence_);
  if (version > chunk.tip) return version;
  return store::make_version(store::epoch_of(chunk.tip) + 1, sequence_);
}

uint64_t ChunkLoad::random_version(const Chunk& chunk) {
  switch (random_.below(6)) {
    case 0:
      return 1;
    case 1:
      return 2;
    case 2:
      return std::max<uint64_t>(chunk.tip, 1);
    case 3:
      return chunk.tip > 1 ? 1 + random_.below(chunk.tip - 1) : 1;
    case 4:
      return next_version(chunk);
    default:
      return store::make_version(static_cast<uint32_t>(1 + random_.below(5)),
                                 1 + random_.below(50));
  }
}

void ChunkLoad::start_single(Chunk& chunk, bool rebase) {
  Change change;
  change.zero = random_.below(6) == 0;
  change.first = static_cast<uint32_t>(random_.below(kChunkSectors));
  if (random_.below(3) == 0) change.first = change.first / 16 * 16;
  if (random_.below(4) == 0) change.first %= 8;
  const uint64_t most = random_.below(4) == 0 ? 128 : 8;
  change.count = static_cast<uint32_t>(
      std::min<uint64_t>(1 + random_.below(most), kChunkSectors - change.first));
  if (!change.zero) change.count = store::write_piece_sectors(change.first, change.count);
  change.version = rebase ? random_version(chunk) : next_version(chunk);
  submit(chunk, change, rebase);
}

void ChunkLoad::start_state(Chunk& chunk) {
  // Only the last piece carries the state's version. Sometimes the whole chunk, sometimes a part.
  const uint64_t version = random_version(chunk);
  const uint64_t passing = 1 + random_.below(2);
  auto at = static_cast<uint32_t>(random_.below(2) == 0 ? 0 : random_.below(kChunkSectors));
  while (at < kChunkSectors) {
    const auto left = static_cast<uint32_t>(kChunkSectors - at);
    Change change;
    change.first = at;
    change.zero = random_.below(2) == 0;
    change.count = static_cast<uint32_t>(1 + random_.below(std::min(left, 128u)));
    if (random_.below(2) == 0) change.count = std::min(left, 64u);
    if (!change.zero) change.count = store::write_piece_sectors(at, change.count);
    at += change.count;
    change.version = at < kChunkSectors ? passing : version;
    if (!submit(chunk, change, true)) return;
  }
}

bool ChunkLoad::submit(Chunk& chunk, const Change& change, bool rebase) {
  Operation* operation = free_operation();
  if (operation == nullptr) return false;
  operation->busy = true;
  operation->chunk = &chunk;
  operation->id = ++id_last_;
  store::StoreRequest& request = operation->request;
  request.kind = change.zero ? Kind::zero : Kind::write;
  request.volume = volume_;
  request.chunk = chunk.number;
  request.rebase = rebase;
  request.version = change.version;
  request.prev_version = rebase ? random_.next() : chunk.tip;
  request.first_sector = change.first;
  request.n_sectors = change.count;
  request.data = operation->memory.get();
  for (uint32_t i = 0; !change.zero && i < change.count; ++i) {
    fill(chunk, operation->id, change.first + i, request.data + size_t{i} * kSectorBytes);
  }
  chunk.open.push_back(change);
  chunk.open.back().id = operation->id;
  chunk.tip = change.version;
  ++chunk.in_flight;
  ++busy_count_;
  store_->submit(request);
  return true;
}

void ChunkLoad::start_read(Chunk& chunk) {
  Operation* operation = free_operation();
  if (operation == nullptr) return;
  CAIRN_ASSERT(chunk.open.empty());
  operation->busy = true;
  operation->chunk = &chunk;
  chunk.reading = true;
  ++busy_count_;
  store::StoreRequest& request = operation->request;
  request.kind = Kind::read;
  request.volume = volume_;
  request.chunk = chunk.number;
  request.first_sector = 0;
  request.n_sectors = kChunkSectors;
  request.data = operation->memory.get();
  store_->submit(request);
}

void ChunkLoad::ended(Operation& operation) {
  operation.busy = false;
  --busy_count_;
  Chunk& chunk = *operation.chunk;
  if (operation.request.kind != Kind::read) return change_ended(operation);
  chunk.reading = false;
  const Status& status = operation.request.status;
  if (!status.ok()) return note(chunk, status.message());
  if (!matches(chunk, chunk.content, operation.memory.get())) {
    note(chunk, "reads as something else than was acknowledged");
  }
}

void ChunkLoad::change_ended(Operation& operation) {
  Chunk& chunk = *operation.chunk;
  --chunk.in_flight;
  const ErrorKind kind = operation.request.status.kind();
  if (kind == ErrorKind::ok) {
    // Earlier changes were refused or acknowledged before.
    if (chunk.open.front().id != operation.id) note(chunk, "acknowledged out of order");
    ++changes_acknowledged_;
    if (operation.request.rebase) ++rebases_acknowledged_;
    apply(chunk.content, chunk.open.front());
    chunk.version = chunk.open.front().version;
    chunk.open.pop_front();
  } else {
    const bool legal = kind == ErrorKind::no_space || (!operation.request.rebase && chunk.broken);
    if (!legal) note(chunk, operation.request.status.message());
    erase(chunk, operation.id);
    chunk.broken = true;
  }
  if (chunk.in_flight > 0) return;
  chunk.broken = false;
  chunk.tip = store_->chunk_version(volume_, chunk.number);
  if (chunk.tip != chunk.version) note(chunk, "is at another version than was acknowledged");
}

void ChunkLoad::erase(Chunk& chunk, uint64_t id) {
  std::erase_if(chunk.open, [id](const Change& change) { return change.id == id; });
}

void ChunkLoad::apply(Content& content, const Change& change) {
  for (uint32_t i = 0; i < change.count; ++i) content[change.first + i] = {change.id, change.zero};
}

// --- Checks ---

void ChunkLoad::check() {
  CAIRN_ASSERT(idle());
  for (Chunk& chunk : chunks_) {
    if (!read_whole(chunk)) return;
    decide(chunk);
    if (!problem_.empty()) return;
    check_map(chunk);
    if (disk_.power_lost()) return;
  }
  check_list();
}

/// Reads a chunk into the first operation's memory; false if the power went or the read failed.
bool ChunkLoad::read_whole(Chunk& chunk) {
  store::StoreRequest request;
  bool done = false;
  request.volume = volume_;
  request.chunk = chunk.number;
  request.n_sectors = kChunkSectors;
  request.data = operations_.front().memory.get();
  request.context = &done;
  request.on_done = [](store::StoreRequest& ended) { *static_cast<bool*>(ended.context) = true; };
  store_->submit(request);
  const bool ended = executor_.run_until([&] { return done || disk_.power_lost(); }, kStepsMax);
  if (disk_.power_lost()) return false;
  if (!ended || !request.status.ok()) {
    note(chunk, "read after recovery: " + request.status.message());
    return false;
  }
  return true;
}

/// Finds the state that the chunk is in and takes it as the truth from now on.
void ChunkLoad::decide(Chunk& chunk) {
  const uint64_t version = store_->chunk_version(volume_, chunk.number);
  std::vector<Content> contents = {chunk.content};
  std::vector<uint64_t> versions = {chunk.version};
  for (const Change& change : chunk.open) {
    contents.push_back(contents.back());
    apply(contents.back(), change);
    versions.push_back(change.version);
  }
  sectors_checked_ += kChunkSectors;
  for (size_t k = contents.size(); k-- > 0;) {
    if (versions[k] != version) continue;
    if (!matches(chunk, contents[k], operations_.front().memory.get())) continue;
    chunk.content = contents[k];
    chunk.version = chunk.tip = version;
    chunk.open.clear();
    return;
  }
  note(chunk, fmt::format("at version {} after recovery is in no state between acknowledged {} and "
                          "the {} changes in doubt",
                          version, chunk.version, chunk.open.size()));
}

void ChunkLoad::check_map(const Chunk& chunk) {
  store::ChunkMapRequest request;
  bool done = false;
  std::array<uint32_t, kChunkSectors> crcs;
  request.volume = volume_;
  request.chunk = chunk.number;
  request.crcs = crcs.data();
  request.context = &done;
  request.on_done = [](store::ChunkMapRequest& ended) {
    *static_cast<bool*>(ended.context) = true;
  };
  store_->submit(request);
  const bool ended = executor_.run_until([&] { return done || disk_.power_lost(); }, kStepsMax);
  if (disk_.power_lost()) return;
  if (!ended || !request.status.ok()) return note(chunk, "map: " + request.status.message());
  if (request.version != chunk.version) return note(chunk, "map of another version");
  const std::byte* bytes = operations_.front().memory.get();
  for (uint32_t sector = 0; sector < kChunkSectors; ++sector) {
    const bool holds = !chunk.content[sector].zero;
    const uint32_t crc = holds ? crc32c({bytes + size_t{sector} * kSectorBytes, kSectorBytes}) : 0;
    const auto bit = [sector](const auto& map) {
      return ((map[sector / 64] >> (sector % 64)) & 1) != 0;
    };
    if (bit(request.lost) || bit(request.allocated) != holds || crcs[sector] != crc) {
      return note(chunk, fmt::format("map says something else of sector {}", sector));
    }
  }
}

void ChunkLoad::check_list() {
  uint32_t from = 0;
  uint32_t limit = 0;
  for (const Chunk& chunk : chunks_) {
    if (chunk.version == 0) continue;
    const auto found = store_->next_chunk(volume_, from);
    if (!found || *found != store::ChunkSummary{chunk.number, 1, chunk.version}) {
      return note(chunk, "is not in the list of chunks");
    }
    from = limit = chunk.number + 1;
  }
  if (store_->next_chunk(volume_, from)) note(chunks_.back(), "is followed by a chunk unknown");
  if (store_->chunk_limit(volume_) != limit) note(chunks_.back(), "is not the list's limit");
}

void ChunkLoad::fill(const Chunk& chunk, uint64_t id, uint32_t sector, std::byte* bytes) const {
  filler_.fill(id, uint64_t{chunk.number} * kChunkSectors + sector, {bytes, kSectorBytes});
}

SectorState ChunkLoad::recognise(const Chunk& chunk, uint32_t sector,
                                 const std::byte* bytes) const {
  static constexpr std::array<std::byte, kSectorBytes> kZeroes{};
  constexpr SectorState kNever{~uint64_t{0}, false};
  if (std::memcmp(bytes, kZeroes.data(), kSectorBytes) == 0) return {0, true};
  uint64_t id = 0;
  std::memcpy(&id, bytes, sizeof id);
  if (id == 0 || id > id_last_) return kNever;
  std::array<std::byte, kSectorBytes> expected;
  fill(chunk, id, sector, expected.data());
  return std::memcmp(bytes, expected.data(), kSectorBytes) == 0 ? SectorState{id, false} : kNever;
}

bool ChunkLoad::matches(const Chunk& chunk, const Content& content, const std::byte* bytes) const {
  for (uint32_t sector = 0; sector < kChunkSectors; ++sector) {
    const SectorState& expected = content[sector];
    const SectorState found = recognise(chunk, sector, bytes + size_t{sector} * kSectorBytes);
    if (found.zero != expected.zero || (!found.zero && found.id != expected.id)) return false;
  }
  return true;
}

void ChunkLoad::note(const Chunk& chunk, const std::string& problem) {
  if (problem_.empty()) problem_ = fmt::format("chunk {} {}", chunk.number, problem);
}

}  // namespace cairn::sim
