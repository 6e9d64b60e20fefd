// Sector-aligned memory that outlives the software that was given it.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "store/request.h"

namespace cairn::sim {

struct FreeMemory {
  void operator()(std::byte* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<std::byte, FreeMemory>;

inline Memory allocate(size_t bytes) {
  return Memory(static_cast<std::byte*>(std::aligned_alloc(store::kSectorBytes, bytes)));
}

}  // namespace cairn::sim
