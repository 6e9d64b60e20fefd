// Random numbers: identities and jitter. Seeded in simulation, from the kernel otherwise.
#pragma once

#include <cstdint>

namespace cairn::io {

class Random {
 public:
  virtual ~Random() = default;
  /// A uniformly distributed 64-bit number. The real one is fit for identities (incarnations,
  /// uuids).
  virtual uint64_t next() = 0;
};

}  // namespace cairn::io
