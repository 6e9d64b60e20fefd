#include "sim/power_cuts.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "base/assert.h"
#include "sim/power_cuts_chunks.h"
#include "sim/power_cuts_memory.h"
#include "sim/sector_model.h"
#include "sim/sim_disk.h"
#include "sim/sim_executor.h"
#include "sim/sim_random.h"
#include "sim/spoil.h"
#include "store/store.h"
#include "store/virtual_disk.h"

namespace cairn::sim {

namespace {

using store::kSectorBytes;
using Kind = io::BlockRequest::Kind;

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint32_t kOperationSectorsMax = 128;
constexpr uint32_t kOperationsInFlightMax = 24;
constexpr uint32_t kCheckSectors = 128;
constexpr uint64_t kStepsMax = 2'000'000;
/// Beyond the ids that the other volumes are given.
constexpr uint64_t kChunkLoadVolume = uint64_t{1} << 40;

/// A volume, its model, and the epoch it was last attached with.
struct Subject {
  explicit Subject(uint64_t volume, uint64_t sectors_count) : model(volume, sectors_count) {}
  SectorModel model;
  uint32_t epoch = 0;
  bool dropping = false;
  std::unique_ptr<store::VirtualDisk> device;
};

/// One request under way.
struct Operation {
  io::BlockRequest request;
  Memory memory = allocate(size_t{kOperationSectorsMax} * kSectorBytes);
  Subject* subject = nullptr;
  uint64_t id = 0;
  uint64_t first = 0;
  uint64_t count = 0;
  std::vector<SectorState> floors;  ///< For reads.
  bool busy = false;
};

class Run {
 public:
  explicit Run(const PowerCutOptions& options)
      : options_(options), random_(options.seed), operations_(kOperationsInFlightMax) {
    for (Operation& operation : operations_) {
      operation.request.context = this;
      operation.floors.reserve(kOperationSectorsMax);
    }
  }

  PowerCutReport run() {
    make_disk();
    if (!format()) return report_;
    for (uint32_t i = 0; i < 1 + random_.below(3); ++i) add_subject();
    if (options_.rebases) {
      chunks_ = std::make_unique<ChunkLoad>(executor_, *disk_, kChunkLoadVolume, options_.seed);
    }
    for (uint32_t cut = 0; cut < options_.cuts && report_.failures == 0; ++cut) live();
    if (report_.failures == 0) last_check();
    end_life();
    if (chunks_ != nullptr) {
      report_.writes_acknowledged += chunks_->changes_acknowledged();
      report_.rebases_acknowledged = chunks_->rebases_acknowledged();
      report_.sectors_checked += chunks_->sectors_checked();
    }
    report_.virtual_ns = executor_.now();
    return report_;
  }

 private:
  void make_disk() {
    SimDiskOptions disk;
    disk.size_bytes = (4 + random_.below(5)) * kMiB;
    disk.volatile_cache = random_.below(4) != 0;
    disk.lying_flush = options_.lying_flush;
    disk_ = std::make_unique<SimDisk>(executor_, random_, disk);
  }

  [[nodiscard]] store::Environment environment() { return {executor_, *disk_, random_}; }

  bool format() {
    store::FormatOptions format;
    format.journal_bytes = (1 + random_.below(3)) * 256 * 1024;
    format.segment_bytes = random_.below(2) == 0 ? 16 * 1024 : 32 * 1024;
    format.media_is_zero = true;
    store::Formatter formatter(environment(), format);
    store::StoreOperation operation;
    if (!finish(operation, [&] { formatter.start(operation); })) return false;
    return operation.status.ok() || fail("format: " + operation.status.message());
  }

  /// Starts a whole-store operation and runs until it ended or the power went. False if it got
  /// stuck.
  template <typename Start>
  bool finish(store::StoreOperation& operation, Start start) {
    bool done = false;
    operation.context = &done;
    operation.on_done = [](store::StoreOperation& ended) {
      *static_cast<bool*>(ended.context) = true;
    };
    start();
    const bool ended = executor_.run_until([&] { return done || disk_->power_lost(); }, kStepsMax);
    return ended || fail("a store operation never ended");
  }

  bool fail(const std::string& problem) {
    ++report_.failures;
    note(problem);
    return false;
  }

  void note(const std::string& problem) {
    if (!report_.first_problem.empty()) return;
    report_.first_problem =
        fmt::format("seed {}, cut {}: {}", options_.seed, report_.cuts, problem);
  }

  void add_subject() {
    // Sizes that are not whole chunks, so that the last one is partial.
    const uint64_t sectors = 40 + random_.below(600);
    subjects_.push_back(std::make_unique<Subject>(++volume_last_, sectors));
  }

  // --- One life ---

  void live() {
    // Now and then the power goes while the store recovers.
    if (random_.below(8) == 0) disk_->cut_power_after(random_.below(60));
    if (!open()) return end_life();
    if (disk_->power_lost() || !check_all() || disk_->power_lost()) return end_life();
    disk_->cut_power_after(1 + random_.below(random_.below(4) == 0 ? 2000 : 150));
    work();
    end_life();
  }

  /// False if recovery failed. Losing the power meanwhile is not a failure.
  bool open() {
    store::StoreConfig config;
    config.crec_cache_bytes = (1 + random_.below(64)) * 4096;
    config.journal_window_bytes = (1 + random_.below(8)) * 128 * 1024;
    config.destage_start_bytes = random_.below(2) == 0 ? 0 : (1 + random_.below(64)) * 4096;
    config.destage_chunks_max = static_cast<uint32_t>(1 + random_.below(16));
    config.segments_free_min = static_cast<uint32_t>(random_.below(6));
    config.idle_ns = 1'000'000 * (1 + random_.below(1000));
    store_ = std::make_unique<store::Store>(environment(), config);
    store::StoreOperation operation;
    if (!finish(operation, [&] { store_->open(operation); })) return false;
    if (disk_->power_lost()) return true;
    if (!operation.status.ok()) return fail("recovery: " + operation.status.message());
    ++report_.recoveries;
    finish_drops();
    for (const auto& subject : subjects_) attach(*subject);
    if (chunks_ != nullptr) chunks_->attach(*store_);
    return report_.failures == 0;
  }

  void attach(Subject& subject) {
    store::VirtualDiskConfig config;
    config.volume = subject.model.volume();
    config.size_bytes = subject.model.sectors_count() * kSectorBytes;
    config.volume_epoch = ++subject.epoch;
    config.pieces_max = static_cast<uint32_t>(2 + random_.below(30));
    subject.device = std::make_unique<store::VirtualDisk>(executor_, *store_, config);
  }

  /// Deletions that a power cut interrupted are asked for again, as the daemon does.
  void finish_drops() {
    for (const auto& subject : subjects_) {
      if (subject->dropping && !drop(*subject)) return;
    }
    std::erase_if(subjects_, [](const auto& subject) { return subject->dropping; });
    if (subjects_.empty()) add_subject();
  }

  /// True if the volume is gone; false if the power went or something failed.
  bool drop(Subject& subject) {
    subject.dropping = true;
    subject.device.reset();
    return drop_volume(subject.model.volume());
  }

  bool drop_volume(uint64_t volume) {
    store::StoreRequest request;
    bool done = false;
    request.kind = store::StoreRequest::Kind::drop_volume;
    request.volume = volume;
    request.context = &done;
    request.on_done = [](store::StoreRequest& ended) { *static_cast<bool*>(ended.context) = true; };
    store_->submit(request);
    const bool ended = executor_.run_until([&] { return done || disk_->power_lost(); }, kStepsMax);
    if (!ended) return fail("a drop never ended");
    if (disk_->power_lost()) return false;
    if (!request.status.ok()) return fail("drop: " + request.status.message());
    return true;
  }

  // --- Checking ---

  bool check_all() {
    for (const auto& subject : subjects_) {
      const uint64_t sectors = subject->model.sectors_count();
      for (uint64_t first = 0; first < sectors; first += kCheckSectors) {
        const uint64_t count = std::min<uint64_t>(kCheckSectors, sectors - first);
        if (!check_range(*subject, first, count)) return false;
        if (disk_->power_lost()) return true;
      }
      if (!check_extents(*subject)) return false;
      if (disk_->power_lost()) return true;
    }
    if (chunks_ != nullptr) chunks_->check();
    return chunks_are_good();
  }

  /// A chunk in a state that it never was in has lost a write.
  bool chunks_are_good() {
    if (chunks_ == nullptr || chunks_->problem().empty()) return true;
    if (report_.lost_writes == 0) note(chunks_->problem());
    ++report_.lost_writes;
    return false;
  }

  /// After all sectors were observed, the allocation map must say exactly where data is.
  bool check_extents(Subject& subject) {
    if (!report_.ok()) return true;  // What was not understood has no state to compare with.
    const uint64_t sectors = subject.model.sectors_count();
    std::array<io::BlockExtent, 64> extents;
    for (uint64_t at = 0; at < sectors;) {
      io::ExtentQuery query;
      bool done = false;
      query.offset_bytes = at * kSectorBytes;
      query.length_bytes = (sectors - at) * kSectorBytes;
      query.extents = extents;
      query.context = &done;
      query.on_done = [](io::ExtentQuery& ended) { *static_cast<bool*>(ended.context) = true; };
      subject.device->submit(query);
      const bool ended =
          executor_.run_until([&] { return done || disk_->power_lost(); }, kStepsMax);
      if (!ended) return fail("an extent query never ended");
      if (disk_->power_lost()) return true;
      if (!query.status.ok()) return fail("extents: " + query.status.message());
      if (query.extents_count == 0) return fail("an extent query answered nothing");
      for (const io::BlockExtent& extent : std::span(extents).first(query.extents_count)) {
        for (const uint64_t end = at + extent.length_bytes / kSectorBytes; at < end; ++at) {
          if (extent.allocated == subject.model.holds_data(at)) continue;
          return fail(fmt::format("volume {} sector {} is {}", subject.model.volume(), at,
                                  extent.allocated ? "allocated and empty" : "a hole with data"));
        }
      }
    }
    return true;
  }

  bool check_range(Subject& subject, uint64_t first, uint64_t count) {
    Operation& operation = operations_.front();
    CAIRN_ASSERT(!operation.busy);
    start_read(operation, subject, first, count);
    checking_ = true;
    const bool ended =
        executor_.run_until([&] { return !operation.busy || disk_->power_lost(); }, kStepsMax);
    checking_ = false;
    return ended || fail("a read never ended");
  }

  void judge(const Operation& operation) {
    for (uint64_t at = 0; at < operation.count; ++at) {
      const uint64_t sector = operation.first + at;
      const std::span<const std::byte> bytes(operation.memory.get() + at * kSectorBytes,
                                             kSectorBytes);
      SectorModel& model = operation.subject->model;
      const Verdict verdict = checking_ ? model.observe(sector, bytes)
                                        : model.peek(sector, operation.floors[at], bytes);
      ++report_.sectors_checked;
      if (verdict == Verdict::allowed) continue;
      ++(verdict == Verdict::lost ? report_.lost_writes : report_.wrong_reads);
      uint64_t id = 0;
      std::memcpy(&id, bytes.data(), sizeof(id));
      note(fmt::format("volume {} sector {}: {} (found id {}, acknowledged {}, {})", model.volume(),
                       sector, verdict == Verdict::lost ? "acknowledged write lost" : "wrong bytes",
                       id, model.base(sector).id, checking_ ? "after recovery" : "while working"));
    }
  }

  // --- Working ---

  void work() {
    const uint64_t operations = 5 + random_.below(400);
    const uint64_t in_flight_max = 1 + random_.below(kOperationsInFlightMax);
    for (uint64_t i = 0; i < operations && going(); ++i) {
      if (random_.below(200) == 0) executor_.run_for(random_.below(3'000'000'000));
      if (random_.below(150) == 0) drain_and_drop();
      if (chunks_ != nullptr && going()) chunks_->start_random();
      if (!going() || !chunks_are_good()) return;
      Operation* operation = free_operation();
      if (operation == nullptr || busy_count_ >= in_flight_max) {
        if (!executor_.step()) return static_cast<void>(fail("requests are stuck: " + condition()));
        continue;
      }
      start_random(*operation);
      for (uint64_t steps = random_.below(6); steps > 0 && going(); --steps) executor_.step();
    }
    if (random_.below(3) == 0 && drain() && going()) stop_cleanly();
  }

  [[nodiscard]] bool going() const { return !disk_->power_lost() && report_.failures == 0; }

  Operation* free_operation() {
    for (Operation& operation : operations_) {
      if (!operation.busy) return &operation;
    }
    return nullptr;
  }

  void start_random(Operation& operation) {
    Subject& subject = *subjects_[random_.below(subjects_.size())];
    const uint64_t sectors = subject.model.sectors_count();
    const uint64_t dice = random_.below(100);
    uint64_t count = 1 + random_.below(dice < 60 ? 8 : kOperationSectorsMax);
    uint64_t first = random_.below(sectors);
    if (random_.below(4) == 0)
      first = first / 16 * 16;              // Whole pages, so that the big path is met.
    if (random_.below(4) == 0) first %= 8;  // A hot spot.
    count = std::min(count, sectors - first);
    if (dice < 12) return start_read(operation, subject, first, count);
    const Kind kind = dice < 24   ? Kind::trim
                      : dice < 28 ? Kind::write_zeroes
                      : dice < 32 ? Kind::flush
                                  : Kind::write;
    start_change(operation, subject, kind, first, count);
  }

  void start_read(Operation& operation, Subject& subject, uint64_t first, uint64_t count) {
    operation.floors.clear();
    for (uint64_t at = first; at < first + count; ++at) {
      operation.floors.push_back(subject.model.base(at));
    }
    start(operation, subject, Kind::read, first, count);
  }

  void start_change(Operation& operation, Subject& subject, Kind kind, uint64_t first,
                    uint64_t count) {
    operation.id = ++id_last_;
    if (kind == Kind::write) {
      for (uint64_t at = 0; at < count; ++at) {
        subject.model.fill(operation.id, first + at,
                           {operation.memory.get() + at * kSectorBytes, kSectorBytes});
      }
    }
    if (kind != Kind::flush) {
      subject.model.submitted(operation.id, first, count, kind != Kind::write);
    }
    start(operation, subject, kind, first, count);
  }

  void start(Operation& operation, Subject& subject, Kind kind, uint64_t first, uint64_t count) {
    operation.subject = &subject;
    operation.first = first;
    operation.count = count;
    operation.busy = true;
    ++busy_count_;
    io::BlockRequest& request = operation.request;
    request.kind = kind;
    request.offset_bytes = first * kSectorBytes;
    request.length_bytes = kind == Kind::flush ? 0 : count * kSectorBytes;
    request.data = operation.memory.get();
    request.tag = 0;
    request.context = this;
    request.on_done = [](io::BlockRequest& done) {
      auto* run = static_cast<Run*>(done.context);
      for (Operation& candidate : run->operations_) {
        if (&candidate.request == &done) return run->ended(candidate);
      }
    };
    subject.device->submit(request);
  }

  void ended(Operation& operation) {
    operation.busy = false;
    --busy_count_;
    const io::BlockRequest& request = operation.request;
    if (request.status.ok()) {
      if (request.kind == Kind::read) return judge(operation);
      if (request.kind == Kind::flush) return;
      ++report_.writes_acknowledged;
      return operation.subject->model.acknowledged(operation.id, operation.first, operation.count);
    }
    if (request.status.kind() == ErrorKind::no_space && request.kind != Kind::read) {
      // Part of the request may have been applied: it stays in doubt until it is read.
      return;
    }
    fail(request.status.message());
  }

  bool drain() {
    const auto idle = [this] { return busy_count_ == 0 && (!chunks_ || chunks_->idle()); };
    return executor_.run_until([&] { return idle() || disk_->power_lost(); }, kStepsMax) ||
           fail("requests never ended: " + condition());
  }

  /// What a stuck store looks like.
  [[nodiscard]] std::string condition() const {
    const store::StoreStats s = store_->stats();
    const store::StoreCapacity c = store_->capacity();
    return fmt::format(
        "in flight {}, journal {}/{} dirty {}, pages free {} allocated {} releasing {}, "
        "checkpoints {}, rounds {}, device in flight {}",
        s.in_flight, s.journal_used_bytes, s.journal_capacity_bytes, s.journal_dirty_bytes,
        c.free_bytes, c.allocated_bytes, c.releasing_bytes, s.checkpoints, s.destage_rounds,
        disk_->in_flight());
  }

  void drain_and_drop() {
    if (!drain() || !going()) return;
    const size_t index = random_.below(subjects_.size());
    if (!drop(*subjects_[index])) return;
    subjects_.erase(subjects_.begin() + static_cast<std::ptrdiff_t>(index));
    add_subject();
    attach(*subjects_.back());
  }

  void stop_cleanly() {
    for (const auto& subject : subjects_) subject->device.reset();
    store::StoreOperation operation;
    if (!finish(operation, [&] { store_->close(operation); })) return;
    if (disk_->power_lost()) return;
    if (!operation.status.ok()) fail("close: " + operation.status.message());
  }

  /// The power goes. Memory of requests in flight outlives the software that knew them.
  void end_life() {
    ++report_.cuts;
    if (store_ != nullptr) report_.segments_cleaned += store_->stats().segments_cleaned;
    disk_->power_cut();
    executor_.drop_all();
    for (const auto& subject : subjects_) subject->device.reset();
    store_.reset();
    for (Operation& operation : operations_) operation.busy = false;
    busy_count_ = 0;
    if (chunks_ != nullptr) chunks_->forget();
    const bool spoil = !options_.lying_flush && random_.below(6) == 0;
    if (spoil && spoil_newest_checkpoint(disk_->medium(), random_)) ++report_.checkpoints_spoiled;
  }

  /// After the last cut: everything is there, and when all is deleted all space comes back.
  void last_check() {
    if (!open() || !check_all()) return;
    for (const auto& subject : subjects_) {
      if (!drop(*subject)) return;
    }
    subjects_.clear();
    if (chunks_ != nullptr && !drop_volume(chunks_->volume())) return;
    for (int round = 0; round < 20 && store_->capacity().allocated_bytes > 0; ++round) {
      executor_.run_for(2'000'000'000);
    }
    if (const uint64_t left = store_->capacity().allocated_bytes; left > 0) {
      fail(fmt::format("{} bytes stay allocated after everything was deleted", left));
    }
  }

  PowerCutOptions options_;
  PowerCutReport report_;
  SimExecutor executor_;
  SimRandom random_;
  std::unique_ptr<SimDisk> disk_;
  std::unique_ptr<store::Store> store_;
  std::vector<std::unique_ptr<Subject>> subjects_;
  std::unique_ptr<ChunkLoad> chunks_;
  std::vector<Operation> operations_;
  uint64_t busy_count_ = 0;
  uint64_t id_last_ = 0;
  uint64_t volume_last_ = 0;
  bool checking_ = false;
};

}  // namespace

PowerCutReport run_power_cuts(const PowerCutOptions& options) { return Run(options).run(); }

}  // namespace cairn::sim
