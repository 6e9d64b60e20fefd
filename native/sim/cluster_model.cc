#include "sim/cluster_model.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.h"

namespace cairn::sim {

namespace {

bool all_zero(std::span<const std::byte> bytes) {
  static constexpr std::array<std::byte, 4096> kZeroes{};
  return std::memcmp(bytes.data(), kZeroes.data(), kZeroes.size()) == 0;
}

uint64_t id_in(std::span<const std::byte> bytes) {
  uint64_t id = 0;
  std::memcpy(&id, bytes.data(), sizeof id);
  return id;
}

}  // namespace

ClusterModel::ClusterModel(uint64_t volume, uint64_t sectors_count)
    : content_(volume, 0), sectors_(sectors_count) {}

void ClusterModel::submitted(uint64_t id, uint64_t first, uint64_t count, bool zero) {
  for (uint64_t at = first; at < first + count; ++at) {
    Sector& sector = sectors_[at];
    CAIRN_ASSERT(sector.possible.empty() || sector.possible.back().id < id);
    sector.open.push_back({{id, zero}, true});
    sector.possible.push_back({id, zero});
    ++sector.submissions;
    ++sector.in_flight_count;
  }
}

bool ClusterModel::acknowledged(uint64_t id, uint64_t first, uint64_t count) {
  bool possible = true;
  for (uint64_t at = first; at < first + count; ++at) {
    Sector& sector = sectors_[at];
    const auto place = std::find_if(sector.open.begin(), sector.open.end(),
                                    [&](const Open& each) { return each.state.id == id; });
    if (place == sector.open.end()) {
      // Replaced by a later change since, or seen not to have happened.
      if (sector.base.id < id) possible = false;
      continue;
    }
    sector.base = place->state;
    for (auto each = sector.open.begin(); each <= place; ++each) {
      if (each->in_flight) --sector.in_flight_count;
    }
    sector.open.erase(sector.open.begin(), place + 1);
  }
  return possible;
}

void ClusterModel::doubted(uint64_t id, uint64_t first, uint64_t count) {
  for (uint64_t at = first; at < first + count; ++at) {
    Sector& sector = sectors_[at];
    for (Open& each : sector.open) {
      if (each.state.id != id || !each.in_flight) continue;
      each.in_flight = false;
      --sector.in_flight_count;
    }
  }
}

ClusterModel::Floor ClusterModel::floor(uint64_t sector) const {
  const Sector& model = sectors_[sector];
  return {model.base, model.submissions, model.in_flight_count == 0};
}

bool ClusterModel::holds(const SectorState& state, uint64_t sector,
                         std::span<const std::byte> bytes) const {
  if (state.zero) return all_zero(bytes);
  if (id_in(bytes) != state.id) return false;
  std::array<std::byte, 4096> expected;
  content_.fill(state.id, sector, expected);
  return std::memcmp(bytes.data(), expected.data(), expected.size()) == 0;
}

Verdict ClusterModel::read(uint64_t sector, const Floor& floor, std::span<const std::byte> bytes) {
  Sector& model = sectors_[sector];
  if (floor.quiet && model.submissions == floor.submissions) return observe(model, sector, bytes);
  // The state at the floor, or of anything submitted since that may have happened.
  if (holds(floor.base, sector, bytes)) return Verdict::allowed;
  for (auto state = model.possible.rbegin(); state != model.possible.rend(); ++state) {
    if (state->id <= floor.base.id) break;
    if (holds(*state, sector, bytes)) return Verdict::allowed;
  }
  return judge_stranger(sector, floor.base, bytes);
}

Verdict ClusterModel::observe(Sector& model, uint64_t sector, std::span<const std::byte> bytes) {
  // The newest first: two states of zeroes look the same, and the newer one is the safer belief.
  const auto seen = std::find_if(model.open.rbegin(), model.open.rend(), [&](const Open& each) {
    return holds(each.state, sector, bytes);
  });
  if (seen != model.open.rend()) {
    model.base = seen->state;
  } else if (!holds(model.base, sector, bytes)) {
    return judge_stranger(sector, model.base, bytes);
  }
  // What is newer than the state that was seen did not happen, and never will.
  std::erase_if(model.possible, [&](const SectorState& each) { return each.id > model.base.id; });
  model.open.clear();
  return Verdict::allowed;
}

Verdict ClusterModel::judge_stranger(uint64_t sector, const SectorState& floor,
                                     std::span<const std::byte> bytes) const {
  if (all_zero(bytes)) return Verdict::lost;
  const uint64_t id = id_in(bytes);
  return id < floor.id && holds({id, false}, sector, bytes) ? Verdict::lost : Verdict::wrong;
}

}  // namespace cairn::sim
