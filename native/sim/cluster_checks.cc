// The last checks of a simulated cluster's life: everything heals, all copies are equal, nothing
// leaks.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "replication/fact_changes.h"
#include "replication/place.h"
#include "sim/cluster_run.h"

namespace cairn::sim {

using replication::MemberState;
using replication::PgRecord;

namespace {

constexpr io::Nanoseconds kMillisecond = 1'000'000;
constexpr io::Nanoseconds kSecond = 1000 * kMillisecond;
/// All requests end, all copies are in sync: within this after the last fault. A store that was
/// evicted again and again waits up to a minute before it comes back.
constexpr io::Nanoseconds kHealLimit = 300 * kSecond;
constexpr io::Nanoseconds kStepLimit = 60 * kSecond;

struct FreeMemory {
  void operator()(std::byte* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<std::byte, FreeMemory>;

Memory chunk_memory() {
  return Memory(static_cast<std::byte*>(std::aligned_alloc(4096, store::kChunkBytes)));
}

}  // namespace

struct ClusterRun::Copy {
  uint64_t version = 0;
  std::array<uint64_t, store::kChunkSectors / 64> allocated{};
  Memory data = chunk_memory();
  Status status;
};

/// Runs until `done` holds, looking after the cluster meanwhile.
template <typename Done>
bool ClusterRun::settle(Done done, io::Nanoseconds limit) {
  const io::Nanoseconds end = world_.now() + limit;
  while (!done()) {
    if (world_.now() >= end || !going()) return false;
    tend();
    world_.run_for(kMillisecond * 20);
  }
  return true;
}

void ClusterRun::heal() {
  healing_ = true;
  end_faults();
  pass(random_.below(2 * kSecond));
  for (const auto& volume : volumes_) volume->quiesce();
  for (const auto& volume : deleted_) volume->quiesce();
  const auto idle = [&] {
    return std::all_of(volumes_.begin(), volumes_.end(), [](const auto& volume) {
      return volume->requests_count() == 0 && volume->writer() != 0 && !volume->opening();
    });
  };
  if (!settle(idle, kStepLimit)) {
    if (going()) fail("requests never ended: " + condition());
    return;
  }
  if (!settle([&] { return all_in_sync(); }, kHealLimit) && going()) {
    fail("copies never came in sync: " + condition());
  }
}

bool ClusterRun::all_in_sync() const {
  for (const auto& machine : machines_) {
    if (!machine->whole()) return false;
  }
  const replication::Facts& truth = coordinator_.truth();
  for (const replication::PgId group : truth.pgs()) {
    const PgRecord& record = *truth.pg(group);
    if (record.members.size() != replicas_) return false;
    if (record.count(MemberState::in_sync) != replicas_) return false;
  }
  return true;
}

std::string ClusterRun::condition() const {
  std::string text;
  for (const auto& volume : volumes_) text += volume->condition() + "; ";
  for (const auto& machine : machines_) {
    if (!machine->whole()) text += fmt::format("node {} is not whole; ", machine->id());
  }
  const replication::Facts& truth = coordinator_.truth();
  for (const replication::PgId group : truth.pgs()) {
    const PgRecord& record = *truth.pg(group);
    if (record.count(MemberState::in_sync) == replicas_) continue;
    text += fmt::format("group {}: {}; ", replication::group_of(group),
                        replication::encode_pg_shard({record}));
  }
  return text;
}

/// Every byte of every volume, then all guests leave.
void ClusterRun::check_contents() {
  for (const auto& volume : volumes_) {
    if (!settle([&] { return volume->writer() != 0 && !volume->opening(); }, kStepLimit)) {
      if (going()) fail("a volume never opened: " + condition());
      return;
    }
    if (!volume->check_all()) {
      if (going()) fail("a volume could not be read to its end: " + condition());
      return;
    }
  }
  const auto empty = [&] {
    for (const auto* list : {&volumes_, &deleted_}) {
      for (const auto& volume : *list) {
        for (const auto& machine : machines_) volume->close(*machine, nullptr);
      }
    }
    world_.run_for(kMillisecond * 10);
    return std::none_of(volumes_.begin(), volumes_.end(),
                        [](const auto& volume) { return volume->has_seats(); }) &&
           std::none_of(deleted_.begin(), deleted_.end(),
                        [](const auto& volume) { return volume->has_seats(); });
  };
  const io::Nanoseconds end = world_.now() + kStepLimit;
  while (!empty()) {
    if (!going()) return;
    if (world_.now() > end) return fail("a volume never closed: " + condition());
  }
  // Repairs of what was read.
  world_.run_for(kSecond);
}

void ClusterRun::check_copies() {
  for (const auto& volume : volumes_) {
    const uint64_t chunks = (volume->size_bytes() + store::kChunkBytes - 1) / store::kChunkBytes;
    for (uint32_t chunk = 0; chunk < chunks; ++chunk) {
      check_chunk(*volume, chunk);
      if (!going()) return;
    }
  }
}

ClusterRun::Copy ClusterRun::copy_of(const ClusterVolume& volume, uint32_t chunk,
                                     Machine::Drive& drive) {
  Copy copy;
  copy.version = replication::told_version(drive.store->chunk_version(volume.id(), chunk));
  uint32_t pending = 2;
  store::ChunkMapRequest map;
  map.volume = volume.id();
  map.chunk = chunk;
  map.context = &pending;
  map.on_done = [](store::ChunkMapRequest& done) { --*static_cast<uint32_t*>(done.context); };
  drive.store->submit(map);
  store::StoreRequest read;
  read.volume = volume.id();
  read.chunk = chunk;
  read.n_sectors = store::kChunkSectors;
  read.data = copy.data.get();
  read.context = &pending;
  read.on_done = [](store::StoreRequest& done) { --*static_cast<uint32_t*>(done.context); };
  drive.store->submit(read);
  if (!world_.run_until([&] { return pending == 0; }, kStepLimit)) {
    fail(fmt::format("store {} never answered", drive.id));
    return copy;
  }
  copy.allocated = map.allocated;
  copy.status = map.status.ok() ? read.status : map.status;
  return copy;
}

void ClusterRun::check_chunk(const ClusterVolume& volume, uint32_t chunk) {
  const replication::Facts& truth = coordinator_.truth();
  const PgRecord& record = *truth.pg(truth.pg_of(*truth.volume(volume.id()), chunk));
  Copy first;
  replication::StoreId first_store = 0;
  for (const replication::PgMember& member : record.members) {
    Copy copy = copy_of(volume, chunk, *find_drive(member.store));
    if (!going()) return;
    // What rotted and was not read since is not repaired yet.
    if (!copy.status.ok() && member.store == rotten_) continue;
    const auto where =
        fmt::format("volume {} chunk {}: store {}", volume.id(), chunk, member.store);
    if (!copy.status.ok()) return fail(where + " cannot be read: " + copy.status.message());
    if (first_store == 0) {
      first = std::move(copy);
      first_store = member.store;
      continue;
    }
    if (copy.version != first.version) {
      return fail(fmt::format("{} has version {:x}, store {} has {:x}", where, copy.version,
                              first_store, first.version));
    }
    if (copy.allocated != first.allocated) {
      return fail(fmt::format("{} holds other sectors than store {}", where, first_store));
    }
    if (std::memcmp(copy.data.get(), first.data.get(), store::kChunkBytes) != 0) {
      return fail(fmt::format("{} has other bytes than store {}", where, first_store));
    }
  }
}

/// When everything is deleted, all space comes back; then everything stops in order.
void ClusterRun::check_space() {
  for (const auto& volume : volumes_) {
    commit(replication::delete_volume(coordinator_.truth(), volume->id()).value());
  }
  volumes_.clear();
  const auto left = [&] {
    std::string text;
    for (const auto& machine : machines_) {
      for (const auto& drive : machine->drives()) {
        const uint64_t bytes = drive->store->capacity().allocated_bytes;
        if (bytes == 0 && drive->store->volumes().empty()) continue;
        text += fmt::format("store {}: {} bytes, {} volumes; ", drive->id, bytes,
                            drive->store->volumes().size());
      }
    }
    return text;
  };
  if (!settle([&] { return left().empty(); }, kStepLimit)) {
    if (going()) fail("space stays allocated after everything was deleted: " + left());
    return;
  }
  for (const auto& machine : machines_) {
    if (!machine->stop()) return fail(fmt::format("node {} does not stop", machine->id()));
  }
}

}  // namespace cairn::sim
