// The requests that a replica answers from what it has: reads, maps and lists.
#include <algorithm>

#include "base/crc32c.h"
#include "replication/group_chunks.h"
#include "replication/replica.h"

namespace cairn::replication {

using store::kSectorBytes;
using store::StoreRequest;

namespace {

Answer answer_of_read(const Status& status) {
  switch (status.kind()) {
    case ErrorKind::ok:
      return Answer::ok;
    case ErrorKind::checksum_mismatch:
    case ErrorKind::corrupt:
    case ErrorKind::io_error:
      return Answer::bad_checksum;
    case ErrorKind::busy:
      return Answer::busy;
    case ErrorKind::not_found:
      return Answer::stale_volume;
    default:
      return Answer::failed;
  }
}

}  // namespace

void Replica::serve_read(Served& served) {
  const Request& request = *served.request;
  const bool sound = request.n_sectors > 0 && request.first_sector < store::kChunkSectors &&
                     request.n_sectors <= store::kChunkSectors - request.first_sector;
  if (!sound) return answer(served, Answer::invalid);
  const size_t bytes = size_t{request.n_sectors} * kSectorBytes;
  if (served.memory.size() < bytes) served.memory = store::AlignedBuffer(bytes);
  StoreRequest& read = served.change;
  read = {};
  read.kind = StoreRequest::Kind::read;
  read.pg = request.pg;
  read.volume = request.volume;
  read.chunk = request.chunk;
  read.birth = request.birth;
  read.first_sector = request.first_sector;
  read.n_sectors = request.n_sectors;
  read.data = served.memory.data();
  read.context = &served;
  read.on_done = [](StoreRequest& done) {
    auto& self = *static_cast<Served*>(done.context);
    self.replica.on_read_done(self);
  };
  place_.store.submit(read);
}

void Replica::on_read_done(Served& served) {
  const Request& request = *served.request;
  Reply reply = reply_to(served, answer_of_read(served.change.status));
  if (reply.answer == Answer::ok) {
    ++stats_.reads;
    served.crcs.clear();
    for (uint32_t i = 0; i < request.n_sectors; ++i) {
      served.crcs.push_back(
          crc32c({served.memory.data() + size_t{i} * kSectorBytes, kSectorBytes}));
    }
    reply.crcs = served.crcs;
    reply.data = {served.memory.data(), size_t{request.n_sectors} * kSectorBytes};
  }
  answer(served, reply);
}

void Replica::serve_map(Served& served) {
  store::ChunkMapRequest& map = served.map;
  map = {};
  map.volume = served.request->volume;
  map.chunk = served.request->chunk;
  map.birth = served.request->birth;
  map.context = &served;
  map.on_done = [](store::ChunkMapRequest& done) {
    auto& self = *static_cast<Served*>(done.context);
    Reply reply = self.replica.reply_to(self, answer_of_read(done.status));
    reply.valid = done.allocated;
    self.replica.answer(self, reply);
  };
  place_.store.submit(map);
}

void Replica::serve_open(Served& served) {
  const Request& request = *served.request;
  // The fence is up: what older writers have under way here is the last of them.
  if (changes_.contains(request.volume)) return park(served);
  ++stats_.opens;
  const bool joining = is_joining(request.pg);
  const uint32_t limit = std::clamp<uint32_t>(request.limit, 1, kListEntriesMax / 2);
  Reply reply = reply_to(served, Answer::ok);
  for_each_chunk_of_group(
      place_.store, place_.facts, request.volume, request.pg, request.chunk, [&](uint32_t chunk) {
        const ChunkKey key{request.volume, chunk};
        if (joining && !joiner_.has_base(request.pg, key)) return true;
        const uint64_t version = told_version(place_.store.chunk_version(key.volume, chunk));
        if (version == 0) return true;
        if (reply.entries.size() == limit) {
          reply.more = true;
          return false;
        }
        const uint32_t birth = place_.store.chunk_birth(key.volume, chunk);
        reply.entries.push_back(
            {.volume = key.volume, .chunk = chunk, .birth = birth, .version = version});
        return true;
      });
  if (joining && !reply.more) {
    // What floats is listed with the last page: its chunks have no base, so none is listed twice.
    const auto floating = joiner_.floating(request.pg, request.volume);
    if (reply.entries.size() + floating.size() > kListEntriesMax) {
      return answer(served, Answer::busy);
    }
    reply.entries.insert(reply.entries.end(), floating.begin(), floating.end());
  }
  answer(served, reply);
}

void Replica::serve_list(Served& served) {
  const Request& request = *served.request;
  ++stats_.lists;
  const uint32_t limit = std::clamp<uint32_t>(request.limit, 1, kListEntriesMax);
  Reply reply = reply_to(served, Answer::ok);
  for (const uint64_t volume : place_.store.volumes()) {
    if (volume < request.volume || reply.more) continue;
    const uint32_t from = volume == request.volume ? request.chunk + 1 : 0;
    for_each_chunk_of_group(
        place_.store, place_.facts, volume, request.pg, from, [&](uint32_t chunk) {
          const uint64_t version = told_version(place_.store.chunk_version(volume, chunk));
          if (version == 0) return true;
          if (reply.entries.size() == limit) {
            reply.more = true;
            return false;
          }
          const uint32_t birth = place_.store.chunk_birth(volume, chunk);
          reply.entries.push_back(
              {.volume = volume, .chunk = chunk, .birth = birth, .version = version});
          return true;
        });
  }
  answer(served, reply);
}

}  // namespace cairn::replication
