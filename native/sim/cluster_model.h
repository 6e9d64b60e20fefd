// ClusterModel: what a replicated volume may hold, sector by sector, while writers come and go.
//
// As in SectorModel, every change has an id that its sectors carry, ids grow, and bytes from
// elsewhere are recognised. What is different: a change may stay in doubt while newer writers work,
// and its acknowledgement may come after its writer was replaced. The rules:
//  - an acknowledged change is there until a later change replaces it;
//  - a change in doubt is there or not; the first read that meets it alone decides for ever;
//  - a change that was seen not to have happened is never acknowledged;
//  - what was handed to a writer that had been replaced is never seen, and never acknowledged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/sector_model.h"

namespace cairn::sim {

class ClusterModel {
 public:
  ClusterModel(uint64_t volume, uint64_t sectors_count);

  [[nodiscard]] uint64_t sectors_count() const { return sectors_.size(); }
  /// The content of `sector` as change `id` writes it.
  void fill(uint64_t id, uint64_t sector, std::span<std::byte> bytes) const {
    content_.fill(id, sector, bytes);
  }

  /// A change was handed to the volume's writer.
  void submitted(uint64_t id, uint64_t first, uint64_t count, bool zero);
  /// False if one of the sectors was seen without it.
  [[nodiscard]] bool acknowledged(uint64_t id, uint64_t first, uint64_t count);
  /// Its writer is gone, or replaced: from here on it is in doubt.
  void doubted(uint64_t id, uint64_t first, uint64_t count);

  /// What a read knows of a sector when it is submitted.
  struct Floor {
    SectorState base;
    uint64_t submissions = 0;
    bool quiet = false;
  };
  [[nodiscard]] Floor floor(uint64_t sector) const;
  /// Judges what a read returned. If no change of the sector was in flight meanwhile, that is its
  /// state from now on.
  [[nodiscard]] Verdict read(uint64_t sector, const Floor& floor, std::span<const std::byte> bytes);

  /// For people: what is known of a sector.
  [[nodiscard]] const SectorState& base(uint64_t sector) const { return sectors_[sector].base; }

 private:
  struct Open {
    SectorState state;
    bool in_flight = true;
  };
  struct Sector {
    SectorState base;
    std::vector<Open> open;             ///< In flight or in doubt, in order of submission.
    std::vector<SectorState> possible;  ///< All that was submitted and may have been seen.
    uint64_t submissions = 0;
    uint32_t in_flight_count = 0;
  };

  [[nodiscard]] bool holds(const SectorState& state, uint64_t sector,
                           std::span<const std::byte> bytes) const;
  [[nodiscard]] Verdict observe(Sector& model, uint64_t sector, std::span<const std::byte> bytes);
  [[nodiscard]] Verdict judge_stranger(uint64_t sector, const SectorState& floor,
                                       std::span<const std::byte> bytes) const;

  SectorModel content_;
  std::vector<Sector> sectors_;
};

}  // namespace cairn::sim
