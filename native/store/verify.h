// Verifier: checks everything on a drive that can be checked. Works on a store opened read-only;
// changes nothing.
//
// Every chunk record is read back, every sector is read through the store's own read path and
// compared with its checksum, and every page must have exactly one owner (invariants S3, S4).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"

namespace cairn::store {

struct VerifyReport {
  uint64_t volumes = 0, chunks = 0, pages = 0;
  uint64_t sectors_checked = 0;
  // Damage: any of these makes the store not ok.
  uint64_t bad_records = 0;   ///< Chunk records that cannot be read back.
  uint64_t bad_sectors = 0;   ///< Sectors whose bytes miss their checksum or cannot be read.
  uint64_t lost_sectors = 0;  ///< Sectors known to have been lost earlier.
  uint64_t double_owned_pages = 0;
  uint64_t unowned_pages = 0;   ///< Marked in use by the checkpoint, named by no chunk record.
  uint64_t unmarked_pages = 0;  ///< Named by a chunk record, but free in the checkpoint.
  uint64_t bad_segments = 0;    ///< Segments whose header or footer is damaged.
  // Redundancy that is worn but not needed: repaired by the next checkpoint.
  uint32_t superblock_copies_good = 0;
  uint32_t checkpoint_slots_good = 0;
  uint64_t journal_groups = 0, journal_rotten_groups = 0;
  /// The first findings, for people; at most `kProblemsMax`.
  std::vector<std::string> problems;

  static constexpr size_t kProblemsMax = 100;
  [[nodiscard]] bool ok() const {
    return bad_records + bad_sectors + lost_sectors + double_owned_pages + unowned_pages +
               unmarked_pages + bad_segments + journal_rotten_groups ==
           0;
  }
};

/// Owned by the caller until `on_done` of the operation ran; the store stays open meanwhile.
class Verifier {
 public:
  Verifier(Environment environment, Store& store);
  ~Verifier();
  Verifier(const Verifier&) = delete;
  Verifier& operator=(const Verifier&) = delete;
  /// The operation fails only if verification could not be done; damage is in the report.
  void start(StoreOperation& operation);
  [[nodiscard]] const VerifyReport& report() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cairn::store
