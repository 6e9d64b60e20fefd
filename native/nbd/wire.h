// Reading and writing of big-endian integers.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace cairn::nbd {

/// The other byte order of `value`; every target of Cairn is little-endian.
template <typename T>
[[nodiscard]] constexpr T swap_bytes(T value) {
  static_assert(std::endian::native == std::endian::little);
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
}

/// Reads an integer of `sizeof(T)` bytes at `at`; the caller has checked that they are there.
template <typename T>
[[nodiscard]] T load_be(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return swap_bytes(value);
}

/// Writes `value` at `at` and returns the place behind it.
template <typename T>
std::byte* store_be(std::byte* at, T value) {
  const T swapped = swap_bytes(value);
  std::memcpy(at, &swapped, sizeof(T));
  return at + sizeof(T);
}

/// Takes fields off the front of bytes from outside. A field that is not wholly there is nullopt,
/// and so is all after it.
class WireReader {
 public:
  explicit WireReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <typename T>
  [[nodiscard]] std::optional<T> take() {
    if (rest_.size() < sizeof(T)) return fail();
    const T value = load_be<T>(rest_.data());
    rest_ = rest_.subspan(sizeof(T));
    return value;
  }

  [[nodiscard]] std::optional<std::string_view> take_text(size_t length_bytes) {
    if (rest_.size() < length_bytes) return fail();
    std::string_view text(reinterpret_cast<const char*>(rest_.data()), length_bytes);
    rest_ = rest_.subspan(length_bytes);
    return text;
  }

  [[nodiscard]] size_t remaining() const { return rest_.size(); }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::nullopt_t fail() {
    rest_ = {};
    return std::nullopt;
  }

  std::span<const std::byte> rest_;
};

/// Builds a message; used in the handshake only, where allocation does no harm.
class WireWriter {
 public:
  explicit WireWriter(std::vector<std::byte>& out) : out_(out) {}

  template <typename T>
  void put(T value) {
    const size_t at = out_.size();
    out_.resize(at + sizeof(T));
    store_be(out_.data() + at, value);
  }

  void put_text(std::string_view text) {
    const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
    out_.insert(out_.end(), bytes, bytes + text.size());
  }

  void put_zeroes(size_t count) { out_.resize(out_.size() + count); }

 private:
  std::vector<std::byte>& out_;
};

}  // namespace cairn::nbd
