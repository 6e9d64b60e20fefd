// The catalogue of runs: the protocol within several bounds, and for every rule the run without it.
#pragma once

#include <string>
#include <vector>

#include "sim/model/explorer.h"
#include "sim/model/rules.h"

namespace cairn::sim::model {

enum class Group : uint8_t {
  /// The rules as they were first checked, then each rule taken out.
  kProtocol,
  kMutation,
  /// What the first check left out, then each of its rules taken out.
  kExtension,
  kExtensionMutation,
  /// The protocol the way the engine carries it out.
  kEngine,
  kEngineMutation,
};

struct Case {
  Group group = Group::kProtocol;
  /// Stable, for selection: "protocol-1", "mutation-3+12".
  std::string name;
  /// What is explored, or which rule is missing.
  std::string about;
  Rules rules;
  Outcome expected = Outcome::kHolds;
  /// Why nothing is found although a rule is missing; empty otherwise.
  std::string because;
  /// Part of the run that takes seconds.
  bool quick = false;
};

/// Every case, in the order of the table.
[[nodiscard]] std::vector<Case> all_cases();

/// The case with at least these bounds; a bound below the case's own changes nothing.
[[nodiscard]] Rules at_least(Rules rules, const Bounds& bounds);

[[nodiscard]] const char* name_of(Group group);
[[nodiscard]] const char* name_of(Outcome outcome);

}  // namespace cairn::sim::model
