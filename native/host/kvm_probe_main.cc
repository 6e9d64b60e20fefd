// cairn-kvm-probe: prints whether this host's KVM can carry guests. Exit code 0 whenever a verdict
// was reached, whatever it is.
#include <cstdio>
#include <cstring>

#include "host/kvm_probe.h"

namespace {

constexpr const char* kUsage =
    "usage: cairn-kvm-probe [--json] [--device PATH]\n"
    "Measures how fast KVM runs guest code and prints one line of JSON:\n"
    "  verdict (usable, degraded, unusable, absent), reason, rateMillionPerSecond, elapsedMs\n";

}  // namespace

int main(int count, char** arguments) {
  const char* device = "/dev/kvm";
  for (int at = 1; at < count; ++at) {
    if (std::strcmp(arguments[at], "--json") == 0) continue;  // There is no other output.
    if (std::strcmp(arguments[at], "--device") == 0 && at + 1 < count) {
      device = arguments[++at];
      continue;
    }
    const bool help = std::strcmp(arguments[at], "--help") == 0;
    (void)std::fputs(kUsage, help ? stdout : stderr);
    return help ? 0 : 2;
  }
  const std::string line = cairn::host::to_json(cairn::host::probe_kvm(device));
  return std::fputs(line.c_str(), stdout) < 0 ? 1 : 0;
}
