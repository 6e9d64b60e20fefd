// SimDisk: a drive with a volatile cache, in memory, that fails in the ways real drives fail.
//
// Model. A write is visible to reads when it completes. It is durable when a flush that was
// submitted after its completion has completed, or at once if it was written `durable` or the drive
// has no volatile cache. `power_cut` keeps, for every 512 byte sector, any one of the versions
// since the durable one, chosen by the seed, each sector for itself; a write in flight leaves any
// subset of its sectors. Requests complete in the order of their random latencies.
//
// Faults: errors of reads, writes and flushes; slow requests; lost writes (acknowledged, never
// done); misdirected writes (done elsewhere, where they destroy what was there); flipped bits. Each
// is drawn by probability and recorded, or asked for directly. Overlapping writes in flight are the
// store's bug (S7) and stop the process.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <unordered_set>
#include <vector>

#include "io/disk.h"
#include "io/executor.h"
#include "sim/sim_random.h"

namespace cairn::sim {

inline constexpr uint32_t kSimSectorBytes = 512;

/// Probabilities in parts per million of the requests of the named kind.
struct SimFaults {
  uint32_t read_error_ppm = 0;
  uint32_t write_error_ppm = 0;
  uint32_t flush_error_ppm = 0;
  uint32_t slow_ppm = 0;
  uint32_t lost_write_ppm = 0;
  uint32_t misdirected_write_ppm = 0;
  uint32_t bit_flip_ppm =
      0;  ///< Of reads: one bit of the range flips on the medium before it is read.
};

struct SimDiskOptions {
  uint64_t size_bytes = 0;
  bool volatile_cache = true;
  /// Flushes and durable writes are acknowledged and do nothing, as some consumer drives do.
  bool lying_flush = false;
  io::Nanoseconds latency_ns_min = 20'000;
  io::Nanoseconds latency_ns_max = 200'000;
  io::Nanoseconds slow_ns = 500'000'000;
  SimFaults faults;
};

/// What was done to the medium behind the store's back.
struct SimFaultRecord {
  enum class Kind : uint8_t { lost_write, misdirected_write, bit_flip };
  Kind kind = Kind::bit_flip;
  /// The range whose content is no longer what was written there.
  uint64_t offset_bytes = 0;
  uint64_t length_bytes = 0;
};

struct SimRange {
  uint64_t offset_bytes = 0;
  uint64_t length_bytes = 0;
};

struct SimDiskStats {
  uint64_t reads = 0, writes = 0, flushes = 0, discards = 0;
  uint64_t power_cuts = 0, software_crashes = 0, sectors_lost = 0, sectors_torn = 0;
};

class SimDisk final : public io::Disk, private io::Timer {
 public:
  SimDisk(io::Executor& executor, SimRandom& random, const SimDiskOptions& options);
  ~SimDisk();

  [[nodiscard]] uint64_t size_bytes() const override { return options_.size_bytes; }
  [[nodiscard]] bool cache_is_volatile() const override { return options_.volatile_cache; }
  void submit(io::DiskRequest& request) override;

  /// Power goes after so many more requests were submitted (0: with the next one): that one and all
  /// in flight never complete.
  void cut_power_after(uint64_t requests_count);
  /// True when the power is gone: nothing completes any more until `power_cut` was called.
  [[nodiscard]] bool power_lost() const { return power_lost_; }
  /// What the medium holds after the cut. Requests in flight are forgotten; call it while their
  /// memory is still there, then destroy the software. The power is on again afterwards.
  void power_cut();
  /// The software died, the drive did not: of each write in flight all, nothing or any sectors
  /// arrive, and what was in the volatile cache stays there. Call it while their memory is there.
  void software_crash();
  /// A blank drive in the place of this one; nothing may be in flight.
  void replace_medium();

  /// The next request of `kind` fails with io_error.
  void fail_next(io::DiskRequest::Kind kind) { fail_next_[static_cast<size_t>(kind)] = true; }
  /// What was to fail next does not.
  void fail_nothing() { fail_next_ = {}; }
  void set_faults(const SimFaults& faults) { options_.faults = faults; }
  void set_lying_flush(bool lying) { options_.lying_flush = lying; }

  /// What a read would return now; changes count as rot, not as writes.
  [[nodiscard]] std::span<std::byte> medium() { return {medium_.get(), options_.size_bytes}; }
  [[nodiscard]] const std::vector<SimFaultRecord>& fault_records() const { return fault_records_; }
  /// The ranges of the two writes that completed last, the last one first.
  [[nodiscard]] const std::array<SimRange, 2>& last_writes() const { return last_writes_; }
  [[nodiscard]] const SimDiskStats& stats() const { return stats_; }
  [[nodiscard]] size_t in_flight() const { return in_flight_.size(); }
  /// True if nothing is in flight and everything written is durable.
  [[nodiscard]] bool settled() const { return in_flight_.empty() && undo_.empty(); }

 private:
  struct InFlight {
    io::Nanoseconds due = 0;
    uint64_t order = 0;
    io::DiskRequest* request = nullptr;
    uint64_t length_bytes = 0;
    uint64_t undo_position = 0;  ///< For a flush: what it makes durable.
    bool fails = false;
  };
  /// One overwritten sector: what it held before, or (no content) a mark that from here on it is
  /// durable.
  struct Undo {
    uint64_t sector = 0;
    uint64_t content = kNoContent;
  };
  static constexpr uint64_t kNoContent = ~uint64_t{0};

  void on_timer() override;
  void arm_earliest();
  void check_request(const io::DiskRequest& request, uint64_t length_bytes) const;
  [[nodiscard]] bool draw_failure(const io::DiskRequest& request);
  [[nodiscard]] io::Nanoseconds draw_latency();
  void complete(const InFlight& done);
  void do_read(const io::DiskRequest& request, uint64_t length_bytes);
  void do_write(const io::DiskRequest& request, uint64_t length_bytes);
  void do_discard(const io::DiskRequest& request);
  void overwrite(uint64_t offset_bytes, std::span<const std::byte> data, bool durable);
  void remember_sector(uint64_t sector, bool durable);
  void make_durable(uint64_t undo_position);
  void tear_in_flight(const InFlight& write);
  void lose_unflushed();
  void forget_in_flight();
  void forget_undo();
  void flip_bit(uint64_t offset_bytes, uint64_t length_bytes);

  io::Executor& executor_;
  SimRandom& random_;
  SimDiskOptions options_;
  struct FreeMemory {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  std::unique_ptr<std::byte, FreeMemory> medium_;  ///< Costs nothing where it was never written.
  std::vector<InFlight> in_flight_;                ///< A heap, earliest first.
  uint64_t order_next_ = 0;
  std::vector<Undo> undo_;
  uint64_t undo_first_ = 0;  ///< Absolute position of undo_[0].
  std::vector<std::byte> undo_contents_;
  std::unordered_set<uint64_t> settled_sectors_;
  std::vector<SimFaultRecord> fault_records_;
  std::array<SimRange, 2> last_writes_;
  SimDiskStats stats_;
  std::array<bool, 4> fail_next_{};
  uint64_t cut_after_ = ~uint64_t{0};
  bool power_lost_ = false;
};

}  // namespace cairn::sim
