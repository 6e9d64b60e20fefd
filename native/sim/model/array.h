// Array: std::array indexed by int, the type of every store, writer, write and chunk number here.
#pragma once

#include <cstddef>

#include "base/assert.h"

namespace cairn::sim::model {

template <class T, int kCount>
struct Array {
  T items[static_cast<size_t>(kCount)];

  constexpr T& operator[](int index) { return items[checked(index)]; }
  constexpr const T& operator[](int index) const { return items[checked(index)]; }
  [[nodiscard]] constexpr int size() const { return kCount; }
  constexpr T* begin() { return items; }
  constexpr T* end() { return items + kCount; }
  [[nodiscard]] constexpr const T* begin() const { return items; }
  [[nodiscard]] constexpr const T* end() const { return items + kCount; }

 private:
  static constexpr size_t checked(int index) {
    CAIRN_ASSERT(index >= 0 && index < kCount);
    return static_cast<size_t>(index);
  }
};

}  // namespace cairn::sim::model
