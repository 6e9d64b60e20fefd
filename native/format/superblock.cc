#include "format/superblock.h"

#include <algorithm>

#include "base/crc32c.h"

namespace cairn::format {

namespace {

uint32_t crc_without_field(std::span<const std::byte> bytes) {
  const uint32_t zero = 0;
  constexpr size_t kAt = offsetof(SuperblockDisk, crc);
  uint32_t crc = crc32c(bytes.first(kAt));
  crc = crc32c_extend(crc, std::as_bytes(std::span(&zero, 1)));
  return crc32c_extend(crc, bytes.subspan(kAt + sizeof zero));
}

Geometry geometry_of(const SuperblockDisk& disk) {
  Geometry g;
  g.device_bytes = disk.device_bytes;
  g.alignment = disk.alignment;
  g.journal_offset = disk.journal_offset;
  g.journal_bytes = disk.journal_bytes;
  g.metadata_offset = disk.metadata_offset;
  g.metadata_bytes = disk.metadata_bytes;
  g.checkpoint_offset = disk.checkpoint_offset;
  g.checkpoint_bytes = disk.checkpoint_bytes;
  g.pages_offset = disk.pages_offset;
  g.pages_count = disk.pages_count;
  g.segment_bytes = disk.segment_bytes;
  g.chunks_max = disk.chunks_max;
  return g;
}

void put_geometry(const Geometry& g, SuperblockDisk& disk) {
  disk.device_bytes = g.device_bytes;
  disk.alignment = g.alignment;
  disk.journal_offset = g.journal_offset;
  disk.journal_bytes = g.journal_bytes;
  disk.metadata_offset = g.metadata_offset;
  disk.metadata_bytes = g.metadata_bytes;
  disk.checkpoint_offset = g.checkpoint_offset;
  disk.checkpoint_bytes = g.checkpoint_bytes;
  disk.pages_offset = g.pages_offset;
  disk.pages_count = g.pages_count;
  disk.segment_bytes = g.segment_bytes;
  disk.chunks_max = g.chunks_max;
}

}  // namespace

void encode_superblock(const Superblock& s, SuperblockBytes out) {
  CAIRN_ASSERT(check_geometry(s.geometry).ok());
  CAIRN_ASSERT(s.checkpoint_slot < 2);
  SuperblockDisk disk{};
  disk.magic = kSuperblockMagic;
  disk.format_major = kFormatMajor;
  disk.format_minor = kFormatMinor;
  disk.sequence = s.sequence;
  disk.cluster = s.cluster;
  disk.store = s.store;
  disk.partner = s.partner;
  disk.node = s.node;
  disk.incarnation = s.incarnation;
  disk.serial = s.serial;
  disk.drive_class = s.drive_class;
  disk.clean = s.clean ? 1 : 0;
  disk.cache_is_volatile = s.cache_is_volatile ? 1 : 0;
  disk.checksum_type = kChecksumCrc32c;
  disk.page_bytes = kPageBytes;
  put_geometry(s.geometry, disk);
  disk.checkpoint_slot = s.checkpoint_slot;
  disk.checkpoint_sequence = s.checkpoint_sequence;
  disk.checkpoint_crc = s.checkpoint_crc;
  disk.journal_block_hint = s.journal_block_hint;
  disk.replay_lsn = s.replay_lsn;
  std::ranges::fill(out, std::byte{0});
  save(out, 0, disk);
  save(out, offsetof(SuperblockDisk, crc), crc_without_field(out));
}

Result<Superblock> decode_superblock(std::span<const std::byte> bytes) {
  if (bytes.size() < kSuperblockBytes) return Status(ErrorKind::corrupt, "superblock too short");
  bytes = bytes.first(kSuperblockBytes);
  const auto disk = load<SuperblockDisk>(bytes, 0);
  if (disk.magic != kSuperblockMagic) return Status(ErrorKind::not_found, "no superblock magic");
  if (disk.crc != crc_without_field(bytes)) {
    return Status(ErrorKind::corrupt, "superblock checksum");
  }
  if (disk.format_major != kFormatMajor || disk.features_incompatible != 0 ||
      disk.features_read_only != 0) {
    return Status(ErrorKind::unsupported, "the store's format is newer than this program");
  }
  if (disk.checksum_type != kChecksumCrc32c || disk.page_bytes != kPageBytes) {
    return Status(ErrorKind::unsupported, "checksum type or page size");
  }
  if (disk.checkpoint_slot > 1 || disk.clean > 1) {
    return Status(ErrorKind::corrupt, "superblock field out of range");
  }
  Superblock s;
  s.geometry = geometry_of(disk);
  CAIRN_RETURN_IF_ERROR(check_geometry(s.geometry));
  if (disk.journal_block_hint >= s.geometry.journal_blocks()) {
    return Status(ErrorKind::corrupt, "journal hint out of range");
  }
  s.sequence = disk.sequence;
  s.cluster = disk.cluster;
  s.store = disk.store;
  s.partner = disk.partner;
  s.node = disk.node;
  s.incarnation = disk.incarnation;
  s.serial = disk.serial;
  s.drive_class = disk.drive_class;
  s.clean = disk.clean == 1;
  s.cache_is_volatile = disk.cache_is_volatile != 0;
  s.checkpoint_slot = disk.checkpoint_slot;
  s.checkpoint_sequence = disk.checkpoint_sequence;
  s.checkpoint_crc = disk.checkpoint_crc;
  s.journal_block_hint = disk.journal_block_hint;
  s.replay_lsn = disk.replay_lsn;
  return s;
}

Result<Superblock> choose_superblock(
    std::span<const Result<Superblock>, kSuperblockCopies> copies) {
  const Superblock* best = nullptr;
  for (size_t i = 0; i < copies.size(); ++i) {
    if (!copies[i].ok()) continue;
    const Superblock& candidate = copies[i].value();
    size_t equal = 0;
    for (const auto& other : copies) {
      if (other.ok() && other.value() == candidate) ++equal;
    }
    if (equal >= 2 && (best == nullptr || candidate.sequence > best->sequence)) best = &candidate;
  }
  if (best != nullptr) return *best;
  bool any = false;
  for (const auto& copy : copies) {
    if (copy.status().kind() == ErrorKind::unsupported) return copy.status();
    any = any || copy.ok() || copy.status().kind() != ErrorKind::not_found;
  }
  if (any) return Status(ErrorKind::corrupt, "no two copies of the superblock agree");
  return Status(ErrorKind::not_found, "no superblock on this drive");
}

}  // namespace cairn::format
