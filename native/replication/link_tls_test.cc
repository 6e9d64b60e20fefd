// Links over TLS, on the simulated network; only the certificates' dates are of the real clock.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "io/test_certificates.h"
#include "io/tls_context.h"
#include "replication/peer_world_fake.h"

namespace cairn::replication {
namespace {

using namespace fakes;

enum class Mode { encrypted, plain };

std::unique_ptr<io::TlsContext> context_of(const io::TlsCredentials& credentials,
                                           Mode mode = Mode::encrypted) {
  auto context = io::TlsContext::create(credentials, mode == Mode::encrypted);
  EXPECT_TRUE(context.ok()) << context.status().message();
  return std::move(context).value();
}

class LinkTls : public ::testing::Test {
 protected:
  std::unique_ptr<io::TlsContext> client(Mode mode) {
    return context_of(authority_.issue("node-1"), mode);
  }
  std::unique_ptr<io::TlsContext> server(Mode mode) {
    return context_of(authority_.issue("node-2"), mode);
  }
  /// Why a call does not get through.
  std::string failure(io::TlsContext& client_tls, io::TlsContext& server_tls) {
    World world(&client_tls, &server_tls);
    world.start_server();
    Call call;
    world.call(call, Kind::write, 1, 1);
    EXPECT_TRUE(world.run(call));
    EXPECT_FALSE(call.answered);
    EXPECT_TRUE(world.store.volumes.empty());
    EXPECT_EQ(world.listener.down_count, 0);
    return world.links->reports().front().last_failure;
  }

  io::TestAuthority authority_;
};

/// True if the text of the write of `exchange` can be read on the network.
bool readable(World& world) {
  const std::vector<std::byte> text(4096, std::byte{7});
  const auto& sent = world.network.last_wire().recorded;
  return std::search(sent.begin(), sent.end(), text.begin(), text.end()) != sent.end();
}

void exchange(World& world) {
  Call write;
  Call read;
  world.call(write, Kind::write, 7, 256);
  world.call(read, Kind::read, 8, 256);
  ASSERT_TRUE(world.run(write));
  ASSERT_TRUE(world.run(read));
  EXPECT_TRUE(write.answered);
  EXPECT_EQ(read.data, std::vector<std::byte>(256 * 4096, std::byte{8}));
}

TEST_F(LinkTls, carries_calls_encrypted_unless_both_ends_want_plain_text) {
  for (const Mode client_mode : {Mode::encrypted, Mode::plain}) {
    for (const Mode server_mode : {Mode::encrypted, Mode::plain}) {
      const auto client_tls = client(client_mode);
      const auto server_tls = server(server_mode);
      World world(client_tls.get(), server_tls.get());
      world.network.record = true;
      world.start_server();
      exchange(world);
      EXPECT_EQ(readable(world), client_mode == Mode::plain && server_mode == Mode::plain);
      EXPECT_EQ(world.network.connects_count, 1u);
    }
  }
}

TEST_F(LinkTls, understands_bytes_that_arrive_one_by_one) {
  for (const Mode mode : {Mode::encrypted, Mode::plain}) {
    const auto client_tls = client(mode);
    const auto server_tls = server(mode);
    World world(client_tls.get(), server_tls.get());
    world.network.read_bytes_max = 1;
    world.start_server();
    Call call;
    world.call(call, Kind::write, 7, 2);
    ASSERT_TRUE(world.run(call));
    EXPECT_TRUE(call.answered);
  }
}

TEST_F(LinkTls, refuses_the_certificate_of_another_authority) {
  io::TestAuthority other;
  const auto stranger_client = context_of(other.issue("node-1"));
  const auto stranger_server = context_of(other.issue("node-2"));
  const auto good_client = client(Mode::encrypted);
  const auto good_server = server(Mode::encrypted);
  EXPECT_NE(failure(*good_client, *stranger_server).find("certificate"), std::string::npos);
  // A client learns only after its handshake that the server does not believe it.
  EXPECT_NE(failure(*stranger_client, *good_server), "");
}

TEST_F(LinkTls, refuses_an_expired_certificate) {
  const auto expired = context_of(authority_.issue("node-2", -3600));
  const auto good_client = client(Mode::encrypted);
  EXPECT_NE(failure(*good_client, *expired).find("expired"), std::string::npos);
}

TEST_F(LinkTls, refuses_another_node_of_the_same_cluster_in_either_place) {
  const auto third = context_of(authority_.issue("node-3"));
  const auto good_client = client(Mode::encrypted);
  const auto good_server = server(Mode::encrypted);
  EXPECT_NE(failure(*good_client, *third).find("the other end is node-3, not node-2"),
            std::string::npos);
  EXPECT_EQ(failure(*third, *good_server), "it said goodbye: wrong node");
}

TEST_F(LinkTls, gives_up_a_handshake_that_does_not_go_on) {
  const auto client_tls = client(Mode::encrypted);
  World world(client_tls.get(), nullptr);
  world
      .start_server();  // It waits for a hello, in plain text, and takes the handshake for garbage.
  Call call;
  world.call(call, Kind::map, 1);
  ASSERT_TRUE(world.run(call));
  EXPECT_FALSE(call.answered);
}

TEST_F(LinkTls, ends_a_handshake_in_silence) {
  const auto client_tls = client(Mode::encrypted);
  const auto server_tls = server(Mode::encrypted);
  World world(client_tls.get(), server_tls.get());
  world.start_server();
  Call call;
  world.call(call, Kind::map, 1);
  world.network.set_silent(true);
  world.executor.run_for(kLinkConnectTimeout - kSecond);
  EXPECT_EQ(call.replies_count, 0);
  world.executor.run_for(2 * kSecond);
  EXPECT_EQ(call.replies_count, 1);
  EXPECT_FALSE(call.answered);
  EXPECT_EQ(world.listener.down_count, 0);
  world.executor.run_for(io::kTlsHandshakeTimeout);
  EXPECT_EQ(world.tls_listener->failures_count(), 1u);
}

TEST_F(LinkTls, gives_every_call_one_answer_wherever_the_connection_is_cut) {
  for (const Mode mode : {Mode::encrypted, Mode::plain}) {
    const auto client_tls = client(mode);
    const auto server_tls = server(mode);
    size_t cuts = 0;
    for (bool whole = false; !whole; cuts += 61) {
      World world(client_tls.get(), server_tls.get());
      world.network.cut_after_bytes = cuts;
      world.start_server();
      Call call;
      world.call(call, Kind::write, 1, 1);
      ASSERT_TRUE(world.run(call)) << cuts;
      ASSERT_EQ(call.replies_count, 1);
      whole = call.answered;
      world.network.cut_after_bytes.reset();
      world.network.last_wire().cut_after_bytes.reset();
      Call after;
      world.call(after, Kind::read, 3, 1);
      ASSERT_TRUE(world.run(after)) << cuts;
      ASSERT_TRUE(after.answered) << cuts;
    }
    EXPECT_GT(cuts, 6000u) << "handshake, hellos, request and reply";
  }
}

TEST_F(LinkTls, notices_any_changed_byte_when_encrypted) {
  const auto client_tls = client(Mode::encrypted);
  const auto server_tls = server(Mode::encrypted);
  for (size_t at = 0; at < 6000; at += 97) {
    World world(client_tls.get(), server_tls.get());
    world.network.flip_byte_at = at;
    world.start_server();
    Call call;
    world.call(call, Kind::write, 1, 1);
    ASSERT_TRUE(world.run(call)) << at;
    ASSERT_FALSE(call.answered) << at;
    ASSERT_TRUE(world.store.volumes.empty()) << at;
  }
}

TEST_F(LinkTls, stops_in_the_middle_of_handshakes) {
  const auto client_tls = client(Mode::encrypted);
  const auto server_tls = server(Mode::encrypted);
  for (io::Nanoseconds when = 0; when < 2; ++when) {
    World world(client_tls.get(), server_tls.get());
    world.start_server();
    Call call;
    world.call(call, Kind::map, 1);
    if (when == 1) world.network.set_silent(true);
    world.executor.run_for(when * 2 * world.network.latency);
    world.stop_links();
    EXPECT_EQ(call.replies_count, 1);
    world.stop_server();
  }
}

TEST(TlsContext, refuses_credentials_that_are_none) {
  io::TestAuthority authority;
  const auto good = authority.issue("node-1");
  auto bad = good;
  bad.certificate = "nonsense";
  EXPECT_EQ(io::TlsContext::create(bad, true).status().kind(), ErrorKind::invalid_argument);
  bad = good;
  bad.private_key = authority.issue("node-1").private_key;
  EXPECT_EQ(io::TlsContext::create(bad, true).status().kind(), ErrorKind::invalid_argument);
  bad = good;
  bad.authorities.clear();
  EXPECT_EQ(io::TlsContext::create(bad, true).status().kind(), ErrorKind::invalid_argument);
}

}  // namespace
}  // namespace cairn::replication
