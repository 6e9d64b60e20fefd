#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <bit>
#include <string>
#include <string_view>
#include <vector>

#include "base/crc32c.h"
#include "format/checkpoint.h"
#include "format/chunk_record.h"
#include "format/golden_v1.h"
#include "format/journal.h"
#include "format/superblock.h"

namespace cairn::format {
namespace {

using Bytes = std::vector<std::byte>;

std::string hex(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text.push_back(kDigits[std::to_integer<size_t>(byte) >> 4]);
    text.push_back(kDigits[std::to_integer<size_t>(byte) & 15]);
  }
  return text;
}

Geometry small_geometry() { return plan_geometry(uint64_t{64} << 20, 1u << 20, 32u << 10).value(); }

Superblock example_superblock() {
  Superblock s;
  s.sequence = 7;
  for (size_t i = 0; i < 16; ++i) {
    s.cluster[i] = static_cast<uint8_t>(i);
    s.store[i] = static_cast<uint8_t>(0x10 + i);
    s.node[i] = static_cast<uint8_t>(0x20 + i);
  }
  s.incarnation = 0x1122334455667788;
  s.serial = {'S', 'N', '1'};
  s.drive_class = 4;
  s.clean = true;
  s.geometry = small_geometry();
  s.checkpoint_slot = 1;
  s.checkpoint_sequence = 3;
  s.checkpoint_crc = 0xdeadbeef;
  s.journal_block_hint = 5;
  s.replay_lsn = 42;
  return s;
}

Bytes encoded(const Superblock& s) {
  Bytes bytes(kSuperblockBytes);
  encode_superblock(s, SuperblockBytes(bytes.data(), bytes.size()));
  return bytes;
}

ChunkRecord example_crec() {
  ChunkRecord r;
  r.volume = 9;
  r.chunk = 3;
  r.birth = 1;
  r.lsn = 77;
  r.version = (uint64_t{2} << 40) | 5;
  r.last_modified_epoch = 2;
  r.page_map = 0b101;
  r.pages[0] = 11;
  r.pages[2] = 12;
  for (const uint32_t sector : {0u, 3u, 9u}) {
    set_bit(r.valid, sector);
    r.crcs[sector] = 0xa0 + sector;
  }
  set_bit(r.lost, 200);
  return r;
}

constexpr JournalIdentity kIdentity{0x1716151413121110, 0x55667788};

/// A group with one W, one B and one Z record after a group with one digest.
Bytes example_group(uint32_t ring_block, uint64_t lsn) {
  Bytes bytes(kGroupHeaderBytesMax);
  GroupEncoder encoder(bytes);
  const std::array<uint32_t, 2> small{0x11, 0x22};
  std::array<uint32_t, 16> big;
  for (uint32_t i = 0; i < 16; ++i) big[i] = 0x100 + i;
  const std::array<uint32_t, 4> pages{7, 8, 9, 20};
  encoder.add({RecordType::write_small, 1, 9, 3, 1, 6, 5, 10, 2, 0, small, {}});
  encoder.add({RecordType::write_big, 1, 9, 4, 1, 7, 6, 16, 16, 0, big, pages});
  encoder.add({RecordType::zero, 1, 9, 5, 1, 8, 7, 0, 256, 0, {}, {}});
  const DigestDisk digest{'W', 0, 1, 2, 0, 3, 1, 9, 5};
  encoder.seal(kIdentity, {lsn, lsn - 1, 12, 0xabcd, ring_block, 2}, {&digest, 1});
  return bytes;
}

TEST(Superblock, comes_back_as_it_was_written) {
  const Superblock s = example_superblock();
  const auto decoded = decode_superblock(encoded(s));
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(decoded.value(), s);
}

TEST(Superblock, refuses_any_flipped_bit) {
  const Bytes good = encoded(example_superblock());
  for (size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= std::byte{0x40};
    ASSERT_FALSE(decode_superblock(bad).ok()) << "byte " << i;
  }
}

TEST(Superblock, refuses_a_newer_format_and_unknown_features) {
  for (const size_t offset :
       {offsetof(SuperblockDisk, format_major), offsetof(SuperblockDisk, features_incompatible)}) {
    Bytes bytes = encoded(example_superblock());
    bytes[offset] = std::byte{2};
    save(std::span(bytes), offsetof(SuperblockDisk, crc), uint32_t{0});
    save(std::span(bytes), offsetof(SuperblockDisk, crc), crc32c(bytes));
    EXPECT_EQ(decode_superblock(bytes).status().kind(), ErrorKind::unsupported);
  }
}

TEST(SuperblockQuorum, takes_the_highest_sequence_with_two_equal_copies) {
  const Status lost(ErrorKind::corrupt, "lost");
  Superblock old = example_superblock();
  Superblock sole = old;
  sole.sequence = 8;
  const std::array<Result<Superblock>, 4> interrupted{sole, old, old, lost};
  EXPECT_EQ(choose_superblock(interrupted).value().sequence, 7u);
  const std::array<Result<Superblock>, 4> half{sole, sole, old, old};
  EXPECT_EQ(choose_superblock(half).value().sequence, 8u);
}

TEST(SuperblockQuorum, trusts_no_single_copy) {
  const Status lost(ErrorKind::corrupt, "lost");
  const std::array<Result<Superblock>, 4> copies{example_superblock(), lost, lost, lost};
  EXPECT_EQ(choose_superblock(copies).status().kind(), ErrorKind::corrupt);
}

TEST(SuperblockQuorum, tells_an_empty_drive_from_a_damaged_one) {
  const Status empty(ErrorKind::not_found, "empty");
  const std::array<Result<Superblock>, 4> copies{empty, empty, empty, empty};
  EXPECT_EQ(choose_superblock(copies).status().kind(), ErrorKind::not_found);
}

TEST(Geometry, fits_every_drive_size_it_accepts) {
  rc::check([] {
    const auto size = *rc::gen::inRange<uint64_t>(uint64_t{2} << 20, uint64_t{1} << 45);
    const auto planned = plan_geometry(size, 0, 0);
    if (planned.ok()) {
      RC_ASSERT(check_geometry(planned.value()).ok());
      RC_ASSERT(planned.value().page_offset(planned.value().pages_count) <= size);
    } else {
      RC_ASSERT(size < (uint64_t{16} << 20));
    }
  });
}

TEST(Journal, groups_come_back_as_they_were_written) {
  const Bytes bytes = example_group(40, 100);
  Group group;
  ASSERT_TRUE(decode_group(bytes, kIdentity, 40, 256, group).ok());
  EXPECT_EQ(group.fields.lsn, 100u);
  EXPECT_EQ(group.fields.durable_lsn, 99u);
  EXPECT_EQ(group.fields.previous_header_crc, 0xabcdu);
  EXPECT_EQ(group.total_blocks, group.header_blocks + 2);
  ASSERT_EQ(group.records.size(), 3u);
  EXPECT_EQ(group.records[0].sector_crcs[1], 0x22u);
  EXPECT_EQ(group.records[1].pages[3], 20u);
  EXPECT_EQ(group.records[1].sector_crcs[15], 0x10fu);
  EXPECT_EQ(group.records[2].sectors_count, 256u);
  ASSERT_EQ(group.digests.size(), 1u);
  EXPECT_EQ(group.digests[0].version, 5u);
}

/// A group with one record.
Bytes group_of(const Record& record, uint8_t flags) {
  Bytes bytes(kGroupHeaderBytesMax);
  GroupEncoder encoder(bytes);
  encoder.add(record);
  save(std::span(bytes), sizeof(GroupHeaderDisk) + offsetof(RecordDisk, flags), flags);
  encoder.seal(kIdentity, {9, 8, 12, 0xabcd, 40, 2}, {});
  return bytes;
}

TEST(Journal, tells_a_rebase_in_the_record_and_in_its_digest) {
  Bytes bytes(kGroupHeaderBytesMax);
  GroupEncoder encoder(bytes);
  Record record{RecordType::zero, 1, 9, 5, 1, 1, 0, 0, 256, 0, {}, {}};
  encoder.add(record);
  record.rebase = true;
  encoder.add(record);
  encoder.seal(kIdentity, {9, 8, 12, 0xabcd, 40, 0}, {});
  Group group;
  ASSERT_TRUE(decode_group(bytes, kIdentity, 40, 256, group).ok());
  EXPECT_FALSE(group.records[0].rebase);
  EXPECT_TRUE(group.records[1].rebase);
  EXPECT_EQ(encoder.digests()[0].flags, 0);
  EXPECT_EQ(encoder.digests()[1].flags, kRecordFlagRebase);
}

TEST(Journal, refuses_flags_that_a_record_cannot_have) {
  const Record zero{RecordType::zero, 1, 9, 5, 1, 1, 0, 0, 256, 0, {}, {}};
  const Record drop{RecordType::drop, 1, 9, 0, 1, 1, 0, 0, 0, 0, {}, {}};
  Group group;
  EXPECT_TRUE(decode_group(group_of(zero, kRecordFlagRebase), kIdentity, 40, 256, group).ok());
  EXPECT_TRUE(decode_group(group_of(drop, 0), kIdentity, 40, 256, group).ok());
  EXPECT_FALSE(decode_group(group_of(zero, 2), kIdentity, 40, 256, group).ok());
  EXPECT_FALSE(decode_group(group_of(drop, kRecordFlagRebase), kIdentity, 40, 256, group).ok());
}

TEST(Journal, refuses_a_group_of_another_place_or_store) {
  const Bytes bytes = example_group(40, 100);
  Group group;
  EXPECT_FALSE(decode_group(bytes, kIdentity, 41, 256, group).ok());
  EXPECT_FALSE(decode_group(bytes, {1, kIdentity.incarnation_low}, 40, 256, group).ok());
  EXPECT_FALSE(decode_group(bytes, {kIdentity.store_low, 1}, 40, 256, group).ok());
  EXPECT_FALSE(decode_group(bytes, kIdentity, 40, 41, group).ok());
}

TEST(Journal, refuses_any_flipped_bit_of_a_header) {
  const Bytes good = example_group(40, 100);
  Group group;
  for (size_t i = 0; i < kBlockBytes; ++i) {
    Bytes bad = good;
    bad[i] ^= std::byte{1};
    ASSERT_FALSE(decode_group(bad, kIdentity, 40, 256, group).ok()) << "byte " << i;
  }
}

TEST(ChunkRecord, comes_back_as_it_was_written) {
  rc::check([] {
    ChunkRecord r = example_crec();
    r.valid = {};
    r.lost = {};
    r.pages = {};
    r.crcs = {};
    r.page_map = 0;
    for (uint32_t s = 0; s < kChunkSectors; ++s) {
      const auto dice = *rc::gen::inRange(0, 4);
      if (dice == 3) set_bit(r.lost, s);
      if (dice != 1) continue;
      set_bit(r.valid, s);
      r.crcs[s] = *rc::gen::arbitrary<uint32_t>();
      r.page_map |= uint64_t{1} << (s / kPageSectors);
      r.pages[s / kPageSectors] = s;
    }
    Bytes bytes(kCrecBytesMax);
    const uint32_t length = encode_crec(r, bytes);
    RC_ASSERT(length <= kCrecBytesMax);
    ChunkRecord back;
    uint32_t decoded = 0;
    RC_ASSERT(decode_crec(bytes, 1000, back, decoded).ok());
    RC_ASSERT(decoded == length);
    RC_ASSERT(back == r);
  });
}

TEST(ChunkRecord, refuses_any_flipped_bit_and_pages_beyond_the_drive) {
  Bytes good(kCrecBytesMax);
  const uint32_t length = encode_crec(example_crec(), good);
  ChunkRecord back;
  uint32_t decoded = 0;
  for (size_t i = 0; i < length; ++i) {
    Bytes bad = good;
    bad[i] ^= std::byte{0x10};
    ASSERT_FALSE(decode_crec(bad, 1000, back, decoded).ok()) << "byte " << i;
  }
  EXPECT_FALSE(decode_crec(good, 12, back, decoded).ok());
  EXPECT_TRUE(decode_crec(good, 13, back, decoded).ok());
}

TEST(Checkpoint, header_comes_back_and_foreign_sizes_are_refused) {
  const Geometry g = small_geometry();
  CheckpointHeader h;
  h.sequence = 5;
  h.replay_lsn = 9;
  h.replay_block = 3;
  h.entries_count = 2;
  h.pages_count = g.pages_count;
  h.segments_count = g.segments_count();
  Bytes block(kBlockBytes);
  encode_checkpoint_header(h, kIdentity, block);
  const auto back = decode_checkpoint_header(block, kIdentity, g);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back.value().sequence, 5u);
  EXPECT_EQ(back.value().header_crc, h.header_crc);
  Geometry other = g;
  ++other.pages_count;
  EXPECT_FALSE(decode_checkpoint_header(block, kIdentity, other).ok());
}

TEST(Segment, header_and_footer_come_back_only_in_their_place) {
  Bytes block(kBlockBytes);
  encode_segment_header(4, 17, kIdentity, block);
  uint64_t sequence = 0;
  EXPECT_TRUE(decode_segment_header(block, 4, kIdentity, sequence).ok());
  EXPECT_EQ(sequence, 17u);
  EXPECT_FALSE(decode_segment_header(block, 5, kIdentity, sequence).ok());
  encode_segment_footer(4, {17, 3, 8192, 0x99}, kIdentity, block);
  SegmentFooter footer;
  EXPECT_TRUE(decode_segment_footer(block, 4, kIdentity, footer).ok());
  EXPECT_EQ(footer.records_crc, 0x99u);
  block[20] ^= std::byte{1};
  EXPECT_FALSE(decode_segment_footer(block, 4, kIdentity, footer).ok());
}

TEST(GoldenFormat, keeps_the_superblock) {
  const Bytes bytes = encoded(example_superblock());
  EXPECT_EQ(hex(std::span(bytes).first(272)), golden_v1::kSuperblock);
  EXPECT_EQ(crc32c(bytes), golden_v1::kSuperblockCrc);
}

TEST(GoldenFormat, keeps_the_journal_group) {
  const Bytes bytes = example_group(40, 100);
  EXPECT_EQ(hex(std::span(bytes).first(128 + 64 + 136 + 56 + 32)), golden_v1::kGroup);
}

TEST(GoldenFormat, keeps_the_chunk_record) {
  Bytes bytes(kCrecBytesMax);
  const uint32_t length = encode_crec(example_crec(), bytes);
  EXPECT_EQ(hex(std::span(bytes).first(length)), golden_v1::kChunkRecord);
}

}  // namespace
}  // namespace cairn::format
