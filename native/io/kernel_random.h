// KernelRandom: the kernel's random numbers, fit for identities.
#pragma once

#include "io/random.h"

namespace cairn::io {

/// Thread-safe. Stops the process if the kernel gives no random numbers, for no identity would be
/// unique then.
class KernelRandom final : public Random {
 public:
  uint64_t next() override;
};

}  // namespace cairn::io
