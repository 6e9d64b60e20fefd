// Action: the name of one step of the world, for the traces of violations.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/model/state.h"

namespace cairn::sim::model {

enum class Verb : uint8_t {
  kStart,
  // A writer.
  kOpen,
  kCrash,
  kClose,
  kRefresh,
  kEvict,
  kDropLocally,
  kAskOpen,
  kChoose,
  kDecide,
  kSkipJoiner,
  kChooseAgain,
  kActivate,
  kActivateClean,
  kIssue,
  kSend,
  kAcknowledge,
  // A store.
  kDeliver,
  kObserve,
  kRestart,
  kRestartForgetting,
  // Membership.
  kOthersEvict,
  kJoin,
  kRejoin,
  kRaiseEpoch,
  kReadBase,
  kRefuseBase,
  kInstallBase,
  kRecopyBase,
  kPromote,
};

/// A step; what `subject` and `object` number depends on the verb (see describe).
struct Action {
  Verb verb = Verb::kStart;
  uint8_t subject = 0;
  uint8_t object = 0;
  uint8_t detail = 0;
};

/// The step in words. Writers are called W1, W2, W3, stores A, B, C, writes w1 to w6.
[[nodiscard]] std::string describe(Action action);

/// A step and the state behind it.
struct Step {
  State state;
  Action action;
};

/// The steps that are possible in one state, collected.
class Steps {
 public:
  /// Adds a step that starts as a copy of `from`; the caller changes the copy. The reference is
  /// good until the next call.
  State& add(const State& from, Verb verb, int subject = 0, int object = 0, int detail = 0) {
    steps_.push_back({from,
                      {verb, static_cast<uint8_t>(subject), static_cast<uint8_t>(object),
                       static_cast<uint8_t>(detail)}});
    return steps_.back().state;
  }
  void clear() { steps_.clear(); }
  [[nodiscard]] std::vector<Step>& all() { return steps_; }

 private:
  std::vector<Step> steps_;
};

}  // namespace cairn::sim::model
