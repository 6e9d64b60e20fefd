// cairn-keeper: runs a service, keeps its sockets, starts it again when it dies.
#include <charconv>
#include <cstdio>
#include <string_view>

#include "host/keeper.h"

namespace {

constexpr std::string_view kUsage =
    "usage: cairn-keeper [--stop-timeout-ms N] [--fds-max N] -- PROGRAM [ARGUMENT...]\n"
    "\n"
    "Starts PROGRAM and starts it again whenever it ends. PROGRAM may store descriptors with\n"
    "systemd's notify protocol (NOTIFY_SOCKET: FDSTORE=1, FDNAME=, FDSTOREREMOVE=1) and gets them\n"
    "back at its next start (LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID). SIGTERM and SIGINT stop "
    "both.\n"
    "An exit of PROGRAM with code 78 (its configuration is wrong) ends the keeper with that "
    "code.\n";

bool parse_number(std::string_view text, uint32_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value > 0 &&
         value <= 3'600'000;
}

}  // namespace

int main(int argc, char** argv) {
  cairn::host::KeeperOptions options;
  int at = 1;
  for (; at < argc; ++at) {
    const std::string_view option = argv[at];
    if (option == "--") break;
    if (option == "--help") {
      std::fputs(kUsage.data(), stdout);
      return 0;
    }
    const bool has_value = at + 1 < argc;
    uint32_t* target = option == "--stop-timeout-ms" ? &options.stop_timeout_ms
                       : option == "--fds-max"       ? &options.fds_max
                                                     : nullptr;
    if (target == nullptr || !has_value || !parse_number(argv[++at], *target)) {
      std::fputs(kUsage.data(), stderr);
      return 64;
    }
  }
  for (++at; at < argc; ++at) options.command.emplace_back(argv[at]);
  if (options.command.empty()) {
    std::fputs(kUsage.data(), stderr);
    return 64;
  }
  return cairn::host::run_keeper(options);
}
