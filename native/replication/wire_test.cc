#include "replication/wire.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <bit>
#include <string>
#include <string_view>
#include <vector>

#include "base/crc32c.h"
#include "replication/wire_golden_v1.h"

namespace cairn::replication {
namespace {

using Kind = Request::Kind;

constexpr std::array kKinds = {Kind::write,  Kind::zero, Kind::read, Kind::map,   Kind::open,
                               Kind::decide, Kind::list, Kind::pull, Kind::repair};

/// Memory of a message, aligned as the decoders need it.
class Bytes {
 public:
  explicit Bytes(size_t size) : words_((size + 7) / 8 + 1), size_(size) {}
  [[nodiscard]] std::span<std::byte> all() { return std::as_writable_bytes(std::span(words_)); }
  [[nodiscard]] std::span<std::byte> used() { return all().first(size_); }
  [[nodiscard]] std::span<const std::byte, kFrameBytes> frame() {
    return std::span<const std::byte>(used()).first<kFrameBytes>();
  }
  [[nodiscard]] std::span<const std::byte> body() { return used().subspan(kFrameBytes); }

 private:
  std::vector<uint64_t> words_;
  size_t size_;
};

std::string hex(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text.push_back(kDigits[std::to_integer<size_t>(byte) >> 4]);
    text.push_back(kDigits[std::to_integer<size_t>(byte) & 15]);
  }
  return text;
}

std::vector<std::byte> sectors(size_t count) {
  return std::vector<std::byte>(count * store::kSectorBytes, std::byte{0x5a});
}

/// A request and the memory that it points to.
struct OwnedRequest {
  Request request;
  std::vector<uint32_t> crcs;
  std::vector<std::byte> data;

  Request& complete() {
    if (request.kind == Kind::write) data = sectors(request.n_sectors);
    request.crcs = crcs;
    request.data = data;
    return request;
  }
};

struct OwnedReply {
  Reply reply;
  std::vector<uint32_t> crcs;
  std::vector<std::byte> data;

  Reply& complete() {
    data = sectors(crcs.size());
    reply.crcs = crcs;
    reply.data = data;
    return reply;
  }
};

OwnedRequest example_request(Kind kind) {
  OwnedRequest owned;
  owned.request = {.kind = kind,
                   .store = 11,
                   .source = 12,
                   .pg = make_pg(3, 77),
                   .pg_epoch = 5,
                   .volume = 0x1112131415161718,
                   .volume_epoch = 6,
                   .chunk = 99,
                   .birth = 2,
                   .version = store::make_version(6, 41),
                   .prev_version = store::make_version(6, 40),
                   .crcs = {},
                   .data = {}};
  const bool has_range =
      kind == Kind::write || kind == Kind::zero || kind == Kind::read || kind == Kind::repair;
  if (has_range) owned.request.first_sector = 253;
  if (has_range) owned.request.n_sectors = 3;
  if (kind == Kind::open || kind == Kind::list) owned.request.limit = kListEntriesMax;
  if (kind == Kind::write) owned.crcs = {0xa0a1a2a3, 0xb0b1b2b3, 0xc0c1c2c3};
  if (kind == Kind::pull) {
    owned.request.have = {1, 0, uint64_t{1} << 63, 0};
    owned.crcs = {0xd0d1d2d3, 0xe0e1e2e3};
  }
  owned.complete();
  return owned;
}

OwnedReply example_reply(Kind kind, Answer answer) {
  OwnedReply owned;
  owned.reply.answer = answer;
  owned.reply.pg_epoch = 8;
  owned.reply.version = store::make_version(6, 41);
  owned.reply.birth = 2;
  if (answer == Answer::ok) {
    if (kind == Kind::read) owned.crcs = {0xa0a1a2a3, 0xb0b1b2b3};
    if (kind == Kind::map || kind == Kind::pull) owned.reply.valid = {7, 0, 0, 1};
    if (kind == Kind::pull) owned.reply.delta = {5, 0, 0, 0};
    if (kind == Kind::pull) owned.crcs = {0xd0d1d2d3, 0xe0e1e2e3};
    if (kind == Kind::open || kind == Kind::list) {
      owned.reply.more = kind == Kind::list;
      owned.reply.entries = {{1, 2, 3, 4}, {1, 5, 6, 7}};
    }
  }
  owned.complete();
  return owned;
}

Bytes encoded(uint64_t call_id, const Request& request) {
  Bytes bytes(head_bytes(request));
  EXPECT_EQ(encode_request(call_id, request, bytes.all()), head_bytes(request));
  return bytes;
}

Bytes encoded(uint64_t call_id, Kind kind, const Reply& reply) {
  Bytes bytes(head_bytes(kind, reply));
  EXPECT_EQ(encode_reply(call_id, kind, reply, bytes.all()), head_bytes(kind, reply));
  return bytes;
}

bool same(std::span<const uint32_t> a, std::span<const uint32_t> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

/// Everything but the data, which is not the decoders' business.
bool same(const Request& a, const Request& b) {
  return a.kind == b.kind && a.store == b.store && a.source == b.source && a.pg == b.pg &&
         a.pg_epoch == b.pg_epoch && a.volume == b.volume && a.volume_epoch == b.volume_epoch &&
         a.chunk == b.chunk && a.birth == b.birth && a.version == b.version &&
         a.prev_version == b.prev_version && a.first_sector == b.first_sector &&
         a.n_sectors == b.n_sectors && a.limit == b.limit && a.have == b.have &&
         same(a.crcs, b.crcs);
}

bool same(const Reply& a, const Reply& b) {
  return a.answer == b.answer && a.pg_epoch == b.pg_epoch && a.version == b.version &&
         a.birth == b.birth && a.more == b.more && a.valid == b.valid && a.delta == b.delta &&
         a.entries == b.entries && same(a.crcs, b.crcs);
}

OwnedRequest any_request() {
  OwnedRequest owned;
  Request& r = owned.request;
  r.kind = kKinds[*rc::gen::inRange<size_t>(0, kKinds.size())];
  r.store = *rc::gen::arbitrary<uint32_t>();
  r.source = *rc::gen::arbitrary<uint32_t>();
  r.pg = *rc::gen::arbitrary<uint32_t>();
  r.pg_epoch = *rc::gen::arbitrary<uint32_t>();
  r.volume = *rc::gen::arbitrary<uint64_t>();
  r.volume_epoch = *rc::gen::arbitrary<uint32_t>();
  r.chunk = *rc::gen::arbitrary<uint32_t>();
  r.birth = *rc::gen::arbitrary<uint32_t>();
  r.version = *rc::gen::arbitrary<uint64_t>();
  r.prev_version = *rc::gen::arbitrary<uint64_t>();
  r.limit = *rc::gen::inRange<uint32_t>(0, kListEntriesMax + 1);
  r.first_sector = *rc::gen::inRange<uint16_t>(0, store::kChunkSectors);
  r.n_sectors = static_cast<uint16_t>(
      *rc::gen::inRange<uint32_t>(1, store::kChunkSectors - r.first_sector + 1u));
  size_t crcs_count = r.kind == Kind::write ? r.n_sectors : 0;
  if (r.kind == Kind::pull) {
    for (uint64_t& word : r.have) word = *rc::gen::arbitrary<uint64_t>();
    for (const uint64_t word : r.have) crcs_count += static_cast<size_t>(std::popcount(word));
  }
  owned.crcs =
      *rc::gen::container<std::vector<uint32_t>>(crcs_count, rc::gen::arbitrary<uint32_t>());
  owned.complete();
  return owned;
}

OwnedReply any_reply(Kind kind) {
  OwnedReply owned;
  Reply& r = owned.reply;
  r.answer = static_cast<Answer>(*rc::gen::weightedElement<int>({{5, 1}, {1, 2}, {1, 4}, {1, 9}}));
  r.pg_epoch = *rc::gen::arbitrary<uint32_t>();
  r.version = *rc::gen::arbitrary<uint64_t>();
  r.birth = *rc::gen::arbitrary<uint32_t>();
  if (r.answer != Answer::ok) return owned;
  size_t crcs_count = kind == Kind::read ? *rc::gen::inRange<size_t>(1, 257) : 0;
  for (size_t i = 0; i < r.valid.size(); ++i) {
    if (kind == Kind::map || kind == Kind::pull) r.valid[i] = *rc::gen::arbitrary<uint64_t>();
    if (kind == Kind::pull) r.delta[i] = r.valid[i] & *rc::gen::arbitrary<uint64_t>();
    crcs_count += static_cast<size_t>(std::popcount(r.delta[i]));
  }
  if (kind == Kind::open || kind == Kind::list) {
    r.more = *rc::gen::arbitrary<bool>();
    r.entries.resize(*rc::gen::inRange<size_t>(0, 200));
    for (ListEntry& entry : r.entries) {
      entry = {*rc::gen::arbitrary<uint64_t>(), *rc::gen::arbitrary<uint32_t>(),
               *rc::gen::arbitrary<uint32_t>(), *rc::gen::arbitrary<uint64_t>()};
    }
  }
  owned.crcs =
      *rc::gen::container<std::vector<uint32_t>>(crcs_count, rc::gen::arbitrary<uint32_t>());
  owned.complete();
  return owned;
}

/// Recomputes both checksums, so that a change reaches the checks behind them.
void seal(std::span<std::byte> message) {
  auto frame = format::load<FrameDisk>(message, 0);
  if (frame.body_bytes <= message.size() - kFrameBytes && frame.body_bytes > 0) {
    frame.body_crc = crc32c(message.subspan(kFrameBytes, frame.body_bytes));
  }
  format::save(message, 0, frame);
  format::save(message, offsetof(FrameDisk, frame_crc),
               crc32c(message.first(offsetof(FrameDisk, frame_crc))));
}

Status decode_whole_request(Bytes& bytes, Request& request) {
  const auto frame = decode_frame(bytes.frame());
  if (!frame.ok()) return frame.status();
  const bool whole =
      frame.value().type == MessageType::request && frame.value().body_bytes == bytes.body().size();
  if (!whole) return Status(ErrorKind::corrupt, "another message");
  return decode_request(frame.value(), bytes.body(), request);
}

Status decode_whole_reply(Bytes& bytes, Reply& reply) {
  const auto frame = decode_frame(bytes.frame());
  if (!frame.ok()) return frame.status();
  const bool whole =
      frame.value().type == MessageType::reply && frame.value().body_bytes == bytes.body().size();
  if (!whole) return Status(ErrorKind::corrupt, "another message");
  return decode_reply(frame.value(), bytes.body(), reply);
}

TEST(Wire, requests_come_back_as_they_were) {
  rc::check([] {
    OwnedRequest owned = any_request();
    const auto call_id = *rc::gen::arbitrary<uint64_t>();
    Bytes bytes = encoded(call_id, owned.request);
    const auto frame = decode_frame(bytes.frame());
    RC_ASSERT(frame.ok());
    RC_ASSERT(frame.value().call_id == call_id);
    RC_ASSERT(frame.value().data_bytes == owned.data.size());
    Request back;
    RC_ASSERT(decode_request(frame.value(), bytes.body(), back).ok());
    RC_ASSERT(same(back, owned.request));
  });
}

TEST(Wire, replies_come_back_as_they_were) {
  rc::check([] {
    const Kind kind = kKinds[*rc::gen::inRange<size_t>(0, kKinds.size())];
    OwnedReply owned = any_reply(kind);
    Bytes bytes = encoded(17, kind, owned.reply);
    const auto frame = decode_frame(bytes.frame());
    RC_ASSERT(frame.ok());
    RC_ASSERT(frame.value().kind == kind);
    RC_ASSERT(frame.value().data_bytes == owned.data.size());
    Reply back;
    back.entries.resize(3);
    RC_ASSERT(decode_reply(frame.value(), bytes.body(), back).ok());
    RC_ASSERT(same(back, owned.reply));
  });
}

TEST(Wire, carries_the_largest_list_and_the_largest_data) {
  OwnedReply owned;
  owned.reply.entries.resize(kListEntriesMax, {.volume = 9});
  owned.complete();
  Bytes bytes = encoded(1, Kind::list, owned.reply);
  EXPECT_LE(bytes.used().size(), kMessageBytesMax);
  Reply back;
  ASSERT_TRUE(decode_whole_reply(bytes, back).ok());
  EXPECT_EQ(back.entries, owned.reply.entries);

  OwnedRequest write = example_request(Kind::write);
  write.request.first_sector = 0;
  write.request.n_sectors = store::kChunkSectors;
  write.crcs.resize(store::kChunkSectors);
  write.complete();
  Bytes head = encoded(1, write.request);
  EXPECT_LE(head.used().size() + write.data.size(), kMessageBytesMax);
  Request request;
  EXPECT_TRUE(decode_whole_request(head, request).ok());
}

TEST(Wire, sends_no_tables_with_an_answer_other_than_ok) {
  OwnedReply owned = example_reply(Kind::pull, Answer::ok);
  owned.reply.answer = Answer::stale_pg;
  EXPECT_EQ(data_bytes(Kind::pull, owned.reply), 0u);
  Bytes bytes = encoded(1, Kind::pull, owned.reply);
  EXPECT_EQ(bytes.used().size(), kFrameBytes + sizeof(ReplyDisk));
  Reply back;
  ASSERT_TRUE(decode_whole_reply(bytes, back).ok());
  EXPECT_EQ(back.answer, Answer::stale_pg);
  EXPECT_EQ(back.valid, SectorBits{});
}

TEST(Wire, hellos_goodbyes_and_pings_come_back_as_they_were) {
  Hello hello{.node = 3, .peer = 4, .boot = 5, .protocol_min = 1, .protocol_max = 9};
  hello.cluster.fill(0xc1);
  hello.binding.fill(0xb1);
  Bytes bytes(kHelloBytes);
  ASSERT_EQ(encode_hello(hello, bytes.all()), kHelloBytes);
  auto frame = decode_frame(bytes.frame());
  ASSERT_TRUE(frame.ok());
  const auto hello_back = decode_hello(frame.value(), bytes.body());
  ASSERT_TRUE(hello_back.ok());
  EXPECT_EQ(hello_back.value(), hello);

  for (uint32_t reason = 1; reason <= static_cast<uint32_t>(Goodbye::broken); ++reason) {
    Bytes goodbye(kGoodbyeBytes);
    ASSERT_EQ(encode_goodbye(static_cast<Goodbye>(reason), goodbye.all()), kGoodbyeBytes);
    frame = decode_frame(goodbye.frame());
    ASSERT_TRUE(frame.ok());
    const auto back = decode_goodbye(frame.value(), goodbye.body());
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back.value(), static_cast<Goodbye>(reason));
  }

  Bytes ping(kFrameBytes);
  ASSERT_EQ(encode_ping(MessageType::pong, 77, ping.all()), kFrameBytes);
  frame = decode_frame(ping.frame());
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(frame.value().type, MessageType::pong);
  EXPECT_EQ(frame.value().call_id, 77u);
}

TEST(Wire, reads_the_hello_of_a_later_version) {
  Bytes bytes(kHelloBytes);
  encode_hello({.node = 3, .protocol_min = 2, .protocol_max = 4}, bytes.all());
  bytes.used()[kFrameBytes + offsetof(HelloDisk, reserved2)] = std::byte{1};
  seal(bytes.used());
  const auto frame = decode_frame(bytes.frame());
  ASSERT_TRUE(frame.ok());
  const auto hello = decode_hello(frame.value(), bytes.body());
  ASSERT_TRUE(hello.ok());
  EXPECT_EQ(hello.value().protocol_min, 2);
}

TEST(Wire, ends_with_a_goodbye_whose_reason_a_later_version_invented) {
  Bytes bytes(kGoodbyeBytes);
  encode_goodbye(Goodbye::stopping, bytes.all());
  format::save(bytes.used(), kFrameBytes, uint32_t{1000});
  seal(bytes.used());
  const auto goodbye = decode_goodbye(decode_frame(bytes.frame()).value(), bytes.body());
  ASSERT_TRUE(goodbye.ok());
  EXPECT_EQ(goodbye.value(), Goodbye::broken);
}

TEST(Wire, refuses_any_flipped_bit) {
  for (const Kind kind : kKinds) {
    const OwnedRequest request = example_request(kind);
    const OwnedReply reply = example_reply(kind, Answer::ok);
    for (size_t bit = 0; bit < 8 * head_bytes(request.request); ++bit) {
      Bytes bad = encoded(5, request.request);
      bad.used()[bit / 8] ^= std::byte{1} << (bit % 8);
      Request back;
      ASSERT_FALSE(decode_whole_request(bad, back).ok()) << "bit " << bit;
    }
    for (size_t bit = 0; bit < 8 * head_bytes(kind, reply.reply); ++bit) {
      Bytes bad = encoded(5, kind, reply.reply);
      bad.used()[bit / 8] ^= std::byte{1} << (bit % 8);
      Reply back;
      ASSERT_FALSE(decode_whole_reply(bad, back).ok()) << "bit " << bit;
    }
  }
}

TEST(Wire, encodes_again_what_it_accepts_of_messages_with_right_checksums) {
  for (const Kind kind : kKinds) {
    const OwnedRequest request = example_request(kind);
    for (size_t at = 0; at < head_bytes(request.request); ++at) {
      for (const int change : {1, 0x80, 0xff}) {
        Bytes bytes = encoded(5, request.request);
        bytes.used()[at] ^= std::byte(change);
        seal(bytes.used());
        Request back;
        if (!decode_whole_request(bytes, back).ok()) continue;
        const auto frame = decode_frame(bytes.frame()).value();
        const auto data = sectors(frame.data_bytes / store::kSectorBytes);
        back.data = data;
        Bytes again = encoded(frame.call_id, back);
        ASSERT_EQ(hex(again.used()), hex(bytes.used())) << "byte " << at;
      }
    }
    const OwnedReply reply = example_reply(kind, Answer::ok);
    for (size_t at = 0; at < head_bytes(kind, reply.reply); ++at) {
      for (const int change : {1, 0x80, 0xff}) {
        Bytes bytes = encoded(5, kind, reply.reply);
        bytes.used()[at] ^= std::byte(change);
        seal(bytes.used());
        Reply back;
        if (!decode_whole_reply(bytes, back).ok()) continue;
        const auto frame = decode_frame(bytes.frame()).value();
        const auto data = sectors(frame.data_bytes / store::kSectorBytes);
        back.data = data;
        Bytes again = encoded(frame.call_id, frame.kind, back);
        ASSERT_EQ(hex(again.used()), hex(bytes.used())) << "byte " << at;
      }
    }
  }
}

/// What `change` makes of a write's head, checksums made right.
template <typename Change>
Status decoded_after(Kind kind, Change change) {
  const OwnedRequest owned = example_request(kind);
  Bytes bytes = encoded(5, owned.request);
  auto frame = format::load<FrameDisk>(bytes.used(), 0);
  auto body = format::load<RequestDisk>(bytes.used(), kFrameBytes);
  change(frame, body);
  format::save(bytes.used(), 0, frame);
  format::save(bytes.used(), kFrameBytes, body);
  seal(bytes.used());
  Request back;
  return decode_whole_request(bytes, back);
}

TEST(Wire, refuses_lengths_and_counts_that_disagree) {
  using Frame = FrameDisk;
  using Body = RequestDisk;
  const auto write = [](auto change) { return decoded_after(Kind::write, change).kind(); };
  EXPECT_EQ(write([](Frame&, Body&) {}), ErrorKind::ok);
  EXPECT_EQ(write([](Frame& f, Body&) { f.magic++; }), ErrorKind::corrupt);
  EXPECT_EQ(write([](Frame& f, Body&) { f.protocol = 2; }), ErrorKind::unsupported);
  EXPECT_EQ(write([](Frame& f, Body&) { f.protocol = 0; }), ErrorKind::unsupported);
  EXPECT_EQ(write([](Frame& f, Body&) { f.type = 5; }), ErrorKind::corrupt);
  EXPECT_EQ(write([](Frame& f, Body&) { f.kind = 0; }), ErrorKind::corrupt);
  EXPECT_EQ(write([](Frame& f, Body&) { f.kind = 10; }), ErrorKind::corrupt);
  EXPECT_EQ(write([](Frame& f, Body&) { f.body_bytes = 63; }), ErrorKind::corrupt);
  EXPECT_EQ(write([](Frame& f, Body&) { f.body_bytes = 1 << 30; }), ErrorKind::corrupt);
  EXPECT_EQ(write([](Frame& f, Body&) { f.data_bytes = 2 << 20; }), ErrorKind::corrupt);
  EXPECT_EQ(write([](Frame& f, Body&) { f.data_bytes = 4095; }), ErrorKind::corrupt);
  EXPECT_EQ(write([](Frame& f, Body&) { f.data_bytes = 4096; }), ErrorKind::corrupt);
  EXPECT_EQ(write([](Frame&, Body& b) { b.first_sector = 254; }), ErrorKind::corrupt);
  EXPECT_EQ(write([](Frame&, Body& b) { b.first_sector = 0xffff; }), ErrorKind::corrupt);
  EXPECT_EQ(write([](Frame&, Body& b) { b.n_sectors = 0; }), ErrorKind::corrupt);
  EXPECT_EQ(write([](Frame&, Body& b) { b.crcs_count = 0xffffffff; }), ErrorKind::corrupt);
  EXPECT_EQ(write([](Frame&, Body& b) { b.limit = kListEntriesMax + 1; }), ErrorKind::corrupt);
  const auto pull = [](auto change) { return decoded_after(Kind::pull, change).kind(); };
  EXPECT_EQ(pull([](Frame&, Body&) {}), ErrorKind::ok);
  EXPECT_EQ(pull([](Frame& f, Body&) { f.data_bytes = 4096; }), ErrorKind::corrupt);
  EXPECT_EQ(pull([](Frame&, Body& b) { b.crcs_count = 1; }), ErrorKind::corrupt);
}

TEST(WireGolden, keeps_version_1) {
  std::vector<std::string> heads;
  for (const Kind kind : kKinds) {
    const OwnedRequest request = example_request(kind);
    Bytes bytes = encoded(0x0102030405060708, request.request);
    heads.push_back(hex(bytes.used()));
  }
  for (const Kind kind : kKinds) {
    const OwnedReply reply = example_reply(kind, Answer::ok);
    Bytes bytes = encoded(0x0102030405060708, kind, reply.reply);
    heads.push_back(hex(bytes.used()));
  }
  const OwnedReply gap = example_reply(Kind::write, Answer::gap);
  Bytes gap_bytes = encoded(9, Kind::write, gap.reply);
  heads.push_back(hex(gap_bytes.used()));

  Hello hello{.node = 3, .peer = 4, .boot = 5};
  for (size_t i = 0; i < hello.cluster.size(); ++i) hello.cluster[i] = static_cast<uint8_t>(i);
  hello.binding.fill(0xb1);
  Bytes hello_bytes(kHelloBytes);
  encode_hello(hello, hello_bytes.all());
  heads.push_back(hex(hello_bytes.used()));
  Bytes goodbye(kGoodbyeBytes);
  encode_goodbye(Goodbye::wrong_cluster, goodbye.all());
  heads.push_back(hex(goodbye.used()));
  for (const MessageType type : {MessageType::ping, MessageType::pong}) {
    Bytes ping(kFrameBytes);
    encode_ping(type, 7, ping.all());
    heads.push_back(hex(ping.used()));
  }

  ASSERT_EQ(heads.size(), golden_v1::kHeads.size());
  for (size_t i = 0; i < heads.size(); ++i) EXPECT_EQ(heads[i], golden_v1::kHeads[i]) << i;
}

}  // namespace
}  // namespace cairn::replication
