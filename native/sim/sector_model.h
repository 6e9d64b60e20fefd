// SectorModel: what a volume may hold, sector by sector, and whether what was read is allowed.
//
// Every change has an id; ids grow in the order of submission. A written sector carries its id,
// volume and place and a fill made of them, so that bytes from elsewhere, of another time, or half
// new are recognised. The rules checked:
//  - an acknowledged change is there, and stays there until a later change replaces it;
//  - a change that was not acknowledged before a crash is there or not, per sector; the first
//  observation decides for ever;
//  - a change that was refused (nothing changed) is never seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace cairn::sim {

/// The verdict about one sector.
enum class Verdict : uint8_t {
  allowed,
  lost,   ///< An older state than an acknowledged change: the change is lost.
  wrong,  ///< Bytes that no allowed change wrote.
};

/// One state a sector was, or may be, in.
struct SectorState {
  uint64_t id = 0;
  bool zero = true;
};

class SectorModel {
 public:
  SectorModel(uint64_t volume, uint64_t sectors_count);

  [[nodiscard]] uint64_t volume() const { return volume_; }
  [[nodiscard]] uint64_t sectors_count() const { return sectors_.size(); }

  /// The content of `sector` as change `id` writes it; `bytes` is one sector.
  void fill(uint64_t id, uint64_t sector, std::span<std::byte> bytes) const;

  /// A change of `count` sectors was handed to the volume. `zero`: it writes zeroes.
  void submitted(uint64_t id, uint64_t first, uint64_t count, bool zero);
  void acknowledged(uint64_t id, uint64_t first, uint64_t count);
  /// Nothing was changed: the state is as if it had never been submitted.
  void refused(uint64_t id, uint64_t first, uint64_t count);

  /// True if no change of the range is in flight or in doubt.
  [[nodiscard]] bool settled(uint64_t first, uint64_t count) const;
  /// True if the sector, being settled, holds data rather than zeroes.
  [[nodiscard]] bool holds_data(uint64_t sector) const;

  /// Judges a sector read while nothing of it was in flight, and takes what was seen as the truth
  /// from now on.
  Verdict observe(uint64_t sector, std::span<const std::byte> bytes);
  /// Judges a sector of a read that ran beside changes: `floor` is `base` at the read's
  /// submission. Decides nothing.
  [[nodiscard]] Verdict peek(uint64_t sector, const SectorState& floor,
                             std::span<const std::byte> bytes) const;
  /// The newest acknowledged change of the sector.
  [[nodiscard]] const SectorState& base(uint64_t sector) const { return sectors_[sector].base; }

 private:
  struct Sector {
    SectorState base;
    std::vector<SectorState> open;  ///< In flight or in doubt, in order of submission.
    uint64_t zero_id_last = 0;      ///< The last change that wrote zeroes.
    uint64_t id_last = 0;
  };

  [[nodiscard]] bool holds(const SectorState& state, uint64_t sector,
                           std::span<const std::byte> bytes) const;
  [[nodiscard]] Verdict judge_stranger(uint64_t sector, uint64_t floor,
                                       std::span<const std::byte> bytes) const;

  uint64_t volume_;
  std::vector<Sector> sectors_;
};

}  // namespace cairn::sim
