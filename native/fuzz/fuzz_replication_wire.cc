// Fuzzes the decoders of messages between nodes: any bytes, once as they are and once with magic,
// lengths and checksums made right, so that mutations reach the tables. Whatever is accepted must
// encode to the very same bytes, for every message has one encoding.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/assert.h"
#include "base/crc32c.h"
#include "replication/wire.h"

namespace cairn::replication {
namespace {

/// Data of accepted messages; its bytes do not matter.
const std::vector<std::byte> kData(kDataBytesMax);

/// The decoded message's encoding; empty for the frozen messages, where a later version may have
/// put something that we do not know.
std::vector<std::byte> encoded_again(const Frame& frame, std::span<const std::byte> body) {
  const auto data = std::span(kData).first(frame.data_bytes);
  std::vector<std::byte> again(kFrameBytes + frame.body_bytes);
  switch (frame.type) {
    case MessageType::request: {
      Request request;
      if (!decode_request(frame, body, request).ok()) return {};
      request.data = data;
      CAIRN_ASSERT(encode_request(frame.call_id, request, again) == again.size());
      return again;
    }
    case MessageType::reply: {
      Reply reply;
      if (!decode_reply(frame, body, reply).ok()) return {};
      reply.data = data;
      CAIRN_ASSERT(encode_reply(frame.call_id, frame.kind, reply, again) == again.size());
      return again;
    }
    case MessageType::hello:
      if (const auto hello = decode_hello(frame, body); hello.ok()) {
        CAIRN_ASSERT(hello.value().protocol_min <= hello.value().protocol_max);
      }
      return {};
    case MessageType::goodbye:
      static_cast<void>(decode_goodbye(frame, body).ok());
      return {};
    case MessageType::ping:
    case MessageType::pong:
      CAIRN_ASSERT(encode_ping(frame.type, frame.call_id, again) == again.size());
      return again;
  }
  CAIRN_ASSERT(false);
}

void decode(std::span<const std::byte> message) {
  const auto frame = decode_frame(message.first<kFrameBytes>());
  if (!frame.ok()) return;
  CAIRN_ASSERT(kFrameBytes + frame.value().body_bytes + frame.value().data_bytes <=
               kMessageBytesMax);
  if (message.size() - kFrameBytes < frame.value().body_bytes) return;
  const auto used = message.first(kFrameBytes + frame.value().body_bytes);
  const auto again = encoded_again(frame.value(), used.subspan(kFrameBytes));
  CAIRN_ASSERT(again.empty() || std::equal(again.begin(), again.end(), used.begin(), used.end()));
}

/// Makes right what random bytes never are: magic, version, body length, checksums.
void seal(std::span<std::byte> message) {
  auto frame = format::load<FrameDisk>(message, 0);
  const bool frozen = frame.type == 1 || frame.type == 2;
  const auto body = std::span<const std::byte>(message).subspan(kFrameBytes);
  frame.magic = kFrameMagic;
  frame.protocol = frozen ? kProtocolFrozen : kProtocolMax;
  if (frozen) frame.call_id = 0;
  frame.body_bytes = static_cast<uint32_t>(body.size());
  frame.body_crc = body.empty() ? 0 : crc32c(body);
  frame.data_bytes = frame.data_bytes % (store::kChunkSectors + 1) * store::kSectorBytes;
  format::save(message, 0, frame);
  format::save(message, offsetof(FrameDisk, frame_crc),
               crc32c(message.first(offsetof(FrameDisk, frame_crc))));
}

}  // namespace
}  // namespace cairn::replication

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn::replication;
  if (size < kFrameBytes) return 0;
  std::vector<uint64_t> words((size + 7) / 8);
  const auto message = std::as_writable_bytes(std::span(words)).first(size);
  std::memcpy(message.data(), data, size);
  decode(message);
  seal(message);
  decode(message);
  return 0;
}
