// LocalVolume: a virtual disk with one copy, on one Store.
//
// It cuts requests into chunk pieces, gives each change its version (volume epoch ‖ sequence) and
// its link to the chunk's previous version, and keeps overlapping writes in order: a write or zero
// waits until those it overlaps have completed. Writes are durable when they complete, so flush
// costs no I/O.
#pragma once

#include <cstdint>
#include <memory>

#include "io/block_device.h"
#include "io/executor.h"
#include "store/store.h"

namespace cairn::store {

struct LocalVolumeConfig {
  uint64_t volume = 0;
  uint64_t size_bytes = 0;
  /// From the volume's record; must be above every epoch that wrote the volume before.
  uint32_t volume_epoch = 1;
  uint32_t pg = 0;
  uint32_t birth = 1;
  bool read_only = false;
  /// Store requests in flight; more block requests wait in line.
  uint32_t pieces_max = 1024;
};

struct LocalVolumeStats {
  uint64_t reads = 0, read_bytes = 0;
  uint64_t writes = 0, write_bytes = 0;
  uint64_t flushes = 0, trims = 0, trim_bytes = 0;
  uint64_t errors = 0;
  uint64_t overlap_waits = 0;
  uint64_t in_flight = 0;  ///< Gauge.
};

class LocalVolume final : public io::BlockDevice {
 public:
  LocalVolume(io::Executor& executor, Store& store, const LocalVolumeConfig& config);
  /// Nothing may be in flight (`idle()`), except after a simulated power cut.
  ~LocalVolume() override;
  LocalVolume(const LocalVolume&) = delete;
  LocalVolume& operator=(const LocalVolume&) = delete;

  [[nodiscard]] uint64_t size_bytes() const override;
  [[nodiscard]] bool read_only() const override;
  void submit(io::BlockRequest& request) override;
  void submit(io::ExtentQuery& query) override;

  /// Grows the volume; the new part reads as zeroes. Shrinking is refused with invalid_argument.
  [[nodiscard]] Status resize(uint64_t size_bytes);
  [[nodiscard]] bool idle() const;
  [[nodiscard]] LocalVolumeStats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::store
