// Fuzzes the decoders of checkpoint headers, index entries, segment headers and footers: any bytes,
// with the checksums made right so that mutations reach the fields. Accepted sizes must lie inside
// the drive's areas.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/assert.h"
#include "base/crc32c.h"
#include "format/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn::format;
  static const Geometry geometry = plan_geometry(uint64_t{64} << 20, 0, 0).value();
  constexpr JournalIdentity kIdentity{1, 2};
  std::array<std::byte, kBlockBytes> bytes{};
  std::memcpy(bytes.data(), data, std::min(size, bytes.size()));
  const std::span<std::byte> all(bytes);

  const auto entry = load<CheckpointEntryDisk>(all, 0);
  if (check_entry(entry, geometry).ok()) {
    CAIRN_ASSERT(uint64_t{entry.offset_units} * 8 + uint64_t{entry.length_units} * 8 <=
                 geometry.metadata_bytes);
  }
  uint64_t sequence = 0;
  SegmentFooter footer;
  (void)decode_segment_header(all, 0, kIdentity, sequence);
  (void)decode_segment_footer(all, 0, kIdentity, footer);

  auto header = load<CheckpointHeaderDisk>(all, 0);
  header.magic = kCheckpointMagic;
  header.store_low = kIdentity.store_low;
  header.incarnation_low = kIdentity.incarnation_low;
  header.pages_count = geometry.pages_count;
  header.segments_count = geometry.segments_count();
  header.crc = 0;
  save(all, 0, header);
  save(all, offsetof(CheckpointHeaderDisk, crc), cairn::crc32c(all));
  const auto decoded = decode_checkpoint_header(all, kIdentity, geometry);
  if (!decoded.ok()) return 0;
  CAIRN_ASSERT(kBlockBytes + shape_of(decoded.value()).body_bytes() <= geometry.checkpoint_bytes);
  CAIRN_ASSERT(decoded.value().open_segment < geometry.segments_count());
  return 0;
}
