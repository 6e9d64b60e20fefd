// The joiner's wishes to etcd, in batches of one shard: to join again where the store is out, and
// to be promoted where nothing is left to copy.
#include <algorithm>

#include "replication/fact_changes.h"
#include "replication/joiner.h"

namespace cairn::replication {

using store::Flow;

namespace {

constexpr io::Nanoseconds kFactsPoll = 2'000'000;

PgId shard_of(PgId pg) { return pg / kPgsPerShard; }

}  // namespace

bool Joiner::wants_join(PgId pg) const {
  const PgMember* member = membership(pg);
  if (member == nullptr || member->state == MemberState::in_sync) return false;
  return member->state == MemberState::out || !joins_.contains(pg);
}

std::vector<PgId> Joiner::groups_to_join() const {
  std::vector<PgId> groups;
  for (const PgId pg : place_.facts.pgs()) {
    if (!wants_join(pg)) continue;
    if (!groups.empty() && shard_of(pg) != shard_of(groups.front())) break;
    groups.push_back(pg);
  }
  return groups;
}

std::vector<std::pair<PgId, uint32_t>> Joiner::groups_to_promote() const {
  std::vector<std::pair<PgId, uint32_t>> groups;
  for (const auto& [pg, join] : joins_) {
    if (!join->ready()) continue;
    if (!groups.empty() && shard_of(pg) != shard_of(groups.front().first)) break;
    groups.emplace_back(pg, join->since);
  }
  return groups;
}

Flow Joiner::commit(Transaction transaction) {
  Commit committing(place_.coordinator, std::move(transaction));
  const Transaction& done = co_await committing;
  if (done.outcome != Transaction::Outcome::committed) {
    co_await Sleep(place_.executor, config_.retry_ns);
    co_return Status();
  }
  const uint64_t revision = done.revision;
  for (int i = 0; i < 500 && place_.facts.revision() < revision && !stopping_; ++i) {
    co_await Sleep(place_.executor, kFactsPoll);
  }
  co_return Status();
}

Flow Joiner::run_membership() {
  while (!stopping_) {
    std::erase_if(leaving_, [](const auto& join) { return !join->running; });
    const auto promoted = groups_to_promote();
    if (!promoted.empty()) {
      if (auto change = promote(place_.facts, promoted, place_.id)) {
        const Status ignored = co_await commit(std::move(*change));
        continue;
      }
    }
    const std::vector<PgId> wanted = groups_to_join();
    const io::Nanoseconds now = place_.executor.now();
    const io::Nanoseconds not_before = evicted_at_ + rejoin_delay_;
    if (!wanted.empty() && now < not_before) {
      co_await Sleep(place_.executor, std::min(not_before - now, config_.retry_ns));
      continue;
    }
    if (!wanted.empty()) {
      if (auto change = begin_join(place_.facts, wanted, place_.id)) {
        const Status ignored = co_await commit(std::move(*change));
        continue;
      }
    }
    co_await membership_wakeup_;
  }
  co_return Status();
}

}  // namespace cairn::replication
