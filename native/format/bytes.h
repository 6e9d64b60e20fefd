// How structs become bytes: little-endian, trivially copyable, copied with memcpy at checked
// offsets. The structs ending in `Disk` are the bytes; every other struct is the decoded, trusted
// form.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "base/assert.h"

namespace cairn::format {

static_assert(std::endian::native == std::endian::little, "the formats are little-endian");

inline constexpr uint32_t kBlockBytes = 4096;

[[nodiscard]] constexpr uint64_t round_up(uint64_t value, uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}
[[nodiscard]] constexpr uint64_t round_down(uint64_t value, uint64_t unit) {
  return value / unit * unit;
}

/// Copies a T out of `bytes`; the caller has checked that it fits.
template <typename T>
[[nodiscard]] T load(std::span<const std::byte> bytes, size_t offset) {
  static_assert(std::is_trivially_copyable_v<T>);
  CAIRN_ASSERT(offset <= bytes.size() && sizeof(T) <= bytes.size() - offset);
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

/// Copies a T into `bytes`; the caller has checked that it fits.
template <typename T>
void save(std::span<std::byte> bytes, size_t offset, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  CAIRN_ASSERT(offset <= bytes.size() && sizeof(T) <= bytes.size() - offset);
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

}  // namespace cairn::format
