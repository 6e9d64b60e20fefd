// CRC-32C (Castagnoli, RFC 3720 appendix B.4): the one checksum of Cairn's formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cairn {

/// The CRC-32C of `data`; "123456789" gives 0xe3069283. Uses ISA-L's vectorised code.
[[nodiscard]] uint32_t crc32c(std::span<const std::byte> data);

/// Continues a CRC: crc32c(a ‖ b) == crc32c_extend(crc32c(a), b).
[[nodiscard]] uint32_t crc32c_extend(uint32_t crc, std::span<const std::byte> data);

}  // namespace cairn
