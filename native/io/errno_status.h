// How the kernel's error numbers become a Status, in one place.
#pragma once

#include <string_view>

#include "base/status.h"

namespace cairn::io {

/// The Status for errno value `error` of `what` ("open /dev/sdb"): context "open /dev/sdb:
/// Permission denied".
[[nodiscard]] Status errno_status(int error, std::string_view what);

}  // namespace cairn::io
