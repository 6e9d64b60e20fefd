// ThreeNodes: three nodes with one store each in a simulated world, driven step by step. For tests
// only.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "replication/fact_changes.h"
#include "replication/node.h"
#include "sim/sim_coordinator.h"
#include "sim/sim_disk.h"
#include "sim/sim_peers.h"
#include "sim/world.h"

namespace cairn::replication {

inline constexpr io::Nanoseconds kSecond = 1'000'000'000;
inline constexpr uint64_t kVolume = 17;
inline constexpr uint32_t kPool = 1;

/// A simulated cluster: node n has store n.
class ThreeNodes {
 public:
  static constexpr uint32_t kNodes = 3;

  explicit ThreeNodes(uint32_t replicas, uint64_t seed = 1)
      : random_(seed), world_(random_, kNodes), coordinator_(world_, {}), network_(world_, {}) {
    for (uint32_t n = 1; n <= kNodes; ++n) {
      sim::SimDiskOptions options;
      options.size_bytes = uint64_t{16} << 20;
      machines_[n].disk = std::make_unique<sim::SimDisk>(world_.node(n), random_, options);
      format(n);
      commit(*put_store(coordinator_.truth(), n, {n, n * 100}));
    }
    std::vector<std::vector<StoreId>> members(4);
    for (uint32_t pg = 0; pg < 4; ++pg) {
      for (uint32_t i = 0; i < replicas; ++i) members[pg].push_back((pg + i) % kNodes + 1);
    }
    for (Transaction& change : put_pool(coordinator_.truth(), kPool, replicas, members)) {
      commit(change);
    }
    VolumeFact volume;
    volume.pool = kPool;
    volume.size_bytes = uint64_t{8} << 20;
    commit(*create_volume(coordinator_.truth(), kVolume, volume));
    for (uint32_t n = 1; n <= kNodes; ++n) start(n);
  }
  ~ThreeNodes() {
    for (uint32_t n = 1; n <= kNodes; ++n) crash(n);
  }
  ThreeNodes(const ThreeNodes&) = delete;
  ThreeNodes& operator=(const ThreeNodes&) = delete;

  sim::World& world() { return world_; }
  sim::SimCoordinator& coordinator() { return coordinator_; }
  sim::SimNetwork& network() { return network_; }
  const Facts& truth() { return coordinator_.truth(); }
  StorageNode& node(uint32_t n) { return *machines_[n].node; }
  store::Store& store(uint32_t n) { return *machines_[n].store; }
  sim::SimDisk& disk(uint32_t n) { return *machines_[n].disk; }

  /// The process of a node starts, on the store that its drive carries.
  void start(uint32_t n) {
    Machine& m = machines_[n];
    m.store = std::make_unique<store::Store>(environment(n), config());
    ASSERT_TRUE(complete(n, [&](store::StoreOperation& op) { m.store->open(op); }).ok());
    m.facts = std::make_unique<Facts>();
    Coordinator& coordinator = coordinator_.start(n, *m.facts);
    sim::SimPeers& peers = network_.start(n, ++boots_);
    m.node = std::make_unique<StorageNode>(n, world_.node(n), *m.facts, coordinator, peers,
                                           StorageNodeConfig());
    peers.serve(*m.node);
    peers.set_listener(m.node.get());
    m.node->add_store(n, *m.store);
  }
  /// kill -9, or, with `machine`, the power goes.
  void crash(uint32_t n, bool machine = false) {
    Machine& m = machines_[n];
    if (m.node == nullptr) return;
    world_.node(n).drop_all();
    coordinator_.stop(n);
    m.node.reset();
    network_.stop(n, machine ? sim::SimNetwork::End::machine : sim::SimNetwork::End::process);
    m.disk->power_cut();
    m.store.reset();
    m.facts.reset();
  }

  OpenVolume* open(uint32_t n, io::Nanoseconds patience = 20 * kSecond) {
    OpenVolume* opened = nullptr;
    Status status(ErrorKind::timed_out, "not opened");
    bool done = false;
    machines_[n].node->open_volume(kVolume, [&](const Status& result, OpenVolume* volume) {
      status = result;
      opened = volume;
      done = true;
    });
    world_.run_until([&] { return done; }, patience);
    EXPECT_TRUE(done) << "the volume did not open";
    EXPECT_TRUE(status.ok()) << status.message();
    return opened;
  }

  /// One request to its end; timed_out if it does not end within `patience`: it goes on then.
  Status run(OpenVolume& volume, io::BlockRequest::Kind kind, uint64_t offset, std::byte* data,
             uint64_t length, io::Nanoseconds patience = 20 * kSecond) {
    Running& running = *running_.emplace_back(std::make_unique<Running>());
    running.request.kind = kind;
    running.request.offset_bytes = offset;
    running.request.length_bytes = length;
    running.request.data = data;
    running.request.context = &running.done;
    running.request.on_done = [](io::BlockRequest& ended) {
      *static_cast<bool*>(ended.context) = true;
    };
    volume.device().submit(running.request);
    world_.run_until([&] { return running.done; }, patience);
    if (!running.done) return {ErrorKind::timed_out, "no end"};
    return running.request.status;
  }
  /// Fills the range with a pattern of `seed`.
  Status write(OpenVolume& volume, uint64_t offset, uint64_t length, uint8_t seed) {
    std::byte* data = memory(length);
    std::memset(data, seed, length);
    return run(volume, io::BlockRequest::Kind::write, offset, data, length);
  }
  /// Expects the pattern of `seed` everywhere in the range.
  void expect(OpenVolume& volume, uint64_t offset, uint64_t length, uint8_t seed) {
    std::byte* data = memory(length);
    const Status status = run(volume, io::BlockRequest::Kind::read, offset, data, length);
    ASSERT_TRUE(status.ok()) << status.message();
    for (uint64_t i = 0; i < length; ++i) {
      ASSERT_EQ(static_cast<uint8_t>(data[i]), seed) << "at " << offset + i;
    }
  }

  /// All members of all groups are in sync.
  bool whole() {
    for (const PgId pg : truth().pgs()) {
      const PgRecord* record = truth().pg(pg);
      if (record->count(MemberState::in_sync) != record->members.size()) return false;
    }
    return true;
  }
  bool wait_until_whole(io::Nanoseconds patience = 60 * kSecond) {
    return world_.run_until([&] { return whole(); }, patience);
  }

 private:
  struct Machine {
    std::unique_ptr<sim::SimDisk> disk;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<Facts> facts;
    std::unique_ptr<StorageNode> node;
  };
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  struct Running {
    io::BlockRequest request;
    bool done = false;
  };

  store::Environment environment(uint32_t n) {
    return {world_.node(n), *machines_[n].disk, random_};
  }
  static store::StoreConfig config() {
    store::StoreConfig config;
    config.crec_cache_bytes = 64 << 10;
    config.journal_window_bytes = 512 << 10;
    return config;
  }
  void format(uint32_t n) {
    store::FormatOptions options;
    options.journal_bytes = 1 << 20;
    options.media_is_zero = true;
    store::Formatter formatter(environment(n), options);
    ASSERT_TRUE(complete(n, [&](store::StoreOperation& op) { formatter.start(op); }).ok());
  }
  template <typename Start>
  Status complete(uint32_t, Start start) {
    store::StoreOperation operation;
    bool done = false;
    operation.context = &done;
    operation.on_done = [](store::StoreOperation& ended) {
      *static_cast<bool*>(ended.context) = true;
    };
    start(operation);
    world_.run_until([&] { return done; }, 60 * kSecond);
    return done ? operation.status : Status(ErrorKind::timed_out, "no end");
  }
  void commit(const Transaction& change) {
    ASSERT_EQ(coordinator_.commit_now(change), Transaction::Outcome::committed);
  }
  std::byte* memory(uint64_t length) {
    memory_.emplace_back(static_cast<std::byte*>(std::aligned_alloc(4096, length)));
    return memory_.back().get();
  }

  sim::SimRandom random_;
  sim::World world_;
  sim::SimCoordinator coordinator_;
  sim::SimNetwork network_;
  std::array<Machine, kNodes + 1> machines_;
  std::vector<std::unique_ptr<std::byte, Free>> memory_;
  std::vector<std::unique_ptr<Running>> running_;
  uint64_t boots_ = 0;
};

}  // namespace cairn::replication
