#include "sim/spoil.h"

#include <array>
#include <cstring>

#include "base/crc32c.h"
#include "format/checkpoint.h"
#include "format/superblock.h"

namespace cairn::sim {

bool spoil_newest_checkpoint(std::span<std::byte> medium, SimRandom& random) {
  const auto superblock = format::decode_superblock(medium.first(format::kSuperblockBytes));
  if (!superblock.ok()) return false;
  const format::Geometry& g = superblock.value().geometry;
  format::JournalIdentity identity;
  std::memcpy(&identity.store_low, superblock.value().store.data(), sizeof identity.store_low);
  identity.incarnation_low = static_cast<uint32_t>(superblock.value().incarnation);
  std::array<uint64_t, 2> sequences{};
  std::array<uint64_t, 2> lengths{};
  for (uint32_t slot = 0; slot < 2; ++slot) {
    const auto bytes = medium.subspan(g.checkpoint_slot_offset(slot), g.checkpoint_bytes);
    const auto header = format::decode_checkpoint_header(bytes, identity, g);
    if (!header.ok()) return false;
    const uint64_t body = format::shape_of(header.value()).body_bytes();
    if (crc32c(bytes.subspan(format::kBlockBytes, body)) != header.value().body_crc) return false;
    sequences[slot] = header.value().sequence;
    lengths[slot] = format::kBlockBytes + body;
  }
  const uint32_t newest = sequences[1] > sequences[0] ? 1 : 0;
  const bool in_header = random.below(2) == 0;
  const uint64_t at = random.below(in_header ? format::kBlockBytes : lengths[newest]);
  medium[g.checkpoint_slot_offset(newest) + at] ^= std::byte{0x55};
  return true;
}

}  // namespace cairn::sim
