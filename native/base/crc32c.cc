#include "base/crc32c.h"

#include <isa-l/crc.h>

#include "base/assert.h"

namespace cairn {

namespace {

/// ISA-L takes an int length; every caller hashes a structure or a sector, far below it.
constexpr size_t kLengthMax = size_t{1} << 30;

}  // namespace

uint32_t crc32c_extend(uint32_t crc, std::span<const std::byte> data) {
  CAIRN_ASSERT(data.size() <= kLengthMax);
  // ISA-L works on the inverted register and does not write through the pointer it takes.
  auto* bytes = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(data.data()));
  return ~crc32_iscsi(bytes, static_cast<int>(data.size()), ~crc);
}

uint32_t crc32c(std::span<const std::byte> data) { return crc32c_extend(0, data); }

}  // namespace cairn
