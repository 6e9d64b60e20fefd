#include "replication/evictor.h"

#include <algorithm>

#include "replication/fact_changes.h"

namespace cairn::replication {

using store::Flow;

namespace {

constexpr io::Nanoseconds kPause = 100'000'000;
constexpr io::Nanoseconds kFactsPoll = 1'000'000;
constexpr int kFactsPollsMax = 200;

}  // namespace

void Evictor::evict(StoreId store, uint64_t volume, uint32_t volume_epoch) {
  Job& job = jobs_[store];
  if (job.running || executor_.now() < job.not_before) return;
  job.owner = this;
  job.running = true;
  ++running_;
  job.flow = run(store, volume, volume_epoch);
  job.flow.start(
      [](void* context, Status) {
        auto& ended = *static_cast<Job*>(context);
        ended.running = false;
        ended.not_before = ended.owner->executor_.now() + kPause;
        --ended.owner->running_;
      },
      &job);
}

Flow Evictor::run(StoreId store, uint64_t volume, uint32_t volume_epoch) {
  std::vector<Transaction> changes = replication::evict(facts_, store, volume, volume_epoch);
  uint64_t revision = 0;
  for (Transaction& change : changes) {
    Commit commit(coordinator_, std::move(change));
    const Transaction& done = co_await commit;
    // Otherwise the facts are about to move, or etcd is away: whoever still wants it asks again.
    if (done.outcome != Transaction::Outcome::committed) co_return Status();
    ++evictions_;
    revision = std::max(revision, done.revision);
  }
  for (int i = 0; i < kFactsPollsMax && facts_.revision() < revision; ++i) {
    co_await Sleep(executor_, kFactsPoll);
  }
  co_return Status();
}

}  // namespace cairn::replication
