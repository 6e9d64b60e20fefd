#include "replication/replica.h"

#include <algorithm>

#include "base/assert.h"
#include "base/crc32c.h"

namespace cairn::replication {

using store::kSectorBytes;
using store::StoreRequest;
using Kind = Request::Kind;

namespace {

constexpr io::Nanoseconds kParkTick = 50'000'000;

bool is_change(Kind kind) { return kind == Kind::write || kind == Kind::zero; }

/// What only an in-sync member can answer.
bool needs_in_sync(Kind kind) {
  return kind == Kind::read || kind == Kind::map || kind == Kind::list || kind == Kind::pull ||
         kind == Kind::repair;
}

Answer answer_of(const Status& status) {
  switch (status.kind()) {
    case ErrorKind::ok:
      return Answer::ok;
    case ErrorKind::checksum_mismatch:
    case ErrorKind::corrupt:
      return Answer::bad_checksum;
    case ErrorKind::no_space:
      return Answer::no_space;
    case ErrorKind::busy:
      return Answer::busy;
    case ErrorKind::not_found:
      return Answer::stale_volume;
    case ErrorKind::version_gap:
    case ErrorKind::stale_epoch:
      return Answer::gap;
    case ErrorKind::invalid_argument:
      return Answer::invalid;
    default:
      return Answer::failed;
  }
}

}  // namespace

Replica::Replica(const ReplicaPlace& place, const ReplicaConfig& config)
    : place_(place),
      config_(config),
      puller_(place_, config_),
      joiner_(place_, config_, gates_, puller_) {}

Replica::~Replica() {
  gates_.shut();
  place_.executor.cancel(*this);
}

void Replica::start() { joiner_.start(); }

void Replica::stop() {
  stopping_ = true;
  place_.executor.cancel(*this);
  for (Served* served : std::exchange(parked_, {})) answer(*served, Answer::busy);
  joiner_.stop();
}

void Replica::handle(const Request& request, RequestHandler::Responder& responder) {
  serve(take(request, responder));
}

Replica::Served& Replica::take(const Request& request, RequestHandler::Responder& responder) {
  free_.insert(free_.end(), ended_.begin(), ended_.end());
  ended_.clear();
  if (free_.empty()) {
    all_.push_back(std::make_unique<Served>(*this));
    free_.push_back(all_.back().get());
  }
  Served& served = *free_.back();
  free_.pop_back();
  served.request = &request;
  served.responder = &responder;
  served.deadline = place_.executor.now() + config_.park_ns;
  served.let_in = false;
  served.superseded = false;
  served.in_flow = false;
  ++served_count_;
  return served;
}

// --- Judging ---

Replica::Verdict Replica::judge(Served& served) {
  const Request& request = *served.request;
  if (!place_.store.failure().ok()) {
    answer(served, Answer::failed);
    return Verdict::answered;
  }
  if (stopping_) {
    answer(served, Answer::busy);
    return Verdict::answered;
  }
  const PgRecord* record = place_.facts.pg(request.pg);
  if (record == nullptr || request.pg_epoch > record->epoch) return Verdict::wait;
  if (request.pg_epoch < record->epoch) {
    ++stats_.stale;
    answer(served, Answer::stale_pg);
    return Verdict::answered;
  }
  if (request.volume_epoch != 0) {
    const VolumeFact* volume = place_.facts.volume(request.volume);
    if (volume == nullptr || request.volume_epoch > volume->epoch) return Verdict::wait;
    if (request.volume_epoch < volume->epoch) {
      ++stats_.stale;
      answer(served, Answer::stale_volume);
      return Verdict::answered;
    }
  }
  return judge_member(served, *record);
}

Replica::Verdict Replica::judge_member(Served& served, const PgRecord& record) {
  const PgMember* member = record.find(place_.id);
  const bool in_sync = member != nullptr && member->state == MemberState::in_sync;
  const bool joining = member != nullptr && member->state == MemberState::joining;
  if (in_sync) return Verdict::serve;
  if (!joining || needs_in_sync(served.request->kind)) {
    ++stats_.stale;
    answer(served, Answer::stale_pg);
    return Verdict::answered;
  }
  // Joining in an earlier life only: it is about to join again, under a new epoch.
  return joiner_.takes_part(served.request->pg, member->since) ? Verdict::serve : Verdict::wait;
}

void Replica::serve(Served& served) {
  switch (judge(served)) {
    case Verdict::answered:
      return;
    case Verdict::wait:
      return park(served);
    case Verdict::serve:
      break;
  }
  switch (served.request->kind) {
    case Kind::write:
    case Kind::zero:
      return serve_change(served);
    case Kind::read:
      return serve_read(served);
    case Kind::map:
      return serve_map(served);
    case Kind::open:
      return serve_open(served);
    case Kind::list:
      return serve_list(served);
    case Kind::decide:
      return start_flow(served, serve_decide(served));
    case Kind::pull:
      return start_flow(served, serve_pull(served));
    case Kind::repair:
      return start_flow(served, serve_repair(served));
  }
  answer(served, Answer::invalid);
}

void Replica::park(Served& served) {
  if (parked_.size() >= config_.parked_max || place_.executor.now() >= served.deadline) {
    ++stats_.busy;
    return answer(served, Answer::busy);
  }
  ++stats_.parked;
  served.let_in = false;
  parked_.push_back(&served);
  if (!armed()) place_.executor.arm(*this, kParkTick);
}

void Replica::on_timer() {
  for (Served* served : std::exchange(parked_, {})) serve(*served);
}

void Replica::on_facts(const FactChanges& changes) {
  joiner_.on_facts(changes);
  for (Served* served : std::exchange(parked_, {})) serve(*served);
}

void Replica::on_gate(Served& served) {
  if (served.superseded) {
    const ChunkKey key = served.key();
    ++stats_.duplicates;
    answer(served, Answer::ok);
    gates_.release(key);
    return;
  }
  served.let_in = true;
  serve(served);
}

// --- Changes ---

bool Replica::is_joining(PgId pg) const {
  const PgRecord* record = place_.facts.pg(pg);
  const PgMember* member = record == nullptr ? nullptr : record->find(place_.id);
  return member != nullptr && member->state == MemberState::joining;
}

uint32_t Replica::epoch_of(PgId pg) const {
  const PgRecord* record = place_.facts.pg(pg);
  return record == nullptr ? 0 : record->epoch;
}

void Replica::serve_change(Served& served) {
  const Request& request = *served.request;
  const bool floats = is_joining(request.pg) && !joiner_.has_base(request.pg, served.key());
  if (floats) return offer_float(served);
  if (!served.let_in && !gates_.ask(served.key(), served)) return;
  served.let_in = false;
  const uint64_t tip = place_.store.chunk_version(request.volume, request.chunk);
  const bool same_writer = (request.version >> 40) == (tip >> 40);
  if (same_writer && request.version < tip) {
    // Applied long ago; what came after it proves that. Durable when all that is.
    served.superseded = true;
    if (gates_.hold(served.key(), served)) on_gate(served);
    return;
  }
  submit_change(served, tip);
}

void Replica::offer_float(Served& served) {
  // A change let in by the gate gives way to those behind it by not entering.
  uint64_t tip = 0;
  switch (joiner_.offer(*served.request, tip)) {
    case Joiner::Floated::based:
      return serve_change(served);
    case Joiner::Floated::floats:
      ++stats_.writes;
      return answer(served, Answer::ok);
    case Joiner::Floated::duplicate:
      ++stats_.duplicates;
      return answer(served, Answer::ok);
    case Joiner::Floated::full:
      ++stats_.busy;
      return answer(served, Answer::busy);
    case Joiner::Floated::gap: {
      ++stats_.gaps;
      Reply reply = reply_to(served, Answer::gap);
      reply.version = tip;
      return answer(served, reply);
    }
  }
}

void Replica::submit_change(Served& served, uint64_t tip) {
  const Request& request = *served.request;
  StoreRequest& change = served.change;
  change = {};
  change.kind = request.kind == Kind::write ? StoreRequest::Kind::write : StoreRequest::Kind::zero;
  change.pg = request.pg;
  change.volume = request.volume;
  change.chunk = request.chunk;
  change.birth = request.birth;
  change.version = request.version;
  const bool begins = request.prev_version == 0 && told_version(tip) == 0;
  change.prev_version = begins ? tip : request.prev_version;
  change.first_sector = request.first_sector;
  change.n_sectors = request.n_sectors;
  change.data = const_cast<std::byte*>(request.data.data());
  change.sector_crcs = request.crcs.empty() ? nullptr : request.crcs.data();
  change.context = &served;
  change.on_done = [](StoreRequest& done) {
    auto& self = *static_cast<Served*>(done.context);
    self.replica.on_change_done(self);
  };
  gates_.enter(served.key());
  ++changes_[request.volume];
  place_.store.submit(change);
}

void Replica::on_change_done(Served& served) {
  const ChunkKey key = served.key();
  const auto count = changes_.find(key.volume);
  const bool last = --count.value() == 0;
  if (last) changes_.erase(count);
  Reply reply = reply_to(served, answer_of(served.change.status));
  reply.version = told_version(served.change.version_current);
  if (reply.answer == Answer::ok) ++stats_.writes;
  if (reply.answer == Answer::gap) ++stats_.gaps;
  answer(served, reply);
  gates_.leave(key);
  if (!last) return;
  // Opens wait for a volume without changes under way.
  std::vector<Served*> opens;
  std::erase_if(parked_, [&](Served* waiting) {
    const bool open =
        waiting->request->kind == Kind::open && waiting->request->volume == key.volume;
    if (open) opens.push_back(waiting);
    return open;
  });
  for (Served* open : opens) serve(*open);
}

// --- Answers ---

Reply Replica::reply_to(const Served& served, Answer answer) const {
  Reply reply;
  reply.answer = answer;
  reply.pg_epoch = epoch_of(served.request->pg);
  const bool told = !is_change(served.request->kind) || answer != Answer::ok;
  if (told) {
    reply.version =
        told_version(place_.store.chunk_version(served.request->volume, served.request->chunk));
  }
  return reply;
}

void Replica::answer(Served& served, Answer code) { answer(served, reply_to(served, code)); }

void Replica::answer(Served& served, const Reply& reply) {
  RequestHandler::Responder& responder = *served.responder;
  responder.answer(reply);
  if (!served.in_flow) release(served);
}

void Replica::release(Served& served) {
  served.request = nullptr;
  served.responder = nullptr;
  --served_count_;
  ended_.push_back(&served);
}

}  // namespace cairn::replication
