// The writer's reads: one in-sync copy each, another one when it is slow or cannot read, and the
// repair of those that could not.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "base/crc32c.h"
#include "replication/writer.h"

namespace cairn::replication {

using store::kSectorBytes;
using store::StoreRequest;

namespace {

constexpr uint32_t kRepairTriesMax = 5;

}  // namespace

uint32_t Writer::Read::chunk() const { return request != nullptr ? request->chunk : map->chunk; }

Writer::Read& Writer::take_read() {
  if (reads_free_.empty()) {
    reads_all_.push_back(std::make_unique<Read>());
    reads_all_.back()->writer = this;
    reads_free_.push_back(reads_all_.back().get());
  }
  Read& read = *reads_free_.back();
  reads_free_.pop_back();
  read.request = nullptr;
  read.map = nullptr;
  read.tries = 0;
  read.not_before = 0;
  read.bad.clear();
  for (Attempt& attempt : read.attempts) attempt.read = &read;
  return read;
}

void Writer::submit(store::ChunkMapRequest& request) {
  request.status = Status();
  if (fenced_) {
    ended_maps_.push_back(&request);
    if (!std::exchange(posted_, true)) place_.executor.post(*this);
    return;
  }
  const VolumeFact* volume = place_.facts.volume(volume_);
  CAIRN_ASSERT(volume != nullptr && request.volume == volume_);
  Read& read = take_read();
  read.map = &request;
  read.pg = place_.facts.pg_of(*volume, request.chunk);
  reads_.push_back(&read);
  start(read);
  arm();
}

bool Writer::must_wait(const Read& read) const {
  // Two copies may differ in what a change under way has done so far: a read that saw one side must
  // not be followed by a read that sees the other.
  const auto at = chunks_.find(read.chunk());
  if (at == chunks_.end()) return false;
  if (read.map != nullptr) return true;
  return std::ranges::any_of(at->second, [&](const Change* change) {
    const StoreRequest& a = *change->request;
    const StoreRequest& b = *read.request;
    return a.first_sector < b.first_sector + b.n_sectors &&
           b.first_sector < a.first_sector + a.n_sectors;
  });
}

StoreId Writer::choose(const Read& read, bool hedge) const {
  const PgRecord* record = place_.facts.pg(read.pg);
  if (record == nullptr) return 0;
  std::vector<StoreId> near, far;
  for (const PgMember& member : record->members) {
    if (member.state != MemberState::in_sync) continue;
    if (std::ranges::find(read.bad, member.store) != read.bad.end()) continue;
    const bool asked = std::ranges::any_of(read.attempts, [&](const Attempt& attempt) {
      return attempt.sending && attempt.store == member.store;
    });
    if (asked) continue;
    (is_local(member.store) ? near : far).push_back(member.store);
  }
  if (hedge && far.empty() && near.empty()) return 0;
  const io::Nanoseconds silence = place_.executor.now() - confirmed_at_;
  // A copy here may be out of date without knowing it if this node is cut off; another one's
  // answer shows that it is not.
  if (silence >= config_.confirm_limit_ns && !far.empty()) near.clear();
  const bool prefer_far = silence >= config_.confirm_ns && !far.empty();
  std::vector<StoreId>& order = prefer_far ? far : near;
  order.insert(order.end(), prefer_far ? near.begin() : far.begin(),
               prefer_far ? near.end() : far.end());
  return order.empty() ? 0 : order[read.tries % order.size()];
}

void Writer::start(Read& read) {
  if (fenced_ || must_wait(read)) return;
  const io::Nanoseconds now = place_.executor.now();
  Attempt* idle = nullptr;
  Attempt* waiting = nullptr;
  for (Attempt& attempt : read.attempts) (attempt.sending ? waiting : idle) = &attempt;
  if (idle == nullptr || now < read.not_before) return;
  if (waiting != nullptr && now - waiting->sent_at < config_.hedge_ns) return;
  const StoreId store = choose(read, waiting != nullptr);
  if (store == 0) {
    if (waiting != nullptr || read.bad.empty()) return;
    const PgRecord* record = place_.facts.pg(read.pg);
    if (record == nullptr || read.bad.size() < record->count(MemberState::in_sync)) return;
    ++stats_.reads_lost;
    return finish(read, Status(ErrorKind::checksum_mismatch, "no copy can be read"));
  }
  if (waiting != nullptr) ++stats_.reads_hedged;
  ask(read, *idle, store);
}

void Writer::ask(Read& read, Attempt& attempt, StoreId store) {
  Request request;
  request.kind = read.map != nullptr ? Request::Kind::map : Request::Kind::read;
  request.store = store;
  request.pg = read.pg;
  request.pg_epoch = place_.facts.pg(read.pg)->epoch;
  request.volume = volume_;
  request.volume_epoch = epoch_;
  request.chunk = read.chunk();
  if (read.request != nullptr) {
    request.birth = read.request->birth;
    request.first_sector = static_cast<uint16_t>(read.request->first_sector);
    request.n_sectors = static_cast<uint16_t>(read.request->n_sectors);
  }
  attempt.store = store;
  attempt.sending = true;
  attempt.sent_epoch = request.pg_epoch;
  attempt.sent_at = place_.executor.now();
  ++read.tries;
  place_.peers.call(node_of(store), request, attempt);
}

void Writer::Attempt::on_reply(const Reply* reply) {
  sending = false;
  read->writer->on_read_reply(*this, reply);
}

void Writer::on_read_reply(Attempt& attempt, const Reply* reply) {
  Read& read = *attempt.read;
  const io::Nanoseconds now = place_.executor.now();
  read.not_before = now + config_.retry_ns;
  if (reply == nullptr) return arm();
  switch (reply->answer) {
    case Answer::ok: {
      const bool local = is_local(attempt.store);
      if (!local) confirmed_at_ = now;
      if (!take_data(read, *reply, !local)) return arm();
      if (local) ++stats_.reads_local;
      if (!read.bad.empty()) repair(read, attempt.store);
      return finish(read, Status());
    }
    case Answer::stale_pg: {
      const PgRecord* record = place_.facts.pg(read.pg);
      if (record != nullptr && record->epoch > attempt.sent_epoch) {
        read.not_before = 0;
        return start(read);
      }
      return refresh();
    }
    case Answer::stale_volume:
      return refresh();
    case Answer::bad_checksum:
      read.bad.push_back(attempt.store);
      read.not_before = 0;
      return start(read);
    case Answer::failed:
      evict(attempt.store);
      return arm();
    default:
      return arm();
  }
}

bool Writer::take_data(Read& read, const Reply& reply, bool remote) {
  if (read.map != nullptr) {
    read.map->allocated = reply.valid;
    read.map->version = reply.version;
    return true;
  }
  StoreRequest& request = *read.request;
  const size_t bytes = size_t{request.n_sectors} * kSectorBytes;
  if (reply.data.size() != bytes || reply.crcs.size() != request.n_sectors) return false;
  for (uint32_t i = 0; remote && i < request.n_sectors; ++i) {
    if (crc32c(reply.data.subspan(size_t{i} * kSectorBytes, kSectorBytes)) != reply.crcs[i]) {
      return false;  // Changed on its way: asked again.
    }
  }
  std::memcpy(request.data, reply.data.data(), bytes);
  ++stats_.reads;
  stats_.read_bytes += bytes;
  return true;
}

void Writer::finish(Read& read, Status status) {
  for (Attempt& attempt : read.attempts) {
    if (attempt.sending) place_.peers.cancel(attempt);
    attempt.sending = false;
  }
  std::erase(reads_, &read);
  StoreRequest* request = read.request;
  store::ChunkMapRequest* map = read.map;
  reads_free_.push_back(&read);
  if (request != nullptr) {
    request->version_current = chunk_version(volume_, request->chunk);
    request->status = std::move(status);
    request->on_done(*request);
  } else {
    map->status = std::move(status);
    map->on_done(*map);
  }
}

// --- Repair ---

void Writer::repair(const Read& read, StoreId source) {
  if (read.request == nullptr) return;
  ++stats_.reads_repaired;
  for (const StoreId store : read.bad) {
    std::unique_ptr<Repair>* place = nullptr;
    for (auto& old : repairs_) {
      if (!old->active) place = &old;
    }
    if (place == nullptr) place = &repairs_.emplace_back(std::make_unique<Repair>());
    Repair& order = **place;
    order.writer = this;
    order.active = true;
    order.tries = 0;
    order.request = {};
    order.request.kind = Request::Kind::repair;
    order.request.store = store;
    order.request.source = source;
    order.request.pg = read.pg;
    order.request.volume = volume_;
    order.request.volume_epoch = epoch_;
    order.request.chunk = read.request->chunk;
    order.request.first_sector = static_cast<uint16_t>(read.request->first_sector);
    order.request.n_sectors = static_cast<uint16_t>(read.request->n_sectors);
    send(order);
  }
}

void Writer::send(Repair& repair) {
  const PgRecord* record = place_.facts.pg(repair.request.pg);
  if (fenced_ || record == nullptr || repair.tries++ == kRepairTriesMax) {
    repair.active = false;
    return;
  }
  repair.request.pg_epoch = record->epoch;
  repair.sending = true;
  place_.peers.call(node_of(repair.request.store), repair.request, repair);
}

void Writer::Repair::on_reply(const Reply* reply) {
  sending = false;
  // Writes to the chunk may have come between: then once more.
  const bool again = reply == nullptr || reply->answer == Answer::busy;
  active = again;
  if (again) writer->send(*this);
}

}  // namespace cairn::replication
