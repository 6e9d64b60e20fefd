// Fuzzes the chunk record decoder: any bytes, with magic, length and checksum made right so that
// mutations reach the tables. Whatever it accepts must encode to the same meaning.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/assert.h"
#include "base/crc32c.h"
#include "format/chunk_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn::format;
  std::array<std::byte, 2048> bytes{};
  std::memcpy(bytes.data(), data, std::min(size, bytes.size()));
  const std::span<std::byte> all(bytes);
  auto disk = load<CrecDisk>(all, 0);
  disk.magic = kCrecMagic;
  disk.crc = 0;
  disk.length = std::min<uint32_t>(disk.length, kCrecBytesMax) / 8 * 8;
  save(all, 0, disk);
  if (disk.length >= sizeof disk) {
    save(all, offsetof(CrecDisk, crc), cairn::crc32c(all.first(disk.length)));
  }
  ChunkRecord record;
  uint32_t length = 0;
  constexpr uint32_t kPages = 4096;
  if (!decode_crec(all, kPages, record, length).ok()) return 0;
  std::array<std::byte, kCrecBytesMax> again;
  const uint32_t encoded = encode_crec(record, again);
  ChunkRecord back;
  uint32_t back_length = 0;
  CAIRN_ASSERT(decode_crec(std::span(again).first(encoded), kPages, back, back_length).ok());
  CAIRN_ASSERT(back_length == encoded);
  CAIRN_ASSERT(back == record);
  return 0;
}
