// Writer: the one writer of an open volume: every change to all in-sync and joining copies, every
// read from one in-sync copy (storage design §4.5).
//
// It serves a store::VirtualDisk, which cuts guest requests into pieces and gives each change its
// version and its link. A change is acknowledged when every in-sync and joining member of the
// group's current record has acknowledged it, under an epoch not below the one since when it is
// what it is. A member that fails is evicted in etcd first. If that cannot be, changes wait; they
// never fail, except that the volume has a newer writer: then everything ends with `stale_epoch`.
//
// Threading: one executor's thread. Life: made by the opener with the volume's epoch and the
// chunks' versions; requests; `quiet()`; destroy.
#pragma once

#include <tsl/robin_map.h>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "replication/evictor.h"
#include "replication/facts.h"
#include "replication/peers.h"
#include "store/chunk_service.h"

namespace cairn::replication {

struct WriterConfig {
  /// Silence of an in-sync member, and of a joining one, that gets it evicted.
  io::Nanoseconds member_deadline_ns = 2'500'000'000;
  io::Nanoseconds joiner_deadline_ns = 2'500'000'000;
  /// A read that is not answered in this time is asked of another copy too.
  io::Nanoseconds hedge_ns = 300'000'000;
  io::Nanoseconds retry_ns = 10'000'000;
  io::Nanoseconds no_space_retry_ns = 250'000'000;
  /// After so long without a sign that the volume is still its own, the writer asks for one; reads
  /// wait for it after `confirm_limit_ns`.
  io::Nanoseconds confirm_ns = 3'000'000'000;
  io::Nanoseconds confirm_limit_ns = 10'000'000'000;
};

struct WriterStats {
  uint64_t changes = 0, change_bytes = 0, reads = 0, read_bytes = 0;
  uint64_t reads_local = 0, reads_hedged = 0, reads_repaired = 0, reads_lost = 0;
  uint64_t resent = 0, gaps = 0, stale = 0, evictions_asked = 0;
  uint64_t waiting_no_space = 0;  ///< Gauge: changes that some copy has no room for.
  uint64_t in_flight = 0;         ///< Gauge.
};

struct WriterPlace {
  io::Executor& executor;
  const Facts& facts;
  Peers& peers;
  Coordinator& coordinator;
  Evictor& evictor;
  NodeId node = 0;
};

/// What a chunk's version is for the writer of a volume.
using Tips = tsl::robin_map<uint32_t, uint64_t>;

class Writer final : public store::ChunkService,
                     public FactsListener,
                     public PeersListener,
                     private io::Timer,
                     private io::Task {
 public:
  Writer(const WriterPlace& place, const WriterConfig& config, uint64_t volume, uint32_t epoch,
         Tips tips);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void submit(store::StoreRequest& request) override;
  void submit(store::ChunkMapRequest& request) override;
  [[nodiscard]] uint64_t chunk_version(uint64_t volume, uint32_t chunk) const override;

  void on_facts(const FactChanges& changes) override;
  void on_peer_restarted(NodeId node) override;
  void on_peer_down(NodeId node) override;

  [[nodiscard]] uint64_t volume() const { return volume_; }
  [[nodiscard]] uint32_t epoch() const { return epoch_; }
  [[nodiscard]] bool fenced() const { return fenced_; }
  /// Ends everything, also what comes, with `stale_epoch`. The facts do it; whoever gives the
  /// volume up without etcd may.
  void fence();
  [[nodiscard]] bool quiet() const;
  [[nodiscard]] WriterStats stats() const;

 private:
  struct Change;
  struct Read;
  /// One member's part in a change.
  struct Target final : PeerCall {
    void on_reply(const Reply* reply) override;
    Change* change = nullptr;
    StoreId store = 0;  ///< 0: free.
    /// Under which epoch it acknowledged, 0: not yet; and under which it was asked.
    uint32_t acked_epoch = 0;
    uint32_t sent_epoch = 0;
    bool sending = false;
    bool no_space = false;
    uint8_t refusals = 0;
    io::Nanoseconds wanted_since = 0;
    io::Nanoseconds not_before = 0;
  };
  struct Change {
    Writer* writer = nullptr;
    store::StoreRequest* request = nullptr;
    PgId pg = 0;
    std::vector<uint32_t> crcs;
    std::array<Target, kPgMembersMax> targets;
  };
  /// One attempt of a read.
  struct Attempt final : PeerCall {
    void on_reply(const Reply* reply) override;
    Read* read = nullptr;
    StoreId store = 0;
    bool sending = false;
    uint32_t sent_epoch = 0;
    io::Nanoseconds sent_at = 0;
  };
  struct Read {
    Writer* writer = nullptr;
    /// One of the two.
    store::StoreRequest* request = nullptr;
    store::ChunkMapRequest* map = nullptr;
    PgId pg = 0;
    uint32_t tries = 0;
    io::Nanoseconds not_before = 0;
    std::array<Attempt, 2> attempts;
    std::vector<StoreId> bad;
    [[nodiscard]] uint32_t chunk() const;
  };
  /// Tells a store to copy a range anew; nobody waits for it.
  struct Repair final : PeerCall {
    void on_reply(const Reply* reply) override;
    Writer* writer = nullptr;
    Request request;
    uint32_t tries = 0;
    bool active = false;
    bool sending = false;
  };

  // Changes.
  void pump(Change& change);
  [[nodiscard]] Target& target_of(Change& change, StoreId store);
  void send(Change& change, Target& target, uint32_t pg_epoch);
  void on_change_reply(Target& target, const Reply* reply);
  void on_gap(Target& target);
  [[nodiscard]] bool earlier_outstanding(const Change& change, StoreId store) const;
  void finish(Change& change, Status status);
  void check_deadlines(Change& change);

  // Reads.
  [[nodiscard]] Read& take_read();
  void start(Read& read);
  [[nodiscard]] bool must_wait(const Read& read) const;
  [[nodiscard]] StoreId choose(const Read& read, bool hedge) const;
  void ask(Read& read, Attempt& attempt, StoreId store);
  void on_read_reply(Attempt& attempt, const Reply* reply);
  [[nodiscard]] bool take_data(Read& read, const Reply& reply, bool remote);
  void finish(Read& read, Status status);
  void repair(const Read& read, StoreId source);
  void send(Repair& repair);

  void check_facts();
  void refresh();
  void evict(StoreId store);
  void confirm_by_peer(StoreId store);
  [[nodiscard]] bool is_local(StoreId store) const;
  [[nodiscard]] NodeId node_of(StoreId store) const;
  void on_timer() override;
  void run() override;
  void arm();

  WriterPlace place_;
  WriterConfig config_;
  uint64_t volume_;
  uint32_t epoch_;
  Tips tips_;
  bool fenced_ = false;
  WriterStats stats_;

  std::vector<std::unique_ptr<Change>> changes_all_;
  std::vector<Change*> changes_free_;
  std::vector<std::unique_ptr<Read>> reads_all_;
  std::vector<Read*> reads_free_;
  std::vector<Read*> reads_;  ///< Under way or waiting.
  /// Changes under way, per chunk in version order.
  tsl::robin_map<uint32_t, std::deque<Change*>> chunks_;
  std::vector<std::unique_ptr<Repair>> repairs_;
  /// Ended in `submit`, or by fencing: told in a turn of their own.
  std::vector<store::StoreRequest*> ended_;
  std::vector<store::ChunkMapRequest*> ended_maps_;
  bool posted_ = false;

  Barrier barrier_;
  bool barrier_running_ = false;
  io::Nanoseconds confirmed_at_ = 0;
};

}  // namespace cairn::replication
