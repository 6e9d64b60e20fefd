#include "host/keeper_message.h"

#include "host/keeper_client.h"

namespace cairn::host {

std::optional<KeeperMessage> parse_keeper_message(std::string_view bytes) {
  if (bytes.empty() || bytes.size() > kKeeperMessageBytesMax) return std::nullopt;
  if (bytes.find('\0') != std::string_view::npos) return std::nullopt;
  KeeperMessage message;
  while (!bytes.empty()) {
    const size_t newline = bytes.find('\n');
    const std::string_view line = bytes.substr(0, newline);
    bytes = newline == std::string_view::npos ? std::string_view() : bytes.substr(newline + 1);
    if (line.empty()) continue;
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) return std::nullopt;
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (key == "FDNAME") {
      if (!is_keeper_name(value)) return std::nullopt;
      message.name = value;
    } else if (value == "1") {
      message.ready = message.ready || key == "READY";
      message.stopping = message.stopping || key == "STOPPING";
      message.store = message.store || key == "FDSTORE";
      message.remove = message.remove || key == "FDSTOREREMOVE";
    }
  }
  return message;
}

}  // namespace cairn::host
