// Unix sockets: making, checking and connecting the descriptors that streams and listeners work on.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace cairn::io {

/// The longest path that a unix socket's address holds.
inline constexpr size_t kSocketPathBytesMax = 107;

/// Makes a listening stream socket at `path` with the permissions `mode`. A socket file that nobody
/// listens on any more is replaced; a live one gives busy, another kind of file already_exists. The
/// descriptor is close-on-exec and blocking.
[[nodiscard]] Result<int> listen_unix(const std::string& path, uint32_t mode, int backlog = 64);

/// Checks that `fd`, handed in from outside, is a listening unix stream socket, and makes it fit
/// for a listener (close-on-exec, blocking). Does not close it on failure.
[[nodiscard]] Status adopt_listening_unix(int fd);

/// Connects to `path`; for tools and tests. Blocks.
[[nodiscard]] Result<int> connect_unix(const std::string& path);

}  // namespace cairn::io
