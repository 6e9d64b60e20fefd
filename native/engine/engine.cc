#include "engine/engine.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/assert.h"
#include "engine/report.h"
#include "engine/text.h"

namespace cairn::engine {

using nlohmann::json;

namespace {

/// How long unused data memory is kept.
constexpr io::Nanoseconds kReleaseInterval = 10'000'000'000;
constexpr size_t kRequestBytesMax = 16 << 20;

/// A client that does not take its replies is cut off before this (nbd::ServerOptions).
constexpr io::Nanoseconds kStopPatience = 6'000'000'000;

/// What goes on while the engine stops: volumes are given up through them.
bool serves_the_stop(std::string_view method) {
  return method == "facts.apply" || method.starts_with("coordinator.");
}

}  // namespace

std::string to_line(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void Answer::succeed(const json& result) const {
  function_(to_line({{"ok", true}, {"result", result}}));
}

void Answer::fail(const Status& status) const {
  CAIRN_ASSERT(!status.ok());
  function_(to_line({{"ok", false}, {"error", error_json(status)}}));
}

void Answer::finish(const Status& status) const {
  status.ok() ? succeed(json::object()) : fail(status);
}

Engine::Engine(io::UringReactor& reactor, EngineOptions options, EventFunction on_event)
    : reactor_(reactor),
      options_(std::move(options)),
      on_event_(std::move(on_event)),
      buffers_(options_.buffer_cache_bytes) {
  reactor_.arm(*this, kReleaseInterval);
}

Engine::~Engine() {
  CAIRN_ASSERT(volumes_.empty());
  CAIRN_ASSERT(attaching_.empty());
  CAIRN_ASSERT(closing_.empty());
  CAIRN_ASSERT(cluster_ == nullptr);
  CAIRN_ASSERT(drives_.empty());
  CAIRN_ASSERT(drives_in_transit_count_ == 0);
  CAIRN_ASSERT(!burial_.posted);
  reactor_.cancel(stop_deadline_);
  reactor_.cancel(*this);
}

void Engine::on_timer() {
  buffers_.release_idle();
  reactor_.arm(*this, kReleaseInterval);
}

const std::map<std::string_view, Engine::Command>& Engine::commands() {
  static const std::map<std::string_view, Command> kCommands{
      {"cluster.start", &Engine::cluster_start},
      {"cluster.peers", &Engine::cluster_peers},
      {"cluster.stats", &Engine::cluster_stats},
      {"facts.apply", &Engine::facts_apply},
      {"coordinator.done", &Engine::coordinator_done},
      {"coordinator.reached", &Engine::coordinator_reached},
      {"drive.probe", &Engine::drive_probe},
      {"drive.format", &Engine::drive_format},
      {"store.open", &Engine::store_open},
      {"store.close", &Engine::store_close},
      {"store.list", &Engine::store_list},
      {"store.stats", &Engine::store_stats},
      {"volume.attach", &Engine::volume_attach},
      {"volume.detach", &Engine::volume_detach},
      {"volume.resize", &Engine::volume_resize},
      {"volume.delete", &Engine::volume_delete},
      {"volume.gc", &Engine::volume_gc},
      {"volume.list", &Engine::volume_list},
      {"volume.stats", &Engine::volume_stats},
      {"engine.stats", &Engine::engine_stats},
      {"engine.stop", &Engine::engine_stop},
  };
  return kCommands;
}

void Engine::call(std::string_view request, AnswerFunction function) {
  Answer answer(std::move(function));
  const auto refuse = [&](ErrorKind kind, const char* why) { answer.fail(Status(kind, why)); };
  if (request.size() > kRequestBytesMax) {
    return refuse(ErrorKind::invalid_argument, "the request is too long");
  }
  const json parsed = json::parse(request, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("method") || !parsed["method"].is_string()) {
    return refuse(ErrorKind::invalid_argument, "the request is no JSON object with a method");
  }
  const auto method = parsed["method"].get<std::string>();
  const auto found = commands().find(method);
  if (found == commands().end()) {
    return answer.fail(Status(ErrorKind::invalid_argument, "no method " + method));
  }
  if (stopped_ || (stop_answer_ && !serves_the_stop(method))) {
    return refuse(ErrorKind::cancelled, "the engine is stopping");
  }
  const auto given = parsed.find("params");
  const json none = json::object();
  Params params(given == parsed.end() ? none : *given);
  (this->*found->second)(params, std::move(answer));
}

void Engine::emit(const char* event, const char* id_key, const std::string& id,
                  const Status& status) {
  on_event_(to_line({{"event", event}, {id_key, id}, {"error", error_json(status)}}));
}

Result<Drive*> Engine::usable_drive(const store::Uuid& store_id) {
  const auto found = drives_.find(store_id);
  if (found == drives_.end()) {
    return Status(ErrorKind::not_found, "store " + to_text(store_id) + " is not open");
  }
  if (found->second->busy()) {
    return Status(ErrorKind::busy, "store " + to_text(store_id) + " is being closed");
  }
  return found->second.get();
}

Result<Volume*> Engine::usable_volume(uint64_t volume_id) {
  const auto found = volumes_.find(volume_id);
  const std::string name = "volume " + std::to_string(volume_id);
  if (found == volumes_.end()) return Status(ErrorKind::not_found, name + " is not attached");
  if (found->second->stopping()) return Status(ErrorKind::busy, name + " is being detached");
  return found->second.get();
}

Drive* Engine::drive_at(const std::string& path) {
  for (const auto& [store_id, drive] : drives_) {
    if (drive->path() == path) return drive.get();
  }
  return nullptr;
}

uint32_t Engine::volumes_on(const store::Uuid& store_id) const {
  uint32_t count = 0;
  for (const auto& [volume_id, volume] : volumes_) {
    count += volume->options().store_id == store_id ? 1u : 0u;
  }
  return count;
}

void Engine::bury(std::unique_ptr<Drive> drive) {
  if (drive != nullptr) burial_.drives.push_back(std::move(drive));
  if (burial_.posted) return;
  burial_.posted = true;
  reactor_.post(burial_);
}

void Engine::Burial::run() {
  posted = false;
  drives.clear();
  cluster.reset();
  engine_.continue_stop();
}

void Engine::engine_stats(Params& params, Answer answer) {
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  answer.succeed({{"bufferBytesTaken", buffers_.taken_bytes()},
                  {"bufferBytesCached", buffers_.cached_bytes()},
                  {"stores", drives_.size()},
                  {"volumes", volumes_.size()}});
}

void Engine::engine_stop(Params& params, Answer answer) {
  stop_alone_ = params.flag("alone");
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  stop_answer_ = std::move(answer);
  if (stop_alone_) {
    for (const uint64_t volume_id : closing_) cluster_->node().abandon_volume(volume_id);
  }
  for (auto& [volume_id, attaching] : attaching_) {
    attaching.cancelled = true;
    cluster_->node().cancel_open(volume_id);
  }
  reactor_.arm(stop_deadline_, kStopPatience);
  continue_stop();
}

/// The clients were cut off by now, so what fails by this is nobody's error.
void Engine::give_up_waiting() {
  if (cluster_ == nullptr) return;
  for (const auto& [volume_id, volume] : volumes_) {
    if (!volume->options().store_id) cluster_->node().abandon_volume(volume_id);
  }
  for (const uint64_t volume_id : closing_) cluster_->node().abandon_volume(volume_id);
}

/// Called whenever something has ended: volumes go first, then stores, then the cluster, then the
/// engine.
void Engine::continue_stop() {
  if (!stop_answer_ || stopped_) return;
  for (const auto& [volume_id, volume] : volumes_) volume->stop();
  if (!volumes_.empty() || !attaching_.empty() || !closing_.empty()) return;
  if (drives_in_transit_count_ > 0 || burial_.posted) return;
  std::vector<Drive*> open;
  for (const auto& [store_id, drive] : drives_) {
    if (!drive->busy() && drive->drops_count == 0) open.push_back(drive.get());
  }
  for (Drive* drive : open) {
    close_drive(*drive, [this](Status status) {
      if (!status.ok() && stop_status_.ok()) stop_status_ = std::move(status);
    });
  }
  if (!drives_.empty()) return;
  if (cluster_ != nullptr) {
    if (!std::exchange(cluster_stopping_, true)) {
      cluster_->stop([this] {
        burial_.cluster = std::move(cluster_);
        bury(nullptr);
      });
    }
    return;
  }
  stopped_ = true;
  stop_answer_->finish(stop_status_);
}

}  // namespace cairn::engine
