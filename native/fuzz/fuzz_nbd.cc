// Fuzzes the NBD server from its socket to its device: a hostile client's bytes, in pieces, on
// several connections, while the device finishes late, out of order or with errors and the client
// vanishes. Nothing may crash, leak, read outside the export (the fake device asserts it) or hold
// more memory than the limits allow.
//
// Input: u8 setting | actions. Setting: bit 0 read-only device, bit 1 newest first, bits 2-3
// prologue (none, simple, structured, extended), bits 4-7 bytes per read (0: all). Action: u8 what
// | u8 count | bytes.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/assert.h"
#include "nbd/fakes.h"
#include "nbd/server.h"
#include "nbd/wire.h"

namespace cairn::nbd {
namespace {

constexpr uint64_t kSizeBytes = 256 << 10;
constexpr size_t kActionsMax = 200;

class Harness final : private ServerHandler {
 public:
  explicit Harness(uint8_t setting) : read_bytes_max_(setting >> 4) {
    device_.is_read_only = (setting & 1) != 0;
    device_.newest_first = (setting & 2) != 0;
    auto listener = std::make_unique<fakes::FakeListener>(executor_);
    listener_ = listener.get();
    server_ = std::make_unique<Server>(executor_, device_, buffers_, std::move(listener),
                                       ServerOptions{.name = "v", .connections_max = 2});
    ServerHandler& handler = *this;
    server_->start(handler);
    connect();
    prologue((setting >> 2) & 3);
  }

  ~Harness() {
    device_.held = false;
    device_.wake();
    for (const auto& wire : wires_) wire->writes_held = false;
    server_->stop();
    executor_.advance(10'000'000'000);
    CAIRN_ASSERT(stopped_);
    server_.reset();
    CAIRN_ASSERT(buffers_.taken_bytes() == 0);
  }

  void act(uint8_t what, std::span<const std::byte> bytes) {
    fakes::Wire& wire = *wires_.back();
    switch (what % 8) {
      case 0:
        connect();
        break;
      case 1:
        wire.client_gone = true;
        break;
      case 2:
        device_.held = !device_.held;
        break;
      case 3:
        wire.writes_held = !wire.writes_held;
        break;
      case 4:
        device_.fail_with = device_.fail_with.ok() ? Status(ErrorKind::no_space, "fuzz") : Status();
        break;
      case 5:
        send_request(bytes);
        break;
      default:
        wire.send(bytes);
        break;
    }
    if (!device_.held) device_.wake();
    run();
    CAIRN_ASSERT(buffers_.taken_bytes() <= 2 * kBytesInFlightMax);
    for (const auto& each : wires_) each->from_server.clear();
  }

 private:
  void on_server_stopped(const Status&) override { stopped_ = true; }

  void connect() {
    if (wires_.size() >= 8) return;
    wires_.push_back(std::make_unique<fakes::Wire>());
    if (read_bytes_max_ > 0) wires_.back()->read_bytes_max = read_bytes_max_;
    listener_->accept(*wires_.back());
    run();
  }

  void run() {
    for (const auto& wire : wires_) {
      if (wire->wake == nullptr || wire->wake_posted) continue;
      wire->wake_posted = true;
      executor_.post(*wire->wake);
    }
    executor_.run_until_idle();
  }

  /// Through the handshake, so that mutations reach the transmission phase.
  void prologue(int level) {
    if (level == 0) return;
    std::vector<std::byte> out;
    WireWriter writer(out);
    const auto option = [&](Option code, uint32_t length_bytes) {
      writer.put(kOptionMagic);
      writer.put(static_cast<uint32_t>(code));
      writer.put(length_bytes);
    };
    writer.put(uint32_t{3});
    if (level > 1) {
      option(level == 2 ? Option::structured_reply : Option::extended_headers, 0);
      option(Option::set_meta_context, 4 + 4 + 4 + 15);
      writer.put(uint32_t{0});
      writer.put(uint32_t{1});
      writer.put(uint32_t{15});
      writer.put_text("base:allocation");
    }
    option(Option::go, 6);
    writer.put(uint32_t{0});
    writer.put(uint16_t{0});
    level_ = level;
    wires_.back()->send(out);
    run();
    wires_.back()->from_server.clear();
  }

  /// A request with a right magic and plausible numbers from five bytes: flags, command, offset,
  /// length, payload.
  void send_request(std::span<const std::byte> bytes) {
    uint8_t fields[4] = {};
    for (size_t i = 0; i < 4 && i < bytes.size(); i++)
      fields[i] = std::to_integer<uint8_t>(bytes[i]);
    std::vector<std::byte> out;
    WireWriter writer(out);
    const bool extended = level_ == 3;
    const uint32_t length_bytes = uint32_t{fields[3]} * 2048;
    writer.put(extended ? kExtendedRequestMagic : kRequestMagic);
    writer.put(uint16_t{fields[0]});
    writer.put(static_cast<uint16_t>(fields[1] % 10));
    writer.put(uint64_t{cookie_++});
    writer.put(uint64_t{fields[2]} * 4096);
    extended ? writer.put(uint64_t{length_bytes}) : writer.put(length_bytes);
    if (fields[1] % 10 == static_cast<uint8_t>(Command::write)) writer.put_zeroes(length_bytes);
    wires_.back()->send(out);
  }

  fakes::TurnExecutor executor_;
  fakes::MemoryDevice device_{executor_, kSizeBytes};
  BufferPool buffers_{1 << 20};
  size_t read_bytes_max_;
  std::vector<std::unique_ptr<fakes::Wire>> wires_;
  fakes::FakeListener* listener_ = nullptr;
  std::unique_ptr<Server> server_;
  int level_ = 0;
  uint64_t cookie_ = 0;
  bool stopped_ = false;
};

}  // namespace
}  // namespace cairn::nbd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  cairn::nbd::Harness harness(data[0]);
  std::span<const std::byte> rest(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  for (size_t actions = 0; rest.size() >= 2 && actions < cairn::nbd::kActionsMax; actions++) {
    const auto what = std::to_integer<uint8_t>(rest[0]);
    const auto wanted = std::to_integer<size_t>(rest[1]);
    rest = rest.subspan(2);
    const size_t count = std::min(wanted, rest.size());
    harness.act(what, rest.first(count));
    rest = rest.subspan(count);
  }
  return 0;
}
