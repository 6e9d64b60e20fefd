// cairn-kvm-probe [DEVICE]: prints whether this host's KVM can carry guests. Exit code 0 whenever
// a verdict was reached, whatever it is.
#include <cstdio>

#include "host/kvm_probe.h"

int main(int count, char** arguments) {
  const char* device = count > 1 ? arguments[1] : "/dev/kvm";
  const std::string line = cairn::host::to_json(cairn::host::probe_kvm(device));
  return std::fputs(line.c_str(), stdout) < 0 ? 1 : 0;
}
