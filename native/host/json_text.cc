#include "host/json_text.h"

#include <array>
#include <cstdio>

namespace cairn::host {

std::string json_quote(std::string_view text) {
  std::string out = "\"";
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (character == '"' || character == '\\') {
      out.push_back('\\');
      out.push_back(character);
    } else if (byte < 0x20) {
      std::array<char, 8> escaped{};
      (void)std::snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned>(byte));
      out.append(escaped.data());
    } else {
      out.push_back(character);
    }
  }
  out.push_back('"');
  return out;
}

std::string json_error(std::string_view kind, std::string_view message) {
  std::string line = "{\"error\":{\"kind\":";
  line.append(json_quote(kind)).append(",\"message\":").append(json_quote(message)).append("}}\n");
  return line;
}

}  // namespace cairn::host
