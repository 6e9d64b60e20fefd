// Taps and bridges, by the kernel's classic ioctls: no shell, no other program.
// All calls are idempotent: what is already as asked for is success.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "host/owned_fd.h"

namespace cairn::host {

struct TapOptions {
  std::string name;
  std::string bridge;
  uid_t owner = 0;  ///< The only user that may attach to the tap; it needs no capability for it.
  std::optional<uint32_t> mtu;
};

/// A name the kernel and every tool take: 1 to 15 of A-Z a-z 0-9 _ . -, not "." or "..".
[[nodiscard]] bool valid_interface_name(const std::string& name);

/// Makes a persistent tap with a vnet header, joins it to the bridge and sets it up.
/// On failure the tap does not exist. `not_found`: there is no such bridge.
[[nodiscard]] Status add_tap(const TapOptions& options);
/// The existing tap's descriptor, ready for a hypervisor. `not_found`: there is no such tap.
[[nodiscard]] Result<OwnedFd> open_tap(const std::string& name);
[[nodiscard]] Status delete_tap(const std::string& name);

[[nodiscard]] Status add_bridge(const std::string& name, std::optional<uint32_t> mtu);
[[nodiscard]] Status delete_bridge(const std::string& name);

}  // namespace cairn::host
