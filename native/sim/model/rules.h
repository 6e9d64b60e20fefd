// Rules: which protocol is explored, within which bounds, and which of its rules is taken out.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace cairn::sim::model {

/// The rules that a mutation can take out. Numbers 1 to 13 are those of the protocol's first check.
enum class Rule : uint8_t {
  kEvictBeforeAck = 1,
  kVolumeFence = 2,
  kSourceBarrier = 3,
  kWritesToJoiners = 4,
  kReconcileAtOpen = 5,
  kJoinerLoadsFence = 6,
  kVersionChain = 7,
  kEvictFromCurrentView = 8,
  kDecideToJoiners = 9,
  kEpochsOnReads = 10,
  kRollForwardFloating = 11,
  kBaseEpochTag = 12,
  kOwnerGuard = 13,
  kRestartedIsOut = 14,
  kRestartedJoinerRejoins = 15,
  kAckSinceJoin = 16,
  kDrainBeforeClose = 17,
  kOpenClearsClean = 18,
  kParkNewerMessages = 19,
  kFloorForJoiners = 20,
  kEvictLeavesServing = 21,
  kRestartedGivesNoBase = 22,
  kOpenPerEpoch = 23,
  kDropFloatingAbove = 24,
  kUnlistedCountsAsOlder = 25,
};

/// What is explored ends at these counts; within them nothing is left out.
struct Bounds {
  int writers = 2;
  int writes = 1;
  int chunks = 1;
  int evictions = 1;
  int joins = 1;
  int restarts = 0;
};

/// How the protocol is carried out, where more than one way is of interest.
struct Variant {
  /// An acknowledgement carries the epoch under which it was given, and counts only when the store
  /// had not joined later. Without: a store's acknowledgements are forgotten everywhere, by magic,
  /// at the moment it joins.
  bool ack_epochs = false;
  /// Stores and writers learn epochs only from their own ordered watch of etcd; a message with
  /// newer epochs is parked. Without: a message raises a store's epochs, and a writer jumps to the
  /// newest.
  bool watched_facts = false;
  /// OPEN takes one list of versions per member and is repeated under every new epoch; the longest
  /// one of an in-sync member is chosen; chunks whose lists differ are decided; a joiner is rolled
  /// back, and its floating writes above the choice are dropped. Without: the choice sees all
  /// members at once, joiners with a base too, rolls connected floating writes forward, and always
  /// decides.
  bool version_lists = false;
  /// Others (the conductor, writers of other volumes) evict members too.
  bool others_evict = false;
  /// A writer may close the volume; the next one then opens it without reconciliation.
  bool clean_close = false;
  /// A restarted member of S has lost any number of its newest writes (a lying flush).
  bool amnesia = false;
  /// OPEN is answered by restarted members too, and DECIDE takes them in again.
  bool readmit_at_open = false;
};

struct Rules {
  Bounds bounds;
  Variant variant;
  uint32_t removed = 0;

  [[nodiscard]] constexpr bool has(Rule rule) const {
    return ((removed >> static_cast<unsigned>(rule)) & 1u) == 0;
  }
  constexpr void remove(Rule rule) { removed |= 1u << static_cast<unsigned>(rule); }
};

}  // namespace cairn::sim::model
