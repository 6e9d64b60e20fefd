// Opener: takes a volume over and makes its copies equal before the first request is served
// (storage design §4.8, ADR 24).
//
// It becomes the owner under a new epoch, has every in-sync and joining member of every group fence
// older writers and list its chunks, and where versions differ decides for the newest one that an
// in-sync member holds. Every member must confirm; one that is silent is evicted first.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "replication/awaits.h"
#include "replication/evictor.h"
#include "replication/writer.h"
#include "store/flow.h"

namespace cairn::replication {

struct OpenerConfig {
  io::Nanoseconds call_deadline_ns = 1'000'000'000;
  io::Nanoseconds member_deadline_ns = 2'500'000'000;
  /// Chunks are copied by decisions: longer than a list.
  io::Nanoseconds decide_deadline_ns = 5'000'000'000;
  io::Nanoseconds retry_ns = 10'000'000;
  uint32_t groups_at_once = 16;
  uint32_t page = kListEntriesMax;
};

struct OpenResult {
  uint32_t epoch = 0;
  Tips tips;
  /// Chunks whose copies differed.
  uint64_t decided = 0;
};

class Opener final : private io::Task {
 public:
  Opener(const WriterPlace& place, const OpenerConfig& config, uint64_t volume)
      : place_(place), config_(config), volume_(volume) {}
  Opener(const Opener&) = delete;
  Opener& operator=(const Opener&) = delete;

  /// Ends with ok when the volume is this node's and its copies are equal; not_found when there is
  /// no such volume; stale_epoch when another node took it meanwhile; cancelled after `stop`. It
  /// waits as long as some group has no in-sync member that answers.
  [[nodiscard]] store::Flow open(OpenResult& result);
  void stop() { stopping_ = true; }

 private:
  /// One group's members and what they list.
  struct Group {
    PgId pg = 0;
    bool done = false;
    Status failure;
    std::map<uint32_t, uint64_t> tips;
    uint64_t decided = 0;
    /// Since when a member has not answered.
    std::map<StoreId, io::Nanoseconds> silent_since;
    store::Flow flow;
    Opener* opener = nullptr;
  };
  /// The version of each chunk that a member has: for a joiner, of what it has its base of, or what
  /// floats.
  using Versions = std::map<uint32_t, uint64_t>;
  using Lists = std::map<StoreId, Versions>;
  struct Choice {
    uint64_t version = 0;
    StoreId source = 0;
  };

  [[nodiscard]] store::Flow take(uint32_t& epoch);
  [[nodiscard]] store::Flow open_groups(OpenResult& result);
  [[nodiscard]] store::Flow open_group(Group& group);
  [[nodiscard]] store::Flow list_member(Group& group, const PgRecord& record, StoreId store,
                                        Versions& versions);
  [[nodiscard]] store::Flow settle(Group& group, const PgRecord& record, const Lists& lists);
  [[nodiscard]] store::Flow decide(Group& group, const PgRecord& record, uint32_t chunk,
                                   const Choice& choice, StoreId store);
  [[nodiscard]] Choice choose(const Lists& lists, const PgRecord& record, uint32_t chunk) const;
  [[nodiscard]] Status still_mine() const;
  void wake_later();
  void run() override;
  void note_silence(Group& group, StoreId store);
  [[nodiscard]] Request request_for(const Group& group, const PgRecord& record,
                                    StoreId store) const;
  [[nodiscard]] std::vector<PgId> groups() const;

  const WriterPlace& place_;
  const OpenerConfig& config_;
  uint64_t volume_;
  uint32_t epoch_ = 0;
  bool stopping_ = false;
  uint32_t running_ = 0;
  bool posted_ = false;
  store::Wakeup wakeup_;
  /// Copies that could not be read when they were to be the source.
  std::set<std::pair<StoreId, uint32_t>> unreadable_;
};

}  // namespace cairn::replication
