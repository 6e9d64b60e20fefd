#include "replication/joiner.h"

#include <algorithm>

#include "base/assert.h"
#include "replication/group_chunks.h"

namespace cairn::replication {

using store::Flow;
using store::StoreRequest;

namespace {

/// A store that is evicted again soon after it came back waits longer and longer.
constexpr io::Nanoseconds kRejoinDelayMin = 200'000'000;
constexpr io::Nanoseconds kRejoinDelayMax = 60'000'000'000;
constexpr io::Nanoseconds kRejoinForgiven = 60'000'000'000;

}  // namespace

// --- Places for copies ---

Joiner::Slot::~Slot() {
  if (has_) {
    joiner_.free_slot();
  } else {
    std::erase(joiner_.slots_urgent_, this);
    std::erase(joiner_.slots_waiting_, this);
  }
}

bool Joiner::Slot::await_ready() {
  if (joiner_.slots_free_ == 0) return false;
  --joiner_.slots_free_;
  return has_ = true;
}

void Joiner::Slot::await_suspend(std::coroutine_handle<> caller) {
  caller_ = caller;
  (urgent_ ? joiner_.slots_urgent_ : joiner_.slots_waiting_).push_back(this);
}

void Joiner::free_slot() {
  ++slots_free_;
  if (dying_) return;
  std::deque<Slot*>& line = slots_urgent_.empty() ? slots_waiting_ : slots_urgent_;
  if (line.empty()) return;
  --slots_free_;
  Slot& next = *line.front();
  line.pop_front();
  next.has_ = true;
  next.caller_.resume();
}

// --- Life ---

Joiner::Joiner(const ReplicaPlace& place, const ReplicaConfig& config, ChunkGates& gates,
               Puller& puller)
    : place_(place),
      config_(config),
      gates_(gates),
      puller_(puller),
      slots_free_(config.copies_max) {}

Joiner::~Joiner() {
  dying_ = true;
  // The flows' places leave their lines, which must still be there.
  joins_.clear();
  leaving_.clear();
}

void Joiner::start() {
  started_ = true;
  ++flows_running_;
  membership_ = run_membership();
  membership_.start([](void* context, Status) { --static_cast<Joiner*>(context)->flows_running_; },
                    this);
}

void Joiner::stop() {
  stopping_ = true;
  std::vector<PgId> groups;
  for (const auto& [pg, join] : joins_) groups.push_back(pg);
  for (const PgId pg : groups) end(pg);
  membership_wakeup_.wake();
}

const PgMember* Joiner::membership(PgId pg) const {
  const PgRecord* record = place_.facts.pg(pg);
  return record == nullptr ? nullptr : record->find(place_.id);
}

void Joiner::on_facts(const FactChanges& changes) {
  if (!started_ || stopping_) return;
  for (const PgId pg : changes.pgs) look_at(pg);
  membership_wakeup_.wake();
}

void Joiner::look_at(PgId pg) {
  const PgMember* member = membership(pg);
  const auto at = joins_.find(pg);
  const bool joining = member != nullptr && member->state == MemberState::joining;
  if (at != joins_.end()) {
    if (joining && at->second->since == member->since) return;
    if (member != nullptr && member->state == MemberState::in_sync) ++stats_.groups_joined;
    end(pg);
  }
  if (joining) begin(pg, member->since);
  if (member != nullptr && member->state == MemberState::out) {
    const io::Nanoseconds now = place_.executor.now();
    if (evicted_at_ == now) return;  // Many groups at once are one eviction.
    const bool again = evicted_at_ != 0 && now - evicted_at_ < kRejoinForgiven;
    rejoin_delay_ = again ? std::min(rejoin_delay_ * 2, kRejoinDelayMax) : kRejoinDelayMin;
    evicted_at_ = now;
  }
}

void Joiner::begin(PgId pg, uint32_t since) {
  auto made = std::make_unique<Join>();
  Join& join = *made;
  join.pg = pg;
  join.since = since;
  joins_.insert_or_assign(pg, std::move(made));
  ++flows_running_;
  join.flow = run(join);
  join.owner = this;
  join.flow.start(
      [](void* context, Status) {
        auto& ended = *static_cast<Join*>(context);
        ended.running = false;
        --ended.owner->flows_running_;
        ended.owner->membership_wakeup_.wake();
      },
      &join);
}

void Joiner::end(PgId pg) {
  const auto at = joins_.find(pg);
  Join& join = *at->second;
  join.stopped = true;
  for (auto& [key, pending] : join.pending) drop_floats(pending);
  leaving_.push_back(std::move(at->second));
  joins_.erase(at);
  join.wakeup.wake();
}

// --- What the replica asks ---

bool Joiner::takes_part(PgId pg, uint32_t since) const {
  const auto at = joins_.find(pg);
  return at != joins_.end() && at->second->since == since;
}

bool Joiner::has_base(PgId pg, const ChunkKey& key) const {
  const auto at = joins_.find(pg);
  if (at == joins_.end()) return false;
  const Join& join = *at->second;
  return join.listed ? !join.pending.contains(key) : join.based.contains(key);
}

Joiner::Floated Joiner::offer(const Request& request, uint64_t& tip) {
  Join& join = *joins_.at(request.pg);
  const ChunkKey key{request.volume, request.chunk};
  const uint64_t local = told_version(place_.store.chunk_version(key.volume, key.chunk));
  const bool known = join.pending.contains(key);
  if (!known && request.prev_version == 0 && local == 0) {
    CAIRN_ASSERT(!join.listed);
    join.based.insert(key);
    return Floated::based;
  }
  Pending& pending = join.pending[key];
  if (!pending.floats.empty()) {
    tip = pending.floats.back().request.version;
    if (request.version <= tip) return Floated::duplicate;
    if (request.prev_version != tip) return Floated::gap;
  }
  const uint64_t bytes = request.data.size() + sizeof(Float);
  if (stats_.float_bytes + bytes > config_.float_bytes_max) return Floated::full;
  Float& kept = pending.floats.emplace_back();
  kept.bytes = bytes;
  kept.request.kind =
      request.kind == Request::Kind::write ? StoreRequest::Kind::write : StoreRequest::Kind::zero;
  kept.request.pg = request.pg;
  kept.request.volume = request.volume;
  kept.request.chunk = request.chunk;
  kept.request.birth = request.birth;
  kept.request.version = request.version;
  kept.request.prev_version = request.prev_version;
  kept.request.first_sector = request.first_sector;
  kept.request.n_sectors = request.n_sectors;
  if (!request.data.empty()) {
    kept.data = store::AlignedBuffer(request.data.size());
    std::ranges::copy(request.data, kept.data.data());
    kept.crcs.assign(request.crcs.begin(), request.crcs.end());
    kept.request.data = kept.data.data();
    if (!kept.crcs.empty()) kept.request.sector_crcs = kept.crcs.data();
  }
  ++stats_.floats;
  stats_.float_bytes += bytes;
  if (!std::exchange(pending.urgent, true)) join.urgent.push_back(key);
  join.wakeup.wake();
  return Floated::floats;
}

void Joiner::drop_floats(Pending& pending) {
  for (const Float& dropped : pending.floats) {
    stats_.float_bytes -= dropped.bytes;
    --stats_.floats;
  }
  pending.floats.clear();
}

void Joiner::require(PgId pg, const ChunkKey& key, uint64_t version) {
  Join& join = *joins_.at(pg);
  Pending& pending = join.pending[key];
  pending.required = std::max(pending.required, version);
  pending.again = true;
  if (!pending.floats.empty() && pending.floats.back().request.version != version) {
    drop_floats(pending);
  }
  join.wakeup.wake();
}

std::vector<ListEntry> Joiner::floating(PgId pg, uint64_t volume) const {
  std::vector<ListEntry> entries;
  const auto at = joins_.find(pg);
  if (at == joins_.end()) return entries;
  const auto& pending = at->second->pending;
  for (auto it = pending.lower_bound({volume, 0}); it != pending.end(); ++it) {
    if (it->first.volume != volume) break;
    if (it->second.floats.empty()) continue;
    const StoreRequest& last = it->second.floats.back().request;
    entries.push_back(
        {.volume = volume, .chunk = it->first.chunk, .birth = last.birth, .version = last.version});
  }
  return entries;
}

JoinerStats Joiner::stats() const {
  JoinerStats stats = stats_;
  for (const auto& [pg, join] : joins_) stats.chunks_left += join->pending.size();
  stats.groups_joining = joins_.size();
  stats.groups_waiting = groups_to_join().size();
  return stats;
}

// --- One group ---

StoreId Joiner::source_of(Join& join) const {
  const PgRecord* record = place_.facts.pg(join.pg);
  if (record == nullptr) return 0;
  std::vector<StoreId> sources;
  for (const PgMember& member : record->members) {
    if (member.state == MemberState::in_sync && member.store != place_.id) {
      sources.push_back(member.store);
    }
  }
  std::ranges::sort(sources);
  return sources.empty() ? 0 : sources[join.source_index % sources.size()];
}

bool Joiner::next_chunk(Join& join, ChunkKey& key, bool& urgent) {
  while (!join.urgent.empty()) {
    key = join.urgent.front();
    join.urgent.pop_front();
    const auto at = join.pending.find(key);
    if (at == join.pending.end()) continue;
    at->second.urgent = false;
    urgent = true;
    return true;
  }
  urgent = false;
  if (join.pending.empty()) return false;
  auto at = join.pending.upper_bound(join.tried);
  if (at == join.pending.end()) at = join.pending.begin();
  key = at->first;
  return true;
}

Flow Joiner::run(Join& join) {
  while (!join.stopped) {
    ChunkKey key;
    bool urgent = false;
    const bool found = next_chunk(join, key, urgent);
    if (found && (urgent || join.listed)) {
      Slot slot(*this, urgent);
      co_await slot;
      if (join.stopped) break;
      join.tried = key;
      const Status copied = co_await copy(join, key);
      if (!copied.ok()) co_await Sleep(place_.executor, config_.retry_ns);
      continue;
    }
    if (!join.listed) {
      Slot slot(*this, false);
      co_await slot;
      bool done = false;
      if (!join.stopped) {
        const Status listed = co_await list_page(join, done);
      }
      if (!done && !join.stopped) co_await Sleep(place_.executor, config_.retry_ns);
      continue;
    }
    membership_wakeup_.wake();
    co_await join.wakeup;
  }
  co_return Status();
}

Flow Joiner::list_page(Join& join, bool& done) {
  const StoreId source = source_of(join);
  const StoreFact* fact = place_.facts.store(source);
  const PgRecord* record = place_.facts.pg(join.pg);
  if (fact == nullptr || record == nullptr) co_return Status();
  Request request;
  request.kind = Request::Kind::list;
  request.store = source;
  request.pg = join.pg;
  request.pg_epoch = record->epoch;
  request.volume = join.cursor.volume;
  request.chunk = join.cursor.chunk;
  request.limit = config_.list_page;
  PeerWait call(place_.peers, place_.executor);
  call.to(fact->node, request, config_.pull_deadline_ns);
  const CallResult& got = co_await call;
  if (!got.answered || got.reply.answer != Answer::ok) {
    ++join.source_index;
    co_return Status();
  }
  record = place_.facts.pg(join.pg);
  // What a member lists that was evicted since may never have been decided.
  const bool current = record != nullptr && record->epoch == got.reply.pg_epoch;
  if (join.stopped || !current) co_return Status();
  done = true;
  note_entries(join, got.reply.entries);
  if (!got.reply.more) {
    note_strangers(join);
    join.listed = true;
    join.based.clear();
  } else if (!got.reply.entries.empty()) {
    join.cursor = {got.reply.entries.back().volume, got.reply.entries.back().chunk};
  }
  co_return Status();
}

void Joiner::note_entries(Join& join, const std::vector<ListEntry>& entries) {
  for (const ListEntry& entry : entries) {
    const ChunkKey key{entry.volume, entry.chunk};
    if (join.based.contains(key) || join.pending.contains(key)) continue;
    const uint64_t local = place_.store.chunk_version(key.volume, key.chunk);
    // A change that is still on its way out of an earlier membership would come on top.
    const bool quiet = gates_.under_way(key) == 0 && !gates_.held(key);
    if (quiet && told_version(local) == entry.version) {
      join.based.insert(key);
      ++stats_.chunks_equal;
    } else {
      join.pending.try_emplace(key);
    }
  }
}

void Joiner::note_strangers(Join& join) {
  for (const uint64_t volume : place_.store.volumes()) {
    for_each_chunk_of_group(place_.store, place_.facts, volume, join.pg, 0, [&](uint32_t chunk) {
      const ChunkKey key{volume, chunk};
      const uint64_t local = place_.store.chunk_version(volume, chunk);
      if (told_version(local) != 0 && !join.based.contains(key)) join.pending.try_emplace(key);
      return true;
    });
  }
}

Flow Joiner::copy(Join& join, ChunkKey key) {
  Hold hold(gates_, key);
  co_await hold;
  if (join.stopped) co_return Status();
  if (place_.facts.volume(key.volume) == nullptr) {
    // Deleted: the store drops it as soon as it can, and so does every other.
    drop_floats(join.pending.at(key));
    join.pending.erase(key);
    co_return Status();
  }
  join.pending.at(key).again = false;
  PullOrder order;
  order.pg = join.pg;
  order.key = key;
  order.source = source_of(join);
  order.mid_version = kIncompleteVersion;
  PullResult result;
  const Status ignored = co_await puller_.pull(order, result);
  if (join.stopped) co_return Status();
  stats_.bytes_copied += result.bytes;
  if (result.outcome != PullResult::Outcome::installed) {
    ++stats_.copies_failed;
    ++join.source_index;
    if (!std::exchange(join.pending.at(key).urgent, true)) join.urgent.push_back(key);
    co_return Status(ErrorKind::busy, "the copy failed");
  }
  ++stats_.chunks_copied;
  const Pending& pending = join.pending.at(key);
  if (pending.again || result.version < pending.required) {
    co_return Status(ErrorKind::busy, "the copy is too old");
  }
  bool complete = false;
  Status applied = co_await apply_floats(join, key, complete);
  if (join.stopped) co_return Status();
  if (complete) {
    join.pending.erase(key);
    if (!join.listed) join.based.insert(key);
    co_return Status();
  }
  if (applied.ok()) applied = Status(ErrorKind::busy, "what floats does not follow the base");
  co_return applied;
}

Flow Joiner::apply_floats(Join& join, ChunkKey key, bool& complete) {
  while (!join.stopped) {
    Pending& pending = join.pending.at(key);
    if (pending.again) co_return Status();
    if (pending.floats.empty()) {
      complete = true;
      co_return Status();
    }
    const uint64_t tip = place_.store.chunk_version(key.volume, key.chunk);
    const StoreRequest& next = pending.floats.front().request;
    const bool contained = next.version <= told_version(tip);
    if (!contained && next.prev_version != told_version(tip)) co_return Status();
    Float taken = std::move(pending.floats.front());
    pending.floats.pop_front();
    Status applied;
    if (!contained) applied = co_await apply_one(taken, tip);
    const bool back = !applied.ok() && !join.stopped && !join.pending.at(key).again;
    if (back) {
      join.pending.at(key).floats.push_front(std::move(taken));
      co_return applied;
    }
    stats_.float_bytes -= taken.bytes;
    --stats_.floats;
  }
  co_return Status();
}

Flow Joiner::apply_one(Float& floated, uint64_t tip) {
  StoreWait wait(place_.store);
  StoreRequest request = floated.request;
  request.data = floated.data.data();
  request.sector_crcs = floated.crcs.empty() ? nullptr : floated.crcs.data();
  request.prev_version = tip;
  wait.add(request);
  Status status = co_await wait;
  co_return status;
}

}  // namespace cairn::replication
