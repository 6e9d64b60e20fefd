// What two ends agree on in the handshake about the time after it. The agreement is authenticated:
// nobody in between can talk two nodes into plain text.
#pragma once

#include <string_view>

namespace cairn::io {

inline constexpr std::string_view kAlpnEncrypted = "cairn-peer";
inline constexpr std::string_view kAlpnPlain = "cairn-peer-plain";

}  // namespace cairn::io
