#include "host/network_devices.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/assert.h"
#include "host/files.h"
#include "host/owned_fd.h"

namespace cairn::host {
namespace {

ifreq request_for(const std::string& name) {
  CAIRN_ASSERT(name.size() < IFNAMSIZ);
  ifreq request{};
  std::memcpy(request.ifr_name, name.c_str(), name.size() + 1);
  return request;
}

Status invalid_name(const std::string& name) {
  return {ErrorKind::invalid_argument, "'" + name + "' is not a name of an interface"};
}

OwnedFd control_socket() { return OwnedFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }

Status set_mtu(int control, const std::string& name, uint32_t mtu) {
  ifreq request = request_for(name);
  request.ifr_mtu = static_cast<int>(mtu);
  if (::ioctl(control, SIOCSIFMTU, &request) != 0) return errno_status("mtu of " + name, errno);
  return {};
}

Status set_up(int control, const std::string& name, bool up) {
  ifreq request = request_for(name);
  if (::ioctl(control, SIOCGIFFLAGS, &request) != 0) return errno_status(name, errno);
  const int flags = up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP;
  request.ifr_flags = static_cast<short>(flags);
  if (::ioctl(control, SIOCSIFFLAGS, &request) != 0) return errno_status("up of " + name, errno);
  return {};
}

Status join_bridge(int control, const std::string& bridge, const std::string& port) {
  ifreq request = request_for(bridge);
  request.ifr_ifindex = static_cast<int>(::if_nametoindex(port.c_str()));
  if (::ioctl(control, SIOCBRADDIF, &request) != 0 && errno != EBUSY) {
    return errno_status("bridge " + bridge, errno);
  }
  return {};
}

Result<OwnedFd> attach_tap(const std::string& name) {
  OwnedFd tap(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (!tap.open()) return errno_status("/dev/net/tun", errno);
  ifreq request = request_for(name);
  request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  if (::ioctl(tap.get(), TUNSETIFF, &request) != 0) return errno_status("tap " + name, errno);
  return tap;
}

Status join_and_set_up(const TapOptions& options) {
  const OwnedFd control = control_socket();
  if (!control.open()) return errno_status("socket", errno);
  if (options.mtu) CAIRN_RETURN_IF_ERROR(set_mtu(control.get(), options.name, *options.mtu));
  CAIRN_RETURN_IF_ERROR(join_bridge(control.get(), options.bridge, options.name));
  return set_up(control.get(), options.name, true);
}

}  // namespace

bool valid_interface_name(const std::string& name) {
  if (name.empty() || name.size() >= IFNAMSIZ || name == "." || name == "..") return false;
  return name.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") ==
         std::string::npos;
}

Status add_tap(const TapOptions& options) {
  if (!valid_interface_name(options.name)) return invalid_name(options.name);
  if (!valid_interface_name(options.bridge)) return invalid_name(options.bridge);
  if (::if_nametoindex(options.bridge.c_str()) == 0) {
    return {ErrorKind::not_found, "there is no bridge " + options.bridge};
  }
  const Result<OwnedFd> tap = attach_tap(options.name);
  if (!tap.ok()) return tap.status();
  if (::ioctl(tap.value().get(), TUNSETOWNER, static_cast<unsigned long>(options.owner)) != 0) {
    return errno_status("owner of " + options.name, errno);
  }
  CAIRN_RETURN_IF_ERROR(join_and_set_up(options));
  // Last, so that a tap that failed half-way vanishes with its descriptor.
  if (::ioctl(tap.value().get(), TUNSETPERSIST, 1UL) != 0) {
    return errno_status("tap " + options.name, errno);
  }
  return {};
}

Result<OwnedFd> open_tap(const std::string& name) {
  if (!valid_interface_name(name)) return invalid_name(name);
  if (::if_nametoindex(name.c_str()) == 0) {
    return Status(ErrorKind::not_found, "there is no tap " + name);
  }
  return attach_tap(name);
}

Status delete_tap(const std::string& name) {
  if (!valid_interface_name(name)) return invalid_name(name);
  if (::if_nametoindex(name.c_str()) == 0) return {};
  const Result<OwnedFd> tap = attach_tap(name);
  if (!tap.ok()) return tap.status();
  if (::ioctl(tap.value().get(), TUNSETPERSIST, 0UL) != 0) {
    return errno_status("tap " + name, errno);
  }
  return {};
}

Status add_bridge(const std::string& name, std::optional<uint32_t> mtu) {
  if (!valid_interface_name(name)) return invalid_name(name);
  const OwnedFd control = control_socket();
  if (!control.open()) return errno_status("socket", errno);
  if (::ioctl(control.get(), SIOCBRADDBR, name.c_str()) != 0 && errno != EEXIST) {
    return errno_status("bridge " + name, errno);
  }
  if (mtu) CAIRN_RETURN_IF_ERROR(set_mtu(control.get(), name, *mtu));
  return set_up(control.get(), name, true);
}

Status delete_bridge(const std::string& name) {
  if (!valid_interface_name(name)) return invalid_name(name);
  if (::if_nametoindex(name.c_str()) == 0) return {};
  const OwnedFd control = control_socket();
  if (!control.open()) return errno_status("socket", errno);
  CAIRN_RETURN_IF_ERROR(set_up(control.get(), name, false));
  if (::ioctl(control.get(), SIOCBRDELBR, name.c_str()) != 0) {
    return errno_status("bridge " + name, errno);
  }
  return {};
}

}  // namespace cairn::host
