// cairn-vm-watch: tells on its output when processes end. Protocol: process_watch.h.
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "host/json_text.h"
#include "host/process_watch.h"

int main() {
  // Its life is tied to its input, not to the terminal of the service that holds it.
  (void)std::signal(SIGINT, SIG_IGN);
  (void)std::signal(SIGPIPE, SIG_IGN);
  cairn::host::ProcessWatch watch(STDIN_FILENO, STDOUT_FILENO);
  const cairn::Status status = watch.run();
  if (status.ok()) return 0;
  (void)std::fputs(
      cairn::host::json_error(cairn::to_string(status.kind()), status.context()).c_str(), stderr);
  return 1;
}
