// Fuzzes the server of replication from its stream to its stores: a hostile node's bytes, in
// pieces, on several connections, while the stores answer late and connections break. Nothing may
// crash, leak, or have more under way than the limits allow.
//
// Input: u8 setting | actions. Setting: bits 0-3 bytes per read (0: all), bit 4 stores answer late.
// Action: u8 what | u8 count | bytes.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "replication/peer_network_fake.h"
#include "replication/peer_server.h"
#include "sim/sim_executor.h"

namespace cairn::replication {
namespace {

constexpr size_t kActionsMax = 200;
constexpr size_t kPeersMax = 6;
constexpr io::Nanoseconds kTurn = 1'000'000;

struct Directory final : PeerDirectory {
  [[nodiscard]] const PeerEndpoint* find(NodeId node) const override {
    return node == 1 || node == 2 ? &endpoint : nullptr;
  }
  PeerEndpoint endpoint;
};

class Store final : public RequestHandler {
 public:
  void handle(const Request& request, Responder& responder) override {
    CAIRN_ASSERT(request.first_sector + request.n_sectors <= store::kChunkSectors);
    CAIRN_ASSERT(reinterpret_cast<uintptr_t>(request.data.data()) % 4096 == 0);
    for (const std::byte byte : request.data) sum += std::to_integer<uint64_t>(byte);
    held.emplace_back(&request, &responder);
    CAIRN_ASSERT(held.size() <= 2 * kServedRequestsMax);
    if (!late) release();
  }
  void release() {
    for (const auto& [request, responder] : std::exchange(held, {})) {
      Reply reply;
      reply.answer = request->kind == Request::Kind::map ? Answer::ok : Answer::stale_pg;
      responder->answer(reply);
    }
  }

  bool late = false;
  uint64_t sum = 0;
  std::vector<std::pair<const Request*, Responder*>> held;
};

/// The hostile end of a connection.
class Peer final : private io::StreamHandler {
 public:
  explicit Peer(std::unique_ptr<io::Stream> stream) : stream_(std::move(stream)) {
    stream_->set_handler(*this);
    stream_->read(buffer_);
  }
  void send(std::span<const std::byte> bytes) {
    if (closed || bytes.empty()) return;
    unsent_.emplace_back(bytes.begin(), bytes.end());
    if (unsent_.size() == 1) write();
  }
  void close() {
    if (!closed) stream_->close();
  }
  bool closed = false;

 private:
  void write() {
    const iovec part{unsent_.front().data(), unsent_.front().size()};
    stream_->write({&part, 1});
  }
  void on_read(size_t) override { stream_->read(buffer_); }
  void on_written() override {
    unsent_.pop_front();
    if (!unsent_.empty()) write();
  }
  void on_closed(const Status&) override { closed = true; }

  std::unique_ptr<io::Stream> stream_;
  std::array<std::byte, 4096> buffer_{};
  std::deque<std::vector<std::byte>> unsent_;
};

class Harness final : private PeerServerHandler {
 public:
  explicit Harness(uint8_t setting) {
    network_.read_bytes_max = (setting & 15) == 0 ? SIZE_MAX : setting & 15;
    store_.late = (setting & 16) != 0;
    PeerIdentity self{.node = 2, .boot = 5, .authenticate = false};
    server_ = std::make_unique<PeerServer>(
        PeerServerContext{executor_, buffers_, directory_, store_, self}, network_.listen("s"));
    PeerServerHandler& handler = *this;
    server_->start(handler);
    connect();
  }
  ~Harness() {
    store_.late = false;
    store_.release();
    server_->stop();
    executor_.run_for(60'000'000'000);
    store_.release();
    for (const auto& peer : peers_) peer->close();
    executor_.run_for(60'000'000'000);
    CAIRN_ASSERT(stopped_);
    server_.reset();
    CAIRN_ASSERT(buffers_.taken_bytes() == 0);
  }

  void act(uint8_t what, std::span<const std::byte> bytes) {
    switch (what % 8) {
      case 0:
        connect();
        break;
      case 1:
        peers_.back()->close();
        break;
      case 2:
        store_.late = !store_.late;
        if (!store_.late) store_.release();
        break;
      case 3:
        network_.reset_all();
        break;
      case 4:
        hello();
        break;
      case 5:
      case 6:
        request(bytes);
        break;
      default:
        peers_.back()->send(bytes);
        break;
    }
    executor_.run_for(kTurn);
    CAIRN_ASSERT(buffers_.taken_bytes() <= 2 * (kServedBytesMax + kPeersMax * (1 << 20)));
  }

 private:
  void on_peer_server_stopped(const Status&) override { stopped_ = true; }

  void connect() {
    if (peers_.size() >= kPeersMax) return;
    auto [mine, theirs] = network_.pair();
    peers_.push_back(std::make_unique<Peer>(std::move(mine)));
    network_.listeners.at("s")->accept(std::move(theirs));
    executor_.run_for(kTurn);
  }

  void hello() {
    std::array<std::byte, kHelloBytes> bytes;
    encode_hello({.node = 1, .peer = 2, .boot = 7}, bytes);
    peers_.back()->send(bytes);
  }

  /// A right message of plausible numbers from three bytes: kind, sectors, flipped byte.
  void request(std::span<const std::byte> bytes) {
    std::array<uint8_t, 3> fields{};
    for (size_t i = 0; i < fields.size() && i < bytes.size(); ++i) {
      fields[i] = std::to_integer<uint8_t>(bytes[i]);
    }
    Request request;
    request.kind = static_cast<Request::Kind>(fields[0] % 9 + 1);
    request.n_sectors = static_cast<uint16_t>(fields[1] % 8 + 1);
    const bool is_write = request.kind == Request::Kind::write;
    const std::vector<uint32_t> crcs(is_write ? request.n_sectors : 0);
    const std::vector<std::byte> data(crcs.size() * store::kSectorBytes);
    request.crcs = crcs;
    request.data = data;
    std::vector<std::byte> message(head_bytes(request));
    encode_request(++calls_count_, request, message);
    message.insert(message.end(), data.begin(), data.end());
    if (fields[2] != 0) message[fields[2] % message.size()] ^= std::byte{1};
    peers_.back()->send(message);
  }

  sim::SimExecutor executor_;
  io::BufferPool buffers_{1 << 20};
  fakes::Network network_{executor_};
  Directory directory_;
  Store store_;
  std::unique_ptr<PeerServer> server_;
  std::vector<std::unique_ptr<Peer>> peers_;
  uint64_t calls_count_ = 0;
  bool stopped_ = false;
};

}  // namespace
}  // namespace cairn::replication

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  cairn::replication::Harness harness(data[0]);
  std::span<const std::byte> rest(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  for (size_t actions = 0; rest.size() >= 2 && actions < cairn::replication::kActionsMax;
       ++actions) {
    const auto what = std::to_integer<uint8_t>(rest[0]);
    const auto wanted = std::to_integer<size_t>(rest[1]);
    rest = rest.subspan(2);
    const size_t count = std::min(wanted, rest.size());
    harness.act(what, rest.first(count));
    rest = rest.subspan(count);
  }
  return 0;
}
