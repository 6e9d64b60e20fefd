#include "replication/writer.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/crc32c.h"

namespace cairn::replication {

using store::StoreRequest;

namespace {

constexpr io::Nanoseconds kTick = 5'000'000;
/// A copy that refuses the same good change so often is ill.
constexpr uint8_t kRefusalsMax = 3;

Status fenced_status() { return {ErrorKind::stale_epoch, "the volume has a newer writer"}; }

}  // namespace

Writer::Writer(const WriterPlace& place, const WriterConfig& config, uint64_t volume,
               uint32_t epoch, Tips tips)
    : place_(place), config_(config), volume_(volume), epoch_(epoch), tips_(std::move(tips)) {
  confirmed_at_ = place_.executor.now();
  check_facts();
}

Writer::~Writer() {
  place_.executor.cancel(*this);
  for (auto& change : changes_all_) {
    for (Target& target : change->targets) {
      if (target.sending) place_.peers.cancel(target);
    }
  }
  for (auto& read : reads_all_) {
    for (Attempt& attempt : read->attempts) {
      if (attempt.sending) place_.peers.cancel(attempt);
    }
  }
  for (auto& repair : repairs_) {
    if (repair->sending) place_.peers.cancel(*repair);
  }
}

bool Writer::quiet() const {
  return chunks_.empty() && reads_.empty() && ended_.empty() && ended_maps_.empty() && !posted_ &&
         !barrier_running_;
}

WriterStats Writer::stats() const {
  WriterStats stats = stats_;
  stats.in_flight = reads_.size();
  for (const auto& [chunk, changes] : chunks_) {
    stats.in_flight += changes.size();
    for (const Change* change : changes) {
      const bool full = std::ranges::any_of(change->targets, &Target::no_space);
      if (full) ++stats.waiting_no_space;
    }
  }
  return stats;
}

uint64_t Writer::chunk_version(uint64_t volume, uint32_t chunk) const {
  CAIRN_ASSERT(volume == volume_);
  const auto at = tips_.find(chunk);
  return at == tips_.end() ? 0 : at->second;
}

NodeId Writer::node_of(StoreId store) const {
  const StoreFact* fact = place_.facts.store(store);
  return fact == nullptr ? 0 : fact->node;
}

bool Writer::is_local(StoreId store) const { return node_of(store) == place_.node; }

// --- Changes ---

void Writer::submit(StoreRequest& request) {
  CAIRN_ASSERT(request.volume == volume_ && !request.rebase);
  request.status = Status();
  if (fenced_) {
    ended_.push_back(&request);
    if (!std::exchange(posted_, true)) place_.executor.post(*this);
    return;
  }
  const VolumeFact* volume = place_.facts.volume(volume_);
  CAIRN_ASSERT(volume != nullptr);
  const PgId pg = place_.facts.pg_of(*volume, request.chunk);
  if (request.kind == StoreRequest::Kind::read) {
    Read& read = take_read();
    read.request = &request;
    read.pg = pg;
    reads_.push_back(&read);
    start(read);
    arm();
    return;
  }
  CAIRN_ASSERT(request.kind != StoreRequest::Kind::drop_volume);
  if (changes_free_.empty()) {
    changes_all_.push_back(std::make_unique<Change>());
    changes_all_.back()->writer = this;
    changes_free_.push_back(changes_all_.back().get());
  }
  Change& change = *changes_free_.back();
  changes_free_.pop_back();
  change.request = &request;
  change.pg = pg;
  change.crcs.clear();
  for (uint32_t i = 0; request.kind == StoreRequest::Kind::write && i < request.n_sectors; ++i) {
    const std::byte* sector = request.data + size_t{i} * store::kSectorBytes;
    change.crcs.push_back(request.sector_crcs != nullptr ? request.sector_crcs[i]
                                                         : crc32c({sector, store::kSectorBytes}));
  }
  for (Target& target : change.targets) {
    target.change = &change;
    target.store = 0;
  }
  chunks_[request.chunk].push_back(&change);
  pump(change);
  arm();
}

Writer::Target& Writer::target_of(Change& change, StoreId store) {
  for (Target& target : change.targets) {
    if (target.store == store) return target;
  }
  // A place of its own, or that of a store which the record names no longer.
  const PgRecord* record = place_.facts.pg(change.pg);
  for (Target& target : change.targets) {
    if (target.store != 0 && record->find(target.store) != nullptr) continue;
    if (target.sending) place_.peers.cancel(target);
    target.store = store;
    target.acked_epoch = 0;
    target.sent_epoch = 0;
    target.sending = false;
    target.no_space = false;
    target.refusals = 0;
    target.wanted_since = place_.executor.now();
    target.not_before = 0;
    return target;
  }
  CAIRN_ASSERT(false);
  return change.targets.front();
}

void Writer::pump(Change& change) {
  const PgRecord* record = place_.facts.pg(change.pg);
  if (record == nullptr || fenced_ || change.request == nullptr) return;
  const io::Nanoseconds now = place_.executor.now();
  bool complete = record->count(MemberState::in_sync) > 0;
  for (const PgMember& member : record->members) {
    if (member.state == MemberState::out) continue;
    Target& target = target_of(change, member.store);
    if (target.acked_epoch != 0 && target.acked_epoch >= member.since) continue;
    complete = false;
    if (target.acked_epoch != 0) {
      // It acknowledged as the member it was before.
      target.acked_epoch = 0;
      target.wanted_since = now;
    }
    if (!target.sending && now >= target.not_before) send(change, target, record->epoch);
  }
  if (complete) finish(change, Status());
}

void Writer::send(Change& change, Target& target, uint32_t pg_epoch) {
  const StoreRequest& from = *change.request;
  Request request;
  request.kind =
      from.kind == StoreRequest::Kind::write ? Request::Kind::write : Request::Kind::zero;
  request.store = target.store;
  request.pg = change.pg;
  request.pg_epoch = pg_epoch;
  request.volume = volume_;
  request.volume_epoch = epoch_;
  request.chunk = from.chunk;
  request.birth = from.birth;
  request.version = from.version;
  request.prev_version = from.prev_version;
  request.first_sector = static_cast<uint16_t>(from.first_sector);
  request.n_sectors = static_cast<uint16_t>(from.n_sectors);
  if (request.kind == Request::Kind::write) {
    request.crcs = change.crcs;
    request.data = {from.data, size_t{from.n_sectors} * store::kSectorBytes};
  }
  if (target.sent_epoch != 0) ++stats_.resent;
  target.sent_epoch = pg_epoch;
  target.sending = true;
  place_.peers.call(node_of(target.store), request, target);
}

void Writer::Target::on_reply(const Reply* reply) {
  sending = false;
  change->writer->on_change_reply(*this, reply);
}

void Writer::on_change_reply(Target& target, const Reply* reply) {
  Change& change = *target.change;
  const io::Nanoseconds now = place_.executor.now();
  target.no_space = false;
  target.not_before = now + config_.retry_ns;
  if (reply == nullptr) return arm();
  switch (reply->answer) {
    case Answer::ok:
      confirm_by_peer(target.store);
      target.acked_epoch = reply->pg_epoch;
      target.not_before = 0;
      return pump(change);
    case Answer::stale_pg: {
      ++stats_.stale;
      const PgRecord* record = place_.facts.pg(change.pg);
      if (record != nullptr && record->epoch > target.sent_epoch) {
        target.not_before = 0;
        return pump(change);
      }
      return refresh();
    }
    case Answer::stale_volume:
      // Its facts are newer than ours, which will say the same.
      ++stats_.stale;
      return refresh();
    case Answer::gap:
      return on_gap(target);
    case Answer::no_space:
      // Full is not failed: the guest waits, nothing is evicted (storage design §8.4).
      target.no_space = true;
      target.wanted_since = now;
      target.not_before = now + config_.no_space_retry_ns;
      return arm();
    case Answer::busy:
      return arm();
    case Answer::bad_checksum:
    case Answer::invalid:
      if (++target.refusals >= kRefusalsMax) evict(target.store);
      return arm();
    case Answer::failed:
      evict(target.store);
      return arm();
  }
}

bool Writer::earlier_outstanding(const Change& change, StoreId store) const {
  const PgRecord* record = place_.facts.pg(change.pg);
  const PgMember* member = record == nullptr ? nullptr : record->find(store);
  if (member == nullptr) return false;
  for (const Change* earlier : chunks_.find(change.request->chunk)->second) {
    if (earlier == &change) return false;
    for (const Target& target : earlier->targets) {
      if (target.store != store) continue;
      if (target.acked_epoch == 0 || target.acked_epoch < member->since) return true;
    }
  }
  return false;
}

void Writer::on_gap(Target& target) {
  ++stats_.gaps;
  Change& change = *target.change;
  const PgRecord* record = place_.facts.pg(change.pg);
  const bool current = record != nullptr && record->epoch == target.sent_epoch;
  // Those before it are on their way, or on their way again.
  if (!current || earlier_outstanding(change, target.store)) return arm();
  // It has acknowledged everything before and yet is elsewhere: it forgot something, or took
  // something from elsewhere.
  if (++target.refusals >= kRefusalsMax) evict(target.store);
  arm();
}

void Writer::finish(Change& change, Status status) {
  StoreRequest& request = *change.request;
  for (Target& target : change.targets) {
    if (target.sending) place_.peers.cancel(target);
    target.sending = false;
    target.store = 0;
  }
  const uint32_t chunk = request.chunk;
  const auto at = chunks_.find(chunk);
  std::deque<Change*>& line = at.value();
  std::erase(line, &change);
  if (line.empty()) chunks_.erase(at);
  change.request = nullptr;
  changes_free_.push_back(&change);
  if (status.ok()) {
    uint64_t& tip = tips_[chunk];
    tip = std::max(tip, request.version);
    ++stats_.changes;
    if (request.kind == StoreRequest::Kind::write) {
      stats_.change_bytes += uint64_t{request.n_sectors} * store::kSectorBytes;
    }
  }
  request.version_current = chunk_version(volume_, chunk);
  request.status = std::move(status);
  request.on_done(request);
  for (size_t i = 0; i < reads_.size(); ++i) {
    if (reads_[i]->chunk() == chunk) start(*reads_[i]);
  }
}

void Writer::check_deadlines(Change& change) {
  const PgRecord* record = place_.facts.pg(change.pg);
  if (record == nullptr || change.request == nullptr) return;
  const io::Nanoseconds now = place_.executor.now();
  for (const Target& target : change.targets) {
    const PgMember* member = target.store == 0 ? nullptr : record->find(target.store);
    if (member == nullptr || member->state == MemberState::out) continue;
    if (target.acked_epoch != 0 || target.no_space) continue;
    const bool joining = member->state == MemberState::joining;
    const io::Nanoseconds limit = joining ? config_.joiner_deadline_ns : config_.member_deadline_ns;
    if (now - target.wanted_since >= limit) evict(target.store);
  }
}

// --- Facts, peers, time ---

void Writer::check_facts() {
  const VolumeFact* volume = place_.facts.volume(volume_);
  const bool mine = volume != nullptr && volume->epoch == epoch_ && volume->owner == place_.node;
  if (!mine) fence();
}

void Writer::on_facts(const FactChanges& changes) {
  check_facts();
  if (fenced_) return;
  const auto changed = [&](PgId pg) { return std::ranges::binary_search(changes.pgs, pg); };
  std::vector<Change*> affected;
  for (const auto& [chunk, line] : chunks_) {
    for (Change* change : line) {
      if (changed(change->pg)) affected.push_back(change);
    }
  }
  // In version order within each chunk, so that a new member gets them in order.
  for (Change* change : affected) {
    for (Target& target : change->targets) target.not_before = 0;
    pump(*change);
  }
  for (size_t i = 0; i < reads_.size(); ++i) {
    if (changed(reads_[i]->pg)) start(*reads_[i]);
  }
}

void Writer::on_peer_restarted(NodeId node) { on_peer_down(node); }

void Writer::on_peer_down(NodeId node) {
  if (fenced_ || node == place_.node) return;
  for (const StoreId store : place_.facts.stores()) {
    if (node_of(store) == node) evict(store);
  }
}

void Writer::evict(StoreId store) {
  ++stats_.evictions_asked;
  place_.evictor.evict(store, volume_, epoch_);
}

void Writer::confirm_by_peer(StoreId store) {
  if (!is_local(store)) confirmed_at_ = place_.executor.now();
}

void Writer::refresh() {
  arm();
  if (std::exchange(barrier_running_, true)) return;
  barrier_ = {};
  barrier_.context = this;
  barrier_.on_done = [](Barrier& done) {
    auto& self = *static_cast<Writer*>(done.context);
    self.barrier_running_ = false;
    // A fenced writer learned it from the facts that the barrier brought.
    if (done.reached && !self.fenced_) self.confirmed_at_ = self.place_.executor.now();
  };
  place_.coordinator.submit(barrier_);
}

void Writer::fence() {
  if (std::exchange(fenced_, true)) return;
  std::vector<Change*> changes;
  for (const auto& [chunk, line] : chunks_) changes.insert(changes.end(), line.begin(), line.end());
  std::vector<Read*> reads = reads_;
  for (Change* change : changes) finish(*change, fenced_status());
  for (Read* read : reads) finish(*read, fenced_status());
}

void Writer::run() {
  posted_ = false;
  for (StoreRequest* request : std::exchange(ended_, {})) {
    request->status = fenced_status();
    request->on_done(*request);
  }
  for (store::ChunkMapRequest* map : std::exchange(ended_maps_, {})) {
    map->status = fenced_status();
    map->on_done(*map);
  }
}

void Writer::arm() {
  if (armed() || fenced_ || (chunks_.empty() && reads_.empty())) return;
  place_.executor.arm(*this, kTick);
}

void Writer::on_timer() {
  if (fenced_) return;
  const io::Nanoseconds now = place_.executor.now();
  std::vector<Change*> changes;
  for (const auto& [chunk, line] : chunks_) changes.insert(changes.end(), line.begin(), line.end());
  for (Change* change : changes) {
    check_deadlines(*change);
    pump(*change);
    if (fenced_) return;
  }
  for (size_t i = 0; i < reads_.size(); ++i) start(*reads_[i]);
  if (now - confirmed_at_ >= config_.confirm_ns) refresh();
  if (!armed() && !(chunks_.empty() && reads_.empty())) place_.executor.arm(*this, kTick);
}

}  // namespace cairn::replication
