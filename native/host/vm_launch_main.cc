// cairn-vm-launch: starts a hypervisor, prints one line of JSON about it and stays as its parent
// until it ends. The contract is in vm_launcher.h.
//
// Exit codes before the start: 2 bad usage, 3 the VM's lock is held, 1 anything else; with a line
// {"error":{...}} on the standard output. After the start nothing is printed any more.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "host/files.h"
#include "host/json_text.h"
#include "host/vm_launcher.h"

namespace {

using cairn::ErrorKind;
using cairn::Status;

int report(const Status& status) {
  const std::string line =
      cairn::host::json_error(cairn::to_string(status.kind()), status.context());
  (void)cairn::host::write_fully(STDOUT_FILENO, line);
  if (status.kind() == ErrorKind::invalid_argument) return 2;
  return status.kind() == ErrorKind::busy ? 3 : 1;
}

/// Lets go of the service: its pipes, its terminal, its directory.
void detach() {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return;
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) (void)::dup2(null, stream);
  if (null > STDERR_FILENO) ::close(null);
  if (::chdir("/") != 0) return;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  cairn::Result<cairn::host::LaunchOptions> options = cairn::host::parse_launch_options(words);
  if (!options.ok()) {
    (void)std::fputs(cairn::host::kLaunchUsage, stderr);
    return report(options.status());
  }
  // The service's death or Ctrl-C in its terminal must not reach a guest through its parent.
  (void)::setsid();
  for (const int ignored : {SIGHUP, SIGINT, SIGPIPE}) (void)std::signal(ignored, SIG_IGN);

  cairn::host::VmLauncher launcher(std::move(options).value());
  const cairn::Result<cairn::host::ProcessIdentity> started = launcher.start();
  if (!started.ok()) return report(started.status());
  const std::string line = "{\"pid\":" + std::to_string(started.value().pid) + ",\"startTime\":\"" +
                           std::to_string(started.value().start_time) +
                           "\",\"bootId\":" + cairn::host::json_quote(launcher.boot_id()) + "}\n";
  (void)cairn::host::write_fully(STDOUT_FILENO, line);
  detach();
  return launcher.supervise().ok() ? 0 : 1;
}
