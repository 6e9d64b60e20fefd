// ClusterRun: one life of a simulated cluster; see cluster.h for what it promises.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/cluster.h"
#include "sim/cluster_machine.h"
#include "sim/cluster_volume.h"

namespace cairn::sim {

class ClusterRun final : private replication::FactsListener {
 public:
  explicit ClusterRun(const ClusterOptions& options);
  ~ClusterRun();

  ClusterReport run();

 private:
  // Birth (cluster_run.cc).
  [[nodiscard]] SimCoordinatorOptions draw_coordinator();
  [[nodiscard]] SimNetworkOptions draw_network();
  void draw_faults();
  void build();
  void make_pool();
  void add_volume();

  // Life.
  void live();
  /// What a conductor does: starts machines, opens stores and volumes that are closed.
  void tend();
  void tend_volume(ClusterVolume& volume);
  /// Notices full drives. When everything else is healed, the operator deletes something.
  void tend_space();
  void pass(io::Nanoseconds duration);
  [[nodiscard]] bool going() const { return report_.ok(); }
  void fail(const std::string& problem);
  void trace(const std::string& event) const;
  /// Traces what was decided.
  void on_facts(const replication::FactChanges& changes) override;

  // Faults (cluster_faults.cc).
  void inject();
  /// False if it is not possible now.
  [[nodiscard]] bool inject(ClusterFault fault);
  [[nodiscard]] bool crash(Machine::Crash kind);
  [[nodiscard]] bool pause();
  [[nodiscard]] bool partition();
  [[nodiscard]] bool break_connection();
  [[nodiscard]] bool outage();
  [[nodiscard]] bool drive_error();
  [[nodiscard]] bool reformat();
  [[nodiscard]] bool rot();
  [[nodiscard]] bool failover();
  [[nodiscard]] bool move_volume(bool hand_over);
  [[nodiscard]] bool delete_volume();
  void remove_volume(ClusterVolume& volume);
  void replace_store(Machine::Drive& drive);
  void crash(Machine& machine, Machine::Crash kind);
  /// Every group that has the store in sync has another one too.
  [[nodiscard]] bool dispensable(replication::StoreId store) const;
  void end_faults();

  // The last checks (cluster_checks.cc).
  template <typename Done>
  [[nodiscard]] bool settle(Done done, io::Nanoseconds limit);
  void heal();
  [[nodiscard]] bool all_in_sync() const;
  void check_contents();
  void check_copies();
  /// One store's copy of one chunk.
  struct Copy;
  [[nodiscard]] Copy copy_of(const ClusterVolume& volume, uint32_t chunk, Machine::Drive& drive);
  void check_chunk(const ClusterVolume& volume, uint32_t chunk);
  void check_space();
  [[nodiscard]] std::string condition() const;

  [[nodiscard]] Machine* random_machine(bool up);
  [[nodiscard]] ClusterVolume* random_volume();
  [[nodiscard]] Machine::Drive* find_drive(replication::StoreId store) const;
  void commit(const replication::Transaction& transaction);

  /// Something that ends by itself later.
  struct Pending {
    io::Nanoseconds at = 0;
    std::function<void()> act;
  };
  void later(io::Nanoseconds delay, std::function<void()> act);
  void run_due();

  ClusterOptions options_;
  ClusterReport report_;
  SimRandom random_;
  uint32_t nodes_count_;
  uint32_t faults_ = 0;  ///< The kinds of this life.
  World world_;
  SimCoordinator coordinator_;
  SimNetwork network_;
  ClusterGround ground_;
  ClusterKnobs knobs_;
  GuestKnobs guest_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<std::unique_ptr<ClusterVolume>> volumes_;
  std::vector<std::unique_ptr<ClusterVolume>> deleted_;  ///< With seats that still end.
  std::vector<Pending> pending_;
  replication::StoreId store_last_ = 0;
  uint64_t volume_last_ = 0;
  uint32_t pgs_count_ = 0;
  uint32_t replicas_ = 0;
  /// The one whose bits flip; the others stay good.
  replication::StoreId rotten_ = 0;
  bool healing_ = false;
  bool tight_ = false;  ///< The drives are small.
  bool was_full_ = false;
  io::Nanoseconds relieved_at_ = 0;
};

}  // namespace cairn::sim
