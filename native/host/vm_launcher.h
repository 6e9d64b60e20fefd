// Starts a hypervisor process so that it outlives its service, and records how it ends.
//
// In the VM's directory, which only the service's user may write:
//   lock          flock(LOCK_EX) is held by the program through a descriptor it inherits: it is
//                 free the instant the program is gone and never before
//   process.json  {"pid","startTime","bootId"}, complete before the program's first instruction
//   qemu.pid      the pid, for people
//   qemu.log      standard output and error, bounded, older part in qemu.log.1
//   exit.json     {"pid","startTime","exitCode","signal","endedAtMs"}, after the end
//
// The program runs in a session of its own, under its own user without capabilities and without a
// way to gain any, with no descriptor but those asked for, without core dumps, in its cgroup.
// The launcher stays as its parent, because only a parent learns how a process ended; when the
// launcher is killed the program runs on and only exit.json is missing.
#pragma once

#include "base/status.h"
#include "host/launch_options.h"
#include "host/owned_fd.h"
#include "host/process_identity.h"

namespace cairn::host {

class VmLauncher {
 public:
  explicit VmLauncher(LaunchOptions options) : options_(std::move(options)) {}

  /// Starts the program. `busy`: one holds the lock already. After an error no process remains.
  [[nodiscard]] Result<ProcessIdentity> start();

  /// Stays until the program ends: keeps the logs bounded, then writes exit.json.
  [[nodiscard]] Status supervise();

  [[nodiscard]] const std::string& boot_id() const { return boot_id_; }

 private:
  [[nodiscard]] Status take_lock();
  [[nodiscard]] Status open_files();
  [[nodiscard]] Status make_cgroup();
  [[nodiscard]] Status record_process();
  [[nodiscard]] Status record_exit(int wait_status);
  [[nodiscard]] Status wait_for_exec(int error_fd);
  void rotate_logs();

  LaunchOptions options_;
  std::string boot_id_;
  OwnedFd directory_;
  OwnedFd lock_;
  OwnedFd log_;
  std::vector<OwnedFd> files_;  ///< In the order of options_.files.
  ProcessIdentity process_;
};

}  // namespace cairn::host
