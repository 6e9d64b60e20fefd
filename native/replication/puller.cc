#include "replication/puller.h"

#include <array>
#include <vector>

namespace cairn::replication {

using store::Flow;
using store::kChunkSectors;
using store::kSectorBytes;
using store::StoreRequest;

namespace {

using Outcome = PullResult::Outcome;

Outcome outcome_of(Answer answer) {
  switch (answer) {
    case Answer::bad_checksum:
    case Answer::failed:
      return Outcome::bad_source;
    default:
      return Outcome::again;
  }
}

Outcome outcome_of(const Status& status) {
  if (status.ok()) return Outcome::installed;
  switch (status.kind()) {
    case ErrorKind::no_space:
      return Outcome::no_space;
    case ErrorKind::checksum_mismatch:  // Changed on its way here.
    case ErrorKind::not_found:          // The volume is being dropped.
      return Outcome::again;
    default:
      return Outcome::failed;
  }
}

/// Zero changes for what the source does not hold and this store may.
void add_zeroes(StoreRequest piece, const SectorBits& valid, const SectorBits& have,
                std::vector<StoreRequest>& pieces) {
  piece.kind = StoreRequest::Kind::zero;
  const auto cleared = [&](uint32_t sector) {
    return sector < kChunkSectors && !has_sector(valid, sector) &&
           (has_sector(have, sector) || sector == 0);
  };
  for (uint32_t at = 0; at < kChunkSectors; ++at) {
    piece.first_sector = at;
    while (cleared(at)) ++at;
    piece.n_sectors = at - piece.first_sector;
    if (piece.n_sectors > 0) pieces.push_back(piece);
  }
}

/// Writes for the sectors that came.
void add_writes(StoreRequest piece, const CallResult& got, std::vector<StoreRequest>& pieces) {
  piece.kind = StoreRequest::Kind::write;
  uint32_t taken = 0;
  for (uint32_t at = 0; at < kChunkSectors; ++at) {
    uint32_t end = at;
    while (end < kChunkSectors && has_sector(got.reply.delta, end)) ++end;
    while (at < end) {
      piece.first_sector = at;
      piece.n_sectors = store::write_piece_sectors(at, end - at);
      piece.data = got.data.data() + size_t{taken} * kSectorBytes;
      piece.sector_crcs = got.crcs.data() + taken;
      pieces.push_back(piece);
      taken += piece.n_sectors;
      at += piece.n_sectors;
    }
  }
}

}  // namespace

bool Puller::in_time(const PullOrder& order, const Reply& reply) const {
  const PgRecord* record = place_.facts.pg(order.pg);
  return record != nullptr && record->epoch == reply.pg_epoch;
}

Flow Puller::pull(PullOrder order, PullResult& result) {
  result = {};
  const PgRecord* record = place_.facts.pg(order.pg);
  const StoreFact* source = place_.facts.store(order.source);
  if (record == nullptr || source == nullptr) co_return Status();
  Request request;
  request.kind = Request::Kind::pull;
  request.store = order.source;
  request.pg = order.pg;
  request.pg_epoch = record->epoch;
  request.volume = order.key.volume;
  request.chunk = order.key.chunk;

  std::array<uint32_t, kChunkSectors> sums{};
  MapWait map(place_.store);
  map.request().volume = order.key.volume;
  map.request().chunk = order.key.chunk;
  map.request().crcs = sums.data();
  const Status mapped = co_await map;
  // Without a readable record of its own, the chunk is copied whole.
  SectorBits have{};
  if (mapped.ok()) have = map.request().allocated;
  std::vector<uint32_t> crcs;
  for (uint32_t sector = 0; sector < kChunkSectors; ++sector) {
    // Sector 0 is always copied, so that there is a change that carries the version.
    const bool lost = mapped.ok() && has_sector(map.request().lost, sector);
    const bool offered =
        has_sector(have, sector) && !lost && sector != 0 && !has_sector(order.distrusted, sector);
    if (!offered) continue;
    add_sector(request.have, sector);
    crcs.push_back(sums[sector]);
  }
  request.crcs = crcs;

  PeerWait call(place_.peers, place_.executor);
  call.to(source->node, request, config_.pull_deadline_ns);
  const CallResult& got = co_await call;
  if (!got.answered) co_return Status();
  if (got.reply.answer != Answer::ok) {
    result.outcome = outcome_of(got.reply.answer);
    co_return Status();
  }
  const bool wanted = order.version == 0 || got.reply.version == order.version;
  if (!wanted || !in_time(order, got.reply)) co_return Status();
  result.version = got.reply.version;
  result.bytes = got.data_bytes;
  // A sector that this store lost counts as had: it must be overwritten or cleared.
  for (size_t word = 0; word < have.size() && mapped.ok(); ++word) {
    have[word] |= map.request().lost[word];
  }
  if (!mapped.ok()) have.fill(~uint64_t{0});
  const Status installed = co_await install(order, have, got);
  result.outcome = outcome_of(installed);
  co_return Status();
}

Flow Puller::install(const PullOrder& order, const SectorBits& have, const CallResult& got) {
  const uint64_t present = place_.store.chunk_version(order.key.volume, order.key.chunk);
  std::vector<StoreRequest> pieces;
  StoreRequest piece;
  piece.rebase = true;
  piece.pg = order.pg;
  piece.volume = order.key.volume;
  piece.chunk = order.key.chunk;
  piece.birth = got.reply.birth == 0 ? 1 : got.reply.birth;
  piece.version = order.mid_version != 0 ? order.mid_version
                  : present != 0         ? present
                                         : kIncompleteVersion;
  add_zeroes(piece, got.reply.valid, have, pieces);
  add_writes(piece, got, pieces);
  CAIRN_ASSERT(!pieces.empty());
  pieces.back().version = got.reply.version == 0 ? kEmptyVersion : got.reply.version;
  // The last one waits for all others: with the version, the chunk must be whole.
  StoreWait others(place_.store);
  for (size_t i = 0; i + 1 < pieces.size(); ++i) others.add(pieces[i]);
  Status status = co_await others;
  if (!status.ok()) co_return status;
  StoreWait last(place_.store);
  last.add(pieces.back());
  status = co_await last;
  co_return status;
}

}  // namespace cairn::replication
