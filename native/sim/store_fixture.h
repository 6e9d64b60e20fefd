// StoreFixture: one store on a simulated drive, driven step by step. For tests only.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "sim/sim_disk.h"
#include "sim/sim_executor.h"
#include "sim/sim_random.h"
#include "store/store.h"

namespace cairn::store {

class StoreFixture {
 public:
  explicit StoreFixture(bool volatile_cache = true, uint64_t size_bytes = uint64_t{8} << 20)
      : random_(1) {
    sim::SimDiskOptions options;
    options.size_bytes = size_bytes;
    options.volatile_cache = volatile_cache;
    disk_ = std::make_unique<sim::SimDisk>(executor_, random_, options);
    config_.crec_cache_bytes = 64 << 10;
    config_.journal_window_bytes = 512 << 10;
    config_.destage_chunks_max = 8;
  }
  ~StoreFixture() { crash(); }
  StoreFixture(const StoreFixture&) = delete;
  StoreFixture& operator=(const StoreFixture&) = delete;

  [[nodiscard]] Environment environment() { return {executor_, *disk_, random_}; }
  sim::SimExecutor& executor() { return executor_; }
  sim::SimDisk& disk() { return *disk_; }
  Store& store() { return *store_; }
  StoreConfig& config() { return config_; }

  Status format(bool force = false) {
    FormatOptions options;
    options.journal_bytes = 512 << 10;
    options.media_is_zero = true;
    options.force = force;
    Formatter formatter(environment(), options);
    return complete([&](StoreOperation& op) { formatter.start(op); });
  }
  Status open() {
    store_ = std::make_unique<Store>(environment(), config_);
    return complete([&](StoreOperation& op) { store_->open(op); });
  }
  Status close() {
    const Status status = complete([&](StoreOperation& op) { store_->close(op); });
    store_.reset();
    return status;
  }
  /// The power goes, and comes back.
  void crash() {
    disk_->power_cut();
    executor_.drop_all();
    store_.reset();
  }

  template <typename Start>
  Status complete(Start start) {
    StoreOperation operation;
    bool done = false;
    operation.context = &done;
    operation.on_done = [](StoreOperation& ended) { *static_cast<bool*>(ended.context) = true; };
    start(operation);
    executor_.run_until([&] { return done || disk_->power_lost(); });
    if (!done) return {ErrorKind::cancelled, "the power went"};
    return operation.status;
  }

  /// Runs one request to its end; cancelled if the power went first.
  Status run(StoreRequest& request) {
    bool done = false;
    request.context = &done;
    request.on_done = [](StoreRequest& ended) { *static_cast<bool*>(ended.context) = true; };
    store_->submit(request);
    executor_.run_until([&] { return done || disk_->power_lost(); });
    if (!done) return {ErrorKind::cancelled, "the power went"};
    return request.status;
  }

  StoreRequest change(StoreRequest::Kind kind, uint64_t volume, uint32_t chunk, uint32_t first,
                      uint32_t n) {
    StoreRequest request;
    request.kind = kind;
    request.volume = volume;
    request.chunk = chunk;
    request.first_sector = first;
    request.n_sectors = n;
    request.prev_version = store_->chunk_version(volume, chunk);
    request.version = std::max(request.prev_version, make_version(1, 0)) + 1;
    return request;
  }

  /// Every sector of the range becomes `value` repeated.
  Status write(uint64_t volume, uint32_t chunk, uint32_t first, uint32_t n, uint64_t value) {
    while (n > 0) {
      const uint32_t piece = write_piece_sectors(first, n);
      StoreRequest request = change(StoreRequest::Kind::write, volume, chunk, first, piece);
      fill(value, piece);
      request.data = memory_.get();
      CAIRN_RETURN_IF_ERROR(run(request));
      first += piece;
      n -= piece;
    }
    return {};
  }
  Status zero(uint64_t volume, uint32_t chunk, uint32_t first, uint32_t n) {
    StoreRequest request = change(StoreRequest::Kind::zero, volume, chunk, first, n);
    return run(request);
  }
  Status drop(uint64_t volume) {
    StoreRequest request;
    request.kind = StoreRequest::Kind::drop_volume;
    request.volume = volume;
    return run(request);
  }
  /// The value of one sector; all its words must agree.
  Result<uint64_t> read(uint64_t volume, uint32_t chunk, uint32_t sector) {
    StoreRequest request;
    request.volume = volume;
    request.chunk = chunk;
    request.first_sector = sector;
    request.n_sectors = 1;
    request.data = memory_.get();
    CAIRN_RETURN_IF_ERROR(run(request));
    uint64_t first = 0;
    std::memcpy(&first, memory_.get(), sizeof first);
    for (size_t at = 0; at < kSectorBytes; at += sizeof first) {
      uint64_t word = 0;
      std::memcpy(&word, memory_.get() + at, sizeof word);
      if (word != first) return Status(ErrorKind::corrupt, "torn sector");
    }
    return first;
  }
  /// Long enough to drain the journal and fall asleep.
  void rest() { executor_.run_for(10'000'000'000); }

  std::byte* memory() { return memory_.get(); }
  void fill(uint64_t value, uint32_t sectors) {
    for (size_t at = 0; at < size_t{sectors} * kSectorBytes; at += sizeof value) {
      std::memcpy(memory_.get() + at, &value, sizeof value);
    }
  }

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  sim::SimExecutor executor_;
  sim::SimRandom random_;
  std::unique_ptr<std::byte, Free> memory_{
      static_cast<std::byte*>(std::aligned_alloc(4096, kChunkBytes))};
  std::unique_ptr<sim::SimDisk> disk_;
  StoreConfig config_;
  std::unique_ptr<Store> store_;
};

}  // namespace cairn::store
