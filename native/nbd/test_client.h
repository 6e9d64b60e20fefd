// A client for tests: builds requests and takes replies apart, byte by byte, without any code of
// the server's.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "nbd/fakes.h"
#include "nbd/protocol.h"
#include "nbd/server.h"

namespace cairn::nbd::fakes {

using Bytes = std::vector<std::byte>;

template <typename T>
void put(Bytes& out, T value) {
  for (size_t i = sizeof(T); i-- > 0;)
    out.push_back(static_cast<std::byte>((value >> (8 * i)) & 0xff));
}

inline void put_text(Bytes& out, std::string_view text) {
  for (char letter : text) out.push_back(static_cast<std::byte>(letter));
}

inline uint64_t number_at(const Bytes& bytes, size_t at, size_t length) {
  uint64_t value = 0;
  for (size_t i = 0; i < length; i++)
    value = value << 8 | std::to_integer<uint64_t>(bytes.at(at + i));
  return value;
}

struct Reply {
  uint64_t cookie = 0;
  uint32_t error = 0;
  int chunk = -1;  ///< -1 for a simple reply.
  uint64_t offset_bytes = 0;
  Bytes payload = {};
};

/// A server over fakes with one client.
class ServerFixture : public ::testing::Test, protected ServerHandler {
 protected:
  static constexpr uint64_t kSizeBytes = 64 << 20;

  ServerFixture() {
    auto listener = std::make_unique<FakeListener>(executor);
    listener_ = listener.get();
    server = std::make_unique<Server>(executor, device, buffers, std::move(listener),
                                      ServerOptions{.name = "vol-7", .description = "a disk"});
    server->start(*this);
  }
  ~ServerFixture() override {
    device.held = false;
    device.wake();
    wire.writes_held = false;
    if (!stopped) {
      server->stop();
      executor.advance(10'000'000'000);
    }
    EXPECT_TRUE(stopped);
    server.reset();
    EXPECT_EQ(buffers.taken_bytes(), 0u);
  }

  void on_server_stopped(const Status& status) override {
    stopped = true;
    stop_status = status;
  }

  void run() {
    if (wire.wake != nullptr && !wire.wake_posted) {
      wire.wake_posted = true;
      executor.post(*wire.wake);
    }
    executor.run_until_idle();
  }
  void connect(uint32_t client_flags = 3) {
    listener_->accept(wire);
    run();
    ASSERT_EQ(take(18).size(), 18u);
    Bytes flags;
    put(flags, client_flags);
    send(flags);
  }
  void send(const Bytes& bytes) {
    wire.send(bytes);
    run();
  }
  Bytes take(size_t count) {
    EXPECT_LE(count, wire.from_server.size());
    count = std::min(count, wire.from_server.size());
    const auto end = wire.from_server.begin() + static_cast<ptrdiff_t>(count);
    Bytes taken(wire.from_server.begin(), end);
    wire.from_server.erase(wire.from_server.begin(), end);
    return taken;
  }

  void send_option(Option option, const Bytes& data = {}) {
    Bytes out;
    put(out, kOptionMagic);
    put(out, static_cast<uint32_t>(option));
    put(out, static_cast<uint32_t>(data.size()));
    out.insert(out.end(), data.begin(), data.end());
    send(out);
  }
  struct OptionAnswer {
    uint32_t reply = 0;
    Bytes data;
  };
  OptionAnswer take_option_reply() {
    const Bytes header = take(20);
    if (header.size() < 20) return {};
    EXPECT_EQ(number_at(header, 0, 8), kOptionReplyMagic);
    return {static_cast<uint32_t>(number_at(header, 12, 4)), take(number_at(header, 16, 4))};
  }
  static Bytes info_data(std::string_view name, std::vector<uint16_t> infos = {}) {
    Bytes data;
    put(data, static_cast<uint32_t>(name.size()));
    put_text(data, name);
    put(data, static_cast<uint16_t>(infos.size()));
    for (uint16_t info : infos) put(data, info);
    return data;
  }
  static Bytes context_data(std::string_view name, std::vector<std::string_view> queries) {
    Bytes data;
    put(data, static_cast<uint32_t>(name.size()));
    put_text(data, name);
    put(data, static_cast<uint32_t>(queries.size()));
    for (std::string_view query : queries) {
      put(data, static_cast<uint32_t>(query.size()));
      put_text(data, query);
    }
    return data;
  }
  /// Through the handshake. 0: simple replies; 1: structured with base:allocation; 2: extended
  /// headers with it.
  void go(int level) {
    connect();
    if (level > 0) {
      send_option(level == 1 ? Option::structured_reply : Option::extended_headers);
      EXPECT_EQ(take_option_reply().reply, 1u);
      send_option(Option::set_meta_context, context_data("vol-7", {"base:allocation"}));
      EXPECT_EQ(take_option_reply().reply, 4u);
      EXPECT_EQ(take_option_reply().reply, 1u);
    }
    extended = level == 2;
    send_option(Option::go, info_data("vol-7"));
    while (take_option_reply().reply == 3u) {
    }
    EXPECT_TRUE(wire.from_server.empty());
  }

  Bytes request(Command command, uint64_t cookie, uint64_t offset_bytes, uint64_t length_bytes,
                uint16_t flags = 0) const {
    Bytes out;
    put(out, extended ? kExtendedRequestMagic : kRequestMagic);
    put(out, flags);
    put(out, static_cast<uint16_t>(command));
    put(out, cookie);
    put(out, offset_bytes);
    if (extended) {
      put(out, length_bytes);
    } else {
      put(out, static_cast<uint32_t>(length_bytes));
    }
    return out;
  }
  Bytes write_request(uint64_t cookie, uint64_t offset_bytes, const Bytes& data,
                      uint16_t flags = 0) const {
    const auto payload_flag = extended ? kCommandPayloadLength : uint16_t{0};
    Bytes out = request(Command::write, cookie, offset_bytes, data.size(),
                        static_cast<uint16_t>(flags | payload_flag));
    out.insert(out.end(), data.begin(), data.end());
    return out;
  }
  /// `read_bytes`: the data a simple reply to a successful read carries.
  Reply take_reply(size_t read_bytes = 0) {
    const Bytes magic = take(4);
    if (magic.size() < 4) return {};
    switch (static_cast<uint32_t>(number_at(magic, 0, 4))) {
      case kSimpleReplyMagic: {
        const Bytes rest = take(12);
        Reply reply{.cookie = number_at(rest, 4, 8),
                    .error = static_cast<uint32_t>(number_at(rest, 0, 4))};
        if (reply.error == 0) reply.payload = take(read_bytes);
        return reply;
      }
      case kStructuredReplyMagic:
        return take_chunk(false);
      case kExtendedReplyMagic:
        return take_chunk(true);
      default:
        ADD_FAILURE() << "no reply's magic";
        return {};
    }
  }
  Reply take_chunk(bool is_extended) {
    const Bytes head = take(is_extended ? 28 : 16);
    EXPECT_EQ(number_at(head, 0, 2), 1u) << "every reply is one chunk";
    Reply reply{.cookie = number_at(head, 4, 8), .chunk = static_cast<int>(number_at(head, 2, 2))};
    if (is_extended) reply.offset_bytes = number_at(head, 12, 8);
    reply.payload = take(is_extended ? number_at(head, 20, 8) : number_at(head, 12, 4));
    if (reply.chunk == 0x8001) reply.error = static_cast<uint32_t>(number_at(reply.payload, 0, 4));
    return reply;
  }

  static Bytes pattern(size_t length_bytes, uint8_t seed) {
    Bytes bytes(length_bytes);
    for (size_t i = 0; i < length_bytes; i++)
      bytes[i] = static_cast<std::byte>(i * 7 + i / 4096 + seed);
    return bytes;
  }

  TurnExecutor executor;
  MemoryDevice device{executor, kSizeBytes};
  BufferPool buffers{4 << 20};
  Wire wire;
  bool extended = false;
  bool stopped = false;
  Status stop_status;
  FakeListener* listener_ = nullptr;
  std::unique_ptr<Server> server;
};

}  // namespace cairn::nbd::fakes
