// Text forms of identities, as the control plane writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/store.h"

namespace cairn::engine {

/// "018f3c1e-…": lower case, five groups.
[[nodiscard]] std::string to_text(const store::Uuid& uuid);
[[nodiscard]] std::optional<store::Uuid> parse_uuid(std::string_view text);

/// Plain decimal digits, no sign, no leading zero but "0" itself, at most UINT64_MAX.
[[nodiscard]] std::optional<uint64_t> parse_id(std::string_view text);

[[nodiscard]] std::string_view to_text(store::DriveClass drive_class);
[[nodiscard]] std::optional<store::DriveClass> parse_drive_class(std::string_view text);

}  // namespace cairn::engine
