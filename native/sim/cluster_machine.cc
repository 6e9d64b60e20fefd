#include "sim/cluster_machine.h"

#include <fmt/format.h>

#include <utility>

#include "base/assert.h"

namespace cairn::sim {

namespace {

constexpr io::Nanoseconds kMillisecond = 1'000'000;
constexpr io::Nanoseconds kSecond = 1000 * kMillisecond;
constexpr uint64_t kMiB = uint64_t{1} << 20;

}  // namespace

ClusterKnobs draw_knobs(SimRandom& random) {
  const auto rarely = [&] { return random.below(4) == 0; };
  ClusterKnobs knobs;
  knobs.disk.size_bytes = (12 + random.below(8)) * kMiB;
  knobs.disk.volatile_cache = random.below(3) != 0;
  knobs.format.journal_bytes = (2 + random.below(3)) * 256 * 1024;
  knobs.format.segment_bytes = random.below(2) == 0 ? 16 * 1024 : 32 * 1024;
  knobs.format.media_is_zero = true;
  store::StoreConfig& store = knobs.store;
  store.crec_cache_bytes = (8 + random.below(64)) * 4096;
  store.journal_window_bytes = (2 + random.below(8)) * 128 * 1024;
  store.destage_chunks_max = static_cast<uint32_t>(1 + random.below(16));
  store.idle_ns = kMillisecond * (1 + random.below(1000));
  replication::ReplicaConfig& replica = knobs.node.replica;
  if (rarely()) replica.parked_max = static_cast<uint32_t>(1 + random.below(8));
  if (rarely()) replica.park_ns = kMillisecond * (1 + random.below(200));
  if (rarely()) replica.float_bytes_max = (1 + random.below(64)) * 64 * 1024;
  replica.copies_max = static_cast<uint32_t>(1 + random.below(8));
  replica.list_page = static_cast<uint32_t>(1 + random.below(rarely() ? 3 : 4096));
  replication::WriterConfig& writer = knobs.node.writer;
  if (rarely()) writer.member_deadline_ns = kMillisecond * (300 + random.below(2000));
  if (rarely()) writer.joiner_deadline_ns = kMillisecond * (300 + random.below(2000));
  if (rarely()) writer.hedge_ns = kMillisecond * (1 + random.below(100));
  replication::OpenerConfig& opener = knobs.node.opener;
  opener.groups_at_once = static_cast<uint32_t>(1 + random.below(16));
  if (rarely()) opener.page = static_cast<uint32_t>(1 + random.below(4));
  knobs.node.pieces_max = static_cast<uint32_t>(2 + random.below(64));
  return knobs;
}

Machine::Machine(ClusterGround& ground, const ClusterKnobs& knobs, replication::NodeId id)
    : ground_(ground), knobs_(knobs), id_(id), executor_(ground.world.node(id)) {}

Machine::~Machine() {
  if (up()) crash(Crash::power);
}

Machine::Drive& Machine::add_drive(replication::StoreId id) {
  Drive& drive = *drives_.emplace_back(std::make_unique<Drive>());
  drive.machine = this;
  drive.id = id;
  drive.disk = std::make_unique<SimDisk>(executor_, ground_.world.random(), knobs_.disk);
  return drive;
}

void Machine::format(Drive& drive) {
  CAIRN_ASSERT(!up());
  drive.disk->fail_nothing();
  store::Formatter formatter({executor_, *drive.disk, ground_.world.random()}, knobs_.format);
  store::StoreOperation operation;
  bool done = false;
  operation.context = &done;
  operation.on_done = [](store::StoreOperation& ended) {
    *static_cast<bool*>(ended.context) = true;
  };
  formatter.start(operation);
  // Only this node has anything to do for a moment.
  for (uint64_t step = 0; !done && step < 1'000'000; ++step) ground_.world.step();
  if (!done || !operation.status.ok()) {
    ground_.fail("format: " + operation.status.message());
    return;
  }
  drive.incarnation = formatter.identity().incarnation;
  drive.failed = false;
  drive.doomed = false;
}

void Machine::start() {
  CAIRN_ASSERT(!up());
  ++process_;
  facts_ = std::make_unique<replication::Facts>();
  coordinator_ = &ground_.coordinator.start(id_, *facts_);
  peers_ = &ground_.network.start(id_, (uint64_t{id_} << 32) + process_);
  node_ = std::make_unique<replication::StorageNode>(id_, executor_, *facts_, *coordinator_,
                                                     *peers_, knobs_.node);
  peers_->serve(*node_);
  peers_->set_listener(node_.get());
  for (const auto& drive : drives_) {
    drive->failed = false;
    open(*drive);
  }
}

void Machine::open(Drive& drive) {
  CAIRN_ASSERT(up());
  CAIRN_ASSERT(drive.store == nullptr || drive.failed);
  drive.failed = false;
  drive.store = std::make_unique<store::Store>(
      store::Environment{executor_, *drive.disk, ground_.world.random()}, knobs_.store);
  drive.store->set_failure_handler(on_failed, &drive);
  drive.operation = {};
  drive.operation.context = &drive;
  drive.operation.on_done = on_opened;
  drive.store->open(drive.operation);
}

void Machine::on_opened(store::StoreOperation& operation) {
  auto& drive = *static_cast<Drive*>(operation.context);
  Machine& machine = *drive.machine;
  if (!operation.status.ok()) {
    if (std::exchange(drive.doomed, false)) {
      drive.failed = true;
      return;
    }
    machine.ground_.fail(
        fmt::format("store {} does not open: {}", drive.id, operation.status.message()));
    return;
  }
  machine.ground_.trace(fmt::format("store {} is open", drive.id));
  drive.serving = true;
  machine.node_->add_store(drive.id, *drive.store);
}

void Machine::on_failed(void* context, const Status& failure) {
  auto& drive = *static_cast<Drive*>(context);
  Machine& machine = *drive.machine;
  if (!std::exchange(drive.serving, false)) return;  // The opening ends with it.
  machine.ground_.trace(fmt::format("store {} failed: {}", drive.id, failure.message()));
  if (!std::exchange(drive.doomed, false)) {
    machine.ground_.fail(fmt::format("store {} failed: {}", drive.id, failure.message()));
  }
  machine.node_->remove_store(drive.id, [&drive] {
    drive.operation = {};
    drive.operation.context = &drive;
    drive.operation.on_done = on_closed;
    drive.store->close(drive.operation);
  });
}

void Machine::on_closed(store::StoreOperation& operation) {
  // The store is destroyed when it is opened again: not from inside its own turn.
  static_cast<Drive*>(operation.context)->failed = true;
}

void Machine::note_counts() {
  counts_.evictions += node_->evictor().evictions();
  for (const auto& drive : drives_) {
    const replication::Replica* replica = drive->serving ? node_->find_replica(drive->id) : nullptr;
    if (replica == nullptr) continue;
    counts_.groups_joined += replica->joiner_stats().groups_joined;
    counts_.chunks_copied += replica->joiner_stats().chunks_copied;
  }
}

Machine::Counts Machine::counts() const { return counts_; }

void Machine::crash(Crash kind) {
  CAIRN_ASSERT(up());
  note_counts();
  executor_.set_paused(false);
  // The memory of requests in flight outlives the software that knew them.
  for (const auto& drive : drives_) {
    if (kind == Crash::power) {
      drive->disk->power_cut();
    } else {
      drive->disk->software_crash();
    }
  }
  executor_.drop_all();
  node_.reset();
  for (const auto& drive : drives_) {
    drive->store.reset();
    drive->serving = false;
    drive->failed = false;
  }
  ground_.network.stop(id_,
                       kind == Crash::power ? SimNetwork::End::machine : SimNetwork::End::process);
  ground_.coordinator.stop(id_);
  facts_.reset();
}

bool Machine::whole() const {
  if (!up()) return false;
  for (const auto& drive : drives_) {
    if (!drive->serving || node_->find_replica(drive->id) == nullptr) return false;
  }
  return true;
}

bool Machine::stop() {
  CAIRN_ASSERT(up());
  note_counts();
  node_->stop();
  if (!ground_.world.run_until([&] { return node_->quiet(); }, 30 * kSecond)) return false;
  for (const auto& drive : drives_) {
    drive->serving = false;
    bool done = false;
    drive->operation = {};
    drive->operation.context = &done;
    drive->operation.on_done = [](store::StoreOperation& ended) {
      *static_cast<bool*>(ended.context) = true;
    };
    drive->store->close(drive->operation);
    if (!ground_.world.run_until([&] { return done; }, 30 * kSecond)) return false;
    if (!drive->operation.status.ok()) return false;
  }
  crash(Crash::process);
  return true;
}

}  // namespace cairn::sim
