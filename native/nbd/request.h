// Request: one NBD request from its decoded header to its sent reply. Pure decoding and checking
// live here; connection.h moves the bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "io/block_device.h"
#include "nbd/handshake.h"
#include "nbd/protocol.h"

namespace cairn::nbd {

/// The header of a request, as decoded.
struct RequestHeader {
  uint16_t flags = 0;
  Command command = Command::read;
  uint64_t cookie = 0;
  uint64_t offset_bytes = 0;
  uint64_t length_bytes = 0;
};

[[nodiscard]] inline size_t request_header_bytes(const Agreement& agreement) {
  return agreement.extended ? kExtendedRequestBytes : kRequestBytes;
}

/// Decodes request_header_bytes() bytes; nullopt if the magic is wrong, after which nothing in the
/// stream can be trusted.
[[nodiscard]] std::optional<RequestHeader> decode_request(std::span<const std::byte> bytes,
                                                          const Agreement& agreement);

/// How many bytes of payload follow the header.
[[nodiscard]] uint64_t payload_bytes(const RequestHeader& header, const Agreement& agreement);

/// The most extents that one block status reports.
inline constexpr size_t kExtentsMax = 1024;

/// Data memory the request needs while it is under way.
[[nodiscard]] size_t buffer_bytes_for(const RequestHeader& header);

/// Whether the export may be asked this: flags, bounds, alignment, limits, permission.
[[nodiscard]] WireError check_request(const RequestHeader& header, const Agreement& agreement,
                                      const io::BlockDevice& device);

/// What the client is told of a failed operation.
[[nodiscard]] WireError wire_error(const Status& status);

class Connection;

/// Bytes of the largest reply without its data: an extended header, the offset and an error's
/// payload.
inline constexpr size_t kReplyBytesMax = 48;

/// The state of one request under way. Reused; belongs to its connection.
struct Request {
  RequestHeader header;
  Connection* connection = nullptr;
  io::BlockRequest operation;
  io::ExtentQuery query;
  WireError error = WireError::none;
  /// From the pool: the data of a read or write, the descriptors of a block status. `buffer_bytes`
  /// is what was asked for.
  std::byte* buffer = nullptr;
  size_t buffer_bytes = 0;
  /// Bytes at the front of `buffer` that the reply carries.
  size_t reply_data_bytes = 0;
  /// Trim and write-zeroes go to the device in steps; this much is done.
  uint64_t zeroed_bytes = 0;
  uint64_t started_ns = 0;
  Request* next = nullptr;
};

/// Writes the reply that precedes the request's data into `out` (at least kReplyBytesMax); returns
/// its length.
[[nodiscard]] size_t encode_reply(const Request& request, const Agreement& agreement,
                                  std::byte* out);

/// Turns the extents of a finished query into wire descriptors, in place: `request.buffer` holds
/// BlockExtents before and descriptors afterwards. Adjoining extents of one state become one.
/// Returns the bytes of descriptors.
[[nodiscard]] size_t encode_extents(Request& request, const Agreement& agreement);

}  // namespace cairn::nbd
