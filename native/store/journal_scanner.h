// JournalScanner: reads the journal's groups one after another and says where it ends and why.
//
// Three findings at a place where the next group should be (docs/internals/disk-format.md, "The end
// of the journal"):
//   end     nothing there that was ever acknowledged; a torn group is this too
//   group   the next group, whole, or with rotten payload sectors
//   rotten  the header is gone, but later groups prove that this one was durable; its digest is in
//   its successor
#pragma once

#include <cstdint>
#include <vector>

#include "format/journal.h"
#include "store/disk_io.h"
#include "store/flow.h"

namespace cairn::store {

class JournalScanner {
 public:
  enum class Finding : uint8_t { end, group, rotten };

  JournalScanner(DiskIo& io, const format::Geometry& geometry,
                 const format::JournalIdentity& identity);

  /// Expects group `lsn` at `block` or at the ring's start, chained to `previous_crc`.
  void start(uint64_t lsn, uint32_t block, uint32_t previous_crc);
  /// Looks at the next place. corrupt if rot cannot be localised; io_error if the device cannot be
  /// read.
  Flow next();

  [[nodiscard]] Finding finding() const { return finding_; }
  [[nodiscard]] uint64_t lsn() const { return lsn_; }
  [[nodiscard]] uint32_t block() const { return block_; }
  /// For `group`: the decoded header and, per payload block, whether its bytes match their crc.
  [[nodiscard]] const format::Group& group() const { return group_; }
  [[nodiscard]] const std::vector<uint8_t>& payload_good() const { return payload_good_; }
  /// For `rotten`: what the successor remembers of the group.
  [[nodiscard]] const std::vector<format::DigestDisk>& lost_records() const { return lost_; }
  /// For `end`: true if something torn or damaged stands there.
  [[nodiscard]] bool torn() const { return torn_; }

 private:
  struct Candidate {
    uint64_t lsn = 0;
    uint64_t durable_lsn = 0;
    uint32_t block = 0;
    uint32_t previous_crc = 0;
    uint32_t header_crc = 0;
    std::vector<format::DigestDisk> digests;
  };

  Flow fetch(uint32_t block, uint32_t count);
  [[nodiscard]] std::span<const std::byte> at(uint32_t block) const;
  /// Decodes the group at `block` into `group_` if it is the expected one.
  Flow try_group(uint32_t block, bool& found);
  /// Compares the payload of `group_` at `block_` with its checksums; true if all is whole.
  bool check_payload();
  /// A group with a good header and bad payload.
  struct Damaged {
    uint32_t block = 0;
    uint32_t header_crc = 0;
  };
  /// Looks where the next group may stand. If one is whole it is in `group_`, at `block_`.
  Flow try_places(std::vector<Damaged>& damaged, bool& whole);
  void accept_group();
  /// Collects the groups after the expected place that are newer than it.
  Flow look_ahead(std::vector<Candidate>& found);
  /// The newest evidence that group `lsn_` was durable, or nullptr.
  [[nodiscard]] const Candidate* evidence(const std::vector<Candidate>& found) const;
  /// The successor of the rotten group, reached from the evidence along the hash chain.
  [[nodiscard]] const Candidate* successor(const std::vector<Candidate>& found,
                                           const Candidate& evidence) const;

  DiskIo& io_;
  const format::Geometry& geometry_;
  const format::JournalIdentity& identity_;
  AlignedBuffer buffer_;
  uint32_t buffered_block_ = 0;
  uint32_t buffered_count_ = 0;

  uint64_t lsn_ = 1;
  uint32_t block_ = 0;
  uint32_t previous_crc_ = 0;
  /// After a rotten group: the header crc of the successor, known to be right, replaces the chain
  /// check.
  uint32_t trusted_successor_crc_ = 0;
  bool after_rot_ = false;
  uint64_t next_lsn_ = 1;
  uint32_t next_block_ = 0;

  Finding finding_ = Finding::end;
  bool torn_ = false;
  format::Group group_;
  std::vector<uint8_t> payload_good_;
  std::vector<format::DigestDisk> lost_;
};

}  // namespace cairn::store
