#include "format/geometry.h"

#include <algorithm>

#include "format/bytes.h"

namespace cairn::format {

namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kGiB = uint64_t{1} << 30;
constexpr uint64_t kTiB = uint64_t{1} << 40;
constexpr uint32_t kSegmentsMin = 8;
/// The metadata log is sized so that live records never fill more than this share of it.
constexpr uint64_t kMetadataLivePercentMax = 60;

uint64_t journal_bytes_for(uint64_t device_bytes) {
  if (device_bytes < 256 * kMiB) return device_bytes / 8;
  if (device_bytes < 512 * kGiB) {
    const uint64_t wanted = std::clamp(device_bytes / 64, 64 * kMiB, kGiB);
    return std::min(wanted, device_bytes / 4);
  }
  return std::clamp(device_bytes / 512, kGiB, 16 * kGiB);
}

uint64_t metadata_bytes_for(uint64_t chunks_max, uint64_t pages) {
  const uint64_t live = chunks_max * kCrecBaseBytes + pages * kCrecBytesPerPage;
  return live * 100 / kMetadataLivePercentMax;
}

/// One checkpoint slot: header, 48 bytes per chunk, one bit per page, 16 bytes per segment
/// (checkpoint.h).
uint64_t checkpoint_bytes_for(uint64_t chunks_max, uint64_t pages, uint64_t segments) {
  return kBlockBytes + round_up(chunks_max * 48, kBlockBytes) +
         round_up((pages + 7) / 8, kBlockBytes) + round_up(segments * 16, kBlockBytes);
}

Status bad(const char* what) { return {ErrorKind::corrupt, what}; }

}  // namespace

uint32_t Geometry::reserved_page() const {
  const uint64_t middle = superblock_offsets(device_bytes)[2];
  if (middle < pages_offset) return kPageNone;
  const uint64_t page = (middle - pages_offset) / kPageBytes;
  return page < pages_count ? static_cast<uint32_t>(page) : kPageNone;
}

uint64_t alignment_for(uint64_t device_bytes) {
  return device_bytes >= 256 * kMiB ? kMiB : kMiB / 16;
}

std::array<uint64_t, kSuperblockCopies> superblock_offsets(uint64_t device_bytes) {
  const uint64_t unit = alignment_for(device_bytes);
  const uint64_t usable = round_down(device_bytes, unit);
  const uint64_t last = usable >= unit ? usable - unit : 0;
  return {0, unit, round_down(device_bytes / 2, unit), last};
}

Result<Geometry> plan_geometry(uint64_t device_bytes, uint64_t journal_bytes,
                               uint32_t segment_bytes) {
  if (device_bytes < 2 * kMiB) {
    return Status(ErrorKind::invalid_argument, "the drive is smaller than 2 MiB");
  }
  if (device_bytes > 64 * kTiB) {
    return Status(ErrorKind::invalid_argument, "the drive is larger than 64 TiB");
  }
  Geometry g;
  g.device_bytes = device_bytes;
  g.alignment = alignment_for(device_bytes);
  const uint64_t end = superblock_offsets(device_bytes)[3];
  g.segment_bytes = segment_bytes != 0    ? segment_bytes
                    : g.alignment == kMiB ? static_cast<uint32_t>(kMiB)
                                          : 32u << 10;
  g.chunks_max = static_cast<uint32_t>(
      std::min<uint64_t>(device_bytes / kChunkBytes * 16 + 64, uint64_t{1} << 30));
  g.journal_offset = 2 * g.alignment;
  g.journal_bytes =
      round_up(journal_bytes != 0 ? journal_bytes : journal_bytes_for(device_bytes), g.alignment);
  g.metadata_offset = g.journal_offset + g.journal_bytes;
  const uint64_t pages_bound = device_bytes / kPageBytes;
  g.metadata_bytes = round_up(std::max(metadata_bytes_for(g.chunks_max, pages_bound),
                                       uint64_t{kSegmentsMin} * g.segment_bytes),
                              std::max<uint64_t>(g.alignment, g.segment_bytes));
  g.checkpoint_offset = g.metadata_offset + g.metadata_bytes;
  g.checkpoint_bytes =
      round_up(checkpoint_bytes_for(g.chunks_max, pages_bound, g.segments_count()), g.alignment);
  g.pages_offset = g.checkpoint_offset + 2 * g.checkpoint_bytes;
  if (g.pages_offset + 16 * uint64_t{kPageBytes} > end) {
    return Status(ErrorKind::invalid_argument, "the drive is too small for its journal");
  }
  g.pages_count = static_cast<uint32_t>(std::min((end - g.pages_offset) / kPageBytes, kPagesMax));
  if (const Status checked = check_geometry(g); !checked.ok()) {
    return Status(ErrorKind::invalid_argument, checked.context());
  }
  return g;
}

Status check_geometry(const Geometry& g) {
  if (g.device_bytes < 2 * kMiB || g.device_bytes > 64 * kTiB) return bad("device size");
  if (g.alignment != alignment_for(g.device_bytes)) return bad("area alignment");
  const uint64_t fields[] = {g.journal_offset, g.journal_bytes,     g.metadata_offset,
                             g.metadata_bytes, g.checkpoint_offset, g.checkpoint_bytes,
                             g.pages_offset};
  for (const uint64_t field : fields) {
    if (field % g.alignment != 0 || field > g.device_bytes) return bad("area out of bounds");
  }
  const uint64_t end = superblock_offsets(g.device_bytes)[3];
  if (g.journal_offset < 2 * g.alignment) return bad("journal overlaps the superblock");
  if (g.journal_bytes < 16 * uint64_t{kBlockBytes}) return bad("journal too small");
  if (g.metadata_offset < g.journal_offset + g.journal_bytes) return bad("metadata log overlap");
  if (g.checkpoint_offset < g.metadata_offset + g.metadata_bytes) return bad("checkpoint overlap");
  if (g.pages_offset < g.checkpoint_offset + 2 * g.checkpoint_bytes) return bad("page overlap");
  if (superblock_offsets(g.device_bytes)[2] < g.pages_offset) {
    return bad("the areas reach the middle of the drive: the journal is too large for it");
  }
  if (g.segment_bytes < 16384 || g.segment_bytes > kMiB || g.segment_bytes % kBlockBytes != 0 ||
      g.metadata_bytes % g.segment_bytes != 0 || g.segments_count() < 4) {
    return bad("segment size");
  }
  if (g.pages_count == 0 || g.pages_count > kPagesMax || g.page_offset(g.pages_count) > end) {
    return bad("page count");
  }
  if (g.chunks_max == 0 ||
      checkpoint_bytes_for(g.chunks_max, g.pages_count, g.segments_count()) > g.checkpoint_bytes) {
    return bad("checkpoint slots too small");
  }
  return {};
}

}  // namespace cairn::format
