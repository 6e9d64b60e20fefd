#include "nbd/request.h"

#include <algorithm>

#include "base/assert.h"
#include "nbd/wire.h"

namespace cairn::nbd {

namespace {

uint16_t allowed_flags(Command command, const Agreement& agreement) {
  // FUA is legal on every command; every write is durable when it is answered, so it changes
  // nothing.
  uint16_t flags = kCommandFua;
  switch (command) {
    case Command::read:
      flags |= agreement.structured ? kCommandDf : 0;
      break;
    case Command::write:
      flags |= agreement.extended ? kCommandPayloadLength : 0;
      break;
    case Command::write_zeroes:
      flags |= kCommandNoHole | kCommandFastZero;
      break;
    case Command::block_status:
      flags |= kCommandReqOne;
      break;
    default:
      break;
  }
  return flags;
}

bool writes(Command command) {
  return command == Command::write || command == Command::trim || command == Command::write_zeroes;
}

WireError check_range(const RequestHeader& header, const io::BlockDevice& device) {
  if (header.length_bytes == 0) return WireError::invalid;
  const uint64_t size_bytes = device.size_bytes();
  const bool outside =
      header.offset_bytes > size_bytes || header.length_bytes > size_bytes - header.offset_bytes;
  if (outside) return writes(header.command) ? WireError::no_space : WireError::invalid;
  const bool aligned =
      header.offset_bytes % kBlockBytesMin == 0 && header.length_bytes % kBlockBytesMin == 0;
  return aligned ? WireError::none : WireError::invalid;
}

/// The header of a chunk of a structured or extended reply.
std::byte* put_chunk(std::byte* out, const Request& request, const Agreement& agreement,
                     Chunk chunk, uint64_t length_bytes) {
  out = store_be(out, agreement.extended ? kExtendedReplyMagic : kStructuredReplyMagic);
  out = store_be(out, kChunkDone);
  out = store_be(out, static_cast<uint16_t>(chunk));
  out = store_be(out, request.header.cookie);
  if (!agreement.extended) return store_be(out, static_cast<uint32_t>(length_bytes));
  out = store_be(out, request.header.offset_bytes);
  return store_be(out, length_bytes);
}

std::byte* put_simple(std::byte* out, const Request& request) {
  out = store_be(out, kSimpleReplyMagic);
  out = store_be(out, static_cast<uint32_t>(request.error));
  return store_be(out, request.header.cookie);
}

/// Structured replies are a must for reads and block status only; the shorter simple form serves
/// the rest.
bool reply_is_simple(const Request& request, const Agreement& agreement) {
  if (agreement.extended) return false;
  if (!agreement.structured) return true;
  const Command command = request.header.command;
  return command != Command::read && command != Command::block_status;
}

}  // namespace

std::optional<RequestHeader> decode_request(std::span<const std::byte> bytes,
                                            const Agreement& agreement) {
  CAIRN_ASSERT(bytes.size() == request_header_bytes(agreement));
  const std::byte* at = bytes.data();
  const uint32_t magic = agreement.extended ? kExtendedRequestMagic : kRequestMagic;
  if (load_be<uint32_t>(at) != magic) return std::nullopt;
  RequestHeader header;
  header.flags = load_be<uint16_t>(at + 4);
  header.command = static_cast<Command>(load_be<uint16_t>(at + 6));
  header.cookie = load_be<uint64_t>(at + 8);
  header.offset_bytes = load_be<uint64_t>(at + 16);
  header.length_bytes =
      agreement.extended ? load_be<uint64_t>(at + 24) : load_be<uint32_t>(at + 24);
  return header;
}

uint64_t payload_bytes(const RequestHeader& header, const Agreement& agreement) {
  if (header.command == Command::write) return header.length_bytes;
  // With extended headers any command may carry a payload, if only to be refused.
  const bool flagged = agreement.extended && (header.flags & kCommandPayloadLength) != 0;
  return flagged ? header.length_bytes : 0;
}

size_t buffer_bytes_for(const RequestHeader& header) {
  switch (header.command) {
    case Command::read:
    case Command::write:
      return static_cast<size_t>(header.length_bytes);
    case Command::block_status:
      return kExtentsMax * sizeof(io::BlockExtent);
    default:
      return 0;
  }
}

WireError check_request(const RequestHeader& header, const Agreement& agreement,
                        const io::BlockDevice& device) {
  if ((header.flags & ~allowed_flags(header.command, agreement)) != 0) return WireError::invalid;
  if (writes(header.command) && device.read_only()) return WireError::not_permitted;
  switch (header.command) {
    case Command::read:
    case Command::write:
      if (header.length_bytes > kBlockBytesMax) return WireError::invalid;
      return check_range(header, device);
    case Command::trim:
    case Command::write_zeroes:
    case Command::cache:
      return check_range(header, device);
    case Command::block_status:
      return agreement.allocation ? check_range(header, device) : WireError::invalid;
    case Command::flush: {
      const bool empty = header.offset_bytes == 0 && header.length_bytes == 0;
      return empty ? WireError::none : WireError::invalid;
    }
    case Command::disconnect:
      return WireError::none;
  }
  return WireError::invalid;
}

WireError wire_error(const Status& status) {
  switch (status.kind()) {
    case ErrorKind::ok:
      return WireError::none;
    case ErrorKind::invalid_argument:
      return WireError::invalid;
    case ErrorKind::no_space:
      return WireError::no_space;
    case ErrorKind::unsupported:
      return WireError::not_supported;
    // The volume is being closed or has moved: the client is to try elsewhere or later.
    case ErrorKind::cancelled:
    case ErrorKind::stale_epoch:
      return WireError::shutting_down;
    default:
      return WireError::io;
  }
}

size_t encode_reply(const Request& request, const Agreement& agreement, std::byte* out) {
  std::byte* const start = out;
  if (reply_is_simple(request, agreement)) {
    out = put_simple(out, request);
  } else if (request.error != WireError::none) {
    out = put_chunk(out, request, agreement, Chunk::error, sizeof(uint32_t) + sizeof(uint16_t));
    out = store_be(out, static_cast<uint32_t>(request.error));
    out = store_be(out,
                   uint16_t{0});  // no message: the log has the reason, guests have no use for it
  } else if (request.header.command == Command::read) {
    const uint64_t length_bytes = sizeof(uint64_t) + request.reply_data_bytes;
    out = put_chunk(out, request, agreement, Chunk::offset_data, length_bytes);
    out = store_be(out, request.header.offset_bytes);
  } else if (request.header.command == Command::block_status) {
    const size_t descriptor_bytes = agreement.extended ? 16 : 8;
    const uint64_t length_bytes =
        sizeof(uint32_t) * (agreement.extended ? 2 : 1) + request.reply_data_bytes;
    out = put_chunk(out, request, agreement,
                    agreement.extended ? Chunk::block_status_extended : Chunk::block_status,
                    length_bytes);
    out = store_be(out, kAllocationContext);
    if (agreement.extended) {
      out = store_be(out, static_cast<uint32_t>(request.reply_data_bytes / descriptor_bytes));
    }
  } else {
    out = put_chunk(out, request, agreement, Chunk::none, 0);
  }
  const auto written_bytes = static_cast<size_t>(out - start);
  CAIRN_ASSERT(written_bytes <= kReplyBytesMax);
  return written_bytes;
}

size_t encode_extents(Request& request, const Agreement& agreement) {
  const auto* extents = reinterpret_cast<const io::BlockExtent*>(request.buffer);
  // A descriptor is never longer than an extent, so the writing end cannot overtake the reading
  // end.
  static_assert(sizeof(io::BlockExtent) >= 16);
  uint64_t asked_bytes = request.header.length_bytes;
  std::byte* out = request.buffer;
  uint32_t index = 0;
  while (index < request.query.extents_count && asked_bytes > 0) {
    const bool allocated = extents[index].allocated;
    uint64_t run_bytes = 0;
    while (index < request.query.extents_count && extents[index].allocated == allocated) {
      run_bytes += extents[index++].length_bytes;
    }
    run_bytes = std::min(run_bytes, asked_bytes);
    asked_bytes -= run_bytes;
    const uint32_t state = allocated ? 0 : kStateHole | kStateZero;
    if (agreement.extended) {
      out = store_be(store_be(out, run_bytes), uint64_t{state});
    } else {
      out = store_be(store_be(out, static_cast<uint32_t>(run_bytes)), state);
    }
    if ((request.header.flags & kCommandReqOne) != 0) break;
  }
  return static_cast<size_t>(out - request.buffer);
}

}  // namespace cairn::nbd
