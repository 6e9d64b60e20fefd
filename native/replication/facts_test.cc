#include "replication/facts.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "store/request.h"

namespace cairn::replication {
namespace {

PgRecord record_of(uint32_t epoch, std::vector<PgMember> members) {
  return {.epoch = epoch, .members = std::move(members)};
}

PgMember member(StoreId store, MemberState state, uint32_t since) { return {store, state, since}; }

rc::Gen<PgRecord> any_record() {
  return rc::gen::exec([] {
    PgRecord record;
    record.epoch = *rc::gen::inRange<uint32_t>(0, 6);
    if (record.epoch == 5) record.epoch = UINT32_MAX;
    if (record.epoch == 0) return record;
    const auto stores = *rc::gen::suchThat(
        rc::gen::unique<std::vector<StoreId>>(rc::gen::inRange<StoreId>(1, 1000)),
        [](const auto& list) { return !list.empty() && list.size() <= kPgMembersMax; });
    for (const StoreId store : stores) {
      const auto state = static_cast<MemberState>(*rc::gen::inRange(0, 3));
      const auto back = *rc::gen::inRange<uint32_t>(0, record.epoch);
      record.members.push_back({store, state, record.epoch - back});
    }
    return record;
  });
}

/// Text that looks like a value: digits, separators and the values' own words.
rc::Gen<std::string> any_nonsense() {
  return rc::gen::exec([] {
    static const std::vector<std::string> kPieces = {"0",
                                                     "1",
                                                     "12",
                                                     "007",
                                                     " ",
                                                     ":",
                                                     "\n",
                                                     "-",
                                                     "+1",
                                                     "in-sync",
                                                     "joining",
                                                     "out",
                                                     "epoch=",
                                                     "owner=",
                                                     " clean=",
                                                     " pool=",
                                                     " size=",
                                                     " root=",
                                                     "node=",
                                                     " incarnation=",
                                                     "pgs=",
                                                     " replicas=",
                                                     "18446744073709551616",
                                                     "4096",
                                                     "\xff"};
    std::string text;
    for (const auto& index :
         *rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(0, kPieces.size()))) {
      text += kPieces[index];
    }
    return text;
  });
}

TEST(Facts, writes_values_that_people_can_read) {
  const std::vector<PgRecord> records = {
      record_of(12, {member(3, MemberState::in_sync, 1), member(7, MemberState::joining, 12)}),
      {},
      record_of(2, {member(9, MemberState::out, 2)})};
  EXPECT_EQ(encode_pg_shard(records), "12 3:in-sync:1 7:joining:12\n0\n2 9:out:2");
  EXPECT_EQ(encode_volume({.epoch = 5,
                           .owner = 3,
                           .clean = false,
                           .pool = 1,
                           .size_bytes = uint64_t{1} << 40,
                           .root = 17}),
            "epoch=5 owner=3 clean=0 pool=1 size=1099511627776 root=17");
  EXPECT_EQ(encode_store({.node = 3, .incarnation = UINT64_MAX}),
            "node=3 incarnation=18446744073709551615");
  EXPECT_EQ(encode_pool({.pgs_count = 128, .replicas = 2}), "pgs=128 replicas=2");
  EXPECT_EQ(pg_shard_key(make_pg(3, 130)), "/cairn/storage/pg/3/2");
  EXPECT_EQ(volume_key(17), "/cairn/storage/volume/17");
}

TEST(Facts, reads_back_every_value_that_it_writes) {
  rc::check("placement groups", [] {
    const auto records = *rc::gen::suchThat(
        rc::gen::container<std::vector<PgRecord>>(any_record()),
        [](const auto& list) { return !list.empty() && list.size() <= kPgsPerShard; });
    const auto decoded = decode_pg_shard(encode_pg_shard(records));
    RC_ASSERT(decoded.ok());
    RC_ASSERT(decoded.value() == records);
  });
  rc::check("volumes", [] {
    VolumeFact fact;
    fact.epoch = *rc::gen::inRange<uint32_t>(0, store::kVolumeEpochMax + 1);
    fact.owner = *rc::gen::arbitrary<NodeId>();
    fact.clean = *rc::gen::arbitrary<bool>();
    fact.pool = *rc::gen::inRange<uint32_t>(0, kPoolMax + 1);
    fact.size_bytes = *rc::gen::inRange<uint64_t>(1, uint64_t{1} << 40) * store::kSectorBytes;
    fact.root = *rc::gen::nonZero<uint64_t>();
    const auto decoded = decode_volume(encode_volume(fact));
    RC_ASSERT(decoded.ok());
    RC_ASSERT(decoded.value() == fact);
  });
  rc::check("stores", [] {
    const StoreFact fact{*rc::gen::nonZero<NodeId>(), *rc::gen::arbitrary<uint64_t>()};
    const auto decoded = decode_store(encode_store(fact));
    RC_ASSERT(decoded.ok());
    RC_ASSERT(decoded.value() == fact);
  });
  rc::check("pools", [] {
    const PoolFact fact{uint32_t{1} << *rc::gen::inRange<uint32_t>(0, kPgBits + 1),
                        *rc::gen::inRange<uint32_t>(1, kPgMembersMax + 1)};
    const auto decoded = decode_pool(encode_pool(fact));
    RC_ASSERT(decoded.ok());
    RC_ASSERT(decoded.value() == fact);
  });
}

TEST(Facts, accepts_no_text_that_it_would_not_write_itself) {
  rc::check("nonsense", [] {
    const std::string text = *any_nonsense();
    if (const auto fact = decode_pg_shard(text); fact.ok()) {
      RC_ASSERT(encode_pg_shard(fact.value()) == text);
    }
    if (const auto fact = decode_volume(text); fact.ok()) {
      RC_ASSERT(encode_volume(fact.value()) == text);
    }
    if (const auto fact = decode_store(text); fact.ok()) {
      RC_ASSERT(encode_store(fact.value()) == text);
    }
    if (const auto fact = decode_pool(text); fact.ok()) {
      RC_ASSERT(encode_pool(fact.value()) == text);
    }
  });
  rc::check("one spoiled byte", [] {
    std::string text = "12 3:in-sync:1 7:joining:12 9:out:4\n0\n2 9:out:2";
    const auto at = *rc::gen::inRange<size_t>(0, text.size());
    text[at] = static_cast<char>(*rc::gen::arbitrary<uint8_t>());
    const auto fact = decode_pg_shard(text);
    if (fact.ok()) RC_ASSERT(encode_pg_shard(fact.value()) == text);
  });
}

TEST(Facts, refuses_placement_groups_that_cannot_be) {
  std::string too_many = "0";
  for (uint32_t i = 0; i < kPgsPerShard; ++i) too_many += "\n0";
  for (const std::string_view text :
       {std::string_view(too_many), std::string_view(""), std::string_view("0\n"),
        std::string_view("0 1:out:1"), std::string_view("5"), std::string_view("5 "),
        std::string_view("5 0:out:1"), std::string_view("5 1:out:0"), std::string_view("5 1:out:6"),
        std::string_view("5 1:out:5 1:out:5"), std::string_view("5 1:gone:5"),
        std::string_view("05 1:out:5"), std::string_view("5  1:out:5"),
        std::string_view("4294967296 1:out:5"),
        std::string_view("9 1:out:1 2:out:1 3:out:1 4:out:1 5:out:1 6:out:1 7:out:1")}) {
    EXPECT_EQ(decode_pg_shard(text).status().kind(), ErrorKind::corrupt) << text;
  }
  EXPECT_TRUE(decode_pg_shard("9 1:out:1 2:out:1 3:out:1 4:out:1 5:out:1 6:out:1").ok());
}

TEST(Facts, refuses_volumes_stores_and_pools_that_cannot_be) {
  for (const std::string_view text :
       {"epoch=16777216 owner=3 clean=0 pool=1 size=4096 root=17",
        "epoch=5 owner=3 clean=2 pool=1 size=4096 root=17",
        "epoch=5 owner=3 clean=0 pool=4096 size=4096 root=17",
        "epoch=5 owner=3 clean=0 pool=1 size=0 root=17",
        "epoch=5 owner=3 clean=0 pool=1 size=4097 root=17",
        "epoch=5 owner=3 clean=0 pool=1 size=4503599627374592 root=17",
        "epoch=5 owner=3 clean=0 pool=1 size=4096 root=0",
        "epoch=5 owner=3 clean=0 pool=1 size=4096 root=17 ", ""}) {
    EXPECT_EQ(decode_volume(text).status().kind(), ErrorKind::corrupt) << text;
  }
  EXPECT_FALSE(decode_store("node=0 incarnation=1").ok());
  EXPECT_FALSE(decode_store("node=1 incarnation=18446744073709551616").ok());
  EXPECT_FALSE(decode_pool("pgs=0 replicas=1").ok());
  EXPECT_FALSE(decode_pool("pgs=96 replicas=1").ok());
  EXPECT_FALSE(decode_pool("pgs=2097152 replicas=1").ok());
  EXPECT_FALSE(decode_pool("pgs=64 replicas=0").ok());
  EXPECT_FALSE(decode_pool("pgs=64 replicas=7").ok());
}

class Recorder final : public FactsListener {
 public:
  explicit Recorder(std::vector<int>& order, int name) : order_(order), name_(name) {}
  void on_facts(const FactChanges& changes) override {
    last = changes;
    order_.push_back(name_);
  }
  FactChanges last;

 private:
  std::vector<int>& order_;
  int name_;
};

class FactsStream : public ::testing::Test {
 protected:
  FactsStream() { facts_.add_listener(listener_); }

  Status put(const std::string& key, const std::string& value) {
    ++revision_;
    return facts_.apply({revision_, {{key, value, revision_}}, {}});
  }
  Status remove(const std::string& key) { return facts_.apply({++revision_, {}, {key}}); }

  uint64_t revision_ = 10;
  std::vector<int> order_;
  Recorder listener_{order_, 1};
  Facts facts_;
};

TEST_F(FactsStream, knows_nothing_before_the_first_batch) {
  EXPECT_EQ(facts_.revision(), 0u);
  EXPECT_EQ(facts_.pg(0), nullptr);
  EXPECT_EQ(facts_.volume(1), nullptr);
  EXPECT_EQ(facts_.key_revision(volume_key(1)), 0u);
}

TEST_F(FactsStream, names_only_the_groups_whose_record_differs) {
  const PgRecord one = record_of(1, {member(1, MemberState::in_sync, 1)});
  const PgRecord two = record_of(2, {member(1, MemberState::in_sync, 1)});
  ASSERT_TRUE(put(pg_shard_key(make_pg(1, 64)), encode_pg_shard({one, {}, one, one})).ok());
  EXPECT_EQ(listener_.last.pgs,
            (std::vector<PgId>{make_pg(1, 64), make_pg(1, 66), make_pg(1, 67)}));
  ASSERT_TRUE(put(pg_shard_key(make_pg(1, 64)), encode_pg_shard({one, one, two})).ok());
  EXPECT_EQ(listener_.last.pgs,
            (std::vector<PgId>{make_pg(1, 65), make_pg(1, 66), make_pg(1, 67)}));
  EXPECT_EQ(facts_.pg(make_pg(1, 67)), nullptr);
  EXPECT_EQ(*facts_.pg(make_pg(1, 66)), two);
  EXPECT_EQ(facts_.pgs().size(), 3u);
  ASSERT_TRUE(put(pg_shard_key(make_pg(1, 64)), encode_pg_shard({one, one, two})).ok());
  EXPECT_TRUE(listener_.last.pgs.empty());
  EXPECT_EQ(facts_.key_revision(pg_shard_key(make_pg(1, 64))), revision_);
}

TEST_F(FactsStream, gives_a_shard_as_long_as_its_pool_says) {
  ASSERT_TRUE(put(pool_key(1), encode_pool({.pgs_count = 4, .replicas = 2})).ok());
  const PgRecord one = record_of(1, {member(1, MemberState::in_sync, 1)});
  ASSERT_TRUE(put(pg_shard_key(make_pg(1, 0)), encode_pg_shard({one, {}, {}, {}})).ok());
  EXPECT_EQ(facts_.pg_shard(make_pg(1, 2)), (std::vector<PgRecord>{one, {}, {}, {}}));
  EXPECT_TRUE(facts_.pg_shard(make_pg(2, 0)).empty());
}

TEST_F(FactsStream, forgets_what_is_deleted) {
  ASSERT_TRUE(put(volume_key(7), "epoch=0 owner=0 clean=1 pool=1 size=4096 root=7").ok());
  ASSERT_TRUE(put(store_key(3), "node=1 incarnation=5").ok());
  EXPECT_EQ(listener_.last.stores, std::vector<StoreId>{3});
  ASSERT_TRUE(remove(volume_key(7)).ok());
  EXPECT_EQ(listener_.last.volumes, std::vector<uint64_t>{7});
  EXPECT_EQ(facts_.volume(7), nullptr);
  EXPECT_EQ(facts_.key_revision(volume_key(7)), 0u);
  ASSERT_TRUE(remove(store_key(3)).ok());
  EXPECT_TRUE(facts_.stores().empty());
  const PgRecord one = record_of(1, {member(1, MemberState::in_sync, 1)});
  ASSERT_TRUE(put(pg_shard_key(0), encode_pg_shard({one})).ok());
  ASSERT_TRUE(remove(pg_shard_key(0)).ok());
  EXPECT_EQ(listener_.last.pgs, std::vector<PgId>{0});
  EXPECT_TRUE(remove(volume_key(99)).ok());
}

TEST_F(FactsStream, calls_no_volume_dead_whose_number_was_not_given_yet) {
  EXPECT_FALSE(facts_.is_dead(1));
  ASSERT_TRUE(put(std::string(kNextVolumeKey), encode_next_volume(8)).ok());
  ASSERT_TRUE(put(volume_key(7), "epoch=0 owner=0 clean=1 pool=1 size=4096 root=7").ok());
  EXPECT_EQ(facts_.next_volume(), 8u);
  EXPECT_TRUE(facts_.is_dead(6));
  EXPECT_FALSE(facts_.is_dead(7));
  EXPECT_FALSE(facts_.is_dead(8));
  ASSERT_TRUE(remove(volume_key(7)).ok());
  EXPECT_TRUE(facts_.is_dead(7));
  EXPECT_EQ(put(std::string(kNextVolumeKey), "id=08").kind(), ErrorKind::corrupt);
  EXPECT_EQ(facts_.next_volume(), 8u);
}

TEST_F(FactsStream, calls_no_volume_dead_whose_record_it_cannot_read) {
  ASSERT_TRUE(put(std::string(kNextVolumeKey), encode_next_volume(8)).ok());
  EXPECT_EQ(put(volume_key(7), "colour=red").kind(), ErrorKind::corrupt);
  EXPECT_EQ(facts_.volume(7), nullptr);
  EXPECT_FALSE(facts_.is_dead(7));
  ASSERT_TRUE(remove(volume_key(7)).ok());
  EXPECT_TRUE(facts_.is_dead(7));
  EXPECT_EQ(listener_.last.volumes, std::vector<uint64_t>{7});
}

TEST_F(FactsStream, ignores_what_it_has_seen) {
  ASSERT_TRUE(put(store_key(3), "node=1 incarnation=5").ok());
  ASSERT_TRUE(facts_.apply({revision_, {{store_key(3), "node=2 incarnation=5", 1}}, {}}).ok());
  EXPECT_EQ(facts_.store(3)->node, 1u);
  EXPECT_EQ(order_.size(), 1u);
}

TEST_F(FactsStream, keeps_a_fact_whose_newer_value_it_cannot_read) {
  ASSERT_TRUE(put(store_key(3), "node=1 incarnation=5").ok());
  const uint64_t known = revision_;
  EXPECT_EQ(put(store_key(3), "node=1 incarnation=6 colour=red").kind(), ErrorKind::corrupt);
  EXPECT_EQ(facts_.store(3)->incarnation, 5u);
  // A transaction computed from the old value has to fail.
  EXPECT_EQ(facts_.key_revision(store_key(3)), known);
  EXPECT_EQ(facts_.revision(), revision_);
}

TEST_F(FactsStream, reports_keys_that_it_does_not_know_and_goes_on) {
  FactBatch batch{++revision_, {}, {}};
  for (const std::string key :
       {"/cairn/storage/volume/", "/cairn/storage/volume/07", "/cairn/storage/volume/0",
        "/cairn/storage/pg/1", "/cairn/storage/pg/1/16384", "/cairn/storage/pg/4096/0",
        "/cairn/storage/flavour/1", "/somewhere/else"}) {
    Facts facts;
    EXPECT_EQ(facts.apply({1, {{key, "0", 1}}, {}}).kind(), ErrorKind::corrupt) << key;
    batch.puts.push_back({key, "0", revision_});
  }
  batch.puts.push_back({store_key(3), "node=1 incarnation=5", revision_});
  EXPECT_FALSE(facts_.apply(batch).ok());
  EXPECT_NE(facts_.store(3), nullptr);
}

TEST_F(FactsStream, tells_listeners_once_per_batch_in_their_order) {
  Recorder second(order_, 2);
  facts_.add_listener(second);
  ASSERT_TRUE(facts_
                  .apply({50,
                          {{store_key(4), "node=1 incarnation=5", 50},
                           {store_key(3), "node=1 incarnation=5", 49}},
                          {}})
                  .ok());
  EXPECT_EQ(order_, (std::vector<int>{1, 2}));
  EXPECT_EQ(second.last.stores, (std::vector<StoreId>{3, 4}));
  facts_.remove_listener(second);
  ASSERT_TRUE(facts_.apply({51, {}, {}}).ok());
  EXPECT_EQ(order_, (std::vector<int>{1, 2, 1}));
}

TEST_F(FactsStream, sends_neighbouring_chunks_to_different_groups) {
  ASSERT_TRUE(put(pool_key(1), encode_pool({.pgs_count = 4, .replicas = 2})).ok());
  const VolumeFact volume{.pool = 1, .size_bytes = 4096, .root = 7};
  const VolumeFact clone{.pool = 1, .size_bytes = 4096, .root = 7};
  for (uint32_t chunk = 0; chunk < 8; ++chunk) {
    EXPECT_NE(facts_.pg_of(volume, chunk), facts_.pg_of(volume, chunk + 1));
    EXPECT_EQ(facts_.pg_of(volume, chunk), facts_.pg_of(volume, chunk + 4));
    EXPECT_EQ(facts_.pg_of(volume, chunk), facts_.pg_of(clone, chunk));
    EXPECT_EQ(pool_of(facts_.pg_of(volume, chunk)), 1u);
  }
}

}  // namespace
}  // namespace cairn::replication
