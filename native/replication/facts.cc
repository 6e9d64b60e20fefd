#include "replication/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>

#include "base/assert.h"
#include "store/request.h"

namespace cairn::replication {

namespace {

/// A volume's chunks are numbered with 32 bits.
constexpr uint64_t kVolumeBytesMax = (uint64_t{1} << 32) * store::kChunkBytes;

constexpr std::string_view kPgPrefix = "/cairn/storage/pg/";
constexpr std::string_view kVolumePrefix = "/cairn/storage/volume/";
constexpr std::string_view kStorePrefix = "/cairn/storage/store/";
constexpr std::string_view kPoolPrefix = "/cairn/storage/pool/";
static_assert(kPgPrefix.starts_with(kFactsPrefix));
static_assert(kVolumePrefix.starts_with(kFactsPrefix));
static_assert(kStorePrefix.starts_with(kFactsPrefix));
static_assert(kPoolPrefix.starts_with(kFactsPrefix));
static_assert(kNextVolumeKey.starts_with(kFactsPrefix));

Status corrupt(std::string_view what, std::string_view text) {
  // Values come from outside: only so much of one is repeated.
  return {ErrorKind::corrupt, fmt::format("{}: \"{}\"", what, text.substr(0, 200))};
}

/// Reads a value from the front, and remembers whether all was as the encoder writes it.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  void literal(std::string_view expected) {
    if (!accept(expected)) good_ = false;
  }
  [[nodiscard]] bool accept(std::string_view expected) {
    if (!good_ || !rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  /// Decimal, no sign, no leading zeroes, within [low, high].
  template <typename Number>
  Number number(Number low = 0, Number high = std::numeric_limits<Number>::max()) {
    Number value = 0;
    const char* begin = rest_.data();
    const auto [end, error] = std::from_chars(begin, begin + rest_.size(), value);
    const auto length = static_cast<size_t>(end - begin);
    good_ = good_ && error == std::errc() && length > 0 && (length == 1 || rest_[0] != '0') &&
            value >= low && value <= high;
    if (!good_) return 0;
    rest_.remove_prefix(length);
    return value;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool finished() const { return good_ && rest_.empty(); }
  void refuse() { good_ = false; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::string_view name_of(MemberState state) {
  switch (state) {
    case MemberState::in_sync:
      return "in-sync";
    case MemberState::joining:
      return "joining";
    case MemberState::out:
      return "out";
  }
  CAIRN_ASSERT(false);
  return {};
}

void scan_member(Scanner& scanner, PgRecord& record) {
  PgMember member;
  member.store = scanner.number<StoreId>(1);
  scanner.literal(":");
  if (scanner.accept("in-sync")) {
    member.state = MemberState::in_sync;
  } else if (scanner.accept("joining")) {
    member.state = MemberState::joining;
  } else {
    scanner.literal("out");
    member.state = MemberState::out;
  }
  scanner.literal(":");
  member.since = scanner.number<uint32_t>(1, record.epoch);
  if (record.members.size() == kPgMembersMax || record.find(member.store) != nullptr) {
    scanner.refuse();
  }
  if (scanner.good()) record.members.push_back(member);
}

PgRecord scan_record(Scanner& scanner) {
  PgRecord record;
  record.epoch = scanner.number<uint32_t>();
  if (record.epoch == 0) return record;
  // A group with a record has members, or nobody could ever have its data.
  scanner.literal(" ");
  scan_member(scanner, record);
  while (scanner.accept(" ")) scan_member(scanner, record);
  return record;
}

/// The number that ends a key.
template <typename Number>
std::optional<Number> number_of(std::string_view text, Number low, Number high) {
  Scanner scanner(text);
  const Number value = scanner.number<Number>(low, high);
  if (!scanner.finished()) return std::nullopt;
  return value;
}

/// The first group of the shard that a key names.
std::optional<PgId> shard_of(std::string_view text) {
  Scanner scanner(text);
  const auto pool = scanner.number<uint32_t>(0, kPoolMax);
  scanner.literal("/");
  const auto shard = scanner.number<uint32_t>(0, kPgsPerPoolMax / kPgsPerShard - 1);
  if (!scanner.finished()) return std::nullopt;
  return make_pg(pool, shard * kPgsPerShard);
}
static_assert(kPgsPerPoolMax % kPgsPerShard == 0);

PgId shard_first(PgId pg) {
  return make_pg(pool_of(pg), group_of(pg) / kPgsPerShard * kPgsPerShard);
}

template <typename Map>
auto sorted_keys(const Map& map) {
  std::vector<typename Map::key_type> keys;
  keys.reserve(map.size());
  for (const auto& entry : map) keys.push_back(entry.first);
  std::sort(keys.begin(), keys.end());
  return keys;
}

template <typename Map>
auto* find_in(const Map& map, typename Map::key_type key) {
  const auto place = map.find(key);
  return place == map.end() ? nullptr : &place->second;
}

/// Stores `fact` and tells whether it differs from what was there.
template <typename Map, typename Fact>
bool replace(Map& map, typename Map::key_type key, const Fact& fact) {
  const auto [place, added] = map.insert({key, fact});
  if (added) return true;
  if (place->second == fact) return false;
  place.value() = fact;
  return true;
}

template <typename T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

const PgMember* PgRecord::find(StoreId store) const {
  for (const PgMember& member : members) {
    if (member.store == store) return &member;
  }
  return nullptr;
}

uint32_t PgRecord::count(MemberState state) const {
  return static_cast<uint32_t>(
      std::count_if(members.begin(), members.end(),
                    [&](const PgMember& member) { return member.state == state; }));
}

// --- Keys and values ---

std::string pg_shard_key(PgId pg) {
  return fmt::format("{}{}/{}", kPgPrefix, pool_of(pg), group_of(pg) / kPgsPerShard);
}
std::string volume_key(uint64_t volume) { return fmt::format("{}{}", kVolumePrefix, volume); }
std::string store_key(StoreId store) { return fmt::format("{}{}", kStorePrefix, store); }
std::string pool_key(uint32_t pool) { return fmt::format("{}{}", kPoolPrefix, pool); }

std::string encode_pg_shard(const std::vector<PgRecord>& records) {
  CAIRN_ASSERT(!records.empty());
  CAIRN_ASSERT(records.size() <= kPgsPerShard);
  std::string text;
  auto out = std::back_inserter(text);
  for (const PgRecord& record : records) {
    CAIRN_ASSERT((record.epoch == 0) == record.members.empty());
    CAIRN_ASSERT(record.members.size() <= kPgMembersMax);
    fmt::format_to(out, "{}{}", text.empty() ? "" : "\n", record.epoch);
    for (const PgMember& member : record.members) {
      CAIRN_ASSERT(member.since >= 1);
      CAIRN_ASSERT(member.since <= record.epoch);
      fmt::format_to(out, " {}:{}:{}", member.store, name_of(member.state), member.since);
    }
  }
  return text;
}

Result<std::vector<PgRecord>> decode_pg_shard(std::string_view text) {
  std::vector<PgRecord> records;
  Scanner scanner(text);
  do {
    if (records.size() == kPgsPerShard) scanner.refuse();
    records.push_back(scan_record(scanner));
  } while (scanner.accept("\n"));
  if (!scanner.finished()) return corrupt("placement groups", text);
  return records;
}

std::string encode_volume(const VolumeFact& fact) {
  return fmt::format("epoch={} owner={} clean={} pool={} size={} root={}", fact.epoch, fact.owner,
                     fact.clean ? 1 : 0, fact.pool, fact.size_bytes, fact.root);
}

Result<VolumeFact> decode_volume(std::string_view text) {
  VolumeFact fact;
  Scanner scanner(text);
  scanner.literal("epoch=");
  fact.epoch = scanner.number<uint32_t>(0, store::kVolumeEpochMax);
  scanner.literal(" owner=");
  fact.owner = scanner.number<NodeId>();
  scanner.literal(" clean=");
  fact.clean = scanner.number<uint32_t>(0, 1) == 1;
  scanner.literal(" pool=");
  fact.pool = scanner.number<uint32_t>(0, kPoolMax);
  scanner.literal(" size=");
  fact.size_bytes = scanner.number<uint64_t>(store::kSectorBytes, kVolumeBytesMax);
  if (fact.size_bytes % store::kSectorBytes != 0) scanner.refuse();
  scanner.literal(" root=");
  fact.root = scanner.number<uint64_t>(1);
  if (!scanner.finished()) return corrupt("volume", text);
  return fact;
}

std::string encode_store(const StoreFact& fact) {
  return fmt::format("node={} incarnation={}", fact.node, fact.incarnation);
}

Result<StoreFact> decode_store(std::string_view text) {
  StoreFact fact;
  Scanner scanner(text);
  scanner.literal("node=");
  fact.node = scanner.number<NodeId>(1);
  scanner.literal(" incarnation=");
  fact.incarnation = scanner.number<uint64_t>();
  if (!scanner.finished()) return corrupt("store", text);
  return fact;
}

std::string encode_next_volume(uint64_t id) { return fmt::format("id={}", id); }

Result<uint64_t> decode_next_volume(std::string_view text) {
  Scanner scanner(text);
  scanner.literal("id=");
  const auto id = scanner.number<uint64_t>(1);
  if (!scanner.finished()) return corrupt("next volume", text);
  return id;
}

std::string encode_pool(const PoolFact& fact) {
  return fmt::format("pgs={} replicas={}", fact.pgs_count, fact.replicas);
}

Result<PoolFact> decode_pool(std::string_view text) {
  PoolFact fact;
  Scanner scanner(text);
  scanner.literal("pgs=");
  fact.pgs_count = scanner.number<uint32_t>(1, kPgsPerPoolMax);
  if (!std::has_single_bit(fact.pgs_count)) scanner.refuse();
  scanner.literal(" replicas=");
  fact.replicas = scanner.number<uint32_t>(1, kPgMembersMax);
  if (!scanner.finished()) return corrupt("pool", text);
  return fact;
}

// --- Facts ---

const PgRecord* Facts::pg(PgId pg) const { return find_in(pgs_, pg); }
const VolumeFact* Facts::volume(uint64_t volume) const { return find_in(volumes_, volume); }
const StoreFact* Facts::store(StoreId store) const { return find_in(stores_, store); }
const PoolFact* Facts::pool(uint32_t pool) const { return find_in(pools_, pool); }
std::vector<uint64_t> Facts::volumes() const { return sorted_keys(volumes_); }
std::vector<StoreId> Facts::stores() const { return sorted_keys(stores_); }
std::vector<PgId> Facts::pgs() const { return sorted_keys(pgs_); }

PgId Facts::pg_of(const VolumeFact& volume, uint32_t chunk) const {
  const PoolFact* pool_fact = pool(volume.pool);
  CAIRN_ASSERT(pool_fact != nullptr);
  return make_pg(volume.pool, group_of_chunk(volume.root, chunk, pool_fact->pgs_count));
}

uint64_t Facts::key_revision(const std::string& key) const {
  const auto place = key_revisions_.find(key);
  return place == key_revisions_.end() ? 0 : place->second;
}

std::vector<PgRecord> Facts::pg_shard(PgId pg) const {
  const PgId first = shard_first(pg);
  const PoolFact* pool_fact = pool(pool_of(pg));
  uint32_t groups = 0;
  if (pool_fact != nullptr && pool_fact->pgs_count > group_of(first)) {
    groups = std::min(kPgsPerShard, pool_fact->pgs_count - group_of(first));
  }
  std::vector<PgRecord> records(groups);
  for (uint32_t at = 0; at < kPgsPerShard; ++at) {
    const PgRecord* record = this->pg(first + at);
    if (record == nullptr) continue;
    if (at >= records.size()) records.resize(at + 1);
    records[at] = *record;
  }
  return records;
}

Status Facts::apply(const FactBatch& batch) {
  if (batch.revision <= revision_) return {};
  FactChanges changes;
  Status first_problem;
  const auto note = [&](Status status) {
    if (!status.ok() && first_problem.ok()) first_problem = std::move(status);
  };
  for (const FactPut& change : batch.puts) note(put(change, changes));
  for (const std::string& key : batch.deletes) note(remove(key, changes));
  revision_ = batch.revision;
  sort_unique(changes.pgs);
  sort_unique(changes.volumes);
  sort_unique(changes.stores);
  for (FactsListener* listener : listeners_) listener->on_facts(changes);
  return first_problem;
}

Status Facts::put(const FactPut& change, FactChanges& changes) {
  const std::string_view key = change.key;
  const auto after = [&](std::string_view prefix) { return key.substr(prefix.size()); };
  if (key.starts_with(kPgPrefix)) {
    CAIRN_RETURN_IF_ERROR(put_shard(after(kPgPrefix), change.value, changes));
  } else if (key.starts_with(kVolumePrefix)) {
    const auto id = number_of<uint64_t>(after(kVolumePrefix), 1, UINT64_MAX);
    if (!id) return corrupt("key", key);
    CAIRN_RETURN_IF_ERROR(put_volume(*id, change.value, changes));
  } else if (key.starts_with(kStorePrefix)) {
    const auto id = number_of<StoreId>(after(kStorePrefix), 1, UINT32_MAX);
    if (!id) return corrupt("key", key);
    const auto fact = decode_store(change.value);
    CAIRN_RETURN_IF_ERROR(fact.status());
    if (replace(stores_, *id, fact.value())) changes.stores.push_back(*id);
  } else if (key.starts_with(kPoolPrefix)) {
    const auto id = number_of<uint32_t>(after(kPoolPrefix), 0, kPoolMax);
    if (!id) return corrupt("key", key);
    const auto fact = decode_pool(change.value);
    CAIRN_RETURN_IF_ERROR(fact.status());
    replace(pools_, *id, fact.value());
  } else if (key == kNextVolumeKey) {
    const auto id = decode_next_volume(change.value);
    CAIRN_RETURN_IF_ERROR(id.status());
    next_volume_ = id.value();
  } else {
    return corrupt("unknown key", key);
  }
  key_revisions_[change.key] = change.revision;
  return {};
}

Status Facts::put_volume(uint64_t id, std::string_view value, FactChanges& changes) {
  const auto fact = decode_volume(value);
  if (!fact.ok()) {
    unreadable_volumes_.insert(id);
    return fact.status();
  }
  unreadable_volumes_.erase(id);
  if (replace(volumes_, id, fact.value())) changes.volumes.push_back(id);
  return {};
}

bool Facts::is_dead(uint64_t volume) const {
  return volume < next_volume_ && this->volume(volume) == nullptr &&
         !unreadable_volumes_.contains(volume);
}

Status Facts::put_shard(std::string_view rest, std::string_view value, FactChanges& changes) {
  const std::optional<PgId> first = shard_of(rest);
  if (!first) return corrupt("placement group key", rest);
  const auto records = decode_pg_shard(value);
  CAIRN_RETURN_IF_ERROR(records.status());
  for (uint32_t at = 0; at < kPgsPerShard; ++at) {
    const PgId id = *first + at;
    const bool exists = at < records.value().size() && records.value()[at].epoch != 0;
    const bool changed = exists ? replace(pgs_, id, records.value()[at]) : pgs_.erase(id) != 0;
    if (changed) changes.pgs.push_back(id);
  }
  return {};
}

Status Facts::remove(const std::string& key, FactChanges& changes) {
  const std::string_view text = key;
  if (text.starts_with(kVolumePrefix)) {
    const auto id = number_of<uint64_t>(text.substr(kVolumePrefix.size()), 1, UINT64_MAX);
    if (id && unreadable_volumes_.erase(*id) != 0) changes.volumes.push_back(*id);
  }
  // Only what was once put is known here; the rest was reported then.
  if (key_revisions_.erase(key) == 0) return {};
  if (text.starts_with(kPgPrefix)) {
    const std::optional<PgId> first = shard_of(text.substr(kPgPrefix.size()));
    CAIRN_ASSERT(first.has_value());
    for (PgId id = *first; id < *first + kPgsPerShard; ++id) {
      if (pgs_.erase(id) != 0) changes.pgs.push_back(id);
    }
  } else if (text.starts_with(kVolumePrefix)) {
    const auto id = number_of<uint64_t>(text.substr(kVolumePrefix.size()), 1, UINT64_MAX);
    CAIRN_ASSERT(id.has_value());
    if (volumes_.erase(*id) != 0) changes.volumes.push_back(*id);
  } else if (text.starts_with(kStorePrefix)) {
    const auto id = number_of<StoreId>(text.substr(kStorePrefix.size()), 1, UINT32_MAX);
    CAIRN_ASSERT(id.has_value());
    if (stores_.erase(*id) != 0) changes.stores.push_back(*id);
  } else if (text == kNextVolumeKey) {
    next_volume_ = 0;
  } else {
    const auto id = number_of<uint32_t>(text.substr(kPoolPrefix.size()), 0, kPoolMax);
    CAIRN_ASSERT(id.has_value());
    pools_.erase(*id);
  }
  return {};
}

void Facts::add_listener(FactsListener& listener) {
  CAIRN_ASSERT(std::find(listeners_.begin(), listeners_.end(), &listener) == listeners_.end());
  listeners_.push_back(&listener);
}

void Facts::remove_listener(FactsListener& listener) {
  CAIRN_ASSERT(std::erase(listeners_, &listener) == 1);
}

}  // namespace cairn::replication
