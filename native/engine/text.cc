#include "engine/text.h"

#include <array>
#include <charconv>

namespace cairn::engine {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

bool dash_before(size_t byte_index) {
  return byte_index == 4 || byte_index == 6 || byte_index == 8 || byte_index == 10;
}

struct ClassName {
  store::DriveClass drive_class;
  std::string_view name;
};
constexpr std::array<ClassName, 5> kClassNames{{
    {store::DriveClass::unknown, "unknown"},
    {store::DriveClass::nvme, "nvme"},
    {store::DriveClass::ssd, "ssd"},
    {store::DriveClass::hdd, "hdd"},
    {store::DriveClass::file, "file"},
}};

}  // namespace

std::string to_text(const store::Uuid& uuid) {
  std::string text;
  text.reserve(36);
  for (size_t i = 0; i < uuid.size(); i++) {
    if (dash_before(i)) text.push_back('-');
    text.push_back(kHexDigits[uuid[i] >> 4]);
    text.push_back(kHexDigits[uuid[i] & 15]);
  }
  return text;
}

std::optional<store::Uuid> parse_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  store::Uuid uuid{};
  size_t at = 0;
  for (size_t i = 0; i < uuid.size(); i++) {
    if (dash_before(i) && text[at++] != '-') return std::nullopt;
    const size_t high = kHexDigits.find(text[at++]);
    const size_t low = kHexDigits.find(text[at++]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    uuid[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return uuid;
}

std::optional<uint64_t> parse_id(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view to_text(store::DriveClass drive_class) {
  for (const ClassName& entry : kClassNames) {
    if (entry.drive_class == drive_class) return entry.name;
  }
  return "unknown";
}

std::optional<store::DriveClass> parse_drive_class(std::string_view text) {
  for (const ClassName& entry : kClassNames) {
    if (entry.name == text) return entry.drive_class;
  }
  return std::nullopt;
}

}  // namespace cairn::engine
