#include "sim/model/state_set.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace cairn::sim::model {

namespace {

constexpr size_t kIndexPlacesMin = 1u << 12;
constexpr uint64_t kLowSeed = 0x9e3779b97f4a7c15u;
constexpr uint64_t kHighSeed = 0xc2b2ae3d27d4eb4fu;
constexpr uint64_t kLowFactor = 0xff51afd7ed558ccdu;
constexpr uint64_t kHighFactor = 0xd6e8feb86659fd93u;

uint64_t mix(uint64_t value, uint64_t factor) {
  value *= factor;
  return value ^ (value >> 32);
}

}  // namespace

Fingerprint fingerprint(const State& state) {
  std::array<uint64_t, sizeof(State) / 8> words;
  std::memcpy(words.data(), &state, sizeof state);
  Fingerprint print{kLowSeed, kHighSeed};
  for (const uint64_t word : words) {
    print.low = mix(print.low ^ word, kLowFactor);
    print.high = mix(print.high + word, kHighFactor);
  }
  print.low = mix(print.low, kHighFactor);
  return print;
}

StateSet::StateSet() : index_(kIndexPlacesMin) {}

size_t StateSet::place_of(const Fingerprint& print) const {
  const size_t mask = index_.size() - 1;
  const auto tag = static_cast<uint32_t>(print.high);
  size_t position = print.low & mask;
  while (true) {
    const Place place = index_[position];
    if (place.number == kNone) return position;
    if (place.tag == tag && entry(place.number).print == print) return position;
    position = (position + 1) & mask;
  }
}

bool StateSet::add(const Fingerprint& print, uint32_t parent, Action action) {
  Place& place = index_[place_of(print)];
  if (place.number != kNone) return false;
  CAIRN_ASSERT(size_ != kNone);
  if (size_ % kBlockEntries == 0) blocks_.push_back(std::make_unique<Entry[]>(kBlockEntries));
  blocks_.back()[size_ % kBlockEntries] = {print, parent, action};
  place = {size_++, static_cast<uint32_t>(print.high)};
  if (size_ > index_.size() / 3 * 2) grow();
  return true;
}

void StateSet::grow() {
  index_ = std::vector<Place>(index_.size() * 2);
  for (uint32_t number = 0; number < size_; ++number) {
    const Fingerprint& print = entry(number).print;
    index_[place_of(print)] = {number, static_cast<uint32_t>(print.high)};
  }
}

std::vector<Action> StateSet::trace(uint32_t number) const {
  std::vector<Action> actions;
  for (; number != 0; number = entry(number).parent) actions.push_back(entry(number).action);
  std::reverse(actions.begin(), actions.end());
  return actions;
}

}  // namespace cairn::sim::model
