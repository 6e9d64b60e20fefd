// The engine's commands on volumes.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/assert.h"
#include "engine/engine.h"
#include "engine/report.h"
#include "engine/text.h"
#include "io/unix_socket.h"
#include "io/uring_stream.h"

namespace cairn::engine {

using nlohmann::json;

namespace {

constexpr uint64_t kVolumeBytesMax = uint64_t{1} << 50;
constexpr uint64_t kConnectionsMax = 64;

/// The socket a volume listens on: one that was handed in, or one made at a path.
struct SocketChoice {
  std::optional<uint64_t> listen_fd;
  std::optional<std::string> path;
  std::optional<uint64_t> mode;
};

Result<std::unique_ptr<io::Listener>> open_listener(io::UringReactor& reactor,
                                                    const SocketChoice& choice) {
  if (choice.listen_fd) {
    const int fd = static_cast<int>(*choice.listen_fd);
    // What is no listening socket was never ours, and is not closed either.
    CAIRN_RETURN_IF_ERROR(io::adopt_listening_unix(fd));
    return std::unique_ptr<io::Listener>(std::make_unique<io::UringListener>(reactor, fd));
  }
  const auto fd = io::listen_unix(*choice.path, static_cast<uint32_t>(choice.mode.value_or(0600)));
  if (!fd.ok()) return fd.status();
  return std::unique_ptr<io::Listener>(std::make_unique<io::UringListener>(reactor, fd.value()));
}

json ids_json(const std::vector<uint64_t>& ids) {
  json list = json::array();
  for (const uint64_t id : ids) list.push_back(std::to_string(id));
  return list;
}

}  // namespace

void Engine::volume_attach(Params& params, Answer answer) {
  VolumeOptions options;
  options.id = params.id("volumeId");
  options.store_id = params.uuid_if_any("storeId");
  uint64_t size_bytes = 0;
  if (options.store_id) {
    size_bytes = params.number("sizeBytes", io::kBlockBytes, kVolumeBytesMax);
    options.epoch = static_cast<uint32_t>(params.number("volumeEpoch", 1, store::kVolumeEpochMax));
  }
  options.read_only = params.flag("readOnly");
  options.server.name = params.text("exportName");
  options.server.description = params.text_if_any("description").value_or("");
  options.server.connections_max =
      static_cast<uint32_t>(params.number_if_any("connectionsMax", 1, kConnectionsMax)
                                .value_or(options.server.connections_max));
  const SocketChoice socket{.listen_fd = params.number_if_any("listenFd", 3, INT32_MAX),
                            .path = params.text_if_any("socketPath"),
                            .mode = params.number_if_any("socketMode", 0, 0777)};
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  const auto refuse = [&](ErrorKind kind, const std::string& why) {
    answer.fail(Status(kind, why));
  };
  if (socket.listen_fd.has_value() == socket.path.has_value()) {
    return refuse(ErrorKind::invalid_argument, "give either listenFd or socketPath");
  }
  // From here on the descriptor is ours: every way out closes it.
  auto listener = open_listener(reactor_, socket);
  if (!listener.ok()) return answer.fail(listener.status());
  if (size_bytes % io::kBlockBytes != 0) {
    return refuse(ErrorKind::invalid_argument, "sizeBytes is not a multiple of 4096");
  }
  if (options.server.name.size() > nbd::kNameBytesMax ||
      options.server.description.size() > nbd::kNameBytesMax) {
    return refuse(ErrorKind::invalid_argument, "exportName or description is too long");
  }
  const std::string name = "volume " + std::to_string(options.id);
  if (volumes_.contains(options.id)) {
    return refuse(ErrorKind::already_exists, name + " is attached");
  }
  if (attaching_.contains(options.id) || closing_.contains(options.id)) {
    return refuse(ErrorKind::busy, name + " is being attached or detached");
  }
  if (options.store_id) {
    attach_direct(options, size_bytes, std::move(listener).value(), answer);
  } else {
    attach_of_pool(options, std::move(listener).value(), std::move(answer));
  }
}

void Engine::attach_direct(const VolumeOptions& options, uint64_t size_bytes,
                           std::unique_ptr<io::Listener> listener, const Answer& answer) {
  const auto drive = usable_drive(*options.store_id);
  if (!drive.ok()) return answer.fail(drive.status());
  if (!drive.value()->store().failure().ok()) return answer.fail(drive.value()->store().failure());
  const uint64_t volume_id = options.id;
  auto disk = std::make_unique<store::VirtualDisk>(
      reactor_, drive.value()->store(),
      store::VirtualDiskConfig{
          .volume = volume_id, .size_bytes = size_bytes, .volume_epoch = options.epoch});
  auto volume = std::make_unique<Volume>(
      reactor_, std::move(disk), buffers_, std::move(listener), options,
      [this, volume_id](const Status& status) { on_volume_stopped(volume_id, status); });
  answer.succeed(volume_json(*volume));
  volumes_.emplace(volume_id, std::move(volume));
}

void Engine::attach_of_pool(const VolumeOptions& options, std::unique_ptr<io::Listener> listener,
                            Answer answer) {
  const std::string name = "volume " + std::to_string(options.id);
  if (cluster_ == nullptr || cluster_->facts().volume(options.id) == nullptr) {
    return answer.fail(Status(ErrorKind::not_found, "there is no " + name));
  }
  const uint64_t volume_id = options.id;
  attaching_.emplace(volume_id, Attaching{options, std::move(listener), std::move(answer)});
  cluster_->node().open_volume(
      volume_id, [this, volume_id](const Status& status, replication::OpenVolume* opened) {
        on_volume_opened(volume_id, status, opened);
      });
}

void Engine::on_volume_opened(uint64_t volume_id, const Status& status,
                              replication::OpenVolume* opened) {
  const auto found = attaching_.find(volume_id);
  CAIRN_ASSERT(found != attaching_.end());
  Attaching attaching = std::move(found->second);
  attaching_.erase(found);
  if (!status.ok()) {
    attaching.answer.fail(status);
    return finish_detach(volume_id, Status());
  }
  if (attaching.cancelled) {
    attaching.answer.fail(Status(ErrorKind::cancelled, "the volume is being detached"));
    return close_volume(volume_id,
                        [this, volume_id](const Status&) { finish_detach(volume_id, Status()); });
  }
  attaching.options.epoch = opened->writer().epoch();
  auto volume = std::make_unique<Volume>(
      reactor_, opened->disk(), buffers_, std::move(attaching.listener), attaching.options,
      [this, volume_id](const Status& stopped) { on_volume_stopped(volume_id, stopped); });
  attaching.answer.succeed(volume_json(*volume));
  volumes_.emplace(volume_id, std::move(volume));
}

void Engine::close_volume(uint64_t volume_id, DoneFunction done) {
  closing_.insert(volume_id);
  cluster_->node().close_volume(volume_id, 0,
                                [this, volume_id, done = std::move(done)](const Status& status) {
                                  closing_.erase(volume_id);
                                  done(status);
                                });
  if (stop_alone_) cluster_->node().abandon_volume(volume_id);
}

void Engine::on_volume_stopped(uint64_t volume_id, const Status& status) {
  const auto found = volumes_.find(volume_id);
  CAIRN_ASSERT(found != volumes_.end());
  const bool of_pool = !found->second->options().store_id;
  volumes_.erase(found);
  if (!of_pool) return finish_detach(volume_id, status);
  close_volume(volume_id,
               [this, volume_id, status](const Status&) { finish_detach(volume_id, status); });
}

void Engine::finish_detach(uint64_t volume_id, const Status& status) {
  const auto waiting = detach_answers_.find(volume_id);
  if (waiting != detach_answers_.end()) {
    // That the listener failed on the way out changes nothing: the volume is detached.
    const Answer answer = waiting->second;
    detach_answers_.erase(waiting);
    answer.succeed(json::object());
  } else if (!status.ok()) {
    emit("volume.stopped", "volumeId", std::to_string(volume_id), status);
  }
  continue_stop();
}

void Engine::volume_detach(Params& params, Answer answer) {
  const uint64_t volume_id = params.id("volumeId");
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  if (const auto found = attaching_.find(volume_id); found != attaching_.end()) {
    if (std::exchange(found->second.cancelled, true)) {
      return answer.fail(Status(ErrorKind::busy, "the volume is being detached"));
    }
    detach_answers_.emplace(volume_id, std::move(answer));
    return cluster_->node().cancel_open(volume_id);
  }
  const auto volume = usable_volume(volume_id);
  if (!volume.ok()) return answer.fail(volume.status());
  detach_answers_.emplace(volume_id, std::move(answer));
  volume.value()->stop();
}

void Engine::volume_resize(Params& params, Answer answer) {
  const uint64_t volume_id = params.id("volumeId");
  const uint64_t size_bytes = params.number("sizeBytes", io::kBlockBytes, kVolumeBytesMax);
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  if (size_bytes % io::kBlockBytes != 0) {
    return answer.fail(Status(ErrorKind::invalid_argument, "sizeBytes is not a multiple of 4096"));
  }
  const auto volume = usable_volume(volume_id);
  if (!volume.ok()) return answer.fail(volume.status());
  const Status status = volume.value()->resize(size_bytes);
  status.ok() ? answer.succeed(volume_json(*volume.value())) : answer.fail(status);
}

void Engine::drop_volume(Drive& drive, uint64_t volume_id, DoneFunction done) {
  struct Drop : store::StoreRequest {
    Drive* drive = nullptr;
    DoneFunction done;
  };
  auto* drop = new Drop;  // owned by its callback
  drop->kind = store::StoreRequest::Kind::drop_volume;
  drop->volume = volume_id;
  drop->drive = &drive;
  drop->done = std::move(done);
  drop->on_done = [](store::StoreRequest& request) {
    const std::unique_ptr<Drop> self(static_cast<Drop*>(&request));
    CAIRN_ASSERT(self->drive->drops_count > 0);
    self->drive->drops_count--;
    self->done(self->status);
  };
  drive.drops_count++;
  drive.store().submit(*drop);
}

void Engine::volume_delete(Params& params, Answer answer) {
  const store::Uuid store_id = params.uuid("storeId");
  const uint64_t volume_id = params.id("volumeId");
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  if (volumes_.contains(volume_id)) {
    return answer.fail(
        Status(ErrorKind::busy, "volume " + std::to_string(volume_id) + " is attached"));
  }
  const auto drive = usable_drive(store_id);
  if (!drive.ok()) return answer.fail(drive.status());
  drop_volume(*drive.value(), volume_id, [this, answer](const Status& status) {
    answer.finish(status);
    continue_stop();
  });
}

/// What a store holds of volumes that no record names any more, dropped one after the other.
struct Engine::GarbageCollection {
  Drive& drive;
  Answer answer;
  std::vector<uint64_t> volume_ids;
  /// Volumes that the records cannot know yet.
  std::vector<uint64_t> ahead;
  size_t next = 0;
};

void Engine::volume_gc(Params& params, Answer answer) {
  const store::Uuid store_id = params.uuid("storeId");
  const std::vector<uint64_t> live = params.ids("liveVolumeIds");
  const uint64_t next_volume_id = params.id("nextVolumeId");
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  const auto drive = usable_drive(store_id);
  if (!drive.ok()) return answer.fail(drive.status());
  const std::set<uint64_t> live_set(live.begin(), live.end());
  for (const auto& [volume_id, volume] : volumes_) {
    // A list that forgets an attached volume is wrong, and nothing may be deleted by it.
    if (volume->options().store_id == store_id && !live_set.contains(volume_id)) {
      return answer.fail(
          Status(ErrorKind::busy, "volume " + std::to_string(volume_id) + " is attached"));
    }
  }
  auto garbage = std::make_shared<GarbageCollection>(
      GarbageCollection{*drive.value(), std::move(answer), {}, {}, 0});
  for (const uint64_t volume_id : drive.value()->store().volumes()) {
    if (live_set.contains(volume_id)) continue;
    // Records that were restored from a backup are older than the store: what they have not given
    // out yet is no garbage.
    (volume_id < next_volume_id ? garbage->volume_ids : garbage->ahead).push_back(volume_id);
  }
  std::sort(garbage->volume_ids.begin(), garbage->volume_ids.end());
  std::sort(garbage->ahead.begin(), garbage->ahead.end());
  drop_next(std::move(garbage));
}

void Engine::drop_next(std::shared_ptr<GarbageCollection> garbage) {
  const bool stopping = stop_answer_.has_value();
  if (garbage->next < garbage->volume_ids.size() && !stopping) {
    const uint64_t volume_id = garbage->volume_ids[garbage->next];
    return drop_volume(garbage->drive, volume_id, [this, garbage](const Status& status) {
      if (!status.ok()) {
        garbage->answer.fail(status);
        return continue_stop();
      }
      garbage->next++;
      drop_next(garbage);
    });
  }
  const auto dropped_end = garbage->volume_ids.begin() + static_cast<ptrdiff_t>(garbage->next);
  const std::vector<uint64_t> dropped(garbage->volume_ids.begin(), dropped_end);
  garbage->answer.succeed(
      {{"droppedVolumeIds", ids_json(dropped)}, {"aheadVolumeIds", ids_json(garbage->ahead)}});
  continue_stop();
}

void Engine::volume_list(Params& params, Answer answer) {
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  json items = json::array();
  for (const auto& [volume_id, volume] : volumes_) items.push_back(volume_json(*volume));
  answer.succeed({{"items", items}});
}

void Engine::volume_stats(Params& params, Answer answer) {
  const uint64_t volume_id = params.id("volumeId");
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  const auto volume = usable_volume(volume_id);
  if (!volume.ok()) return answer.fail(volume.status());
  const auto& store_id = volume.value()->options().store_id;
  uint64_t allocated_bytes = 0;
  for (const auto& [id, drive] : drives_) {
    const bool counts = store_id ? id == *store_id : drive->number != 0;
    if (counts && !drive->busy())
      allocated_bytes += drive->store().usage(volume_id).allocated_bytes;
  }
  json result = volume_stats_json(*volume.value(), allocated_bytes);
  result["copies"] = store_id ? json(nullptr) : copies_json(*cluster_, volume_id);
  answer.succeed(result);
}

}  // namespace cairn::engine
