// KeeperMessage: what a service's notify datagram asks for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cairn::host {

inline constexpr size_t kKeeperMessageBytesMax = 4096;

struct KeeperMessage {
  bool ready = false;
  bool stopping = false;
  bool store = false;
  bool remove = false;
  /// "stored" when the message names none, as systemd has it.
  std::string name = "stored";
};

/// Understands lines of KEY=VALUE and skips those it does not know. Nothing if the bytes are no
/// such lines, are too many, or carry a name that may not name a descriptor.
[[nodiscard]] std::optional<KeeperMessage> parse_keeper_message(std::string_view bytes);

}  // namespace cairn::host
