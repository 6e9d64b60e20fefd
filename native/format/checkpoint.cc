#include "format/checkpoint.h"

#include "base/crc32c.h"

namespace cairn::format {

namespace {

Status bad(const char* what) { return {ErrorKind::corrupt, what}; }

/// The crc32c of `bytes` with the four bytes at `at` taken as zero.
uint32_t crc_without(std::span<const std::byte> bytes, size_t at) {
  const uint32_t zero = 0;
  uint32_t crc = crc32c(bytes.first(at));
  crc = crc32c_extend(crc, std::as_bytes(std::span(&zero, 1)));
  return crc32c_extend(crc, bytes.subspan(at + sizeof zero));
}

}  // namespace

CheckpointShape shape_of(const CheckpointHeader& header) {
  return {round_up(header.entries_count * sizeof(CheckpointEntryDisk), kBlockBytes),
          round_up((uint64_t{header.pages_count} + 7) / 8, kBlockBytes),
          round_up(uint64_t{header.segments_count} * sizeof(SegmentEntryDisk), kBlockBytes)};
}

void encode_checkpoint_header(CheckpointHeader& header, const JournalIdentity& identity,
                              std::span<std::byte> block) {
  CAIRN_ASSERT(block.size() == kBlockBytes);
  std::memset(block.data(), 0, block.size());
  const CheckpointHeaderDisk disk{kCheckpointMagic,
                                  0,
                                  identity.store_low,
                                  identity.incarnation_low,
                                  header.body_crc,
                                  header.sequence,
                                  header.replay_lsn,
                                  header.replay_block,
                                  header.replay_previous_crc,
                                  header.entries_count,
                                  header.pages_count,
                                  header.segments_count,
                                  header.open_segment,
                                  header.open_segment_used,
                                  header.next_segment_sequence};
  save(block, 0, disk);
  header.header_crc = crc32c(block);
  save(block, offsetof(CheckpointHeaderDisk, crc), header.header_crc);
}

Result<CheckpointHeader> decode_checkpoint_header(std::span<const std::byte> block,
                                                  const JournalIdentity& identity,
                                                  const Geometry& geometry) {
  if (block.size() < kBlockBytes) return bad("checkpoint too short");
  block = block.first(kBlockBytes);
  const auto disk = load<CheckpointHeaderDisk>(block, 0);
  if (disk.magic != kCheckpointMagic) return bad("checkpoint magic");
  if (disk.crc != crc_without(block, offsetof(CheckpointHeaderDisk, crc))) {
    return bad("checkpoint header checksum");
  }
  if (disk.store_low != identity.store_low || disk.incarnation_low != identity.incarnation_low) {
    return bad("checkpoint of another store");
  }
  if (disk.entries_count > geometry.chunks_max || disk.pages_count != geometry.pages_count ||
      disk.segments_count != geometry.segments_count()) {
    return bad("checkpoint sizes");
  }
  if (disk.open_segment >= geometry.segments_count() ||
      disk.open_segment_used > geometry.segment_bytes ||
      disk.open_segment_used % kBlockBytes != 0) {
    return bad("checkpoint open segment");
  }
  if (disk.replay_block >= geometry.journal_blocks() || disk.replay_lsn == 0) {
    return bad("checkpoint replay position");
  }
  CheckpointHeader header{disk.sequence,          disk.replay_lsn,
                          disk.replay_block,      disk.replay_previous_crc,
                          disk.entries_count,     disk.pages_count,
                          disk.segments_count,    disk.open_segment,
                          disk.open_segment_used, disk.next_segment_sequence,
                          disk.body_crc,          disk.crc};
  if (kBlockBytes + shape_of(header).body_bytes() > geometry.checkpoint_bytes) {
    return bad("checkpoint length");
  }
  return header;
}

Status check_entry(const CheckpointEntryDisk& entry, const Geometry& geometry) {
  const uint64_t offset = uint64_t{entry.offset_units} * 8;
  const uint64_t length = uint64_t{entry.length_units} * 8;
  if (length < 128 || offset > geometry.metadata_bytes ||
      length > geometry.metadata_bytes - offset ||
      offset / geometry.segment_bytes != (offset + length - 1) / geometry.segment_bytes) {
    return bad("checkpoint entry location");
  }
  if (entry.version == 0) return bad("checkpoint entry version");
  return {};
}

void encode_segment_header(uint32_t segment, uint64_t sequence, const JournalIdentity& identity,
                           std::span<std::byte> out) {
  SegmentHeaderDisk disk{};
  disk.magic = kSegmentMagic;
  disk.store_low = identity.store_low;
  disk.incarnation_low = identity.incarnation_low;
  disk.segment = segment;
  disk.sequence = sequence;
  disk.crc = crc32c(std::as_bytes(std::span(&disk, 1)));
  save(out, 0, disk);
}

Status decode_segment_header(std::span<const std::byte> bytes, uint32_t segment,
                             const JournalIdentity& identity, uint64_t& sequence) {
  if (bytes.size() < sizeof(SegmentHeaderDisk)) return bad("segment too short");
  bytes = bytes.first(sizeof(SegmentHeaderDisk));
  const auto disk = load<SegmentHeaderDisk>(bytes, 0);
  if (disk.magic != kSegmentMagic) return bad("segment magic");
  if (disk.crc != crc_without(bytes, offsetof(SegmentHeaderDisk, crc))) {
    return bad("segment header checksum");
  }
  if (disk.store_low != identity.store_low || disk.incarnation_low != identity.incarnation_low ||
      disk.segment != segment) {
    return bad("segment of another place");
  }
  sequence = disk.sequence;
  return {};
}

void encode_segment_footer(uint32_t segment, const SegmentFooter& footer,
                           const JournalIdentity& identity, std::span<std::byte> block) {
  CAIRN_ASSERT(block.size() == kBlockBytes);
  std::memset(block.data(), 0, block.size());
  SegmentFooterDisk disk{};
  disk.magic = kSegmentFooterMagic;
  disk.store_low = identity.store_low;
  disk.incarnation_low = identity.incarnation_low;
  disk.segment = segment;
  disk.sequence = footer.sequence;
  disk.records_count = footer.records_count;
  disk.used_bytes = footer.used_bytes;
  disk.records_crc = footer.records_crc;
  disk.crc = crc32c(std::as_bytes(std::span(&disk, 1)));
  save(block, 0, disk);
}

Status decode_segment_footer(std::span<const std::byte> bytes, uint32_t segment,
                             const JournalIdentity& identity, SegmentFooter& footer) {
  if (bytes.size() < sizeof(SegmentFooterDisk)) return bad("footer too short");
  bytes = bytes.first(sizeof(SegmentFooterDisk));
  const auto disk = load<SegmentFooterDisk>(bytes, 0);
  if (disk.magic != kSegmentFooterMagic) return bad("footer magic");
  if (disk.crc != crc_without(bytes, offsetof(SegmentFooterDisk, crc))) {
    return bad("footer checksum");
  }
  if (disk.store_low != identity.store_low || disk.incarnation_low != identity.incarnation_low ||
      disk.segment != segment) {
    return bad("footer of another place");
  }
  footer = {disk.sequence, disk.records_count, disk.used_bytes, disk.records_crc};
  return {};
}

}  // namespace cairn::format
