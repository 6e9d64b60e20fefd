// What must hold in every state.
#pragma once

#include "sim/model/state.h"

namespace cairn::sim::model {

/// The first property that `state` breaks, in words, or nullptr. A pure function.
///
///  - Every member of S that serves has its base and every write acknowledged to the guest.
///  - Some member of S serves, or (where all may restart) some member has each acknowledged write.
///  - The current writer knows of every acknowledged write.
///  - What the current writer may read, from any in-sync member that would answer, is what it has
///    decided or acknowledged, followed by nothing but its own pending writes.
[[nodiscard]] const char* broken_property(const Rules& rules, const State& state);

}  // namespace cairn::sim::model
