// VirtualDisk: a volume's block device on chunks, whoever serves them.
//
// It cuts requests into chunk pieces, gives each change its version (volume epoch ‖ sequence, from
// 1 on in each instance) and its link to the chunk's previous version, and keeps overlapping writes
// in order: a write or zero waits until those it overlaps have completed. Writes are durable when
// they complete, so flush costs no I/O.
//
// Once a change ended with stale_epoch, a newer writer has the volume: from then on every request,
// reads and flushes included, fails with that status and asks nobody.
#pragma once

#include <cstdint>
#include <memory>

#include "io/block_device.h"
#include "io/executor.h"
#include "store/chunk_service.h"

namespace cairn::store {

struct VirtualDiskConfig {
  uint64_t volume = 0;
  uint64_t size_bytes = 0;
  /// From the volume's record; must be above every epoch that wrote the volume before.
  uint32_t volume_epoch = 1;
  uint32_t pg = 0;
  uint32_t birth = 1;
  bool read_only = false;
  /// Chunk requests in flight; more block requests wait in line.
  uint32_t pieces_max = 1024;
};

struct VirtualDiskStats {
  uint64_t reads = 0, read_bytes = 0;
  uint64_t writes = 0, write_bytes = 0;
  uint64_t flushes = 0, trims = 0, trim_bytes = 0;
  uint64_t errors = 0;
  uint64_t overlap_waits = 0;
  uint64_t in_flight = 0;  ///< Gauge.
};

class VirtualDisk final : public io::BlockDevice {
 public:
  VirtualDisk(io::Executor& executor, ChunkService& chunks, const VirtualDiskConfig& config);
  /// Nothing may be in flight (`idle()`), except after a simulated power cut.
  ~VirtualDisk() override;
  VirtualDisk(const VirtualDisk&) = delete;
  VirtualDisk& operator=(const VirtualDisk&) = delete;

  [[nodiscard]] uint64_t size_bytes() const override;
  [[nodiscard]] bool read_only() const override;
  void submit(io::BlockRequest& request) override;
  void submit(io::ExtentQuery& query) override;

  /// Grows the volume; the new part reads as zeroes. Shrinking is refused with invalid_argument.
  [[nodiscard]] Status resize(uint64_t size_bytes);
  [[nodiscard]] bool idle() const;
  /// stale_epoch once a newer writer took the volume.
  [[nodiscard]] const Status& fenced() const;
  [[nodiscard]] VirtualDiskStats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::store
