// KeeperClient: how a service talks to the supervisor that keeps its sockets, systemd or
// cairn-keeper.
//
// Protocol: datagrams to the socket that $NOTIFY_SOCKET names (sd_notify(3)), lines of KEY=VALUE.
// "READY=1" says that the service serves; "FDSTORE=1", "FDNAME=x" and a descriptor in the ancillary
// data store the descriptor; "FDSTOREREMOVE=1" and "FDNAME=x" let go of it. At the next start
// descriptors 3, 4, ... are the stored ones; $LISTEN_FDS counts them, $LISTEN_FDNAMES names them
// (colons between), $LISTEN_PID says for whom they are (sd_listen_fds(3)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace cairn::host {

inline constexpr size_t kKeeperNameBytesMax = 255;

/// Whether `name` may name a stored descriptor: 1 to 255 printable ASCII characters, no colon.
[[nodiscard]] bool is_keeper_name(std::string_view name);

/// True if a supervisor listens.
[[nodiscard]] bool keeper_present();

/// Sends `message` (lines of KEY=VALUE). unsupported: there is no supervisor.
[[nodiscard]] Status keeper_notify(std::string_view message);

/// Gives the supervisor a copy of `fd`. When this returns the copy outlives this process, whatever
/// happens to it.
[[nodiscard]] Status keeper_store(std::string_view name, int fd);

/// Makes the supervisor close every copy that has this name.
[[nodiscard]] Status keeper_remove(std::string_view name);

struct InheritedFd {
  std::string name;
  int fd = -1;
};

/// The descriptors that the supervisor handed to this process, made close-on-exec; empty when they
/// are not for us. The caller owns them. Gives the same list at every call.
[[nodiscard]] std::vector<InheritedFd> keeper_inherited();

}  // namespace cairn::host
