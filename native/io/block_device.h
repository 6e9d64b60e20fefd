// BlockDevice: a virtual disk as a front-end (NBD, vhost-user) sees it. What serves it, one local
// store or three replicas, is not the front-end's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/status.h"

namespace cairn::io {

/// Offsets and lengths are multiples of this; the front-end advertises it and pads (storage.md
/// §7.2).
inline constexpr uint32_t kBlockBytes = 4096;

/// One guest request. Owned by the front-end; it and its memory stay valid and unmoved until
/// `on_done` runs.
struct BlockRequest {
  enum class Kind : uint8_t {
    read,
    write,         ///< Completion means durable (storage.md §1 row 7), with or without FUA.
    flush,         ///< A barrier over all writes completed before it was submitted.
    trim,          ///< Reads of the range give zeroes afterwards; space is given back.
    write_zeroes,  ///< The same as trim for a thin store.
  };

  Kind kind = Kind::read;
  uint64_t offset_bytes = 0;
  uint64_t length_bytes = 0;
  /// Data for read and write: `length_bytes` long, aligned to 4096, private to this request (a
  /// guest cannot change it).
  std::byte* data = nullptr;

  Status status = {};
  /// Runs on the executor's thread in its own turn, never inside `submit`.
  void (*on_done)(BlockRequest& request) = nullptr;
  void* context = nullptr;

  /// For BlockDevice implementations only.
  BlockRequest* next = nullptr;
  uint64_t tag = 0;
  uint32_t pending_parts = 0;
};

/// A run of the device with one allocation state.
struct BlockExtent {
  uint64_t length_bytes = 0;
  bool allocated = false;  ///< False: a hole that reads as zeroes.
};

/// Answers "which parts are allocated?" from memory where it can, from metadata otherwise;
/// asynchronous like all else.
struct ExtentQuery {
  uint64_t offset_bytes = 0;
  uint64_t length_bytes = 0;
  /// Filled from the front; adjoining runs of one state may be reported separately. At least one
  /// extent on success, and the extents may cover less than was asked.
  std::span<BlockExtent> extents = {};
  uint32_t extents_count = 0;

  Status status = {};
  void (*on_done)(ExtentQuery& query) = nullptr;
  void* context = nullptr;
  ExtentQuery* next = nullptr;
};

/// All calls and completions on one executor's thread. Overlapping requests in flight: a read may
/// see either side of a concurrent write per 4 KiB block; two overlapping writes are applied in the
/// order of their submission.
class BlockDevice {
 public:
  virtual ~BlockDevice() = default;
  [[nodiscard]] virtual uint64_t size_bytes() const = 0;
  [[nodiscard]] virtual bool read_only() const = 0;
  /// Bounds, alignment and read-only were checked by the front-end and are asserted here.
  virtual void submit(BlockRequest& request) = 0;
  virtual void submit(ExtentQuery& query) = 0;
};

}  // namespace cairn::io
