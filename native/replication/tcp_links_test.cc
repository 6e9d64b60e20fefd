// Links between two threads over real TCP on the loopback, in plain text and with TLS. What they
// cost is measured by the disabled test:
//
//   replication_test --gtest_also_run_disabled_tests --gtest_filter='*what_links_cost*'
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "io/reactor_thread.h"
#include "io/tcp_connector.h"
#include "io/tcp_socket.h"
#include "io/test_certificates.h"
#include "io/tls_connector.h"
#include "io/uring_stream.h"
#include "replication/peer_links.h"
#include "replication/peer_server.h"

namespace cairn::replication {
namespace {

using Kind = Request::Kind;
enum class Security { none, authenticated, encrypted };

struct Directory final : PeerDirectory {
  [[nodiscard]] const PeerEndpoint* find(NodeId node) const override {
    return node == 1 ? &client : node == 2 ? &server : nullptr;
  }
  PeerEndpoint client{.address = "127.0.0.1:1", .name = "node-1"};
  PeerEndpoint server{.address = "", .name = "node-2"};
};

PeerIdentity identity(NodeId node, Security security) {
  return {.node = node, .boot = node + 100, .authenticate = security != Security::none};
}

std::unique_ptr<io::TlsContext> tls_context(io::TestAuthority& authority, const std::string& name,
                                            Security security) {
  if (security == Security::none) return nullptr;
  auto context = io::TlsContext::create(authority.issue(name), security == Security::encrypted);
  EXPECT_TRUE(context.ok()) << context.status().message();
  return std::move(context).value();
}

/// Runs `function` on the thread and waits for it.
void run_on(io::ReactorThread& thread, std::function<void()> function) {
  std::promise<void> done;
  const bool accepted = thread.mailbox().post([&] {
    function();
    done.set_value();
  });
  ASSERT_TRUE(accepted);
  done.get_future().wait();
}

/// Answers every request at once; reads with zeroes.
class Zeroes final : public RequestHandler {
 public:
  void handle(const Request& request, Responder& responder) override {
    Reply reply;
    reply.version = request.volume;
    if (request.kind == Kind::read) {
      reply.crcs = std::span(crcs_).first(request.n_sectors);
      reply.data = std::span(data_).first(size_t{request.n_sectors} * store::kSectorBytes);
    }
    responder.answer(reply);
  }

 private:
  std::vector<uint32_t> crcs_ = std::vector<uint32_t>(store::kChunkSectors);
  std::vector<std::byte> data_ = std::vector<std::byte>(store::kChunkBytes);
};

class ServerNode final : private PeerServerHandler {
 public:
  ServerNode(io::TestAuthority& authority, Security security)
      : tls_(tls_context(authority, "node-2", security)) {
    auto listening = io::listen_tcp("127.0.0.1:0");
    EXPECT_TRUE(listening.ok());
    address = listening.value().address;
    const int fd = listening.value().fd;
    auto started = io::ReactorThread::start({.name = "server",
                                             .reactor = {},
                                             .set_up =
                                                 [this, fd, security](io::UringReactor& reactor) {
                                                   reactor_ = &reactor;
                                                   start(fd, security);
                                                 },
                                             .tear_down = [this](auto&) { server_.reset(); }});
    EXPECT_TRUE(started.ok());
    thread_ = std::move(started).value();
  }
  ~ServerNode() {
    run_on(*thread_, [&] { server_->stop(); });
    thread_->join();
  }

  std::string address;

 private:
  void start(int fd, Security security) {
    // The only reactor of this thread.
    std::unique_ptr<io::Listener> listener = std::make_unique<io::UringListener>(reactor(), fd);
    if (tls_ != nullptr) {
      listener = std::make_unique<io::TlsListener>(reactor(), *tls_, std::move(listener));
    }
    server_ = std::make_unique<PeerServer>(
        PeerServerContext{reactor(), buffers_, directory_, handler_, identity(2, security)},
        std::move(listener));
    PeerServerHandler& events = *this;
    server_->start(events);
  }
  void on_peer_server_stopped(const Status&) override { reactor().stop(); }
  io::UringReactor& reactor() { return *reactor_; }

  std::unique_ptr<io::TlsContext> tls_;
  io::BufferPool buffers_{16 << 20};
  Directory directory_;
  Zeroes handler_;
  std::unique_ptr<PeerServer> server_;
  io::UringReactor* reactor_ = nullptr;
  std::unique_ptr<io::ReactorThread> thread_;
};

class ClientNode final : private PeerLinksHandler, private PeersListener {
 public:
  ClientNode(io::TestAuthority& authority, Security security, const std::string& address)
      : tls_(tls_context(authority, "node-1", security)) {
    directory_.server.address = address;
    auto started = io::ReactorThread::start({.name = "client",
                                             .reactor = {},
                                             .set_up =
                                                 [this, security](io::UringReactor& reactor) {
                                                   reactor_ = &reactor;
                                                   start(security);
                                                 },
                                             .tear_down =
                                                 [this](auto&) {
                                                   links_.reset();
                                                   tls_connector_.reset();
                                                   tcp_.reset();
                                                 }});
    EXPECT_TRUE(started.ok());
    thread_ = std::move(started).value();
  }
  ~ClientNode() {
    run_on(*thread_, [&] {
      PeerLinksHandler& handler = *this;
      links_->stop(handler);
    });
    thread_->join();
  }

  /// Makes `count` calls, `depth` at a time. The number of those that were answered ok.
  size_t calls(Kind kind, uint16_t n_sectors, size_t count, size_t depth) {
    Load load(*this, kind, n_sectors, count);
    run_on(*thread_, [&] { load.start(depth); });
    load.done.get_future().wait();
    return load.ok_count;
  }

 private:
  struct Load {
    struct Slot final : PeerCall {
      explicit Slot(Load& owner) : load(owner) {}
      void on_reply(const Reply* reply) override { load.on_reply(*this, reply); }
      Load& load;
    };

    Load(ClientNode& owner, Kind kind, uint16_t n_sectors, size_t wanted)
        : client(owner),
          count(wanted),
          data(kind == Kind::write ? n_sectors * 4096u : 0),
          crcs(kind == Kind::write ? n_sectors : 0) {
      request.kind = kind;
      request.n_sectors = n_sectors;
      request.data = data;
      request.crcs = crcs;
    }
    void start(size_t depth) {
      for (size_t i = 0; i < depth && started < count; ++i) {
        slots.push_back(std::make_unique<Slot>(*this));
        next(*slots.back());
      }
    }
    void next(Slot& slot) {
      request.volume = ++started;
      client.links_->call(2, request, slot);
    }
    void on_reply(Slot& slot, const Reply* reply) {
      if (reply != nullptr && reply->answer == Answer::ok) ++ok_count;
      ++ended;
      if (started < count) return next(slot);
      if (ended == count) done.set_value();
    }

    ClientNode& client;
    size_t count;
    size_t started = 0;
    size_t ended = 0;
    size_t ok_count = 0;
    std::vector<std::byte> data;
    std::vector<uint32_t> crcs;
    Request request;
    std::vector<std::unique_ptr<Slot>> slots;
    std::promise<void> done;
  };

  void start(Security security) {
    tcp_ = std::make_unique<io::TcpConnector>(reactor());
    io::Connector* connector = tcp_.get();
    if (tls_ != nullptr) {
      tls_connector_ = std::make_unique<io::TlsConnector>(reactor(), *tls_, *tcp_);
      connector = tls_connector_.get();
    }
    PeersListener& listener = *this;
    links_ = std::make_unique<PeerLinks>(
        LinkContext{reactor(), *connector, buffers_, directory_, listener, identity(1, security)});
  }
  void on_links_stopped() override { reactor().stop(); }
  void on_peer_restarted(NodeId) override { ADD_FAILURE() << "nobody restarts here"; }
  void on_peer_down(NodeId) override {}
  io::UringReactor& reactor() { return *reactor_; }

  std::unique_ptr<io::TlsContext> tls_;
  io::BufferPool buffers_{16 << 20};
  Directory directory_;
  std::unique_ptr<io::TcpConnector> tcp_;
  std::unique_ptr<io::TlsConnector> tls_connector_;
  std::unique_ptr<PeerLinks> links_;
  io::UringReactor* reactor_ = nullptr;
  std::unique_ptr<io::ReactorThread> thread_;
};

TEST(TcpLinks, carry_small_and_large_calls) {
  io::TestAuthority authority;
  for (const Security security : {Security::none, Security::authenticated, Security::encrypted}) {
    ServerNode server(authority, security);
    ClientNode client(authority, security, server.address);
    EXPECT_EQ(client.calls(Kind::write, 1, 500, 32), 500u);
    EXPECT_EQ(client.calls(Kind::write, 256, 50, 8), 50u);
    EXPECT_EQ(client.calls(Kind::read, 256, 50, 8), 50u);
    EXPECT_EQ(client.calls(Kind::map, 0, 100, 100), 100u);
  }
}

TEST(TcpLinks, lose_calls_when_the_server_stops_and_find_the_next_one) {
  io::TestAuthority authority;
  auto server = std::make_unique<ServerNode>(authority, Security::encrypted);
  ClientNode client(authority, Security::encrypted, server->address);
  EXPECT_EQ(client.calls(Kind::write, 1, 10, 1), 10u);
  server.reset();
  EXPECT_EQ(client.calls(Kind::write, 1, 1, 1), 0u);
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Cost {
  double wall_s = 0;
  double cpu_s = 0;
};

/// The median of five runs, by CPU.
Cost median_cost(const std::function<void()>& run) {
  run();  // Warms up.
  std::vector<Cost> costs;
  for (int i = 0; i < 5; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const double cpu = cpu_seconds();
    run();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
    costs.push_back({wall.count(), cpu_seconds() - cpu});
  }
  std::sort(costs.begin(), costs.end(),
            [](const Cost& a, const Cost& b) { return a.cpu_s < b.cpu_s; });
  return costs[2];
}

TEST(TcpLinks, DISABLED_what_links_cost) {
  io::TestAuthority authority;
  constexpr size_t kSmall = 5000;
  constexpr size_t kLarge = 200;
  for (const auto& [security, name] :
       {std::pair(Security::none, "plain"), std::pair(Security::authenticated, "authenticated"),
        std::pair(Security::encrypted, "encrypted")}) {
    ServerNode server(authority, security);
    ClientNode client(authority, security, server.address);
    for (const size_t depth : {1u, 32u}) {
      const Cost cost =
          median_cost([&] { EXPECT_EQ(client.calls(Kind::write, 1, kSmall, depth), kSmall); });
      std::printf("%-13s write 4 KiB, depth %2zu: %7.0f /s, %5.1f us of CPU each (both ends)\n",
                  name, depth, kSmall / cost.wall_s, cost.cpu_s / kSmall * 1e6);
    }
    for (const Kind kind : {Kind::write, Kind::read}) {
      const Cost cost = median_cost([&] { EXPECT_EQ(client.calls(kind, 256, kLarge, 8), kLarge); });
      std::printf("%-13s %-5s 1 MiB, depth  8: %7.0f MiB/s, %5.0f us of CPU each (both ends)\n",
                  name, kind == Kind::write ? "write" : "read", kLarge / cost.wall_s,
                  cost.cpu_s / kLarge * 1e6);
    }
  }
}

}  // namespace
}  // namespace cairn::replication
