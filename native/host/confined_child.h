// The child's half of a launch: from fork to exec.
#pragma once

#include <vector>

#include "base/status.h"
#include "host/launch_options.h"

namespace cairn::host {

/// Descriptors the child works with; all of them are close-on-exec.
struct ChildDescriptors {
  int lock = -1;
  int log = -1;
  std::vector<int> files;  ///< In the order of LaunchOptions::files.
  int error = -1;          ///< Open until exec succeeds; carries the text of a failure.
};

/// Gives up every right that the program does not need and becomes it. Returns only on failure.
[[nodiscard]] Status become_program(const LaunchOptions& options, const ChildDescriptors& fds);

}  // namespace cairn::host
