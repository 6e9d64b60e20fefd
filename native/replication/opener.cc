#include "replication/opener.h"

#include <algorithm>
#include <memory>

#include "replication/fact_changes.h"

namespace cairn::replication {

using store::Flow;

namespace {

constexpr io::Nanoseconds kFactsPoll = 1'000'000;

Status again() { return {ErrorKind::busy, "the group has moved on"}; }

}  // namespace

Status Opener::still_mine() const {
  if (stopping_) return {ErrorKind::cancelled, "the opening was given up"};
  const VolumeFact* fact = place_.facts.volume(volume_);
  if (fact == nullptr) return {ErrorKind::not_found, "the volume was deleted"};
  if (fact->epoch != epoch_ || fact->owner != place_.node) {
    return {ErrorKind::stale_epoch, "another node has opened the volume"};
  }
  return {};
}

Flow Opener::take(uint32_t& epoch) {
  while (true) {
    if (stopping_) co_return Status(ErrorKind::cancelled, "the opening was given up");
    const bool reached = co_await Reached(place_.coordinator);
    if (!reached) {
      co_await Sleep(place_.executor, config_.retry_ns);
      continue;
    }
    const VolumeFact* fact = place_.facts.volume(volume_);
    if (fact == nullptr) co_return Status(ErrorKind::not_found, "there is no such volume");
    epoch = fact->epoch + 1;
    auto change = open_volume(place_.facts, volume_, place_.node);
    if (!change.has_value()) {
      co_return Status(ErrorKind::invalid_argument, "the volume cannot be opened any more");
    }
    Commit commit(place_.coordinator, std::move(*change));
    const Transaction& done = co_await commit;
    if (done.outcome != Transaction::Outcome::committed) {
      co_await Sleep(place_.executor, config_.retry_ns);
      continue;
    }
    const uint64_t revision = done.revision;
    while (place_.facts.revision() < revision && !stopping_) {
      co_await Sleep(place_.executor, kFactsPoll);
    }
    co_return Status();
  }
}

/// In a turn of its own: what wakes may destroy the flow that has just ended.
void Opener::wake_later() {
  if (!std::exchange(posted_, true)) place_.executor.post(*this);
}

void Opener::run() {
  posted_ = false;
  wakeup_.wake();
}

Flow Opener::open(OpenResult& result) {
  Status status = co_await take(epoch_);
  if (!status.ok()) co_return status;
  result.epoch = epoch_;
  status = still_mine();
  if (status.ok()) status = co_await open_groups(result);
  co_return status;
}

std::vector<PgId> Opener::groups() const {
  std::vector<PgId> groups;
  const VolumeFact* fact = place_.facts.volume(volume_);
  const PoolFact* pool = place_.facts.pool(fact->pool);
  const uint64_t chunks = (fact->size_bytes + store::kChunkBytes - 1) / store::kChunkBytes;
  const uint64_t count = std::min<uint64_t>(chunks, pool->pgs_count);
  for (uint64_t chunk = 0; chunk < count; ++chunk) {
    groups.push_back(place_.facts.pg_of(*fact, static_cast<uint32_t>(chunk)));
  }
  return groups;
}

Flow Opener::open_groups(OpenResult& result) {
  std::vector<std::unique_ptr<Group>> all;
  Status failure;
  for (const PgId pg : groups()) {
    while (running_ >= config_.groups_at_once) co_await wakeup_;
    Group& group = *all.emplace_back(std::make_unique<Group>());
    group.pg = pg;
    group.opener = this;
    ++running_;
    group.flow = open_group(group);
    group.flow.start(
        [](void* context, Status status) {
          auto& ended = *static_cast<Group*>(context);
          ended.failure = std::move(status);
          --ended.opener->running_;
          ended.opener->wake_later();
        },
        &group);
  }
  while (running_ > 0) co_await wakeup_;
  for (const auto& group : all) {
    if (failure.ok()) failure = group->failure;
    result.decided += group->decided;
    for (const auto& [chunk, version] : group->tips) result.tips[chunk] = version;
  }
  co_return failure;
}

Request Opener::request_for(const Group& group, const PgRecord& record, StoreId store) const {
  Request request;
  request.store = store;
  request.pg = group.pg;
  request.pg_epoch = record.epoch;
  request.volume = volume_;
  request.volume_epoch = epoch_;
  return request;
}

Flow Opener::open_group(Group& group) {
  while (true) {
    Status status = still_mine();
    if (!status.ok()) co_return status;
    const PgRecord* now = place_.facts.pg(group.pg);
    if (now != nullptr) {
      const PgRecord record = *now;
      Lists lists;
      status = Status();
      for (const PgMember& member : record.members) {
        if (member.state == MemberState::out) continue;
        status = co_await list_member(group, record, member.store, lists[member.store]);
        if (!status.ok()) break;
      }
      if (status.ok()) status = co_await settle(group, record, lists);
      // What was confirmed was confirmed by the members of this record only.
      now = place_.facts.pg(group.pg);
      if (status.ok() && now != nullptr && now->epoch == record.epoch) co_return Status();
    }
    co_await Sleep(place_.executor, config_.retry_ns);
  }
}

void Opener::note_silence(Group& group, StoreId store) {
  const io::Nanoseconds now = place_.executor.now();
  const auto [at, first] = group.silent_since.try_emplace(store, now);
  if (first || now - at->second < config_.member_deadline_ns) return;
  place_.evictor.evict(store, volume_, epoch_);
}

Flow Opener::list_member(Group& group, const PgRecord& record, StoreId store, Versions& versions) {
  PeerWait call(place_.peers, place_.executor);
  Request request = request_for(group, record, store);
  request.kind = Request::Kind::open;
  request.limit = config_.page;
  while (true) {
    const StoreFact* fact = place_.facts.store(store);
    if (fact == nullptr) {
      note_silence(group, store);
      co_return again();
    }
    call.to(fact->node, request, config_.call_deadline_ns);
    const CallResult& got = co_await call;
    if (!got.answered || got.reply.answer == Answer::busy) {
      note_silence(group, store);
      co_return again();
    }
    group.silent_since.erase(store);
    if (got.reply.answer == Answer::failed) place_.evictor.evict(store, volume_, epoch_);
    if (got.reply.answer != Answer::ok) co_return again();
    for (const ListEntry& entry : got.reply.entries) versions[entry.chunk] = entry.version;
    if (!got.reply.more || got.reply.entries.empty()) co_return Status();
    request.chunk = got.reply.entries.back().chunk + 1;
  }
}

Opener::Choice Opener::choose(const Lists& lists, const PgRecord& record, uint32_t chunk) const {
  // Among the in-sync members: what is acknowledged is on all of them, so what only a joiner has is
  // not, and no zombie can get it acknowledged any more, for it cannot adopt a newer record.
  Choice best;
  for (const PgMember& member : record.members) {
    if (member.state != MemberState::in_sync) continue;
    if (unreadable_.contains({member.store, chunk})) continue;
    const auto& list = lists.at(member.store);
    const auto at = list.find(chunk);
    const uint64_t version = at == list.end() ? 0 : at->second;
    if (best.source == 0 || version > best.version) best = {version, member.store};
  }
  return best;
}

Flow Opener::settle(Group& group, const PgRecord& record, const Lists& lists) {
  group.tips.clear();
  std::set<uint32_t> chunks;
  for (const auto& [store, list] : lists) {
    for (const auto& [chunk, version] : list) chunks.insert(chunk);
  }
  for (const uint32_t chunk : chunks) {
    const Choice choice = choose(lists, record, chunk);
    if (choice.source == 0) {
      // No copy could be read: that may pass, and nothing is decided without one.
      std::erase_if(unreadable_, [&](const auto& copy) { return copy.second == chunk; });
      co_return again();
    }
    group.tips[chunk] = choice.version;
    bool differed = false;
    for (const PgMember& member : record.members) {
      if (member.state == MemberState::out) continue;
      // A joiner that does not list a chunk lacks it, or is about to take an older base of it: it
      // must hear of the version as everybody else (found by the model).
      const Versions& list = lists.at(member.store);
      const auto at = list.find(chunk);
      const uint64_t version = at == list.end() ? 0 : at->second;
      if (version == choice.version) continue;
      differed = true;
      const Status status = co_await decide(group, record, chunk, choice, member.store);
      if (!status.ok()) co_return status;
    }
    if (differed) ++group.decided;
  }
  co_return Status();
}

Flow Opener::decide(Group& group, const PgRecord& record, uint32_t chunk, const Choice& choice,
                    StoreId store) {
  Request request = request_for(group, record, store);
  request.kind = Request::Kind::decide;
  request.chunk = chunk;
  request.version = choice.version;
  request.source = choice.source;
  const StoreFact* fact = place_.facts.store(store);
  if (fact == nullptr) {
    note_silence(group, store);
    co_return again();
  }
  PeerWait call(place_.peers, place_.executor);
  call.to(fact->node, request, config_.decide_deadline_ns);
  const CallResult& got = co_await call;
  if (!got.answered) {
    note_silence(group, store);
    co_return again();
  }
  switch (got.reply.answer) {
    case Answer::ok:
      co_return Status();
    case Answer::bad_checksum:
      unreadable_.insert({choice.source, chunk});
      co_return again();
    case Answer::failed:
      place_.evictor.evict(store, volume_, epoch_);
      co_return again();
    default:
      co_return again();
  }
}

}  // namespace cairn::replication
