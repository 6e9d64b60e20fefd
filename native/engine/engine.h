// Engine: the composition of stores and NBD servers on one reactor, driven by JSON commands
// (docs/internals/engine.md).
//
// One command in, one answer out, in whatever order they finish. A command that changes an object
// while another command on the same object is under way is refused as busy; nothing queues.
//
// Threading: one reactor's thread. engine_thread.h gives it a thread and a door for others.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/cluster.h"
#include "engine/drive.h"
#include "engine/params.h"
#include "engine/volume.h"
#include "io/buffer_pool.h"
#include "io/kernel_random.h"
#include "io/uring_reactor.h"
#include "store/store.h"

namespace cairn::engine {

/// Takes one line of JSON; called once per command, later than the command or within it.
using AnswerFunction = std::function<void(std::string)>;
/// Takes one line of JSON per event, {"event": "store.failed", ...}: docs/internals/engine.md.
using EventFunction = std::function<void(std::string)>;

/// A line for the host. A path may hold bytes that are no UTF-8; they must not make it fail.
[[nodiscard]] std::string to_line(const nlohmann::json& value);

/// Answers one command, exactly once.
class Answer {
 public:
  explicit Answer(AnswerFunction function) : function_(std::move(function)) {}
  void succeed(const nlohmann::json& result) const;
  void fail(const Status& status) const;
  /// `fail` if `status` is an error, `succeed` with {} otherwise.
  void finish(const Status& status) const;

 private:
  AnswerFunction function_;
};

struct EngineOptions {
  /// Data memory kept for the next requests; all of it is given back when idle.
  size_t buffer_cache_bytes = 64 << 20;
  store::StoreConfig store_config;
  replication::StorageNodeConfig node_config;
};

class Engine final : private io::Timer, private ClusterOwner {
 public:
  Engine(io::UringReactor& reactor, EngineOptions options, EventFunction on_event);
  /// Only after `engine.stop` was answered, or when nothing was ever opened.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Runs one command. Bad JSON and unknown methods are answered as invalid_argument.
  void call(std::string_view request, AnswerFunction answer);

  /// True once everything is closed; no command is accepted any more.
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  using Command = void (Engine::*)(Params&, Answer);
  static const std::map<std::string_view, Command>& commands();

  void cluster_start(Params& params, Answer answer);
  void cluster_peers(Params& params, Answer answer);
  void cluster_stats(Params& params, Answer answer);
  void facts_apply(Params& params, Answer answer);
  void coordinator_done(Params& params, Answer answer);
  void coordinator_reached(Params& params, Answer answer);
  void drive_probe(Params& params, Answer answer);
  void drive_format(Params& params, Answer answer);
  void store_open(Params& params, Answer answer);
  void store_close(Params& params, Answer answer);
  void store_list(Params& params, Answer answer);
  void store_stats(Params& params, Answer answer);
  void volume_attach(Params& params, Answer answer);
  void volume_detach(Params& params, Answer answer);
  void volume_resize(Params& params, Answer answer);
  void volume_delete(Params& params, Answer answer);
  void volume_gc(Params& params, Answer answer);
  void volume_list(Params& params, Answer answer);
  void volume_stats(Params& params, Answer answer);
  void engine_stats(Params& params, Answer answer);
  void engine_stop(Params& params, Answer answer);

  /// Destroys what has ended in a turn of its own: it ends inside its own callbacks.
  class Burial final : public io::Task {
   public:
    explicit Burial(Engine& engine) : engine_(engine) {}
    void run() override;
    std::vector<std::unique_ptr<Drive>> drives;
    std::unique_ptr<Cluster> cluster;
    bool posted = false;

   private:
    Engine& engine_;
  };
  struct GarbageCollection;
  /// Cuts short what etcd or other nodes hold up when the engine stops.
  class StopDeadline final : public io::Timer {
   public:
    explicit StopDeadline(Engine& engine) : engine_(engine) {}
    void on_timer() override { engine_.give_up_waiting(); }

   private:
    Engine& engine_;
  };
  /// A volume of a pool on its way to be served.
  struct Attaching {
    VolumeOptions options;
    std::unique_ptr<io::Listener> listener;
    Answer answer;
    bool cancelled = false;
  };

  [[nodiscard]] Result<Drive*> usable_drive(const store::Uuid& store_id);
  [[nodiscard]] Result<Volume*> usable_volume(uint64_t volume_id);
  [[nodiscard]] Drive* drive_at(const std::string& path);
  [[nodiscard]] uint32_t volumes_on(const store::Uuid& store_id) const;
  [[nodiscard]] bool number_taken(uint32_t number) const;
  [[nodiscard]] nlohmann::json stray_volumes(Drive& drive) const;
  /// Whether some attached volume of a pool has no other in-sync copy than this store's.
  [[nodiscard]] bool is_last_copy(replication::StoreId number) const;
  /// Opens and locks a disk, waiting some time for a predecessor to let go of it. `done` may run
  /// within the call; on success the drive is in transit until its command says otherwise.
  void open_disk(const std::string& path, bool read_only, OpenedFunction done);
  void format(std::unique_ptr<Drive> drive, const store::FormatOptions& options, bool created,
              Answer answer);
  void probe_and_serve(std::unique_ptr<Drive> drive, const store::StoreConfig& wanted,
                       Answer answer);
  void serve(std::unique_ptr<Drive> drive, const store::StoreConfig& config, Answer answer);
  /// Takes the drive from the cluster and closes its store; it is gone when `done` runs.
  void close_drive(Drive& drive, DoneFunction done);
  void attach_direct(const VolumeOptions& options, uint64_t size_bytes,
                     std::unique_ptr<io::Listener> listener, const Answer& answer);
  void attach_of_pool(const VolumeOptions& options, std::unique_ptr<io::Listener> listener,
                      Answer answer);
  void on_volume_opened(uint64_t volume_id, const Status& status, replication::OpenVolume* opened);
  void close_volume(uint64_t volume_id, DoneFunction done);
  void finish_detach(uint64_t volume_id, const Status& status);
  void on_volume_stopped(uint64_t volume_id, const Status& status);
  void drop_volume(Drive& drive, uint64_t volume_id, DoneFunction done);
  void drop_next(std::shared_ptr<GarbageCollection> garbage);
  void bury(std::unique_ptr<Drive> drive);
  void on_cluster_event(const nlohmann::json& event) override;
  void on_volume_fenced(uint64_t volume_id) override;
  void emit(const char* event, const char* id_key, const std::string& id, const Status& status);
  void continue_stop();
  void give_up_waiting();
  void on_timer() override;

  io::UringReactor& reactor_;
  EngineOptions options_;
  EventFunction on_event_;
  io::KernelRandom random_;
  io::BufferPool buffers_;
  /// Drives being probed, formatted or opened. They belong to their command until it has finished.
  uint32_t drives_in_transit_count_ = 0;
  std::vector<std::unique_ptr<DriveOpening>> openings_;
  Burial burial_{*this};
  std::map<store::Uuid, std::unique_ptr<Drive>> drives_;
  /// After drives_, on whose stores it works.
  std::unique_ptr<Cluster> cluster_;
  bool cluster_stopping_ = false;
  /// After what they work on.
  std::map<uint64_t, std::unique_ptr<Volume>> volumes_;
  std::map<uint64_t, Attaching> attaching_;
  /// Volumes of pools that are served no more and on their way to be closed.
  std::set<uint64_t> closing_;
  std::map<uint64_t, Answer> detach_answers_;
  StopDeadline stop_deadline_{*this};
  std::optional<Answer> stop_answer_;
  /// Nobody answers for etcd while the engine stops.
  bool stop_alone_ = false;
  Status stop_status_;
  bool stopped_ = false;
};

}  // namespace cairn::engine
