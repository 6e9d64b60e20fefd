// A client node and a server node on a simulated clock and network, for the tests of the links.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "io/tls_connector.h"
#include "replication/peer_links.h"
#include "replication/peer_network_fake.h"
#include "replication/peer_server.h"
#include "sim/sim_executor.h"

namespace cairn::replication::fakes {

using Kind = Request::Kind;
inline constexpr io::Nanoseconds kMillisecond = 1'000'000;
inline constexpr io::Nanoseconds kSecond = 1'000'000'000;
inline constexpr NodeId kClientNode = 1;
inline constexpr NodeId kServerNode = 2;

struct Directory final : PeerDirectory {
  [[nodiscard]] const PeerEndpoint* find(NodeId node) const override {
    const auto found = endpoints.find(node);
    return found == endpoints.end() ? nullptr : &found->second;
  }
  std::map<NodeId, PeerEndpoint> endpoints = {{kClientNode, {"client", "node-1"}},
                                              {kServerNode, {"server", "node-2"}}};
};

/// Answers at once, or when told, what depends on the request only.
class Store final : public RequestHandler {
 public:
  struct Held {
    const Request* request;
    Responder* responder;
  };

  void handle(const Request& request, Responder& responder) override {
    volumes.push_back(request.volume);
    data_bytes += request.data.size();
    if (!request.data.empty()) {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(request.data.data()) % 4096, 0u);
      for (size_t i = 0; i < request.crcs.size(); ++i) {
        EXPECT_EQ(crc32c(request.data.subspan(i * 4096, 4096)), request.crcs[i]);
      }
    }
    held.push_back({&request, &responder});
    if (!hold) release();
  }

  void release() {
    for (const Held& each : std::exchange(held, {})) answer(each);
  }

  bool hold = false;
  std::vector<Held> held;
  std::vector<uint64_t> volumes;
  size_t data_bytes = 0;

 private:
  static void answer(const Held& held) {
    Reply reply;
    reply.version = held.request->volume;
    std::vector<uint32_t> crcs;
    std::vector<std::byte> data;
    if (held.request->kind == Kind::read) {
      data.assign(size_t{held.request->n_sectors} * 4096, std::byte(held.request->volume));
      crcs.assign(held.request->n_sectors, 7);
    }
    if (held.request->kind == Kind::list) reply.entries.resize(held.request->limit);
    reply.crcs = crcs;
    reply.data = data;
    held.responder->answer(reply);
  }
};

struct Call final : PeerCall {
  ~Call() {
    if (call_id != 0 && peers != nullptr) peers->cancel(*this);
  }
  void on_reply(const Reply* reply) override {
    ++replies_count;
    answered = reply != nullptr;
    if (reply != nullptr) {
      answer = reply->answer;
      version = reply->version;
      data.assign(reply->data.begin(), reply->data.end());
      entries_count = reply->entries.size();
    }
    if (then) then();
  }
  int replies_count = 0;
  bool answered = false;
  Answer answer = Answer::invalid;
  uint64_t version = 0;
  size_t entries_count = 0;
  std::vector<std::byte> data;
  std::function<void()> then;
  Peers* peers = nullptr;  ///< To cancel with, when a test ends before the call.
};

struct Listener final : PeersListener {
  void on_peer_restarted(NodeId node) override {
    EXPECT_EQ(node, kServerNode);
    ++restarted_count;
    if (on_event) on_event();
  }
  void on_peer_down(NodeId node) override {
    EXPECT_EQ(node, kServerNode);
    ++down_count;
    if (on_event) on_event();
  }
  int restarted_count = 0;
  int down_count = 0;
  std::function<void()> on_event;
};

inline PeerIdentity identity_of(NodeId node, uint64_t boot) {
  PeerIdentity identity{.node = node, .boot = boot, .authenticate = false};
  identity.cluster.fill(0xc1);
  return identity;
}

struct OwnedRequest {
  explicit OwnedRequest(Kind kind, uint64_t volume, uint16_t n_sectors = 0)
      : data(kind == Kind::write ? n_sectors * 4096u : 0, std::byte(volume)) {
    request.kind = kind;
    request.volume = volume;
    request.n_sectors = n_sectors;
    if (kind == Kind::list) request.limit = 100;
    if (kind == Kind::write) crcs.assign(n_sectors, crc32c(std::span(data).first(4096)));
    request.crcs = crcs;
    request.data = data;
  }
  Request request;
  std::vector<std::byte> data;
  std::vector<uint32_t> crcs;
};

class World : private PeerServerHandler, private PeerLinksHandler {
 public:
  World() : World(nullptr, nullptr) {}
  /// With contexts, the nodes authenticate each other.
  World(io::TlsContext* client_tls, io::TlsContext* server_tls) : server_tls_(server_tls) {
    if (client_tls != nullptr) {
      tls_connector_ = std::make_unique<io::TlsConnector>(executor, *client_tls, network);
    }
    PeerIdentity self = identity_of(kClientNode, 11);
    self.authenticate = client_tls != nullptr;
    links = std::make_unique<PeerLinks>(
        LinkContext{executor, tls_connector_ != nullptr ? *tls_connector_ : connector(), buffers,
                    directory, listener, self});
  }
  ~World() {
    network.set_silent(false);
    if (links != nullptr) stop_links();
    store.hold = false;
    store.release();
    if (server != nullptr) stop_server();
    EXPECT_EQ(buffers.taken_bytes(), 0u);
  }

  void start_server(uint64_t boot = 21) { start_server(identity_of(kServerNode, boot)); }
  void start_server(PeerIdentity self) {
    auto accepting = network.listen("server");
    self.authenticate = server_tls_ != nullptr;
    if (server_tls_ != nullptr) {
      auto tls = std::make_unique<io::TlsListener>(executor, *server_tls_, std::move(accepting));
      tls_listener = tls.get();
      accepting = std::move(tls);
    }
    server = std::make_unique<PeerServer>(
        PeerServerContext{executor, buffers, directory, store, self}, std::move(accepting));
    PeerServerHandler& handler = *this;
    server->start(handler);
  }
  void stop_server() {
    server_stopped = false;
    server->stop();
    EXPECT_TRUE(executor.run_until([&] { return server_stopped; }));
    server.reset();
  }
  void stop_links() {
    PeerLinksHandler& handler = *this;
    links->stop(handler);
    EXPECT_TRUE(executor.run_until([&] { return links_stopped; }));
    links.reset();
  }
  /// What a crash looks like from outside: resets, and refusals from then on.
  void kill_server() {
    network.reset_all();
    stop_server();
  }

  void call(Call& call, Kind kind, uint64_t volume, uint16_t n_sectors = 0) {
    const OwnedRequest request(kind, volume, n_sectors);
    call.peers = links.get();
    links->call(kServerNode, request.request, call);
  }
  bool run(const Call& call) {
    return executor.run_until([&] { return call.replies_count > 0; });
  }

  sim::SimExecutor executor;
  io::BufferPool buffers{8 << 20};
  fakes::Network network{executor};
  Directory directory;
  Listener listener;
  Store store;
  std::unique_ptr<PeerServer> server;
  std::unique_ptr<PeerLinks> links;
  bool server_stopped = false;
  bool links_stopped = false;
  io::TlsListener* tls_listener = nullptr;  ///< The server's, while it runs.

 private:
  io::Connector& connector() { return network; }
  void on_peer_server_stopped(const Status&) override { server_stopped = true; }
  void on_links_stopped() override { links_stopped = true; }

  io::TlsContext* server_tls_;
  std::unique_ptr<io::TlsConnector> tls_connector_;
};

/// A peer that speaks bytes.
class RawPeer final : private io::StreamHandler {
 public:
  explicit RawPeer(World& world) : buffer_(65536) {
    auto [mine, theirs] = world.network.pair();
    stream_ = std::move(mine);
    stream_->set_handler(*this);
    stream_->read(buffer_);
    world.network.listeners.at("server")->accept(std::move(theirs));
  }
  ~RawPeer() {
    if (closed) return;
    // The test's world stops first or the stream was closed: never left open.
    ADD_FAILURE() << "open raw peer";
  }
  void send(std::span<const std::byte> bytes) {
    sent_.emplace_back(bytes.begin(), bytes.end());
    if (sent_.size() == 1) write();
  }
  void send(const Hello& hello) {
    std::array<std::byte, kHelloBytes> bytes;
    encode_hello(hello, bytes);
    send(bytes);
  }
  void close() { stream_->close(); }
  /// The reason of the goodbye that came, 0 without one.
  [[nodiscard]] uint32_t goodbye() const {
    for (size_t at = 0; at + kFrameBytes <= received.size();) {
      const auto frame = decode_frame(std::span(received).subspan(at).first<kFrameBytes>());
      if (!frame.ok()) return 0;
      if (frame.value().type == MessageType::goodbye) {
        return format::load<uint32_t>(received, at + kFrameBytes);
      }
      at += kFrameBytes + frame.value().body_bytes + frame.value().data_bytes;
    }
    return 0;
  }

  std::vector<std::byte> received;
  bool closed = false;

 private:
  void write() {
    const iovec part{sent_.front().data(), sent_.front().size()};
    stream_->write({&part, 1});
  }
  void on_read(size_t count) override {
    received.insert(received.end(), buffer_.begin(),
                    buffer_.begin() + static_cast<ptrdiff_t>(count));
    stream_->read(buffer_);
  }
  void on_written() override {
    sent_.pop_front();
    if (!sent_.empty()) write();
  }
  void on_closed(const Status&) override { closed = true; }

  std::unique_ptr<io::Stream> stream_;
  std::vector<std::byte> buffer_;
  std::deque<std::vector<std::byte>> sent_;
};

inline Hello good_hello() {
  Hello hello{.node = kClientNode, .peer = kServerNode, .boot = 5};
  hello.cluster.fill(0xc1);
  return hello;
}

inline std::vector<std::byte> message(Kind kind, uint64_t call_id, uint16_t n_sectors) {
  const OwnedRequest request(kind, call_id, n_sectors);
  std::vector<std::byte> bytes(head_bytes(request.request));
  encode_request(call_id, request.request, bytes);
  bytes.insert(bytes.end(), request.data.begin(), request.data.end());
  return bytes;
}

}  // namespace cairn::replication::fakes
