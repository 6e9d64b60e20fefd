#include "replication/peer_links.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "replication/peer_world_fake.h"

namespace cairn::replication {
namespace {

using namespace fakes;

TEST(PeerLinks, carry_a_call_and_its_answer) {
  World world;
  world.start_server();
  Call write;
  world.call(write, Kind::write, 7, 3);
  EXPECT_EQ(write.replies_count, 0) << "answered from inside call";
  ASSERT_TRUE(world.run(write));
  EXPECT_TRUE(write.answered);
  EXPECT_EQ(write.answer, Answer::ok);
  EXPECT_EQ(write.version, 7u);
  EXPECT_EQ(world.store.data_bytes, 3 * 4096u);
  Call read;
  world.call(read, Kind::read, 8, 256);
  ASSERT_TRUE(world.run(read));
  EXPECT_EQ(read.data, std::vector<std::byte>(256 * 4096, std::byte{8}));
  Call list;
  world.call(list, Kind::list, 9);
  ASSERT_TRUE(world.run(list));
  EXPECT_EQ(list.entries_count, 100u);
  EXPECT_EQ(world.network.connects_count, 1u);
}

TEST(PeerLinks, keep_the_order_of_calls_and_send_many_with_one_write) {
  World world;
  world.start_server();
  std::vector<Call> calls(500);
  for (size_t i = 0; i < calls.size(); ++i) world.call(calls[i], Kind::write, i, 1);
  world.executor.run_for(kSecond);
  for (size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(calls[i].replies_count, 1);
    EXPECT_TRUE(calls[i].answered);
    EXPECT_EQ(world.store.volumes[i], i);
  }
  EXPECT_LT(world.network.last_wire().writes_count, 100u);
}

TEST(PeerLinks, understand_messages_that_arrive_byte_by_byte) {
  World world;
  world.network.read_bytes_max = 1;
  world.start_server();
  std::vector<Call> calls(6);
  for (size_t i = 0; i < calls.size(); ++i) {
    world.call(calls[i], i % 2 == 0 ? Kind::write : Kind::read, i, 2);
  }
  world.executor.run_for(kSecond);
  for (const Call& call : calls) EXPECT_TRUE(call.answered);
}

TEST(PeerLinks, send_the_largest_messages_both_ways) {
  World world;
  world.start_server();
  std::vector<Call> calls(40);
  for (size_t i = 0; i < calls.size(); ++i) {
    world.call(calls[i], i % 2 == 0 ? Kind::write : Kind::read, i, 256);
  }
  world.executor.run_for(kSecond);
  for (const Call& call : calls) EXPECT_TRUE(call.answered);
}

TEST(PeerLinks, forget_a_cancelled_call) {
  World world;
  world.start_server();
  world.store.hold = true;
  Call cancelled;
  Call kept;
  world.call(cancelled, Kind::read, 1, 1);
  world.call(kept, Kind::read, 2, 1);
  world.executor.run_for(100 * kMillisecond);
  world.links->cancel(cancelled);
  EXPECT_EQ(cancelled.call_id, 0u);
  world.store.release();
  ASSERT_TRUE(world.run(kept));
  EXPECT_EQ(cancelled.replies_count, 0);
}

TEST(PeerLinks, answer_busy_beyond_their_limits_and_stay_connected) {
  World world;
  world.start_server();
  world.store.hold = true;
  std::vector<Call> calls(kLinkCallsMax + 1);
  for (size_t i = 0; i < calls.size(); ++i) world.call(calls[i], Kind::map, i);
  EXPECT_EQ(calls.back().replies_count, 0);
  world.executor.run_for(100 * kMillisecond);
  EXPECT_EQ(calls.back().replies_count, 1);
  EXPECT_EQ(calls.back().answer, Answer::busy);
  EXPECT_EQ(calls.front().replies_count, 0);
  world.store.hold = false;
  world.store.release();
  world.executor.run_for(100 * kMillisecond);
  for (size_t i = 0; i < kLinkCallsMax; ++i) EXPECT_EQ(calls[i].answer, Answer::ok);
}

TEST(PeerLinks, answer_busy_when_too_many_bytes_wait) {
  World world;
  world.start_server();
  Call first;
  world.call(first, Kind::map, 1);
  ASSERT_TRUE(world.run(first));
  world.network.set_silent(true);
  std::vector<Call> calls(66);
  for (size_t i = 0; i < calls.size(); ++i) world.call(calls[i], Kind::write, i, 256);
  world.executor.run_for(100 * kMillisecond);
  EXPECT_EQ(calls.front().replies_count, 0);
  EXPECT_EQ(calls.back().answer, Answer::busy);
}

TEST(PeerLinks, let_a_call_that_is_repeated_at_once_not_starve_others) {
  World world;
  Call again;
  int repeated = 0;
  again.then = [&] {
    if (++repeated < 1000) world.call(again, Kind::map, 1);
  };
  world.call(again, Kind::map, 1);
  world.executor.run_for(3 * kSecond);
  EXPECT_LT(repeated, 40) << "the back-off is not kept";
  EXPECT_GT(repeated, 3);
  again.then = nullptr;
}

TEST(PeerLinks, answer_nullptr_and_report_a_dead_process) {
  World world;
  world.start_server();
  world.store.hold = true;
  Call call;
  world.call(call, Kind::map, 1);
  world.executor.run_for(2 * kSecond);
  world.listener.on_event = [&] { EXPECT_EQ(call.replies_count, 1); };
  world.network.listeners.clear();
  world.network.reset_all();
  world.executor.run_for(10 * kMillisecond);
  EXPECT_EQ(call.replies_count, 1);
  EXPECT_FALSE(call.answered);
  EXPECT_EQ(world.listener.down_count, 1);
  EXPECT_EQ(world.listener.restarted_count, 0);
}

TEST(PeerLinks, do_not_report_silence_but_end_it) {
  World world;
  world.start_server();
  world.store.hold = true;
  Call call;
  world.call(call, Kind::map, 1);
  world.executor.run_for(kSecond);
  world.network.set_silent(true);
  world.network.unreachable["server"] = true;
  world.executor.run_for(4 * kSecond);
  EXPECT_EQ(call.replies_count, 0);
  world.executor.run_for(2 * kSecond);
  EXPECT_EQ(call.replies_count, 1);
  EXPECT_FALSE(call.answered);
  world.executor.run_for(60 * kSecond);
  EXPECT_EQ(world.listener.down_count, 0);
  EXPECT_LT(world.network.connects_count, 10u) << "nobody calls, nobody has to connect";
}

TEST(PeerLinks, wait_for_a_slow_store_as_long_as_its_node_answers) {
  World world;
  world.start_server();
  world.store.hold = true;
  Call call;
  world.call(call, Kind::decide, 1);
  world.executor.run_for(60 * kSecond);
  EXPECT_EQ(call.replies_count, 0);
  world.store.release();
  ASSERT_TRUE(world.run(call));
  EXPECT_TRUE(call.answered);
  EXPECT_EQ(world.network.connects_count, 1u);
}

TEST(PeerLinks, tell_a_restarted_process_after_losing_its_calls) {
  World world;
  world.start_server(21);
  Call call;
  world.call(call, Kind::map, 1);
  ASSERT_TRUE(world.run(call));
  world.executor.run_for(2 * kSecond);
  world.kill_server();
  world.executor.run_for(2 * kSecond);
  EXPECT_EQ(world.listener.down_count, 1);

  world.start_server(22);
  Call early;
  world.listener.on_event = [&] { EXPECT_EQ(early.replies_count, 1); };
  world.call(early, Kind::map, 2);
  world.executor.run_for(2 * kSecond);
  EXPECT_FALSE(early.answered) << "meant for the process that is gone";
  EXPECT_EQ(world.listener.restarted_count, 1);
  EXPECT_EQ(world.store.volumes, std::vector<uint64_t>{1});
  Call late;
  world.call(late, Kind::map, 3);
  ASSERT_TRUE(world.run(late));
  EXPECT_TRUE(late.answered);
}

TEST(PeerLinks, connect_again_to_the_same_process_without_alarm) {
  World world;
  world.start_server();
  Call call;
  world.call(call, Kind::map, 1);
  ASSERT_TRUE(world.run(call));
  world.executor.run_for(2 * kSecond);
  world.network.reset_all();
  world.executor.run_for(kSecond);
  EXPECT_EQ(world.network.connects_count, 2u);
  EXPECT_TRUE(world.links->reports().front().up);
  EXPECT_EQ(world.listener.down_count, 0);
  EXPECT_EQ(world.listener.restarted_count, 0);
}

TEST(PeerLinks, answer_nullptr_for_a_node_that_is_none) {
  World world;
  Call call;
  const OwnedRequest request(Kind::map, 1);
  world.links->call(99, request.request, call);
  ASSERT_TRUE(world.run(call));
  EXPECT_FALSE(call.answered);
}

TEST(PeerLinks, give_every_call_exactly_one_answer_wherever_the_connection_is_cut) {
  size_t total_bytes = 0;
  {
    World world;
    world.start_server();
    Call write;
    Call read;
    world.call(write, Kind::write, 1, 1);
    world.call(read, Kind::read, 2, 1);
    ASSERT_TRUE(world.run(read));
    world.executor.run_for(kSecond);
    total_bytes = world.network.last_wire().written_bytes;
  }
  ASSERT_GT(total_bytes, 8192u);
  for (size_t cut = 0; cut <= total_bytes; ++cut) {
    World world;
    world.network.cut_after_bytes = cut;
    world.start_server();
    Call write;
    Call read;
    write.then = [&] { world.network.cut_after_bytes.reset(); };
    world.call(write, Kind::write, 1, 1);
    world.call(read, Kind::read, 2, 1);
    ASSERT_TRUE(world.run(read)) << cut;
    world.network.cut_after_bytes.reset();
    world.network.last_wire().cut_after_bytes.reset();
    ASSERT_EQ(write.replies_count, 1) << cut;
    ASSERT_EQ(read.replies_count, 1) << cut;
    ASSERT_TRUE(cut < total_bytes || read.answered);
    Call after;
    world.call(after, Kind::read, 3, 1);
    ASSERT_TRUE(world.run(after)) << cut;
    ASSERT_TRUE(after.answered) << cut;
    ASSERT_EQ(world.listener.down_count, 0) << cut;
  }
}

TEST(PeerLinks, do_not_talk_to_a_server_of_another_cluster) {
  World world;
  PeerIdentity other = identity_of(kServerNode, 21);
  other.cluster.fill(0xdd);
  world.start_server(other);
  Call call;
  world.call(call, Kind::map, 1);
  ASSERT_TRUE(world.run(call));
  EXPECT_FALSE(call.answered);
  EXPECT_TRUE(world.store.volumes.empty());
  EXPECT_EQ(world.links->reports().front().last_failure, "it said goodbye: wrong cluster");
}

/// Accepts like a server and sends what a test wants.
class RawServer final : private io::ListenerHandler, private io::StreamHandler {
 public:
  RawServer(World& world, std::vector<std::byte> bytes)
      : bytes_(std::move(bytes)), listener_(world.network.listen("server")), buffer_(65536) {
    listener_->start(*this);
  }
  void stop(World& world) {
    listener_->stop();
    for (const auto& stream : streams_) {
      if (!closed_) stream->close();
    }
    world.executor.run_for(kSecond);
  }

 private:
  void on_accept(std::unique_ptr<io::Stream> stream) override {
    if (!streams_.empty()) return;
    streams_.push_back(std::move(stream));
    streams_.back()->set_handler(*this);
    const iovec part{bytes_.data(), bytes_.size()};
    streams_.back()->write({&part, 1});
    streams_.back()->read(buffer_);
  }
  void on_stopped(const Status&) override {}
  void on_read(size_t) override { streams_.back()->read(buffer_); }
  void on_written() override {}
  void on_closed(const Status&) override { closed_ = true; }

  std::vector<std::byte> bytes_;
  std::unique_ptr<io::Listener> listener_;
  std::vector<std::unique_ptr<io::Stream>> streams_;
  std::vector<std::byte> buffer_;
  bool closed_ = false;
};

TEST(PeerLinks, refuse_what_a_server_must_not_say) {
  std::vector<std::byte> hello(kHelloBytes);
  Hello server_hello{.node = kServerNode, .peer = kClientNode, .boot = 9};
  server_hello.cluster.fill(0xc1);
  encode_hello(server_hello, hello);
  const auto after_hello = [&](std::vector<std::byte> more) {
    auto all = hello;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  Reply reply;
  std::vector<std::byte> unasked(head_bytes(Kind::map, reply));
  encode_reply(uint64_t{1} << 40, Kind::map, reply, unasked);
  std::vector<std::byte> other_kind(head_bytes(Kind::zero, reply));
  encode_reply(1, Kind::zero, reply, other_kind);
  server_hello.node = 3;
  std::vector<std::byte> other_node(kHelloBytes);
  encode_hello(server_hello, other_node);
  for (const auto& bytes :
       {std::vector<std::byte>(64, std::byte{0}), unasked, other_node, after_hello(hello),
        after_hello(unasked), after_hello(other_kind), after_hello(message(Kind::map, 1, 0))}) {
    World world;
    RawServer server(world, bytes);
    Call call;
    world.call(call, Kind::map, 1);
    ASSERT_TRUE(world.run(call));
    EXPECT_FALSE(call.answered);
    world.stop_links();
    server.stop(world);
  }
}

}  // namespace
}  // namespace cairn::replication
