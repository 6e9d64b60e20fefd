// cairn-net: makes and removes the taps and bridges of guests.
#include <charconv>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/json_text.h"
#include "host/network_devices.h"

namespace {

using cairn::ErrorKind;
using cairn::Status;

constexpr const char* kUsage =
    "usage: cairn-net tap-add NAME --bridge BRIDGE --owner UID [--mtu N]\n"
    "       cairn-net tap-delete NAME\n"
    "       cairn-net bridge-add NAME [--mtu N]\n"
    "       cairn-net bridge-delete NAME\n";

Status refused(const std::string& message) { return {ErrorKind::invalid_argument, message}; }

bool parse_u32(std::string_view text, uint32_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

using Flags = std::map<std::string, std::string>;

/// The value of a number flag; absent is not an error, nonsense is.
Status number_flag(const Flags& flags, const char* name, std::optional<uint32_t>* value) {
  const auto found = flags.find(name);
  if (found == flags.end()) return {};
  uint32_t number = 0;
  if (!parse_u32(found->second, &number)) return refused(std::string(name) + " takes a number");
  *value = number;
  return {};
}

Status run(const std::vector<std::string>& words) {
  if (words.size() < 2 || words.size() % 2 != 0) return refused("wrong number of arguments");
  const std::string& verb = words[0];
  const std::string& name = words[1];
  Flags flags;
  for (size_t i = 2; i < words.size(); i += 2) flags[words[i]] = words[i + 1];
  std::optional<uint32_t> mtu;
  std::optional<uint32_t> owner;
  CAIRN_RETURN_IF_ERROR(number_flag(flags, "--mtu", &mtu));
  CAIRN_RETURN_IF_ERROR(number_flag(flags, "--owner", &owner));
  if (verb == "tap-add") {
    if (!owner || !flags.contains("--bridge")) return refused("tap-add needs --bridge and --owner");
    return cairn::host::add_tap({name, flags["--bridge"], *owner, mtu});
  }
  if (verb == "tap-delete") return cairn::host::delete_tap(name);
  if (verb == "bridge-add") return cairn::host::add_bridge(name, mtu);
  if (verb == "bridge-delete") return cairn::host::delete_bridge(name);
  return refused("unknown verb " + verb);
}

}  // namespace

int main(int count, char** arguments) {
  const Status status = run({arguments + 1, arguments + count});
  if (status.ok()) return 0;
  if (status.kind() == ErrorKind::invalid_argument) (void)std::fputs(kUsage, stderr);
  (void)std::fputs(cairn::host::json_error(to_string(status.kind()), status.context()).c_str(),
                   stdout);
  return status.kind() == ErrorKind::invalid_argument ? 2 : 1;
}
