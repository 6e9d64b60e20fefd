#include "replication/fact_changes.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <utility>

#include "base/assert.h"
#include "store/request.h"

namespace cairn::replication {

namespace {

/// etcd refuses more operations in one transaction (--max-txn-ops, 128 unless told otherwise).
constexpr size_t kPutsMax = 100;

/// Adds the compare that pins `key` to what the facts show.
void pin(const Facts& facts, const std::string& key, Transaction& transaction) {
  transaction.compares.push_back({key, facts.key_revision(key)});
}

Transaction put_pinned(const Facts& facts, std::string key, std::string value) {
  Transaction transaction;
  pin(facts, key, transaction);
  transaction.puts.push_back({std::move(key), std::move(value)});
  return transaction;
}

/// Records under change, shard by shard. Groups without record cannot be changed.
class ShardEdit {
 public:
  explicit ShardEdit(const Facts& facts) : facts_(facts) {}

  /// Lets `change` edit the group's record; it answers whether it did. The epoch that the record
  /// gets by it, once per edit, is its argument.
  template <typename Change>
  void edit(PgId group, Change change) {
    const PgRecord* known = facts_.pg(group);
    if (known == nullptr || known->epoch == std::numeric_limits<uint32_t>::max()) return;
    PgRecord record = *known;
    if (!change(record, known->epoch + 1)) return;
    record.epoch = known->epoch + 1;
    const std::string key = pg_shard_key(group);
    auto place = shards_.find(key);
    if (place == shards_.end()) place = shards_.emplace(key, facts_.pg_shard(group)).first;
    place->second[group_of(group) % kPgsPerShard] = std::move(record);
  }

  [[nodiscard]] std::vector<Transaction> transactions() const {
    std::vector<Transaction> transactions;
    transactions.reserve(shards_.size());
    for (const auto& [key, records] : shards_) {
      transactions.push_back(put_pinned(facts_, key, encode_pg_shard(records)));
    }
    return transactions;
  }
  [[nodiscard]] std::optional<Transaction> transaction() const {
    CAIRN_ASSERT(shards_.size() <= 1);
    if (shards_.empty()) return std::nullopt;
    return std::move(transactions().front());
  }

 private:
  const Facts& facts_;
  std::map<std::string, std::vector<PgRecord>> shards_;
};

PgMember* member_of(PgRecord& record, StoreId store) {
  for (PgMember& member : record.members) {
    if (member.store == store) return &member;
  }
  return nullptr;
}

bool evict_from(PgRecord& record, uint32_t epoch, StoreId store) {
  PgMember* member = member_of(record, store);
  if (member == nullptr || member->state == MemberState::out) return false;
  const bool in_sync = member->state == MemberState::in_sync;
  if (in_sync && record.count(MemberState::in_sync) == 1) return false;
  *member = {store, MemberState::out, epoch};
  return true;
}

bool begin_join_in(PgRecord& record, uint32_t epoch, StoreId store) {
  const PgMember joining{store, MemberState::joining, epoch};
  if (PgMember* member = member_of(record, store); member != nullptr) {
    if (member->state == MemberState::in_sync) return false;
    *member = joining;
    return true;
  }
  if (record.members.size() == kPgMembersMax) return false;
  record.members.push_back(joining);
  return true;
}

/// The volume's next epoch, or nothing if there are no more.
std::optional<uint32_t> next_epoch(const VolumeFact& fact) {
  if (fact.epoch >= store::kVolumeEpochMax) return std::nullopt;
  return fact.epoch + 1;
}

/// The volume's fact, if this node is its writer under `epoch`.
const VolumeFact* owned(const Facts& facts, uint64_t volume, NodeId node, uint32_t epoch) {
  const VolumeFact* fact = facts.volume(volume);
  if (fact == nullptr || fact->owner != node || fact->epoch != epoch) return nullptr;
  return fact;
}

}  // namespace

std::vector<PgId> groups_of(const Facts& facts, StoreId store) {
  std::vector<PgId> groups = facts.pgs();
  std::erase_if(groups, [&](PgId group) { return facts.pg(group)->find(store) == nullptr; });
  return groups;
}

std::vector<Transaction> evict(const Facts& facts, StoreId store, uint64_t guard_volume,
                               uint32_t guard_epoch) {
  if (guard_volume != 0) {
    const VolumeFact* volume = facts.volume(guard_volume);
    if (volume == nullptr || volume->epoch != guard_epoch) return {};
  }
  ShardEdit edit(facts);
  for (const PgId group : groups_of(facts, store)) {
    edit.edit(group,
              [&](PgRecord& record, uint32_t epoch) { return evict_from(record, epoch, store); });
  }
  std::vector<Transaction> transactions = edit.transactions();
  if (guard_volume == 0) return transactions;
  for (Transaction& transaction : transactions) pin(facts, volume_key(guard_volume), transaction);
  return transactions;
}

std::optional<Transaction> begin_join(const Facts& facts, std::span<const PgId> groups,
                                      StoreId store) {
  ShardEdit edit(facts);
  for (const PgId group : groups) {
    edit.edit(group, [&](PgRecord& record, uint32_t epoch) {
      return begin_join_in(record, epoch, store);
    });
  }
  return edit.transaction();
}

std::optional<Transaction> promote(const Facts& facts,
                                   std::span<const std::pair<PgId, uint32_t>> groups,
                                   StoreId store) {
  ShardEdit edit(facts);
  for (const auto& [group, since] : groups) {
    const PgMember expected{store, MemberState::joining, since};
    edit.edit(group, [&](PgRecord& record, uint32_t epoch) {
      PgMember* member = member_of(record, store);
      if (member == nullptr || *member != expected) return false;
      *member = {store, MemberState::in_sync, epoch};
      return true;
    });
  }
  return edit.transaction();
}

std::optional<Transaction> remove_member(const Facts& facts, PgId group, StoreId store) {
  ShardEdit edit(facts);
  edit.edit(group, [&](PgRecord& record, uint32_t) {
    const PgMember* member = record.find(store);
    if (member == nullptr || member->state != MemberState::out) return false;
    // A record without members would say that nobody may ever have the data.
    if (record.members.size() == 1) return false;
    std::erase_if(record.members, [&](const PgMember& each) { return each.store == store; });
    return true;
  });
  return edit.transaction();
}

std::optional<Transaction> open_volume(const Facts& facts, uint64_t volume, NodeId node) {
  CAIRN_ASSERT(node != 0);
  const VolumeFact* known = facts.volume(volume);
  if (known == nullptr) return std::nullopt;
  const std::optional<uint32_t> epoch = next_epoch(*known);
  if (!epoch) return std::nullopt;
  VolumeFact fact = *known;
  fact.epoch = *epoch;
  fact.owner = node;
  fact.clean = false;
  return put_pinned(facts, volume_key(volume), encode_volume(fact));
}

std::optional<Transaction> close_volume(const Facts& facts, uint64_t volume, NodeId node,
                                        uint32_t epoch) {
  CAIRN_ASSERT(node != 0);
  const VolumeFact* known = owned(facts, volume, node, epoch);
  if (known == nullptr) return std::nullopt;
  VolumeFact fact = *known;
  fact.owner = 0;
  fact.clean = true;
  return put_pinned(facts, volume_key(volume), encode_volume(fact));
}

std::optional<Transaction> hand_over(const Facts& facts, uint64_t volume, NodeId from,
                                     uint32_t epoch, NodeId to) {
  CAIRN_ASSERT(from != 0);
  CAIRN_ASSERT(to != 0);
  const VolumeFact* known = owned(facts, volume, from, epoch);
  if (known == nullptr) return std::nullopt;
  const std::optional<uint32_t> next = next_epoch(*known);
  if (!next) return std::nullopt;
  VolumeFact fact = *known;
  fact.epoch = *next;
  fact.owner = to;
  fact.clean = true;
  return put_pinned(facts, volume_key(volume), encode_volume(fact));
}

std::optional<Transaction> create_volume(const Facts& facts, uint64_t volume,
                                         const VolumeFact& fact) {
  CAIRN_ASSERT(volume != 0);
  if (facts.volume(volume) != nullptr || facts.pool(fact.pool) == nullptr) return std::nullopt;
  VolumeFact created;
  created.pool = fact.pool;
  created.size_bytes = fact.size_bytes;
  created.root = fact.root == 0 ? volume : fact.root;
  const std::string value = encode_volume(created);
  if (!decode_volume(value).ok()) return std::nullopt;  // A size that no volume can have.
  Transaction transaction = put_pinned(facts, volume_key(volume), value);
  pin(facts, pool_key(fact.pool), transaction);
  if (volume >= facts.next_volume()) {
    const std::string next_key(kNextVolumeKey);
    pin(facts, next_key, transaction);
    transaction.puts.push_back({next_key, encode_next_volume(volume + 1)});
  }
  return transaction;
}

std::optional<Transaction> delete_volume(const Facts& facts, uint64_t volume) {
  if (facts.volume(volume) == nullptr) return std::nullopt;
  Transaction transaction;
  pin(facts, volume_key(volume), transaction);
  transaction.deletes.push_back(volume_key(volume));
  return transaction;
}

std::optional<Transaction> put_store(const Facts& facts, StoreId store, const StoreFact& fact) {
  CAIRN_ASSERT(store != 0);
  CAIRN_ASSERT(fact.node != 0);
  const StoreFact* known = facts.store(store);
  if (known != nullptr && *known == fact) return std::nullopt;
  return put_pinned(facts, store_key(store), encode_store(fact));
}

std::vector<Transaction> put_pool(const Facts& facts, uint32_t pool, uint32_t replicas,
                                  std::span<const std::vector<StoreId>> members) {
  CAIRN_ASSERT(pool <= kPoolMax);
  CAIRN_ASSERT(std::has_single_bit(members.size()));
  CAIRN_ASSERT(members.size() <= kPgsPerPoolMax);
  if (facts.pool(pool) != nullptr) return {};
  std::vector<Transaction> transactions(1);
  for (size_t first = 0; first < members.size(); first += kPgsPerShard) {
    std::vector<PgRecord> records;
    for (const auto& stores :
         members.subspan(first).first(std::min<size_t>(kPgsPerShard, members.size() - first))) {
      PgRecord record{.epoch = 1, .members = {}};
      for (const StoreId store : stores) {
        record.members.push_back({store, MemberState::in_sync, 1});
      }
      records.push_back(std::move(record));
    }
    if (transactions.back().puts.size() == kPutsMax) transactions.emplace_back();
    const std::string key = pg_shard_key(make_pg(pool, static_cast<uint32_t>(first)));
    pin(facts, key, transactions.back());
    transactions.back().puts.push_back({key, encode_pg_shard(records)});
  }
  const PoolFact fact{static_cast<uint32_t>(members.size()), replicas};
  // Every step finds the pool absent, so nobody's finished pool is begun anew.
  for (Transaction& transaction : transactions) pin(facts, pool_key(pool), transaction);
  transactions.back().puts.push_back({pool_key(pool), encode_pool(fact)});
  return transactions;
}

}  // namespace cairn::replication
