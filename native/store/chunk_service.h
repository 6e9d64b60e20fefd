// ChunkService: what a virtual disk needs below it: requests on chunks, served by one store or by
// many.
#pragma once

#include <cstdint>

#include "store/request.h"

namespace cairn::store {

/// Threading: everything on one executor's thread. Requests complete in a turn of their own, never
/// inside `submit`.
class ChunkService {
 public:
  /// The service outlives its requests. Besides the errors of `StoreRequest`, a change may end with
  /// `stale_epoch`: a newer writer has the volume, and no later request of this one will succeed.
  virtual void submit(StoreRequest& request) = 0;
  virtual void submit(ChunkMapRequest& request) = 0;
  /// The newest accepted version of a chunk, 0 if it does not exist (it reads as zeroes). From
  /// memory.
  [[nodiscard]] virtual uint64_t chunk_version(uint64_t volume, uint32_t chunk) const = 0;

 protected:
  ~ChunkService() = default;
};

}  // namespace cairn::store
