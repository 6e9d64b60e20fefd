#include "nbd/connection.h"

#include "nbd/test_client.h"

namespace cairn::nbd {
namespace {

using fakes::Bytes;
using fakes::number_at;
using fakes::Reply;

/// Everything that holds whatever kind of replies was agreed on.
class Transmission : public fakes::ServerFixture, public ::testing::WithParamInterface<int> {
 protected:
  void SetUp() override { go(GetParam()); }
  [[nodiscard]] bool structured() const { return GetParam() > 0; }
  Bytes take_read(uint64_t cookie, uint64_t offset_bytes, size_t length_bytes) {
    Reply reply = take_reply(length_bytes);
    EXPECT_EQ(reply.cookie, cookie);
    EXPECT_EQ(reply.error, 0u);
    if (structured()) {
      EXPECT_EQ(reply.chunk, 1);
      EXPECT_EQ(number_at(reply.payload, 0, 8), offset_bytes);
      reply.payload.erase(reply.payload.begin(), reply.payload.begin() + 8);
    }
    return reply.payload;
  }
  uint32_t error_of(const Bytes& request_bytes) {
    send(request_bytes);
    const uint32_t error = take_reply().error;
    EXPECT_TRUE(wire.from_server.empty());
    return error;
  }
};

std::string reply_name(const ::testing::TestParamInfo<int>& parameter) {
  constexpr const char* kNames[] = {"simple", "structured", "extended"};
  return kNames[parameter.param];
}

INSTANTIATE_TEST_SUITE_P(Replies, Transmission, ::testing::Values(0, 1, 2), reply_name);

TEST_P(Transmission, reads_back_what_was_written) {
  for (const size_t length_bytes :
       {size_t{4096}, size_t{65536}, size_t{1} << 20, size_t{32} << 20}) {
    const Bytes data = pattern(length_bytes, static_cast<uint8_t>(length_bytes >> 12));
    send(write_request(1, 8192, data));
    const Reply reply = take_reply();
    EXPECT_EQ(reply.cookie, 1u);
    EXPECT_EQ(reply.error, 0u);
    send(request(Command::read, 2, 8192, length_bytes));
    EXPECT_TRUE(take_read(2, 8192, length_bytes) == data);
  }
}

TEST_P(Transmission, understands_requests_split_at_every_place) {
  for (const size_t piece : std::initializer_list<size_t>{1, 3, 27, 29, 4000, 20000}) {
    wire.read_bytes_max = piece;
    const Bytes data = pattern(24576, static_cast<uint8_t>(piece));
    Bytes both = write_request(1, 0, data);
    const Bytes second = request(Command::read, 2, 0, 24576);
    both.insert(both.end(), second.begin(), second.end());
    // The device keeps the order here: the fake completes oldest first.
    send(both);
    EXPECT_EQ(take_reply().cookie, 1u);
    EXPECT_TRUE(take_read(2, 0, 24576) == data);
  }
}

TEST_P(Transmission, answers_pipelined_requests_in_the_order_in_which_they_finish) {
  device.newest_first = true;
  device.held = true;
  for (uint64_t cookie = 1; cookie <= 3; cookie++) send(request(Command::read, cookie, 0, 4096));
  device.held = false;
  device.wake();
  run();
  take_read(3, 0, 4096);
  take_read(2, 0, 4096);
  take_read(1, 0, 4096);
}

TEST_P(Transmission, sends_the_replies_that_are_ready_together_in_few_writes) {
  device.held = true;
  for (uint64_t cookie = 0; cookie < 40; cookie++)
    send(write_request(cookie, cookie * 4096, Bytes(4096)));
  const uint64_t writes_before = wire.writes_count;
  wire.writes_held = true;
  device.held = false;
  device.wake();
  run();
  wire.writes_held = false;
  run();
  EXPECT_LE(wire.writes_count - writes_before, 2u);
  for (uint64_t cookie = 0; cookie < 40; cookie++) EXPECT_EQ(take_reply().cookie, cookie);
}

TEST_P(Transmission, zeroes_a_long_range_in_steps) {
  send(write_request(1, 0, pattern(8192, 3)));
  take_reply();
  const size_t before = device.submitted_count;
  send(request(Command::write_zeroes, 2, 0, kSizeBytes, kCommandNoHole | kCommandFastZero));
  EXPECT_EQ(take_reply().error, 0u);
  EXPECT_EQ(device.submitted_count - before, kSizeBytes / (32 << 20));
  EXPECT_EQ(device.bytes()[100], std::byte{0});
  EXPECT_EQ(server->stats().trim.operations_count, 1u);
}

TEST_P(Transmission, takes_flush_trim_cache_and_fua) {
  send(request(Command::flush, 1, 0, 0));
  EXPECT_EQ(take_reply().error, 0u);
  send(request(Command::trim, 2, 4096, 4096, kCommandFua));
  EXPECT_EQ(take_reply().error, 0u);
  send(request(Command::cache, 3, 0, 1 << 20));
  EXPECT_EQ(take_reply().error, 0u);
  send(write_request(4, 0, Bytes(4096), kCommandFua));
  EXPECT_EQ(take_reply().error, 0u);
}

TEST_P(Transmission, refuses_what_is_unaligned_outside_empty_or_too_long) {
  EXPECT_EQ(error_of(request(Command::read, 1, 512, 4096)), 22u);
  EXPECT_EQ(error_of(request(Command::read, 1, 0, 4097)), 22u);
  EXPECT_EQ(error_of(request(Command::read, 1, 0, 0)), 22u);
  EXPECT_EQ(error_of(request(Command::read, 1, kSizeBytes, 4096)), 22u);
  EXPECT_EQ(error_of(request(Command::read, 1, UINT64_MAX - 4095, 8192)), 22u);
  EXPECT_EQ(error_of(request(Command::read, 1, 0, (32 << 20) + 4096)), 22u);
  EXPECT_EQ(error_of(write_request(1, kSizeBytes - 4096, Bytes(8192))), 28u);
  EXPECT_EQ(error_of(write_request(1, 100, Bytes(4096))), 22u);
  EXPECT_EQ(error_of(request(Command::trim, 1, kSizeBytes, 4096)), 28u);
  EXPECT_EQ(error_of(request(Command::flush, 1, 4096, 0)), 22u);
  EXPECT_EQ(device.submitted_count, 0u);
  // The payloads of refused writes were read past: the next request is understood.
  EXPECT_EQ(error_of(request(Command::flush, 1, 0, 0)), 0u);
}

TEST_P(Transmission, refuses_unknown_commands_and_flags) {
  EXPECT_EQ(error_of(request(static_cast<Command>(99), 1, 0, 4096)), 22u);
  EXPECT_EQ(error_of(request(Command::read, 1, 0, 4096, kCommandNoHole)), 22u);
  EXPECT_EQ(error_of(request(Command::trim, 1, 0, 4096, kCommandFastZero)), 22u);
  EXPECT_EQ(error_of(request(Command::read, 1, 0, 4096, 1 << 15)), 22u);
}

TEST_P(Transmission, refuses_writing_to_a_read_only_device) {
  device.is_read_only = true;
  EXPECT_EQ(error_of(write_request(1, 0, Bytes(4096))), 1u);
  EXPECT_EQ(error_of(request(Command::trim, 1, 0, 4096)), 1u);
  EXPECT_EQ(error_of(request(Command::write_zeroes, 1, 0, 4096)), 1u);
  EXPECT_EQ(error_of(request(Command::flush, 1, 0, 0)), 0u);
}

TEST_P(Transmission, maps_the_devices_errors) {
  const std::pair<ErrorKind, uint32_t> expected[] = {
      {ErrorKind::io_error, 5},      {ErrorKind::checksum_mismatch, 5},
      {ErrorKind::no_space, 28},     {ErrorKind::cancelled, 108},
      {ErrorKind::stale_epoch, 108}, {ErrorKind::invalid_argument, 22},
      {ErrorKind::store_failed, 5},  {ErrorKind::unsupported, 95},
  };
  for (const auto& [kind, error] : expected) {
    device.fail_with = Status(kind, "test");
    EXPECT_EQ(error_of(request(Command::read, 1, 0, 4096)), error);
    EXPECT_EQ(error_of(write_request(1, 0, Bytes(4096))), error);
  }
  EXPECT_EQ(server->stats().read.errors_count, std::size(expected));
  EXPECT_EQ(server->stats().read.bytes, 0u);
}

TEST_P(Transmission, sees_a_device_that_has_grown) {
  EXPECT_EQ(error_of(write_request(1, kSizeBytes, Bytes(4096))), 28u);
  device.grow(kSizeBytes + 4096);
  EXPECT_EQ(error_of(write_request(1, kSizeBytes, Bytes(4096))), 0u);
}

TEST_P(Transmission, stops_reading_at_the_limit_of_requests_and_goes_on_later) {
  device.held = true;
  for (uint64_t cookie = 0; cookie < 200; cookie++) send(request(Command::read, cookie, 0, 4096));
  EXPECT_EQ(device.pending_count_max, kRequestsInFlightMax);
  EXPECT_EQ(server->stats().requests_in_flight_count, kRequestsInFlightMax);
  device.held = false;
  device.wake();
  run();
  for (uint64_t cookie = 0; cookie < 200; cookie++) take_read(cookie, 0, 4096);
  EXPECT_EQ(device.pending_count_max, kRequestsInFlightMax);
}

TEST_P(Transmission, stops_reading_at_the_limit_of_bytes) {
  device.held = true;
  for (uint64_t cookie = 0; cookie < 10; cookie++)
    send(request(Command::read, cookie, 0, 16 << 20));
  EXPECT_EQ(device.pending_count_max, 2u);
  EXPECT_LE(buffers.taken_bytes(), kBytesInFlightMax);
  device.held = false;
  device.wake();
  run();
  for (uint64_t cookie = 0; cookie < 10; cookie++) take_read(cookie, 0, 16 << 20);
}

TEST_P(Transmission, holds_a_bounded_amount_for_a_client_that_takes_no_replies) {
  wire.writes_held = true;
  for (uint64_t cookie = 0; cookie < 500; cookie++)
    send(request(Command::read, cookie, 0, 1 << 20));
  EXPECT_LE(buffers.taken_bytes(), kBytesInFlightMax);
  server->stop();
  run();
  EXPECT_FALSE(stopped);
  executor.advance(5'000'000'000);
  EXPECT_TRUE(stopped);
}

TEST_P(Transmission, answers_what_was_begun_before_a_disconnect) {
  device.held = true;
  send(write_request(1, 0, pattern(4096, 1)));
  send(request(Command::disconnect, 2, 0, 0));
  EXPECT_FALSE(wire.server_gone);
  device.held = false;
  device.wake();
  run();
  EXPECT_EQ(take_reply().cookie, 1u);
  EXPECT_TRUE(wire.server_gone);
  EXPECT_EQ(server->stats().protocol_errors_count, 0u);
}

TEST_P(Transmission, drains_on_stop_and_starts_nothing_more) {
  device.held = true;
  send(write_request(1, 0, pattern(4096, 1)));
  Bytes half = write_request(2, 4096, pattern(4096, 2));
  half.resize(half.size() - 100);
  send(half);
  server->stop();
  run();
  EXPECT_FALSE(stopped);
  send(request(Command::read, 3, 0, 4096));
  device.held = false;
  device.wake();
  run();
  EXPECT_EQ(take_reply().cookie, 1u);
  EXPECT_TRUE(wire.from_server.empty());
  EXPECT_TRUE(stopped);
  EXPECT_EQ(device.submitted_count, 1u);
}

TEST_P(Transmission, waits_for_the_device_after_a_client_has_vanished) {
  device.held = true;
  send(write_request(1, 0, pattern(4096, 1)));
  send(request(Command::write_zeroes, 2, 0, kSizeBytes));
  wire.client_gone = true;
  run();
  EXPECT_TRUE(wire.server_gone);
  EXPECT_EQ(server->stats().connections_count, 1u);
  device.held = false;
  device.wake();
  run();
  EXPECT_EQ(server->stats().connections_count, 0u);
  EXPECT_EQ(device.submitted_count, 2u) << "the rest of a long request is not done for nobody";
}

TEST_P(Transmission, lets_go_of_a_half_sent_request_when_its_client_vanishes) {
  for (const size_t sent_bytes : {size_t{28}, size_t{5000}, size_t{500'000}}) {
    wire = {};
    extended = false;
    go(GetParam());
    Bytes whole = write_request(1, 0, Bytes(1 << 20));
    whole.resize(sent_bytes);
    send(whole);
    wire.client_gone = true;
    run();
    EXPECT_TRUE(wire.server_gone);
    EXPECT_EQ(buffers.taken_bytes(), 0u);
  }
}

TEST_P(Transmission, cuts_off_garbage) {
  send(Bytes(100, std::byte{0x5a}));
  EXPECT_TRUE(wire.server_gone);
  EXPECT_EQ(server->stats().protocol_errors_count, 1u);
}

TEST_P(Transmission, cuts_off_a_payload_beyond_the_limit) {
  send(request(Command::write, 1, 0, (32 << 20) + 4096, extended ? kCommandPayloadLength : 0));
  EXPECT_TRUE(wire.server_gone);
}

TEST_P(Transmission, reports_allocation_in_joined_runs) {
  if (!structured()) {
    EXPECT_EQ(error_of(request(Command::block_status, 1, 0, 4096)), 22u);
    return;
  }
  send(write_request(1, 8192, pattern(16384, 1)));
  take_reply();
  send(request(Command::block_status, 2, 0, 65536));
  const Reply reply = take_reply();
  ASSERT_EQ(reply.chunk, extended ? 6 : 5);
  EXPECT_EQ(number_at(reply.payload, 0, 4), kAllocationContext);
  const size_t field = extended ? 8 : 4;
  size_t at = extended ? 8 : 4;
  if (extended) {
    EXPECT_EQ(number_at(reply.payload, 4, 4), 3u);
  }
  const uint64_t expected[][2] = {{8192, 3}, {16384, 0}, {40960, 3}};
  for (const auto& [length_bytes, state] : expected) {
    EXPECT_EQ(number_at(reply.payload, at, field), length_bytes);
    EXPECT_EQ(number_at(reply.payload, at + field, field), state);
    at += 2 * field;
  }
  EXPECT_EQ(reply.payload.size(), at);

  send(request(Command::block_status, 3, 8192, 65536, kCommandReqOne));
  EXPECT_EQ(take_reply().payload.size(), (extended ? 8u : 4u) + 2 * field);
}

TEST_P(Transmission, counts_operations_and_latencies) {
  send(write_request(1, 0, Bytes(4096)));
  device.held = true;
  send(request(Command::read, 2, 0, 8192));
  executor.advance(3'000'000);
  device.held = false;
  device.wake();
  run();
  const ExportStats& stats = server->stats();
  EXPECT_EQ(stats.write.operations_count, 1u);
  EXPECT_EQ(stats.write.bytes, 4096u);
  EXPECT_EQ(stats.read.bytes, 8192u);
  EXPECT_EQ(stats.read.latency_counts[12], 1u) << "3 ms is below 2^12 us";
  EXPECT_EQ(stats.requests_in_flight_count, 0u);
}

class Connections : public fakes::ServerFixture {};

TEST_F(Connections, are_limited_per_export_and_the_room_comes_back) {
  std::array<fakes::Wire, 9> wires;
  for (fakes::Wire& each : wires) {
    listener_->accept(each);
    run();
  }
  for (size_t i = 0; i < 8; i++) EXPECT_FALSE(wires[i].server_gone);
  EXPECT_TRUE(wires[8].server_gone);
  wires[0].client_gone = true;
  wires[0].wake_posted = true;
  executor.post(*wires[0].wake);
  run();
  listener_->accept(wires[8] = {});
  run();
  EXPECT_FALSE(wires[8].server_gone);
  server->stop();
  run();
  EXPECT_TRUE(stopped);
}

TEST_F(Connections, end_when_the_listener_fails) {
  connect();
  listener_->fail(Status(ErrorKind::io_error, "accept failed"));
  run();
  EXPECT_TRUE(wire.server_gone);
  EXPECT_TRUE(stopped);
  EXPECT_EQ(stop_status.kind(), ErrorKind::io_error);
}

TEST(BufferPool, reuses_memory_and_gives_it_back_when_idle) {
  BufferPool pool(1 << 20);
  std::byte* first = pool.take(5000);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(first) % 4096, 0u);
  EXPECT_EQ(pool.taken_bytes(), 8192u);
  pool.give(first, 5000);
  EXPECT_EQ(pool.take(8192), first);
  pool.give(first, 8192);
  EXPECT_EQ(pool.cached_bytes(), 8192u);
  pool.release_idle();
  EXPECT_EQ(pool.cached_bytes(), 8192u) << "it was needed since the last call";
  pool.release_idle();
  EXPECT_EQ(pool.cached_bytes(), 0u);
}

TEST(BufferPool, keeps_no_more_than_its_limit) {
  BufferPool pool(64 << 10);
  std::byte* large = pool.take(32 << 20);
  std::byte* small = pool.take(1);
  pool.give(large, 32 << 20);
  pool.give(small, 1);
  EXPECT_EQ(pool.cached_bytes(), 4096u);
}

}  // namespace
}  // namespace cairn::nbd
