// Log: the order in which one copy of a chunk took its writes, packed into 32 bits.
#pragma once

#include <bit>
#include <cstdint>

#include "base/assert.h"

namespace cairn::sim::model {

/// A sequence of at most eight write ids (1 to 15); the newest is the chunk's version.
class Log {
 public:
  [[nodiscard]] constexpr int size() const { return (32 - std::countl_zero(packed_) + 3) / 4; }
  [[nodiscard]] constexpr bool empty() const { return packed_ == 0; }
  [[nodiscard]] constexpr int at(int index) const {
    return static_cast<int>((packed_ >> (4 * index)) & 15u);
  }
  /// The newest write, 0 when there is none.
  [[nodiscard]] constexpr int tip() const { return empty() ? 0 : at(size() - 1); }
  [[nodiscard]] constexpr bool has(int id) const {
    for (int index = 0; index < size(); ++index) {
      if (at(index) == id) return true;
    }
    return false;
  }
  void push(int id) {
    CAIRN_ASSERT(id > 0 && id < 16);
    CAIRN_ASSERT(size() < 8);
    packed_ |= static_cast<uint32_t>(id) << (4 * size());
  }
  /// The oldest `count` writes.
  [[nodiscard]] constexpr Log prefix(int count) const {
    Log log;
    log.packed_ = count >= 8 ? packed_ : packed_ & ((1u << (4 * count)) - 1);
    return log;
  }
  [[nodiscard]] constexpr bool starts_with(Log other) const {
    return other.size() <= size() && prefix(other.size()) == other;
  }
  constexpr bool operator==(const Log&) const = default;

 private:
  uint32_t packed_ = 0;
};

}  // namespace cairn::sim::model
