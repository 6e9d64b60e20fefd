// Fuzzes the superblock decoder: any 4096 bytes, with the checksum made right so that mutations
// reach the fields.
//
// Whatever it accepts must encode to the same meaning.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/assert.h"
#include "base/crc32c.h"
#include "format/superblock.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn::format;
  std::array<std::byte, kSuperblockBytes> bytes{};
  std::memcpy(bytes.data(), data, std::min(size, bytes.size()));
  const std::span<std::byte> all(bytes);
  if (size > 0 && (data[0] & 1) == 0) {
    std::memcpy(bytes.data(), kSuperblockMagic.data(), kSuperblockMagic.size());
    save(all, offsetof(SuperblockDisk, crc), uint32_t{0});
    save(all, offsetof(SuperblockDisk, crc), cairn::crc32c(all));
  }
  const auto decoded = decode_superblock(all);
  if (!decoded.ok()) return 0;
  std::array<std::byte, kSuperblockBytes> again;
  encode_superblock(decoded.value(), SuperblockBytes(again));
  const auto back = decode_superblock(again);
  CAIRN_ASSERT(back.ok());
  CAIRN_ASSERT(back.value() == decoded.value());
  return 0;
}
