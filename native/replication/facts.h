// Facts: what etcd has agreed on, as one node has seen it so far.
//
// All keys below one prefix reach a node as one ordered stream, so a Facts is always the state of
// etcd at one revision, never a mixture (one key per decision; storage.md §4.2, §2.2 of Vitastor's
// lesson). Two rules of the protocol rest on that:
//
//   - A replica's promises ("epochs seen") are the epochs in its Facts. A message with an older
//     epoch is refused, one with a newer epoch waits until the Facts have caught up.
//   - A writer adopts a newer record of a placement group only together with the proof that the
//     volume is still its own at that revision; otherwise it is fenced.
//
// Threading: one executor's thread. Listeners are told after a whole batch was applied, in the
// order in which they were added; they may not add or remove listeners meanwhile.
#pragma once

#include <tsl/robin_map.h>
#include <tsl/robin_set.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "replication/ids.h"

namespace cairn::replication {

enum class MemberState : uint8_t {
  in_sync,  ///< Has every acknowledged write; serves reads.
  joining,  ///< Gets every write; what came before is being copied to it.
  out,      ///< Missed something, or is away: gets nothing, counts for nothing.
};

struct PgMember {
  StoreId store = 0;
  MemberState state = MemberState::out;
  /// The epoch at which it entered this state. What a joiner acknowledged under an earlier epoch
  /// does not count.
  uint32_t since = 0;
  friend bool operator==(const PgMember&, const PgMember&) = default;
};

inline constexpr size_t kPgMembersMax = 6;

struct PgRecord {
  uint32_t epoch = 0;
  std::vector<PgMember> members;

  [[nodiscard]] const PgMember* find(StoreId store) const;
  [[nodiscard]] uint32_t count(MemberState state) const;
  friend bool operator==(const PgRecord&, const PgRecord&) = default;
};

struct VolumeFact {
  /// Raised whenever a writer takes the volume.
  uint32_t epoch = 0;
  /// The node that may write, 0 for none.
  NodeId owner = 0;
  /// True from a clean close, or a handover, until the next writer has opened it.
  bool clean = true;
  uint32_t pool = 0;
  uint64_t size_bytes = 0;
  /// The volume whose placement groups it shares; itself unless it is a clone.
  uint64_t root = 0;
  friend bool operator==(const VolumeFact&, const VolumeFact&) = default;
};

struct StoreFact {
  NodeId node = 0;
  /// Of the last format; a store that comes back with another one has lost everything.
  uint64_t incarnation = 0;
  friend bool operator==(const StoreFact&, const StoreFact&) = default;
};

struct PoolFact {
  uint32_t pgs_count = 0;  ///< A power of two.
  uint32_t replicas = 0;
  friend bool operator==(const PoolFact&, const PoolFact&) = default;
};

// Keys and values. Values are one line of text per fact, made for people with etcdctl as much as
// for us. Decoders refuse anything that the encoders would not write: `corrupt`.

inline constexpr std::string_view kFactsPrefix = "/cairn/storage/";
/// Placement groups that share a key.
inline constexpr uint32_t kPgsPerShard = 64;

[[nodiscard]] std::string pg_shard_key(PgId pg);
[[nodiscard]] std::string volume_key(uint64_t volume);
[[nodiscard]] std::string store_key(StoreId store);
[[nodiscard]] std::string pool_key(uint32_t pool);
/// Of the lowest volume number that was never given.
inline constexpr std::string_view kNextVolumeKey = "/cairn/storage/next-volume";

/// One line per group of the shard: "12 3:in-sync:1 7:joining:12"; a group without record is "0".
[[nodiscard]] std::string encode_pg_shard(const std::vector<PgRecord>& records);
[[nodiscard]] Result<std::vector<PgRecord>> decode_pg_shard(std::string_view text);
/// "epoch=5 owner=3 clean=0 pool=1 size=1099511627776 root=17"
[[nodiscard]] std::string encode_volume(const VolumeFact& fact);
[[nodiscard]] Result<VolumeFact> decode_volume(std::string_view text);
/// "node=3 incarnation=18446744073709551615"
[[nodiscard]] std::string encode_store(const StoreFact& fact);
[[nodiscard]] Result<StoreFact> decode_store(std::string_view text);
/// "id=18"
[[nodiscard]] std::string encode_next_volume(uint64_t id);
[[nodiscard]] Result<uint64_t> decode_next_volume(std::string_view text);
/// "pgs=128 replicas=2"
[[nodiscard]] std::string encode_pool(const PoolFact& fact);
[[nodiscard]] Result<PoolFact> decode_pool(std::string_view text);

struct FactPut {
  std::string key;
  std::string value;
  uint64_t revision = 0;  ///< Of the change; what `Transaction` compares with.
};

/// Everything that changed at one revision (or, the first one, everything there is).
struct FactBatch {
  uint64_t revision = 0;
  std::vector<FactPut> puts;
  std::vector<std::string> deletes;
};

struct FactChanges {
  std::vector<PgId> pgs;  ///< Sorted; only those whose record differs.
  std::vector<uint64_t> volumes;
  std::vector<StoreId> stores;
};

class FactsListener {
 public:
  virtual void on_facts(const FactChanges& changes) = 0;

 protected:
  ~FactsListener() = default;
};

class Facts {
 public:
  /// 0 until the first batch.
  [[nodiscard]] uint64_t revision() const { return revision_; }
  [[nodiscard]] const PgRecord* pg(PgId pg) const;
  [[nodiscard]] const VolumeFact* volume(uint64_t volume) const;
  [[nodiscard]] const StoreFact* store(StoreId store) const;
  [[nodiscard]] const PoolFact* pool(uint32_t pool) const;
  [[nodiscard]] std::vector<uint64_t> volumes() const;  ///< Sorted.
  /// The lowest volume number that was never given; 0 until it is known.
  [[nodiscard]] uint64_t next_volume() const { return next_volume_; }
  /// The volume was deleted, for good. False for a number that was not given yet, for etcd may have
  /// been restored from an older backup; and for a record that cannot be read.
  [[nodiscard]] bool is_dead(uint64_t volume) const;
  [[nodiscard]] std::vector<StoreId> stores() const;  ///< Sorted.
  [[nodiscard]] std::vector<PgId> pgs() const;        ///< Sorted.
  /// The group of a chunk; the volume and its pool must be known.
  [[nodiscard]] PgId pg_of(const VolumeFact& volume, uint32_t chunk) const;

  /// The revision at which a key was last changed, 0 if it does not exist.
  [[nodiscard]] uint64_t key_revision(const std::string& key) const;
  /// All records of the shard that `pg` is in, in order.
  [[nodiscard]] std::vector<PgRecord> pg_shard(PgId pg) const;

  /// Applies a batch and tells the listeners. Batches at or below `revision()` are ignored. A value
  /// that cannot be decoded leaves the fact as it was and is reported, for a newer version of Cairn
  /// may have written it.
  Status apply(const FactBatch& batch);

  void add_listener(FactsListener& listener);
  void remove_listener(FactsListener& listener);

 private:
  Status put(const FactPut& change, FactChanges& changes);
  Status put_volume(uint64_t id, std::string_view value, FactChanges& changes);
  Status put_shard(std::string_view rest, std::string_view value, FactChanges& changes);
  Status remove(const std::string& key, FactChanges& changes);

  uint64_t revision_ = 0;
  tsl::robin_map<std::string, uint64_t> key_revisions_;
  tsl::robin_map<PgId, PgRecord> pgs_;
  tsl::robin_map<uint64_t, VolumeFact> volumes_;
  tsl::robin_set<uint64_t> unreadable_volumes_;
  uint64_t next_volume_ = 0;
  tsl::robin_map<StoreId, StoreFact> stores_;
  tsl::robin_map<uint32_t, PoolFact> pools_;
  std::vector<FactsListener*> listeners_;
};

}  // namespace cairn::replication
