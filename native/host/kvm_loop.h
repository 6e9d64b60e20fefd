// The measured part of the KVM self-test: one VM, one vCPU, one loop. Meant for a process of its
// own, for a wedged KVM_RUN cannot be interrupted by anything but the process' death.
#pragma once

#include <string>

#include "base/status.h"
#include "host/kvm_probe.h"

namespace cairn::host {

/// `not_found` or `unsupported`: the device is absent or may not be opened. Anything else that
/// fails is `io_error` and names the call.
[[nodiscard]] Result<KvmMeasurement> run_kvm_loop(const std::string& device);

}  // namespace cairn::host
