#include "replication/peer_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/crc32c.h"
#include "replication/peer_world_fake.h"

namespace cairn::replication {
namespace {

using namespace fakes;

TEST(PeerServer, keeps_the_memory_of_requests_whose_connection_died) {
  World world;
  world.start_server();
  world.store.hold = true;
  Call call;
  world.call(call, Kind::write, 1, 16);
  world.executor.run_for(kSecond);
  ASSERT_EQ(world.store.held.size(), 1u);
  world.network.reset_all();
  world.executor.run_for(kSecond);
  EXPECT_FALSE(call.answered);
  const auto data = world.store.held.front().request->data;
  EXPECT_TRUE(std::all_of(data.begin(), data.end(), [](std::byte b) { return b == std::byte{1}; }));
  EXPECT_EQ(world.server->connections_count(), 2u) << "the dead one and the next";
  world.store.release();
  world.executor.run_for(kSecond);
  EXPECT_EQ(world.server->connections_count(), 1u);
}

TEST(PeerServer, answers_what_is_under_way_before_it_stops) {
  World world;
  world.start_server();
  world.store.hold = true;
  Call call;
  world.call(call, Kind::read, 4, 1);
  world.executor.run_for(kSecond);
  world.server->stop();
  world.executor.run_for(kSecond);
  EXPECT_FALSE(world.server_stopped);
  world.store.release();
  ASSERT_TRUE(world.run(call));
  EXPECT_TRUE(call.answered);
  world.executor.run_for(kSecond);
  EXPECT_TRUE(world.server_stopped);
  world.server.reset();
}

TEST(PeerServer, cuts_off_a_peer_that_takes_no_replies_when_it_stops) {
  World world;
  world.start_server();
  world.store.hold = true;
  Call call;
  world.call(call, Kind::read, 4, 256);
  world.executor.run_for(kSecond);
  world.server->stop();
  world.store.release();
  world.network.set_silent(true);
  world.executor.run_for(kServerDrainTimeout + kSecond);
  EXPECT_TRUE(world.server_stopped);
  world.server.reset();
}

TEST(PeerServer, sends_strangers_away_with_the_reason) {
  World world;
  world.start_server();
  const auto refusal = [&](auto change) {
    Hello hello = good_hello();
    change(hello);
    RawPeer peer(world);
    peer.send(hello);
    peer.send(message(Kind::map, 1, 0));
    world.executor.run_for(kSecond);
    EXPECT_TRUE(peer.closed);
    EXPECT_TRUE(world.store.volumes.empty());
    return static_cast<Goodbye>(peer.goodbye());
  };
  EXPECT_EQ(refusal([](Hello& h) { h.cluster[0]++; }), Goodbye::wrong_cluster);
  EXPECT_EQ(refusal([](Hello& h) { h.peer = 9; }), Goodbye::wrong_node);
  EXPECT_EQ(refusal([](Hello& h) { h.node = 9; }), Goodbye::unknown_node);
  EXPECT_EQ(refusal([](Hello& h) { h.binding[3] = 1; }), Goodbye::wrong_node);
  EXPECT_EQ(refusal([](Hello& h) { h.protocol_min = h.protocol_max = 2; }),
            Goodbye::no_common_version);
  EXPECT_EQ(world.server->stats().refused_count, 5u);
}

TEST(PeerServer, cuts_off_who_says_nothing) {
  World world;
  world.start_server();
  RawPeer peer(world);
  world.executor.run_for(kServerHelloTimeout - kSecond);
  EXPECT_FALSE(peer.closed);
  world.executor.run_for(2 * kSecond);
  EXPECT_TRUE(peer.closed);
}

TEST(PeerServer, ends_connections_with_garbage) {
  World world;
  world.start_server();
  const auto broken = [&](std::vector<std::byte> bytes, bool greet) {
    RawPeer peer(world);
    if (greet) peer.send(good_hello());
    peer.send(bytes);
    world.executor.run_for(kSecond);
    EXPECT_TRUE(peer.closed);
    EXPECT_TRUE(world.store.volumes.empty());
    return static_cast<Goodbye>(peer.goodbye());
  };
  for (const bool greet : {false, true}) {
    EXPECT_EQ(broken(std::vector<std::byte>(100, std::byte{0x41}), greet), Goodbye::broken);
    auto flipped = message(Kind::write, 1, 1);
    flipped[kFrameBytes + 3] ^= std::byte{1};
    EXPECT_EQ(broken(flipped, greet), Goodbye::broken);
    auto oversized = message(Kind::write, 1, 1);
    auto frame = format::load<FrameDisk>(oversized, 0);
    frame.data_bytes = 2 << 20;
    format::save(std::span(oversized), 0, frame);
    format::save(std::span(oversized), offsetof(FrameDisk, frame_crc),
                 crc32c(std::span(oversized).first(offsetof(FrameDisk, frame_crc))));
    EXPECT_EQ(broken(oversized, greet), Goodbye::broken);
    std::vector<std::byte> pong(kFrameBytes);
    encode_ping(MessageType::pong, 1, pong);
    EXPECT_EQ(broken(pong, greet), Goodbye::broken);
    Reply reply;
    std::vector<std::byte> answer(head_bytes(Kind::map, reply));
    encode_reply(1, Kind::map, reply, answer);
    EXPECT_EQ(broken(answer, greet), Goodbye::broken);
  }
  std::vector<std::byte> hello(kHelloBytes);
  encode_hello(good_hello(), hello);
  EXPECT_EQ(broken(hello, true), Goodbye::broken) << "a second hello";
}

TEST(PeerServer, forgets_a_request_of_which_only_a_part_came) {
  const auto whole = message(Kind::write, 1, 1);
  for (size_t length = 0; length < whole.size(); length += 7) {
    World world;
    world.start_server();
    RawPeer peer(world);
    peer.send(good_hello());
    if (length > 0) peer.send(std::span(whole).first(length));
    world.executor.run_for(10 * kMillisecond);
    peer.close();
    world.executor.run_for(10 * kMillisecond);
    EXPECT_TRUE(world.store.volumes.empty());
    EXPECT_EQ(world.server->connections_count(), 0u);
    EXPECT_TRUE(peer.closed);
  }
}

TEST(PeerServer, does_not_read_on_while_too_much_is_under_way) {
  World world;
  world.start_server();
  world.store.hold = true;
  RawPeer peer(world);
  peer.send(good_hello());
  constexpr uint64_t kRequests = 200;
  for (uint64_t i = 1; i <= kRequests; ++i) peer.send(message(Kind::read, i, 256));
  world.executor.run_for(kSecond);
  EXPECT_EQ(world.store.held.size(), kServedBytesMax / store::kChunkBytes);
  for (int round = 0; round < 10; ++round) {
    world.store.release();
    world.executor.run_for(kSecond);
    EXPECT_LE(world.store.held.size(), kServedBytesMax / store::kChunkBytes);
  }
  ASSERT_EQ(world.store.volumes.size(), kRequests);
  for (uint64_t i = 0; i < kRequests; ++i) EXPECT_EQ(world.store.volumes[i], i + 1);
  peer.close();
  world.executor.run_for(kSecond);
}

TEST(PeerServer, counts_what_a_node_has_under_way_over_all_its_connections) {
  World world;
  world.start_server();
  world.store.hold = true;
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (int i = 0; i < 4; ++i) {
    peers.push_back(std::make_unique<RawPeer>(world));
    peers.back()->send(good_hello());
    for (uint64_t call = 1; call <= 600; ++call) peers.back()->send(message(Kind::map, call, 0));
    world.executor.run_for(kSecond);
    EXPECT_LE(world.store.held.size(), kServedRequestsMax);
  }
  EXPECT_TRUE(peers[0]->closed) << "an older connection of the same node";
  EXPECT_FALSE(peers[3]->closed);
  world.store.release();
  world.executor.run_for(kSecond);
  EXPECT_GT(world.store.held.size(), 0u);
  peers[3]->close();
  world.executor.run_for(kSecond);
}

TEST(PeerIdentity, believes_only_the_name_that_was_proved) {
  Directory directory;
  PeerIdentity self = identity_of(kServerNode, 21);
  self.authenticate = true;
  Hello hello = good_hello();
  EXPECT_EQ(check_hello(self, hello, nullptr, directory), Goodbye::wrong_node);
  io::StreamPeer proved{.name = "node-1", .binding = {}};
  proved.binding.fill(0xb1);
  EXPECT_EQ(check_hello(self, hello, &proved, directory), Goodbye::wrong_node);
  hello.binding = proved.binding;
  EXPECT_EQ(check_hello(self, hello, &proved, directory), std::nullopt);
  proved.name = "node-2";
  EXPECT_EQ(check_hello(self, hello, &proved, directory), Goodbye::wrong_node);
}

}  // namespace
}  // namespace cairn::replication
