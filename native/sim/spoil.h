// Damage with a known effect, done to the medium of a simulated drive.
#pragma once

#include <cstddef>
#include <span>

#include "sim/sim_random.h"

namespace cairn::sim {

/// Flips bits of the newest checkpoint of the store on `medium`, if both checkpoints are whole: the
/// older one and the journal since it must then lead to the same state. False if nothing was done.
bool spoil_newest_checkpoint(std::span<std::byte> medium, SimRandom& random);

}  // namespace cairn::sim
