#include "nbd/handshake.h"

#include "nbd/test_client.h"

namespace cairn::nbd {
namespace {

using fakes::Bytes;
using fakes::number_at;

class HandshakeOverAServer : public fakes::ServerFixture {};

TEST_F(HandshakeOverAServer, greets_as_fixed_newstyle) {
  listener_->accept(wire);
  run();
  const Bytes greeting = take(18);
  EXPECT_EQ(number_at(greeting, 0, 8), kGreetingMagic);
  EXPECT_EQ(number_at(greeting, 8, 8), kOptionMagic);
  EXPECT_EQ(number_at(greeting, 16, 2), 3u);
}

TEST_F(HandshakeOverAServer, tells_size_flags_and_block_sizes) {
  connect();
  send_option(Option::info, info_data("", {1, 2, 3}));
  const auto facts = take_option_reply();
  EXPECT_EQ(number_at(facts.data, 2, 8), kSizeBytes);
  const auto flags = static_cast<uint16_t>(number_at(facts.data, 10, 2));
  EXPECT_EQ(flags, kExportHasFlags | kExportSendFlush | kExportSendFua | kExportSendTrim |
                       kExportSendWriteZeroes | kExportCanMultiConn | kExportSendCache |
                       kExportSendFastZero);
  const auto sizes = take_option_reply();
  EXPECT_EQ(number_at(sizes.data, 0, 2), 3u);
  EXPECT_EQ(number_at(sizes.data, 2, 4), 4096u);
  EXPECT_EQ(number_at(sizes.data, 6, 4), 65536u);
  EXPECT_EQ(number_at(sizes.data, 10, 4), 32u << 20);
  const auto name = take_option_reply();
  EXPECT_EQ(name.data.size(), 2u + 5u);
  const auto description = take_option_reply();
  EXPECT_EQ(description.data.size(), 2u + 6u);
  EXPECT_EQ(take_option_reply().reply, 1u);
}

TEST_F(HandshakeOverAServer, marks_a_read_only_device_and_offers_it_no_writing) {
  device.is_read_only = true;
  connect();
  send_option(Option::info, info_data("vol-7"));
  const auto flags = static_cast<uint16_t>(number_at(take_option_reply().data, 10, 2));
  EXPECT_NE(flags & kExportReadOnly, 0);
  EXPECT_EQ(flags & (kExportSendTrim | kExportSendWriteZeroes | kExportSendFastZero), 0);
}

TEST_F(HandshakeOverAServer, lists_its_export) {
  connect();
  send_option(Option::list);
  const auto entry = take_option_reply();
  EXPECT_EQ(entry.reply, 2u);
  EXPECT_EQ(number_at(entry.data, 0, 4), 5u);
  EXPECT_EQ(take_option_reply().reply, 1u);
}

TEST_F(HandshakeOverAServer, refuses_an_unknown_export_and_goes_on) {
  connect();
  send_option(Option::go, info_data("vol-8"));
  EXPECT_EQ(take_option_reply().reply, 0x80000006u);
  send_option(Option::list);
  EXPECT_EQ(take_option_reply().reply, 2u);
}

TEST_F(HandshakeOverAServer, answers_an_old_clients_export_name_with_padding) {
  connect(1);
  Bytes name;
  fakes::put_text(name, "vol-7");
  send_option(Option::export_name, name);
  EXPECT_EQ(wire.from_server.size(), 8u + 2u + 124u);
  EXPECT_EQ(number_at(take(134), 0, 8), kSizeBytes);
  send(request(Command::flush, 5, 0, 0));
  EXPECT_EQ(take_reply().cookie, 5u);
}

TEST_F(HandshakeOverAServer, closes_on_an_unknown_export_name) {
  connect();
  Bytes name;
  fakes::put_text(name, "other");
  send_option(Option::export_name, name);
  EXPECT_TRUE(wire.server_gone);
}

TEST_F(HandshakeOverAServer, acknowledges_abort_and_closes) {
  connect();
  send_option(Option::abort);
  EXPECT_EQ(take_option_reply().reply, 1u);
  EXPECT_TRUE(wire.server_gone);
  EXPECT_EQ(server->stats().protocol_errors_count, 0u);
}

TEST_F(HandshakeOverAServer, refuses_tls_and_unknown_options_politely) {
  connect();
  send_option(Option::start_tls);
  EXPECT_EQ(take_option_reply().reply, 0x80000001u);
  send_option(static_cast<Option>(4711));
  EXPECT_EQ(take_option_reply().reply, 0x80000001u);
}

TEST_F(HandshakeOverAServer, refuses_meta_contexts_without_structured_replies) {
  connect();
  send_option(Option::set_meta_context, context_data("vol-7", {"base:allocation"}));
  EXPECT_EQ(take_option_reply().reply, 0x80000003u);
}

TEST_F(HandshakeOverAServer, lists_the_context_for_an_empty_query_list_and_a_namespace) {
  connect();
  send_option(Option::list_meta_context, context_data("vol-7", {}));
  EXPECT_EQ(take_option_reply().reply, 4u);
  EXPECT_EQ(take_option_reply().reply, 1u);
  send_option(Option::list_meta_context, context_data("vol-7", {"base:"}));
  EXPECT_EQ(take_option_reply().reply, 4u);
  EXPECT_EQ(take_option_reply().reply, 1u);
  send_option(Option::list_meta_context, context_data("vol-7", {"qemu:"}));
  EXPECT_EQ(take_option_reply().reply, 1u);
}

TEST_F(HandshakeOverAServer, forgets_the_context_when_extended_headers_follow_it) {
  connect();
  send_option(Option::structured_reply);
  EXPECT_EQ(take_option_reply().reply, 1u);
  send_option(Option::set_meta_context, context_data("", {"base:allocation"}));
  EXPECT_EQ(take_option_reply().reply, 4u);
  EXPECT_EQ(take_option_reply().reply, 1u);
  send_option(Option::extended_headers);
  EXPECT_EQ(take_option_reply().reply, 1u);
  send_option(Option::structured_reply);
  EXPECT_EQ(take_option_reply().reply, 0x8000000au);
  send_option(Option::go, info_data(""));
  take(wire.from_server.size());
  extended = true;
  send(request(Command::block_status, 3, 0, 4096));
  EXPECT_EQ(take_reply().error, 22u);
}

TEST_F(HandshakeOverAServer, refuses_malformed_options_without_reading_past_them) {
  connect();
  Bytes lying;
  fakes::put(lying, uint32_t{0xffffffff});
  for (Option option : {Option::go, Option::info, Option::list_meta_context}) {
    send_option(option, lying);
    EXPECT_EQ(take_option_reply().reply, 0x80000003u);
  }
  Bytes counts_too_many = info_data("vol-7", {3});
  counts_too_many[10] = std::byte{200};
  send_option(Option::go, counts_too_many);
  EXPECT_EQ(take_option_reply().reply, 0x80000003u);
  send_option(Option::list, lying);
  EXPECT_EQ(take_option_reply().reply, 0x80000003u);
  send_option(Option::structured_reply, lying);
  EXPECT_EQ(take_option_reply().reply, 0x80000003u);
}

TEST_F(HandshakeOverAServer, skips_an_option_that_is_too_long) {
  connect();
  send_option(Option::info, Bytes(kOptionBytesMax + 1));
  EXPECT_EQ(take_option_reply().reply, 0x80000009u);
  send_option(Option::list);
  EXPECT_EQ(take_option_reply().reply, 2u);
}

TEST_F(HandshakeOverAServer, closes_on_an_absurd_length_a_bad_magic_and_unknown_client_flags) {
  connect();
  Bytes absurd;
  fakes::put(absurd, kOptionMagic);
  fakes::put(absurd, uint32_t{7});
  fakes::put(absurd, uint32_t{0xffffffff});
  send(absurd);
  EXPECT_TRUE(wire.server_gone);

  wire = {};
  connect();
  send(Bytes(16, std::byte{0x41}));
  EXPECT_TRUE(wire.server_gone);

  wire = {};
  connect(0x80000001);
  EXPECT_TRUE(wire.server_gone);
  EXPECT_EQ(server->stats().protocol_errors_count, 3u);
}

TEST_F(HandshakeOverAServer, gives_up_on_a_client_that_never_comes_to_the_point) {
  connect();
  for (uint32_t i = 0; i < kOptionsMax; i++) send_option(Option::list);
  EXPECT_FALSE(wire.server_gone);
  send_option(Option::list);
  EXPECT_TRUE(wire.server_gone);
}

TEST_F(HandshakeOverAServer, cuts_off_a_client_that_stays_silent) {
  connect();
  executor.advance(kHandshakeTimeout);
  EXPECT_TRUE(wire.server_gone);
}

TEST_F(HandshakeOverAServer, does_not_pile_up_replies_for_a_client_that_reads_nothing) {
  connect();
  wire.writes_held = true;
  for (int i = 0; i < 100; i++) send_option(Option::list);
  EXPECT_LE(wire.writes_count, 2u);
  EXPECT_FALSE(wire.to_server.empty() && wire.from_server.size() > 100);
  wire.writes_held = false;
  run();
  EXPECT_EQ(wire.from_server.size(), 100u * (20 + 9 + 20));
}

TEST_F(HandshakeOverAServer, understands_a_negotiation_that_arrives_byte_by_byte) {
  wire.read_bytes_max = 1;
  go(1);
  send(write_request(9, 4096, pattern(8192, 1)));
  EXPECT_EQ(take_reply().cookie, 9u);
}

}  // namespace
}  // namespace cairn::nbd
