// Fuzzes the decoder of journal group headers: any blocks, with identity and checksum made right so
// that mutations reach the record table. Every range of a decoded record must lie inside its chunk,
// its group and its page count.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/assert.h"
#include "base/crc32c.h"
#include "format/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn::format;
  std::array<std::byte, kGroupHeaderBytesMax> bytes{};
  std::memcpy(bytes.data(), data, std::min(size, bytes.size()));
  const std::span<std::byte> all(bytes);
  constexpr JournalIdentity kIdentity{1, 2};
  constexpr uint32_t kRingBlocks = 1024;
  auto header = load<GroupHeaderDisk>(all, 0);
  header.magic = kGroupMagic;
  header.store_low = kIdentity.store_low;
  header.incarnation_low = kIdentity.incarnation_low;
  header.ring_block %= kRingBlocks;
  header.header_blocks = static_cast<uint16_t>(header.header_blocks % (kGroupHeaderBlocksMax + 1));
  header.crc = 0;
  save(all, 0, header);
  const size_t covered = std::max<size_t>(header.header_blocks, 1) * kBlockBytes;
  save(all, offsetof(GroupHeaderDisk, crc), cairn::crc32c(all.first(covered)));
  Group group;
  if (!decode_group(all, kIdentity, header.ring_block, kRingBlocks, group).ok()) return 0;
  CAIRN_ASSERT(header.ring_block + group.total_blocks <= kRingBlocks);
  for (const Record& record : group.records) {
    CAIRN_ASSERT(record.first_sector + record.sectors_count <= kChunkSectors);
    CAIRN_ASSERT(record.sector_crcs.empty() || record.sector_crcs.size() == record.sectors_count);
    CAIRN_ASSERT(record.pages.size() * kPageSectors <= kChunkSectors);
    if (record.type == RecordType::write_small) {
      CAIRN_ASSERT(record.payload_block + record.sectors_count <= group.fields.payload_blocks);
    }
  }
  return 0;
}
