// The faults of a simulated cluster's life.
#include <fmt/format.h>

#include <algorithm>

#include "format/superblock.h"
#include "replication/fact_changes.h"
#include "sim/cluster_run.h"

namespace cairn::sim {

using replication::NodeId;
using replication::StoreId;

namespace {

constexpr io::Nanoseconds kMillisecond = 1'000'000;

}  // namespace

void ClusterRun::inject() {
  if (faults_ == 0) return;
  // A few tries: not everything is possible at every moment.
  for (int tries = 0; tries < 8; ++tries) {
    const auto kind = static_cast<uint32_t>(random_.below(kClusterFaults));
    if ((faults_ >> kind & 1) == 0) continue;
    const auto fault = static_cast<ClusterFault>(kind);
    if (!inject(fault)) continue;
    ++report_.faults[kind];
    return;
  }
}

bool ClusterRun::inject(ClusterFault fault) {
  switch (fault) {
    case ClusterFault::process_crash:
      return crash(Machine::Crash::process);
    case ClusterFault::power_loss:
      return crash(Machine::Crash::power);
    case ClusterFault::pause:
      return pause();
    case ClusterFault::partition:
      return partition();
    case ClusterFault::connection_break:
      return break_connection();
    case ClusterFault::outage:
      return outage();
    case ClusterFault::drive_error:
      return drive_error();
    case ClusterFault::reformat:
      return reformat();
    case ClusterFault::bit_rot:
      return rot();
    case ClusterFault::drive_full:
      return false;  // Not an event: it is met where drives are small.
    case ClusterFault::failover:
      return failover();
    case ClusterFault::handover:
      return move_volume(true);
    case ClusterFault::close:
      return move_volume(false);
    case ClusterFault::delete_volume:
      return delete_volume();
  }
  return false;
}

// --- Machines ---

void ClusterRun::crash(Machine& machine, Machine::Crash kind) {
  trace(fmt::format("node {} {}", machine.id(),
                    kind == Machine::Crash::power ? "loses power" : "crashes"));
  machine.crash(kind);
  for (const auto& volume : volumes_) volume->machine_crashed(machine);
  for (const auto& volume : deleted_) volume->machine_crashed(machine);
}

bool ClusterRun::crash(Machine::Crash kind) {
  Machine* machine = random_machine(true);
  if (machine == nullptr) return false;
  // Now and then everybody at once.
  const bool all = random_.below(12) == 0;
  for (const auto& each : machines_) {
    if (!each->up() || (!all && each.get() != machine)) continue;
    crash(*each, kind);
    Machine* crashed = each.get();
    later(kMillisecond * (1 + random_.below(random_.below(3) == 0 ? 6000 : 300)), [this, crashed] {
      if (crashed->up()) return;
      trace(fmt::format("node {} starts", crashed->id()));
      crashed->start();
    });
  }
  return true;
}

bool ClusterRun::pause() {
  Machine* machine = random_machine(true);
  if (machine == nullptr) return false;
  const io::Nanoseconds duration =
      kMillisecond * (1 + random_.below(random_.below(2) == 0 ? 300 : 8000));
  trace(fmt::format("node {} pauses for {} ms", machine->id(), duration / kMillisecond));
  machine->executor().set_paused(true);
  later(duration, [this, machine, process = machine->process()] {
    if (machine->process() != process || !machine->up()) return;
    trace(fmt::format("node {} goes on", machine->id()));
    machine->executor().set_paused(false);
  });
  return true;
}

bool ClusterRun::drive_error() {
  Machine* machine = random_machine(true);
  if (machine == nullptr) return false;
  Machine::Drive& drive = *machine->drives()[random_.below(machine->drives().size())];
  if (!drive.serving || drive.doomed) return false;
  trace(fmt::format("store {} is to meet an error", drive.id));
  drive.doomed = true;
  drive.disk->fail_next(io::DiskRequest::Kind::write);
  return true;
}

bool ClusterRun::dispensable(StoreId store) const {
  const replication::Facts& truth = coordinator_.truth();
  for (const replication::PgId group : replication::groups_of(truth, store)) {
    const replication::PgRecord& record = *truth.pg(group);
    const bool in_sync = record.find(store)->state == replication::MemberState::in_sync;
    if (in_sync && record.count(replication::MemberState::in_sync) == 1) return false;
  }
  return true;
}

bool ClusterRun::reformat() {
  Machine* machine = random_machine(true);
  if (machine == nullptr) return false;
  Machine::Drive& drive = *machine->drives()[random_.below(machine->drives().size())];
  if (!dispensable(drive.id)) return false;
  crash(*machine, Machine::Crash::process);
  replace_store(drive);
  later(kMillisecond * (1 + random_.below(1000)), [this, machine] {
    if (machine->up()) return;
    trace(fmt::format("node {} starts", machine->id()));
    machine->start();
  });
  return true;
}

/// What the conductor does for a drive that was lost: another store takes its places.
void ClusterRun::replace_store(Machine::Drive& drive) {
  const replication::Facts& truth = coordinator_.truth();
  const StoreId old = drive.id;
  for (const auto& change : replication::evict(truth, old, 0, 0)) commit(change);
  const std::vector<replication::PgId> groups = replication::groups_of(truth, old);
  for (const replication::PgId group : groups) {
    commit(replication::remove_member(truth, group, old).value());
  }
  replication::Transaction forget;
  forget.compares.push_back(
      {replication::store_key(old), truth.key_revision(replication::store_key(old))});
  forget.deletes.push_back(replication::store_key(old));
  commit(forget);
  drive.disk->replace_medium();
  drive.id = ++store_last_;
  trace(fmt::format("store {} is replaced by store {}", old, drive.id));
  drive.machine->format(drive);
  const auto announce =
      replication::put_store(truth, drive.id, {drive.machine->id(), drive.incarnation});
  commit(announce.value());
  if (const auto join = replication::begin_join(truth, groups, drive.id)) commit(*join);
}

/// Bits flip where data is or was, always on the same store.
bool ClusterRun::rot() {
  if (rotten_ == 0) rotten_ = static_cast<StoreId>(1 + random_.below(store_last_));
  Machine::Drive* drive = find_drive(rotten_);
  if (drive == nullptr || !dispensable(rotten_)) return false;
  const std::span<std::byte> medium = drive->disk->medium();
  const auto superblock = format::decode_superblock(medium.first(format::kSuperblockBytes));
  if (!superblock.ok()) return false;
  const format::Geometry& geometry = superblock.value().geometry;
  for (int i = 0; i < 20; ++i) {
    const auto page = static_cast<uint32_t>(random_.below(geometry.pages_count));
    if (page == geometry.reserved_page()) continue;
    const uint64_t at = geometry.page_offset(page) + random_.below(format::kPageBytes);
    medium[at] ^= static_cast<std::byte>(1u << random_.below(8));
  }
  return true;
}

// --- The network and the coordinator ---

bool ClusterRun::partition() {
  const auto one = static_cast<NodeId>(1 + random_.below(nodes_count_));
  const auto other = static_cast<NodeId>(1 + random_.below(nodes_count_));
  std::vector<std::pair<NodeId, NodeId>> links;
  const uint64_t shape = random_.below(4);
  for (NodeId node = 1; node <= nodes_count_; ++node) {
    // All others, or one of them.
    if (node == one || (shape >= 2 && node != other)) continue;
    links.emplace_back(one, node);
    if (shape % 2 == 0) links.emplace_back(node, one);
  }
  if (links.empty()) return false;
  const bool alone = random_.below(2) == 0;
  const io::Nanoseconds duration =
      kMillisecond * (1 + random_.below(random_.below(2) == 0 ? 800 : 7000));
  for (const auto& [from, to] : links) {
    trace(fmt::format("no way from node {} to node {}{}", from, to,
                      alone ? ", nor to the coordinator" : ""));
    network_.cut(from, to);
  }
  if (alone) coordinator_.set_reachable(one, false);
  later(duration, [this, one, links] {
    trace(fmt::format("ways of node {} are healed", one));
    for (const auto& [from, to] : links) network_.heal(from, to);
    coordinator_.set_reachable(one, true);
  });
  return true;
}

bool ClusterRun::break_connection() {
  const auto from = static_cast<NodeId>(1 + random_.below(nodes_count_));
  const auto to = static_cast<NodeId>(1 + random_.below(nodes_count_));
  if (from == to) return false;
  network_.break_connection(from, to);
  return true;
}

bool ClusterRun::outage() {
  const io::Nanoseconds duration =
      kMillisecond * (1 + random_.below(random_.below(8) == 0 ? 60'000 : 3000));
  if (random_.below(2) == 0) {
    const auto node = static_cast<NodeId>(1 + random_.below(nodes_count_));
    trace(fmt::format("node {} cannot reach the coordinator", node));
    coordinator_.set_reachable(node, false);
    later(duration, [this, node] { coordinator_.set_reachable(node, true); });
  } else {
    trace("the coordinator is down");
    coordinator_.set_down(true);
    later(duration, [this] {
      trace("the coordinator is up");
      coordinator_.set_down(false);
    });
  }
  return true;
}

// --- Volumes ---

bool ClusterRun::failover() {
  ClusterVolume* volume = random_volume();
  Machine* machine = random_machine(true);
  if (volume == nullptr || machine == nullptr || volume->busy_on(machine->id())) return false;
  volume->open(*machine);
  return true;
}

bool ClusterRun::move_volume(bool hand_over) {
  ClusterVolume* volume = random_volume();
  if (volume == nullptr || volume->writer() == 0) return false;
  Machine& machine = *machines_[volume->writer() - 1];
  Machine* next = hand_over ? random_machine(true) : nullptr;
  if (machine.paused() || (hand_over && (next == nullptr || next == &machine))) return false;
  volume->close(machine, next);
  return true;
}

bool ClusterRun::delete_volume() {
  ClusterVolume* volume = random_volume();
  if (volume == nullptr) return false;
  remove_volume(*volume);
  add_volume();
  return true;
}

void ClusterRun::remove_volume(ClusterVolume& volume) {
  trace(fmt::format("volume {} is deleted", volume.id()));
  commit(replication::delete_volume(coordinator_.truth(), volume.id()).value());
  volume.deleted();
  const auto place = std::find_if(volumes_.begin(), volumes_.end(),
                                  [&](const auto& each) { return each.get() == &volume; });
  deleted_.push_back(std::move(*place));
  volumes_.erase(place);
}

void ClusterRun::end_faults() {
  trace("all faults end");
  pending_.clear();
  network_.heal_all();
  coordinator_.set_down(false);
  coordinator_.set_answer_lost_ppm(0);
  for (const auto& machine : machines_) {
    for (const auto& drive : machine->drives()) drive->disk->fail_nothing();
    coordinator_.set_reachable(machine->id(), true);
    if (machine->paused()) machine->executor().set_paused(false);
    if (!machine->up()) machine->start();
  }
}

}  // namespace cairn::sim
