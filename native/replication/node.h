// StorageNode: one node's part in replication: its stores' replicas, its open volumes' writers, and
// the ground they share.
//
// Threading: one executor's thread. Life: construct; `start` once the first facts are there; add
// stores, open volumes; `stop` and wait for `quiet()`; destroy. Destroying without that is a crash:
// legal once executor, peers, coordinator and stores are silenced.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "replication/evictor.h"
#include "replication/opener.h"
#include "replication/peers.h"
#include "replication/replica.h"
#include "replication/writer.h"
#include "store/virtual_disk.h"

namespace cairn::replication {

struct StorageNodeConfig {
  ReplicaConfig replica;
  WriterConfig writer;
  OpenerConfig opener;
  /// Store requests of one volume in flight.
  uint32_t pieces_max = 1024;
};

/// A volume that is open on this node.
class OpenVolume;

class StorageNode final : public RequestHandler,
                          public PeersListener,
                          private FactsListener,
                          private io::Task {
 public:
  StorageNode(NodeId id, io::Executor& executor, Facts& facts, Coordinator& coordinator,
              Peers& peers, StorageNodeConfig config);
  ~StorageNode();
  StorageNode(const StorageNode&) = delete;
  StorageNode& operator=(const StorageNode&) = delete;

  /// Serves an open store, which outlives the node or is removed first. It begins to serve when the
  /// facts are known to be newer than this call.
  void add_store(StoreId id, store::Store& store);
  /// The store failed or is to be closed: `done` runs when the node uses it no more. Its requests
  /// are answered with `failed` from now on.
  void remove_store(StoreId id, std::function<void()> done);

  using OpenedFunction = std::function<void(const Status& status, OpenVolume* volume)>;
  /// Opens a volume for writing, taking it from whoever has it. `done` runs in a later turn.
  void open_volume(uint64_t volume, OpenedFunction done);
  /// The opening under way, if there is one, ends soon, with `cancelled`.
  void cancel_open(uint64_t volume);
  /// Waits for what is under way and gives the volume up, clean, to node `next` (0: to nobody).
  /// Nothing may be submitted to its disk any more. `done` gets stale_epoch if it was fenced; the
  /// volume is closed here either way.
  void close_volume(uint64_t volume, NodeId next, std::function<void(const Status&)> done);
  /// Makes an open volume fail everything, as if it had a newer writer, so that closing it waits
  /// for nobody.
  void abandon_volume(uint64_t volume);
  [[nodiscard]] OpenVolume* find_volume(uint64_t volume) const;

  void stop();
  [[nodiscard]] bool quiet() const;

  void handle(const Request& request, Responder& responder) override;
  void on_peer_restarted(NodeId node) override;
  void on_peer_down(NodeId node) override;

  [[nodiscard]] Replica* find_replica(StoreId id) const;
  [[nodiscard]] const Evictor& evictor() const { return evictor_; }

 private:
  struct Hosted;
  struct Opening;
  struct Closing;

  void on_facts(const FactChanges& changes) override;
  /// Finishes what has ended: objects cannot be destroyed from inside their own flows.
  void run() override;
  void post();
  void finish_opening(std::unique_ptr<Opening> opening);
  void finish_closing(std::unique_ptr<Closing> closing);
  [[nodiscard]] store::Flow host(Hosted& hosted);
  [[nodiscard]] store::Flow drop_dead_volumes(Hosted& hosted);
  [[nodiscard]] store::Flow close(Closing& closing);

  NodeId id_;
  io::Executor& executor_;
  Facts& facts_;
  Coordinator& coordinator_;
  Peers& peers_;
  StorageNodeConfig config_;
  Evictor evictor_;
  WriterPlace writer_place_;
  std::map<StoreId, std::unique_ptr<Hosted>> stores_;
  std::map<uint64_t, std::unique_ptr<OpenVolume>> volumes_;
  std::vector<std::unique_ptr<Opening>> openings_;
  std::vector<std::unique_ptr<Closing>> closings_;
  bool posted_ = false;
  bool stopping_ = false;
};

/// Threading: the node's.
class OpenVolume {
 public:
  OpenVolume(const WriterPlace& place, const StorageNodeConfig& config, uint64_t volume,
             const VolumeFact& fact, OpenResult result);
  /// What the front-end serves.
  [[nodiscard]] io::BlockDevice& device() { return disk_; }
  [[nodiscard]] store::VirtualDisk& disk() { return disk_; }
  [[nodiscard]] Writer& writer() { return writer_; }
  [[nodiscard]] const Writer& writer() const { return writer_; }
  /// Chunks that had to be made equal when it was opened.
  [[nodiscard]] uint64_t decided() const { return decided_; }

 private:
  Writer writer_;
  store::VirtualDisk disk_;
  uint64_t decided_ = 0;
};

}  // namespace cairn::replication
