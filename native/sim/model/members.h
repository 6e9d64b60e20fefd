// Members: a set of the stores of the placement group.
#pragma once

#include <cstdint>

namespace cairn::sim::model {

constexpr int kStores = 3;

/// Stores by number, 0 to kStores - 1.
class Members {
 public:
  constexpr Members() = default;
  /// The first `count` stores.
  static constexpr Members first(int count) { return Members((1u << count) - 1); }
  static constexpr Members only(int store) { return Members(1u << store); }
  static constexpr Members from_bits(unsigned bits) { return Members(bits); }

  [[nodiscard]] constexpr unsigned bits() const { return bits_; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr bool has(int store) const { return ((bits_ >> store) & 1u) != 0; }
  [[nodiscard]] constexpr bool has_all(Members others) const {
    return (bits_ & others.bits_) == others.bits_;
  }
  constexpr void add(int store) { *this = *this | only(store); }
  constexpr void remove(int store) { *this = without(store); }
  [[nodiscard]] constexpr Members without(int store) const { return *this - only(store); }

  constexpr Members operator|(Members other) const { return Members(bits() | other.bits()); }
  constexpr Members operator&(Members other) const { return Members(bits() & other.bits()); }
  constexpr Members operator-(Members other) const { return Members(bits() & ~other.bits()); }
  constexpr bool operator==(const Members&) const = default;

 private:
  explicit constexpr Members(unsigned bits) : bits_(static_cast<uint8_t>(bits)) {}
  uint8_t bits_ = 0;
};

}  // namespace cairn::sim::model
