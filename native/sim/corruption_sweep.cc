#include "sim/corruption_sweep.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "base/assert.h"
#include "sim/sector_model.h"
#include "sim/sim_disk.h"
#include "sim/sim_executor.h"
#include "sim/sim_random.h"
#include "store/store.h"
#include "store/virtual_disk.h"

namespace cairn::sim {

namespace {

using store::kSectorBytes;
using Kind = io::BlockRequest::Kind;

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kVolume = 1;
constexpr uint64_t kVolumeSectors = 400;
constexpr uint32_t kRangeSectors = 64;
constexpr uint64_t kStepsMax = 1'000'000;

struct FreeMemory {
  void operator()(std::byte* memory) const { std::free(memory); }
};

class Sweep {
 public:
  explicit Sweep(const CorruptionSweepOptions& options)
      : options_(options),
        random_(options.seed),
        model_(kVolume, kVolumeSectors),
        memory_(static_cast<std::byte*>(
            std::aligned_alloc(kSectorBytes, size_t{kRangeSectors} * kSectorBytes))) {
    SimDiskOptions disk;
    disk.size_bytes = 4 * kMiB;
    disk.volatile_cache = options.volatile_cache;
    disk_ = std::make_unique<SimDisk>(executor_, random_, disk);
  }

  CorruptionSweepReport run() {
    populate();
    const std::vector<std::byte> original(disk_->medium().begin(), disk_->medium().end());
    const uint64_t sectors = original.size() / options_.sector_bytes;
    // The untouched store must be whole, or the sweep says nothing.
    visit(original, 0, false);
    CAIRN_ASSERT(report_.reads_refused == 0);
    CAIRN_ASSERT(report_.opens_refused == 0);
    for (uint64_t sector = 0; sector < sectors; sector += options_.stride) {
      visit(original, sector * options_.sector_bytes, true);
    }
    return report_;
  }

 private:
  // --- A store with something in every structure ---

  void populate() {
    store::FormatOptions format;
    format.journal_bytes = 512 * 1024;
    format.media_is_zero = true;
    store::Formatter formatter(environment(), format);
    CAIRN_ASSERT(complete([&](store::StoreOperation& op) { formatter.start(op); }).ok());
    open(false);
    for (int i = 0; i < 150; ++i) change();
    executor_.run_for(5'000'000'000);  // Destaged, checkpointed, asleep.
    for (int i = 0; i < 60; ++i) change();
    if (options_.clean) {
      volume_.reset();
      CAIRN_ASSERT(complete([&](store::StoreOperation& op) { store_->close(op); }).ok());
    }
    last_writes_ = disk_->last_writes();
    end_life();
  }

  void change() {
    const uint64_t first = random_.below(kVolumeSectors);
    const uint64_t count =
        1 + random_.below(std::min<uint64_t>(kRangeSectors, kVolumeSectors - first));
    const bool zero = random_.below(6) == 0;
    const uint64_t id = ++id_last_;
    for (uint64_t at = 0; at < count; ++at) {
      model_.fill(id, first + at, {memory_.get() + at * kSectorBytes, kSectorBytes});
    }
    model_.submitted(id, first, count, zero);
    CAIRN_ASSERT(request(zero ? Kind::trim : Kind::write, first, count).ok());
    model_.acknowledged(id, first, count);
  }

  // --- One spoiled sector ---

  void visit(const std::vector<std::byte>& original, uint64_t offset_bytes, bool spoil) {
    std::memcpy(disk_->medium().data(), original.data(), original.size());
    if (spoil) {
      ++report_.sectors_spoiled;
      this->spoil(offset_bytes);
    }
    offset_bytes_ = offset_bytes;
    const uint64_t refused_before = report_.reads_refused;
    const uint64_t lost_before = report_.last_group_losses + report_.wrong;
    if (!open(true)) {
      ++report_.opens_refused;
    } else {
      for (uint64_t first = 0; first < kVolumeSectors; first += kRangeSectors) read(first);
      const bool harmless = report_.reads_refused == refused_before &&
                            report_.last_group_losses + report_.wrong == lost_before;
      if (spoil && harmless) ++report_.unharmed;
    }
    end_life();
  }

  /// Zeroes, noise, one flipped bit, or the content of another place: what drives really do.
  void spoil(uint64_t offset_bytes) {
    std::byte* at = disk_->medium().data() + offset_bytes;
    const uint32_t length = options_.sector_bytes;
    switch (random_.below(4)) {
      case 0:
        std::memset(at, 0, length);
        break;
      case 1:
        for (uint32_t i = 0; i < length; ++i) at[i] = static_cast<std::byte>(random_.next());
        break;
      case 2:
        at[random_.below(length)] ^= static_cast<std::byte>(1u << random_.below(8));
        break;
      default: {
        const uint64_t other = random_.below(disk_->size_bytes() / length) * length;
        std::memmove(at, disk_->medium().data() + other, length);
      }
    }
  }

  /// Reads sector by sector where a larger read is refused, so that one bad sector hides no other.
  void read(uint64_t first) {
    const uint64_t count = std::min<uint64_t>(kRangeSectors, kVolumeSectors - first);
    if (request(Kind::read, first, count).ok()) return judge(first, count);
    for (uint64_t at = first; at < first + count; ++at) {
      if (request(Kind::read, at, 1).ok()) {
        judge(at, 1);
      } else {
        ++report_.reads_refused;
      }
    }
  }

  /// Nothing is in doubt here, so observing decides nothing.
  void judge(uint64_t first, uint64_t count) {
    for (uint64_t at = 0; at < count; ++at) {
      const Verdict verdict =
          model_.observe(first + at, {memory_.get() + at * kSectorBytes, kSectorBytes});
      if (verdict == Verdict::allowed) continue;
      if (verdict == Verdict::lost && in_last_groups()) {
        ++report_.last_group_losses;
        continue;
      }
      ++report_.wrong;
      if (!report_.first_problem.empty()) continue;
      report_.first_problem =
          fmt::format("seed {}, {} store, spoiled byte {}: sector {} reads {}", options_.seed,
                      options_.clean ? "clean" : "crashed", offset_bytes_, first + at,
                      verdict == Verdict::lost ? "an old state" : "wrong bytes");
    }
  }

  /// True if the spoiled place is one where rot cannot be told from a torn write.
  [[nodiscard]] bool in_last_groups() const {
    if (options_.clean) return false;
    const auto spoiled = [&](const SimRange& write) {
      return offset_bytes_ + options_.sector_bytes > write.offset_bytes &&
             offset_bytes_ < write.offset_bytes + write.length_bytes;
    };
    return spoiled(last_writes_[0]) || (!options_.volatile_cache && spoiled(last_writes_[1]));
  }

  // --- Driving the store ---

  [[nodiscard]] store::Environment environment() { return {executor_, *disk_, random_}; }

  template <typename Start>
  Status complete(Start start) {
    store::StoreOperation operation;
    bool done = false;
    operation.context = &done;
    operation.on_done = [](store::StoreOperation& ended) {
      *static_cast<bool*>(ended.context) = true;
    };
    start(operation);
    CAIRN_ASSERT(executor_.run_until([&] { return done; }, kStepsMax));
    return operation.status;
  }

  bool open(bool read_only) {
    store::StoreConfig config;
    config.crec_cache_bytes = 64 * 1024;
    config.journal_window_bytes = 512 * 1024;
    config.read_only = read_only;
    store_ = std::make_unique<store::Store>(environment(), config);
    if (!complete([&](store::StoreOperation& op) { store_->open(op); }).ok()) return false;
    store::VirtualDiskConfig volume;
    volume.volume = kVolume;
    volume.size_bytes = kVolumeSectors * kSectorBytes;
    volume.volume_epoch = ++epoch_;
    volume.read_only = read_only;
    volume_ = std::make_unique<store::VirtualDisk>(executor_, *store_, volume);
    return true;
  }

  Status request(Kind kind, uint64_t first, uint64_t count) {
    io::BlockRequest request;
    bool done = false;
    request.kind = kind;
    request.offset_bytes = first * kSectorBytes;
    request.length_bytes = count * kSectorBytes;
    request.data = memory_.get();
    request.context = &done;
    request.on_done = [](io::BlockRequest& ended) { *static_cast<bool*>(ended.context) = true; };
    volume_->submit(request);
    CAIRN_ASSERT(executor_.run_until([&] { return done; }, kStepsMax));
    return request.status;
  }

  void end_life() {
    disk_->power_cut();
    executor_.drop_all();
    volume_.reset();
    store_.reset();
  }

  CorruptionSweepOptions options_;
  CorruptionSweepReport report_;
  SimExecutor executor_;
  SimRandom random_;
  SectorModel model_;
  std::unique_ptr<std::byte, FreeMemory> memory_;
  std::unique_ptr<SimDisk> disk_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::VirtualDisk> volume_;
  std::array<SimRange, 2> last_writes_;
  uint64_t id_last_ = 0;
  uint32_t epoch_ = 0;
  uint64_t offset_bytes_ = 0;
};

}  // namespace

CorruptionSweepReport run_corruption_sweep(const CorruptionSweepOptions& options) {
  return Sweep(options).run();
}

}  // namespace cairn::sim
