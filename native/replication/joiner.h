// Joiner: brings one store back into its placement groups.
//
// For each group in which the store is `joining` it compares versions with an in-sync member,
// copies what differs, and asks for promotion. Meanwhile every write of the group arrives here too:
// those to chunks whose base is complete go to the store at once; the others float, in memory and
// in order, until their base was copied, which happens first for them. Nothing of this outlives the
// process: a joiner that starts again joins again, under a new epoch (ADR 24).
#pragma once

#include <tsl/robin_map.h>
#include <tsl/robin_set.h>

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "replication/awaits.h"
#include "replication/chunk_gates.h"
#include "replication/place.h"
#include "replication/puller.h"
#include "store/flow.h"

namespace cairn::replication {

struct JoinerStats {
  uint64_t groups_joining = 0, groups_waiting = 0;  ///< Gauges.
  uint64_t groups_joined = 0;
  uint64_t chunks_equal = 0, chunks_copied = 0, bytes_copied = 0, copies_failed = 0;
  uint64_t chunks_left = 0;  ///< Gauge: known to differ and not copied yet.
  uint64_t floats = 0, float_bytes = 0;
};

class Joiner final : public FactsListener {
 public:
  Joiner(const ReplicaPlace& place, const ReplicaConfig& config, ChunkGates& gates, Puller& puller);
  ~Joiner();
  Joiner(const Joiner&) = delete;
  Joiner& operator=(const Joiner&) = delete;

  /// The facts are complete: what the store is said to be joining already, it was joining in an
  /// earlier life.
  void start();
  /// Begins no more work. `quiet()` tells when the rest has ended.
  void stop();
  [[nodiscard]] bool quiet() const { return flows_running_ == 0; }

  /// Whether the store, a joining member of the group since `since`, takes part in this life.
  [[nodiscard]] bool takes_part(PgId pg, uint32_t since) const;
  /// Whether the chunk's content here can be added to and compared.
  [[nodiscard]] bool has_base(PgId pg, const ChunkKey& key) const;

  enum class Floated : uint8_t {
    floats,     ///< Kept; acknowledge it.
    duplicate,  ///< Was kept already.
    gap,        ///< Does not follow what floats; `tip` tells what does.
    based,      ///< The chunk begins with it: it has a base now.
    full,       ///< No memory: again later.
  };
  /// A write or zero to a chunk without a base.
  [[nodiscard]] Floated offer(const Request& request, uint64_t& tip);
  /// The chunk's version was decided to be `version`: what floats otherwise is dropped, and so will
  /// be any older base.
  void require(PgId pg, const ChunkKey& key, uint64_t version);
  /// The chunks of a volume that float, each with the version up to which it does.
  [[nodiscard]] std::vector<ListEntry> floating(PgId pg, uint64_t volume) const;

  void on_facts(const FactChanges& changes) override;
  [[nodiscard]] JoinerStats stats() const;

 private:
  struct Float {
    store::StoreRequest request;
    store::AlignedBuffer data;
    std::vector<uint32_t> crcs;
    uint64_t bytes = 0;
  };
  /// A chunk without a base.
  struct Pending {
    std::deque<Float> floats;
    /// The lowest version that a base must have.
    uint64_t required = 0;
    bool copying = false;
    bool urgent = false;
    /// What is being copied is void: once more.
    bool again = false;
  };
  struct Join {
    PgId pg = 0;
    uint32_t since = 0;
    bool stopped = false;
    /// All chunks of the group were compared: those that are not `pending` have their base.
    bool listed = false;
    /// Where the listing goes on.
    ChunkKey cursor;
    /// The chunk that was tried last, so that one that fails does not hold up the others.
    ChunkKey tried;
    /// Which in-sync member is asked next.
    uint32_t source_index = 0;
    /// Until `listed`: chunks that have their base.
    tsl::robin_set<ChunkKey, ChunkKeyHash> based;
    std::map<ChunkKey, Pending> pending;
    std::deque<ChunkKey> urgent;
    store::Flow flow;
    store::Wakeup wakeup;
    bool running = true;
    Joiner* owner = nullptr;

    [[nodiscard]] bool ready() const { return listed && !stopped && pending.empty(); }
  };
  /// A place among `copies_max`; urgent ones come first.
  class Slot {
   public:
    Slot(Joiner& joiner, bool urgent) : joiner_(joiner), urgent_(urgent) {}
    ~Slot();
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    bool await_ready();
    void await_suspend(std::coroutine_handle<> caller);
    void await_resume() const noexcept {}

   private:
    friend class Joiner;
    Joiner& joiner_;
    bool urgent_;
    bool has_ = false;
    std::coroutine_handle<> caller_;
  };

  void begin(PgId pg, uint32_t since);
  void look_at(PgId pg);
  [[nodiscard]] store::Flow run(Join& join);
  [[nodiscard]] store::Flow list_page(Join& join, bool& done);
  [[nodiscard]] store::Flow copy(Join& join, ChunkKey key);
  [[nodiscard]] store::Flow apply_floats(Join& join, ChunkKey key, bool& complete);
  [[nodiscard]] store::Flow apply_one(Float& floated, uint64_t tip);
  [[nodiscard]] StoreId source_of(Join& join) const;
  [[nodiscard]] bool next_chunk(Join& join, ChunkKey& key, bool& urgent);
  void note_entries(Join& join, const std::vector<ListEntry>& entries);
  void note_strangers(Join& join);
  void drop_floats(Pending& pending);
  void end(PgId pg);
  void free_slot();
  [[nodiscard]] const PgMember* membership(PgId pg) const;

  /// Membership changes, in batches: joining again what is out, promoting what is ready.
  [[nodiscard]] store::Flow run_membership();
  [[nodiscard]] bool wants_join(PgId pg) const;
  [[nodiscard]] std::vector<PgId> groups_to_join() const;
  [[nodiscard]] std::vector<std::pair<PgId, uint32_t>> groups_to_promote() const;
  [[nodiscard]] store::Flow commit(Transaction transaction);

  const ReplicaPlace& place_;
  const ReplicaConfig& config_;
  ChunkGates& gates_;
  Puller& puller_;
  JoinerStats stats_;
  std::map<PgId, std::unique_ptr<Join>> joins_;
  /// Ended ones, whose flows may still run.
  std::vector<std::unique_ptr<Join>> leaving_;
  store::Flow membership_;
  store::Wakeup membership_wakeup_;
  uint32_t slots_free_ = 0;
  std::deque<Slot*> slots_urgent_;
  std::deque<Slot*> slots_waiting_;
  uint32_t flows_running_ = 0;
  io::Nanoseconds evicted_at_ = 0;
  io::Nanoseconds rejoin_delay_ = 0;
  bool started_ = false;
  bool stopping_ = false;
  bool dying_ = false;
};

}  // namespace cairn::replication
