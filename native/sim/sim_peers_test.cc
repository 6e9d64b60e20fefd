#include "sim/sim_peers.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>

#include "base/crc32c.h"

namespace cairn::sim {
namespace {

using replication::Answer;
using replication::NodeId;
using replication::Reply;
using replication::Request;

constexpr io::Nanoseconds kSecond = 1'000'000'000;

/// A call and what came of it.
struct Asked final : replication::PeerCall {
  void on_reply(const Reply* reply) override {
    ++ended_count;
    version = reply == nullptr ? std::nullopt : std::optional(reply->version);
    if (reply != nullptr && !reply->data.empty()) {
      first_word = 0;
      std::memcpy(&first_word, reply->data.data(), sizeof first_word);
    }
  }
  int ended_count = 0;
  std::optional<uint64_t> version;
  uint64_t first_word = 0;
};

/// Serves by answering with the request's version; a read returns the bytes written last.
class Server final : public replication::RequestHandler {
 public:
  void handle(const Request& request, Responder& responder) override {
    versions.push_back(request.version);
    if (request.kind == Request::Kind::write) {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(request.data.data()) % 4096, 0u);
      written.assign(request.data.begin(), request.data.end());
    }
    if (hold) return held.push_back({&request, &responder});
    answer(request, responder);
  }
  void answer(const Request& request, Responder& responder) {
    Reply reply;
    reply.version = request.version;
    std::vector<uint32_t> crcs;
    if (request.kind == Request::Kind::read) {
      for (size_t at = 0; at < written.size(); at += 4096) {
        crcs.push_back(crc32c(std::span(written).subspan(at, 4096)));
      }
      reply.crcs = crcs;
      reply.data = written;
    }
    responder.answer(reply);
  }
  std::vector<uint64_t> versions;
  std::vector<std::byte> written;
  bool hold = false;
  std::vector<std::pair<const Request*, Responder*>> held;
};

struct Listener final : replication::PeersListener {
  void on_peer_restarted(NodeId node) override { restarted.push_back(node); }
  void on_peer_down(NodeId node) override { down.push_back(node); }
  std::vector<NodeId> restarted, down;
};

class SimPeersTest : public ::testing::Test {
 protected:
  SimPeersTest() : world_(random_, 3), network_(world_, SimNetworkOptions{}) {
    for (NodeId node = 1; node <= 3; ++node) start(node);
  }
  ~SimPeersTest() override {
    for (NodeId node = 1; node <= 3; ++node) {
      if (peers_[node] != nullptr) network_.stop(node, SimNetwork::End::machine);
    }
  }

  void start(NodeId node) {
    peers_[node] = &network_.start(node, ++boot_);
    peers_[node]->serve(servers_[node]);
    peers_[node]->set_listener(&listeners_[node]);
  }
  void stop(NodeId node, SimNetwork::End end) {
    world_.node(node).drop_all();
    network_.stop(node, end);
    peers_[node] = nullptr;
    servers_[node].held.clear();
  }
  void ask(NodeId from, NodeId to, Asked& asked, uint64_t version) {
    Request request;
    request.kind = Request::Kind::zero;
    request.store = 1;
    request.volume = 1;
    request.version = version;
    request.n_sectors = 1;
    peers_[from]->call(to, request, asked);
  }

  SimRandom random_{11};
  World world_;
  SimNetwork network_;
  Server servers_[4];
  Listener listeners_[4];
  SimPeers* peers_[4] = {};
  uint64_t boot_ = 0;
};

TEST_F(SimPeersTest, carries_calls_in_order_and_their_replies) {
  std::vector<Asked> asked(100);
  for (uint64_t i = 0; i < asked.size(); ++i) ask(1, 2, asked[i], i + 1);
  EXPECT_EQ(asked[0].ended_count, 0);
  world_.run_for(kSecond);
  for (uint64_t i = 0; i < asked.size(); ++i) {
    EXPECT_EQ(asked[i].ended_count, 1);
    EXPECT_EQ(asked[i].version, i + 1);
    EXPECT_EQ(servers_[2].versions[i], i + 1);
  }
  EXPECT_EQ(network_.stats().connections, 1u);
}

TEST_F(SimPeersTest, copies_data_both_ways_and_to_the_node_itself) {
  for (const NodeId to : {NodeId{2}, NodeId{1}}) {
    std::vector<std::byte> data(size_t{64} * 4096, std::byte{0x5a});
    std::vector<uint32_t> crcs(64, crc32c(std::span(data).first(4096)));
    Request request;
    request.kind = Request::Kind::write;
    request.store = 1;
    request.volume = 1;
    request.version = 5;
    request.n_sectors = 64;
    request.crcs = crcs;
    request.data = data;
    Asked write;
    peers_[1]->call(to, request, write);
    std::fill(data.begin(), data.end(), std::byte{0});
    world_.run_for(kSecond);
    EXPECT_EQ(write.version, 5u);
    request.kind = Request::Kind::read;
    request.crcs = {};
    request.data = {};
    Asked read;
    peers_[1]->call(to, request, read);
    world_.run_for(kSecond);
    EXPECT_EQ(read.version, 5u);
    EXPECT_EQ(read.first_word, 0x5a5a5a5a5a5a5a5au);
  }
}

TEST_F(SimPeersTest, tells_at_once_that_a_process_died) {
  servers_[2].hold = true;
  Asked asked;
  ask(1, 2, asked, 1);
  world_.run_for(kSecond / 2);
  EXPECT_EQ(asked.ended_count, 0);
  stop(2, SimNetwork::End::process);
  world_.run_for(kSecond / 10);
  EXPECT_EQ(asked.ended_count, 1);
  EXPECT_EQ(asked.version, std::nullopt);
  EXPECT_EQ(listeners_[1].down, std::vector<NodeId>{2});
  // Nobody listens there: the next call fails as quickly.
  Asked again;
  ask(1, 2, again, 2);
  world_.run_for(kSecond / 10);
  EXPECT_EQ(again.ended_count, 1);
  EXPECT_EQ(listeners_[1].down.size(), 2u);
}

TEST_F(SimPeersTest, says_nothing_of_a_machine_that_died) {
  servers_[2].hold = true;
  Asked asked;
  ask(1, 2, asked, 1);
  world_.run_for(kSecond / 2);
  stop(2, SimNetwork::End::machine);
  world_.run_for(2 * kSecond);
  EXPECT_EQ(asked.ended_count, 0);
  world_.run_for(5 * kSecond);
  EXPECT_EQ(asked.ended_count, 1);
  EXPECT_TRUE(listeners_[1].down.empty());
}

TEST_F(SimPeersTest, tells_of_another_process_after_all_calls_ended) {
  Asked first;
  ask(1, 2, first, 1);
  world_.run_for(kSecond);
  for (const auto end : {SimNetwork::End::process, SimNetwork::End::machine}) {
    listeners_[1] = {};
    stop(2, end);
    world_.run_for(kSecond);
    start(2);
    world_.run_for(kSecond);
    std::vector<Asked> asked(5);
    for (int round = 0; round < 4 && listeners_[1].restarted.empty(); ++round) {
      for (Asked& each : asked) {
        if (each.call_id == 0) ask(1, 2, each, 7);
      }
      world_.run_for(kSecond);
    }
    EXPECT_EQ(listeners_[1].restarted, std::vector<NodeId>{2});
    for (Asked& each : asked) EXPECT_EQ(each.call_id, 0u);
    Asked after;
    ask(1, 2, after, 8);
    world_.run_for(kSecond);
    EXPECT_EQ(after.version, 8u);
  }
}

TEST_F(SimPeersTest, holds_messages_of_a_short_cut_and_gives_up_a_long_one) {
  Asked early;
  ask(1, 2, early, 1);
  world_.run_for(kSecond);
  for (const auto& [from, to] : {std::pair<NodeId, NodeId>{1, 2}, {2, 1}}) {
    network_.cut(from, to);
    Asked short_cut;
    ask(1, 2, short_cut, 2);
    world_.run_for(kSecond);
    EXPECT_EQ(short_cut.ended_count, 0);
    network_.heal(from, to);
    world_.run_for(kSecond);
    EXPECT_EQ(short_cut.version, 2u);
    network_.cut(from, to);
    Asked long_cut;
    ask(1, 2, long_cut, 3);
    world_.run_for(10 * kSecond);
    EXPECT_EQ(long_cut.ended_count, 1);
    EXPECT_EQ(long_cut.version, std::nullopt);
    network_.heal_all();
    Asked after;
    ask(1, 2, after, 4);
    world_.run_for(2 * kSecond);
    EXPECT_EQ(after.version, 4u);
  }
  EXPECT_TRUE(listeners_[1].down.empty());
  EXPECT_TRUE(listeners_[1].restarted.empty());
}

TEST_F(SimPeersTest, forgets_cancelled_calls_and_answers_to_broken_connections) {
  servers_[2].hold = true;
  Asked cancelled;
  Asked broken;
  ask(1, 2, cancelled, 1);
  ask(1, 2, broken, 2);
  world_.run_for(kSecond / 2);
  ASSERT_EQ(servers_[2].held.size(), 2u);
  peers_[1]->cancel(cancelled);
  network_.break_connection(1, 2);
  world_.run_for(kSecond / 2);
  EXPECT_EQ(broken.ended_count, 1);
  EXPECT_EQ(broken.version, std::nullopt);
  servers_[2].hold = false;
  for (const auto& [request, responder] : servers_[2].held) {
    servers_[2].answer(*request, *responder);
  }
  Asked after;
  ask(1, 2, after, 3);
  world_.run_for(kSecond);
  EXPECT_EQ(after.version, 3u);
  EXPECT_EQ(cancelled.ended_count, 0);
  EXPECT_EQ(broken.ended_count, 1);
  EXPECT_TRUE(listeners_[1].down.empty());
  EXPECT_EQ(peers_[1]->calls_count(), 0u);
}

TEST_F(SimPeersTest, lets_a_paused_nodes_messages_wait) {
  Asked asked;
  world_.node(2).set_paused(true);
  ask(1, 2, asked, 1);
  world_.run_for(2 * kSecond);
  EXPECT_EQ(asked.ended_count, 0);
  world_.node(2).set_paused(false);
  world_.run_for(kSecond);
  EXPECT_EQ(asked.version, 1u);
}

TEST_F(SimPeersTest, duplicates_and_reorders_when_told_to) {
  SimNetworkOptions options;
  options.duplicate_ppm = 300'000;
  options.reorder_ppm = 300'000;
  for (NodeId node = 1; node <= 3; ++node) stop(node, SimNetwork::End::machine);
  SimNetwork network(world_, options);
  SimPeers& client = network.start(1, 50);
  SimPeers& server = network.start(2, 51);
  server.serve(servers_[2]);
  std::vector<Asked> asked(100);
  Request request;
  request.kind = Request::Kind::zero;
  request.store = 1;
  request.volume = 1;
  request.n_sectors = 1;
  for (Asked& each : asked) {
    ++request.version;
    client.call(2, request, each);
  }
  world_.run_for(kSecond);
  for (uint64_t i = 0; i < asked.size(); ++i) {
    EXPECT_EQ(asked[i].ended_count, 1);
    EXPECT_EQ(asked[i].version, i + 1);
  }
  EXPECT_GT(servers_[2].versions.size(), asked.size() + 10);
  EXPECT_FALSE(std::is_sorted(servers_[2].versions.begin(), servers_[2].versions.end()));
  for (const NodeId node : {NodeId{1}, NodeId{2}}) {
    world_.node(node).drop_all();
    network.stop(node, SimNetwork::End::machine);
  }
}

}  // namespace
}  // namespace cairn::sim
