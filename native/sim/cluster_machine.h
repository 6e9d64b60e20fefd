// Machine: one node of a simulated cluster: its drives, and its process while that lives.
//
// It does what the daemon around the engine does: opens the stores when the process starts, gives
// them to the StorageNode, takes failed ones away. Threading: the world's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "replication/facts.h"
#include "replication/node.h"
#include "sim/sim_coordinator.h"
#include "sim/sim_disk.h"
#include "sim/sim_peers.h"
#include "sim/world.h"
#include "store/store.h"

namespace cairn::sim {

/// What machines share. All of it outlives them.
struct ClusterGround {
  World& world;
  SimCoordinator& coordinator;
  SimNetwork& network;
  /// Something happened that may not.
  std::function<void(const std::string& problem)> fail;
  std::function<void(const std::string& event)> trace;
  bool tracing = false;
};

/// What differs from life to life, so that limits and timeouts are met at odd points.
struct ClusterKnobs {
  replication::StorageNodeConfig node;
  store::StoreConfig store;
  store::FormatOptions format;
  SimDiskOptions disk;
};
[[nodiscard]] ClusterKnobs draw_knobs(SimRandom& random);

class Machine {
 public:
  /// A store and its drive.
  struct Drive {
    Machine* machine = nullptr;
    replication::StoreId id = 0;
    std::unique_ptr<SimDisk> disk;
    std::unique_ptr<store::Store> store;
    store::StoreOperation operation;
    /// Served by the node's process.
    bool serving = false;
    bool failed = false;
    /// An error of the drive was asked for, so the store may fail.
    bool doomed = false;
    uint64_t incarnation = 0;
  };

  Machine(ClusterGround& ground, const ClusterKnobs& knobs, replication::NodeId id);
  ~Machine();

  Drive& add_drive(replication::StoreId id);
  /// Formats a blank drive while the process is not running; runs the world until it is done.
  void format(Drive& drive);

  void start();
  enum class Crash : uint8_t { process, power };
  void crash(Crash kind);
  /// Opens a store that failed, if the process runs.
  void open(Drive& drive);
  /// An orderly end: true if all stores were closed in time.
  bool stop();

  [[nodiscard]] replication::NodeId id() const { return id_; }
  [[nodiscard]] bool up() const { return node_ != nullptr; }
  [[nodiscard]] bool paused() const { return executor_.paused(); }
  /// Counts the processes.
  [[nodiscard]] uint64_t process() const { return process_; }
  [[nodiscard]] replication::StorageNode& node() { return *node_; }
  [[nodiscard]] replication::Facts& facts() { return *facts_; }
  [[nodiscard]] NodeExecutor& executor() { return executor_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Drive>>& drives() const { return drives_; }
  /// All stores are served.
  [[nodiscard]] bool whole() const;

  /// Sums of what the processes counted.
  struct Counts {
    uint64_t evictions = 0, groups_joined = 0, chunks_copied = 0;
  };
  [[nodiscard]] Counts counts() const;

 private:
  static void on_opened(store::StoreOperation& operation);
  static void on_closed(store::StoreOperation& operation);
  static void on_failed(void* context, const Status& failure);
  void note_counts();

  ClusterGround& ground_;
  const ClusterKnobs& knobs_;
  replication::NodeId id_;
  NodeExecutor& executor_;
  uint64_t process_ = 0;
  std::vector<std::unique_ptr<Drive>> drives_;
  Counts counts_;
  std::unique_ptr<replication::Facts> facts_;
  SimPeers* peers_ = nullptr;
  replication::Coordinator* coordinator_ = nullptr;
  std::unique_ptr<replication::StorageNode> node_;
};

}  // namespace cairn::sim
