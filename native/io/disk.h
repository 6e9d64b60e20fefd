// Disk: a raw device or a plain file as the store sees it. Asynchronous, direct (no page cache), 4
// KiB granular.
//
// Ordering and durability are those of a real drive with a volatile cache: requests in flight
// complete in any order; a completed write may be lost by a power cut until a flush that was
// submitted after its completion has completed, or until it was itself written with `durable`. A
// power cut may tear any write at 512 byte granularity. The caller never has two writes in flight
// that share a 4 KiB block (invariant S7); implementations used in tests assert it.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>

#include "base/status.h"

namespace cairn::io {

inline constexpr uint32_t kDiskBlockBytes = 4096;

/// One operation on a disk. Owned by the caller; it and the memory it names stay valid and unmoved
/// until `on_done` runs.
struct DiskRequest {
  enum class Kind : uint8_t {
    read,
    write,
    flush,    ///< Everything that completed before this was submitted becomes durable.
    discard,  ///< The content of the range is no longer needed; what it reads as afterwards is
              ///< undefined.
  };

  Kind kind = Kind::read;
  /// For writes: completion means durable (RWF_DSYNC / FUA).
  bool durable = false;
  /// Byte offset, a multiple of 4096.
  uint64_t offset_bytes = 0;
  /// For discard: length in bytes, a multiple of 4096. For read and write the buffers' sum decides.
  uint64_t discard_bytes = 0;
  /// Buffers, each aligned to 4096 and a multiple of 4096 long; at most `kDiskBuffersMax`.
  std::span<const iovec> buffers = {};

  /// ok, or io_error with the device's reason. A short transfer is an io_error. Set before on_done
  /// runs.
  Status status = {};
  /// Runs on the executor's thread in its own turn, never inside `submit`. May free or reuse the
  /// request.
  void (*on_done)(DiskRequest& request) = nullptr;
  void* context = nullptr;

  /// For Disk implementations only.
  DiskRequest* next = nullptr;
  uint64_t tag = 0;
};

inline constexpr uint32_t kDiskBuffersMax = 256;

class Disk {
 public:
  virtual ~Disk() = default;
  [[nodiscard]] virtual uint64_t size_bytes() const = 0;
  /// False if completed writes are already durable (write-through or power-loss protected).
  [[nodiscard]] virtual bool cache_is_volatile() const = 0;
  /// Starts `request`. Never fails here: errors arrive in `on_done`.
  virtual void submit(DiskRequest& request) = 0;
};

}  // namespace cairn::io
