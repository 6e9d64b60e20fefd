// Keeper: starts one service, keeps the descriptors it stores, and starts it again when it dies.
//
// What systemd's fd store does in production, for machines and checkouts where systemd does not run
// the service: volumes' listening sockets outlive a crash of the storage daemon, so that a guest's
// reconnect waits in the socket's backlog instead of being refused. Only datagrams of the service's
// own process are obeyed; all else is dropped.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cairn::host {

/// The exit code by which a service says that starting it again is of no use (EX_CONFIG).
inline constexpr int kKeeperExitConfiguration = 78;

struct KeeperOptions {
  /// Program and arguments; the program is looked up in PATH.
  std::vector<std::string> command;
  /// How long the service may take to stop before it is killed.
  uint32_t stop_timeout_ms = 15'000;
  uint32_t fds_max = 4096;
};

/// Runs until SIGTERM or SIGINT has stopped the service, or the service exited with
/// kKeeperExitConfiguration. Returns the exit code for this process: the service's own, 128 +
/// signal if a signal ended it, 1 if the keeper could not begin. Takes over the process's signals;
/// no other thread may exist.
[[nodiscard]] int run_keeper(const KeeperOptions& options);

}  // namespace cairn::host
