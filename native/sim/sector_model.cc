#include "sim/sector_model.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.h"

namespace cairn::sim {

namespace {

constexpr size_t kWords = 4096 / sizeof(uint64_t);

bool all_zero(std::span<const std::byte> bytes) {
  static constexpr std::array<std::byte, 4096> kZeroes{};
  return std::memcmp(bytes.data(), kZeroes.data(), kZeroes.size()) == 0;
}

}  // namespace

SectorModel::SectorModel(uint64_t volume, uint64_t sectors_count)
    : volume_(volume), sectors_(sectors_count) {}

void SectorModel::fill(uint64_t id, uint64_t sector, std::span<std::byte> bytes) const {
  CAIRN_ASSERT(bytes.size() == 4096);
  std::array<uint64_t, kWords> words;
  words[0] = id;
  words[1] = volume_;
  words[2] = sector;
  uint64_t value = (id ^ (volume_ << 40) ^ (sector << 20)) * 0x9e3779b97f4a7c15u | 1u;
  for (size_t index = 3; index < kWords; ++index) {
    value = value * 0xd1342543de82ef95u + 0x2545f4914f6cdd1du;
    words[index] = value;
  }
  std::memcpy(bytes.data(), words.data(), 4096);
}

void SectorModel::submitted(uint64_t id, uint64_t first, uint64_t count, bool zero) {
  for (uint64_t at = first; at < first + count; ++at) {
    Sector& sector = sectors_[at];
    CAIRN_ASSERT(id > sector.id_last);
    sector.open.push_back({id, zero});
    sector.id_last = id;
    if (zero) sector.zero_id_last = id;
  }
}

void SectorModel::acknowledged(uint64_t id, uint64_t first, uint64_t count) {
  for (uint64_t at = first; at < first + count; ++at) {
    Sector& sector = sectors_[at];
    const auto place = std::find_if(sector.open.begin(), sector.open.end(),
                                    [&](const SectorState& state) { return state.id == id; });
    CAIRN_ASSERT(place != sector.open.end());
    sector.base = *place;
    sector.open.erase(sector.open.begin(), place + 1);
  }
}

void SectorModel::refused(uint64_t id, uint64_t first, uint64_t count) {
  for (uint64_t at = first; at < first + count; ++at) {
    std::erase_if(sectors_[at].open, [&](const SectorState& state) { return state.id == id; });
  }
}

bool SectorModel::settled(uint64_t first, uint64_t count) const {
  for (uint64_t at = first; at < first + count; ++at) {
    if (!sectors_[at].open.empty()) return false;
  }
  return true;
}

bool SectorModel::holds_data(uint64_t sector) const {
  CAIRN_ASSERT(sectors_[sector].open.empty());
  return !sectors_[sector].base.zero;
}

bool SectorModel::holds(const SectorState& state, uint64_t sector,
                        std::span<const std::byte> bytes) const {
  if (state.zero) return all_zero(bytes);
  std::array<std::byte, 4096> expected;
  fill(state.id, sector, expected);
  return std::memcmp(bytes.data(), expected.data(), expected.size()) == 0;
}

Verdict SectorModel::observe(uint64_t sector, std::span<const std::byte> bytes) {
  Sector& model = sectors_[sector];
  // The newest first: two states of zeroes look the same, and the newer one is the safer belief.
  for (auto state = model.open.rbegin(); state != model.open.rend(); ++state) {
    if (!holds(*state, sector, bytes)) continue;
    model.base = *state;
    model.open.clear();
    return Verdict::allowed;
  }
  if (holds(model.base, sector, bytes)) {
    model.open.clear();
    return Verdict::allowed;
  }
  return judge_stranger(sector, model.base.id, bytes);
}

Verdict SectorModel::peek(uint64_t sector, const SectorState& floor,
                          std::span<const std::byte> bytes) const {
  const Sector& model = sectors_[sector];
  if (all_zero(bytes)) {
    // Zero at the floor, or zeroed by a change since.
    const bool allowed = floor.zero || model.zero_id_last > floor.id;
    return allowed ? Verdict::allowed : Verdict::lost;
  }
  uint64_t id = 0;
  std::memcpy(&id, bytes.data(), sizeof(id));
  if (id >= floor.id && id <= model.id_last && holds({id, false}, sector, bytes)) {
    return Verdict::allowed;
  }
  return judge_stranger(sector, floor.id, bytes);
}

Verdict SectorModel::judge_stranger(uint64_t sector, uint64_t floor,
                                    std::span<const std::byte> bytes) const {
  if (all_zero(bytes)) return Verdict::lost;
  uint64_t id = 0;
  std::memcpy(&id, bytes.data(), sizeof(id));
  return id < floor && holds({id, false}, sector, bytes) ? Verdict::lost : Verdict::wrong;
}

}  // namespace cairn::sim
