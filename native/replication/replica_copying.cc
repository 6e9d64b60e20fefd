// The requests by which copies are made equal: pull (the source's side), decide and repair.
#include <array>

#include "base/assert.h"
#include "replication/replica.h"

namespace cairn::replication {

using store::Flow;
using store::kChunkSectors;
using store::kSectorBytes;
using store::StoreRequest;

void Replica::start_flow(Served& served, Flow flow) {
  served.in_flow = true;
  served.flow = std::move(flow);
  served.flow.start(
      [](void* context, Status) {
        auto& ended = *static_cast<Served*>(context);
        ended.replica.release(ended);
      },
      &served);
}

bool Replica::judge_again(Served& served) {
  const Verdict verdict = judge(served);
  if (verdict == Verdict::wait) answer(served, Answer::busy);
  return verdict == Verdict::serve;
}

namespace {

Answer answer_of(const PullResult& result) {
  switch (result.outcome) {
    case PullResult::Outcome::installed:
      return Answer::ok;
    case PullResult::Outcome::again:
      return Answer::busy;
    case PullResult::Outcome::bad_source:
      return Answer::bad_checksum;
    case PullResult::Outcome::no_space:
      return Answer::no_space;
    case PullResult::Outcome::failed:
      return Answer::failed;
  }
  return Answer::failed;
}

/// Why the source cannot give its copy.
Answer answer_of_copy(const Status& status) {
  switch (status.kind()) {
    case ErrorKind::busy:
      return Answer::busy;
    case ErrorKind::not_found:
      return Answer::stale_volume;
    case ErrorKind::store_failed:
    case ErrorKind::cancelled:
      return Answer::failed;
    default:
      return Answer::bad_checksum;
  }
}

/// Compares what the asker has with what is here. `sums` are this store's.
void find_delta(const Request& request, const store::ChunkMapRequest& map,
                const std::array<uint32_t, kChunkSectors>& sums, Reply& reply,
                std::vector<uint32_t>& crcs) {
  size_t theirs = 0;
  for (uint32_t sector = 0; sector < kChunkSectors; ++sector) {
    const bool asker_has = has_sector(request.have, sector);
    const uint32_t asker_sum = asker_has ? request.crcs[theirs++] : 0;
    if (!has_sector(map.allocated, sector)) continue;
    add_sector(reply.valid, sector);
    if (asker_has && asker_sum == sums[sector] && !has_sector(map.lost, sector)) continue;
    add_sector(reply.delta, sector);
    crcs.push_back(sums[sector]);
  }
}

}  // namespace

Flow Replica::serve_pull(Served& served) {
  const Request& request = *served.request;
  ++stats_.pulls;
  Hold hold(gates_, served.key());
  co_await hold;
  if (!judge_again(served)) co_return Status();
  Reply reply = reply_to(served, Answer::ok);
  reply.birth = place_.store.chunk_birth(request.volume, request.chunk);
  std::array<uint32_t, kChunkSectors> sums{};
  MapWait map(place_.store);
  map.request().volume = request.volume;
  map.request().chunk = request.chunk;
  map.request().crcs = sums.data();
  const Status mapped = co_await map;
  if (!mapped.ok()) {
    answer(served, answer_of_copy(mapped));
    co_return Status();
  }
  CAIRN_ASSERT(map.request().version == place_.store.chunk_version(request.volume, request.chunk));
  served.crcs.clear();
  find_delta(request, map.request(), sums, reply, served.crcs);
  const size_t bytes = served.crcs.size() * kSectorBytes;
  if (served.memory.size() < bytes) served.memory = store::AlignedBuffer(bytes);
  StoreWait reads(place_.store);
  StoreRequest read;
  read.kind = StoreRequest::Kind::read;
  read.volume = request.volume;
  read.chunk = request.chunk;
  std::byte* memory = served.memory.data();
  for (uint32_t at = 0; at < kChunkSectors; ++at) {
    read.first_sector = at;
    while (at < kChunkSectors && has_sector(reply.delta, at)) ++at;
    read.n_sectors = at - read.first_sector;
    if (read.n_sectors == 0) continue;
    read.data = memory;
    memory += size_t{read.n_sectors} * kSectorBytes;
    reads.add(read);
  }
  const Status status = co_await reads;
  if (!status.ok()) {
    answer(served, answer_of_copy(status));
    co_return Status();
  }
  reply.crcs = served.crcs;
  reply.data = {served.memory.data(), bytes};
  answer(served, reply);
  co_return Status();
}

Flow Replica::serve_decide(Served& served) {
  const Request& request = *served.request;
  ++stats_.decides;
  Hold hold(gates_, served.key());
  co_await hold;
  if (!judge_again(served)) co_return Status();
  const bool joining = is_joining(request.pg);
  if (joining && !joiner_.has_base(request.pg, served.key())) {
    joiner_.require(request.pg, served.key(), request.version);
    answer(served, Answer::ok);
    co_return Status();
  }
  const uint64_t tip = told_version(place_.store.chunk_version(request.volume, request.chunk));
  if (tip == request.version) {
    answer(served, Answer::ok);
    co_return Status();
  }
  PullOrder order;
  order.pg = request.pg;
  order.key = served.key();
  order.source = request.source;
  order.version = request.version;
  PullResult result;
  const Status pulled = co_await puller_.pull(order, result);
  answer(served, answer_of(result));
  co_return pulled;
}

Flow Replica::serve_repair(Served& served) {
  const Request& request = *served.request;
  ++stats_.repairs;
  Hold hold(gates_, served.key());
  co_await hold;
  if (!judge_again(served)) co_return Status();
  PullOrder order;
  order.pg = request.pg;
  order.key = served.key();
  order.source = request.source;
  order.version = told_version(place_.store.chunk_version(request.volume, request.chunk));
  for (uint32_t i = 0; i < request.n_sectors && request.first_sector + i < kChunkSectors; ++i) {
    add_sector(order.distrusted, request.first_sector + i);
  }
  PullResult result;
  const Status pulled = co_await puller_.pull(order, result);
  answer(served, answer_of(result));
  co_return pulled;
}

}  // namespace cairn::replication
