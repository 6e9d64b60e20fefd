// StateSet: the states that were met, as 128-bit fingerprints, each with the step that led to it.
//
// Two different states with one fingerprint would hide each other; at 10^8 states the chance of a
// single such pair is below 10^-22. Memory: 24 bytes per state and 12 to 24 for the index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/model/action.h"

namespace cairn::sim::model {

struct Fingerprint {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const Fingerprint&) const = default;
};

[[nodiscard]] Fingerprint fingerprint(const State& state);

/// Not thread-safe. States are numbered in the order they were added, from 0.
class StateSet {
 public:
  StateSet();

  /// Asks the processor for the memory that add(print) will look at: lookups are cache misses.
  void prefetch(const Fingerprint& print) const {
    __builtin_prefetch(&index_[print.low & (index_.size() - 1)]);
  }
  /// Adds a state reached from `parent` by `action`; false when it was there already.
  bool add(const Fingerprint& print, uint32_t parent, Action action);
  [[nodiscard]] uint32_t size() const { return size_; }
  /// The steps that led from state 0 to `number`.
  [[nodiscard]] std::vector<Action> trace(uint32_t number) const;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Entry {
    Fingerprint print;
    uint32_t parent = 0;
    Action action;
  };
  /// A place of the index: the entry's number, and bits of its fingerprint that make reading the
  /// entry of another state improbable.
  struct Place {
    uint32_t number = kNone;
    uint32_t tag = 0;
  };
  static constexpr uint32_t kBlockEntries = 1u << 16;
  [[nodiscard]] const Entry& entry(uint32_t number) const {
    return blocks_[number / kBlockEntries][number % kBlockEntries];
  }
  [[nodiscard]] size_t place_of(const Fingerprint& print) const;
  void grow();

  // Blocks never move, so growing copies only the index.
  std::vector<std::unique_ptr<Entry[]>> blocks_;
  std::vector<Place> index_;
  uint32_t size_ = 0;
};

}  // namespace cairn::sim::model
