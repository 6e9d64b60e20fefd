// The engine's commands on drives and stores.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/assert.h"
#include "engine/engine.h"
#include "engine/report.h"
#include "engine/text.h"
#include "io/drive_file.h"

namespace cairn::engine {

using nlohmann::json;

namespace {

constexpr uint64_t kDriveBytesMax = uint64_t{1} << 50;

}  // namespace

void Engine::open_disk(const std::string& path, bool read_only, OpenedFunction done) {
  drives_in_transit_count_++;
  auto opening = std::make_unique<DriveOpening>(
      reactor_, random_,
      io::UringDiskOptions{.path = path, .read_only = read_only, .lock_wait_ms = 0});
  DriveOpening& started = *opening;
  openings_.push_back(std::move(opening));
  started.start([this, &started, done = std::move(done)](Result<std::unique_ptr<Drive>> drive) {
    if (!drive.ok()) drives_in_transit_count_--;
    std::erase_if(openings_, [&](const auto& entry) { return entry.get() == &started; });
    done(std::move(drive));
    continue_stop();
  });
}

void Engine::drive_probe(Params& params, Answer answer) {
  const std::string path = params.text("path");
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  const auto report = [](const Drive& drive, const json& store) {
    return json{{"path", drive.path()},
                {"sizeBytes", drive.disk().size_bytes()},
                {"isBlockDevice", drive.disk().is_block_device()},
                {"store", store}};
  };
  if (const Drive* open = drive_at(path); open != nullptr) {
    return answer.succeed(report(*open, identity_json(open->identity())));
  }
  open_disk(path, true, [this, report, answer](Result<std::unique_ptr<Drive>> drive) {
    if (!drive.ok()) return answer.fail(drive.status());
    // std::function wants copies; the drive has one owner at a time all the same.
    auto owner = std::make_shared<std::unique_ptr<Drive>>(std::move(drive).value());
    Drive& probed = **owner;
    probed.probe([this, owner, report, answer](const Status& status) {
      const Drive& self = **owner;
      drives_in_transit_count_--;
      if (status.ok()) {
        answer.succeed(report(self, identity_json(self.identity())));
      } else if (status.kind() == ErrorKind::not_found) {
        answer.succeed(report(self, nullptr));
      } else {
        answer.fail(status);
      }
      bury(std::move(*owner));
    });
  });
}

void Engine::drive_format(Params& params, Answer answer) {
  const std::string path = params.text("path");
  const auto create_bytes = params.number_if_any("createBytes", 1, kDriveBytesMax);
  const auto class_name = params.text_if_any("driveClass");
  store::FormatOptions options;
  options.cluster = params.uuid("clusterId");
  options.node = params.uuid("nodeId");
  options.store = params.uuid_if_any("storeId").value_or(store::Uuid{});
  options.serial = params.text_if_any("serial").value_or("");
  options.force = params.flag("force");
  // A new file reads as zeroes, and is written all the same: the first write to space that was only
  // set aside costs the file system a commit of its own, which every journal write would wait for.
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  const auto drive_class = parse_drive_class(class_name.value_or("unknown"));
  if (!drive_class) {
    return answer.fail(Status(ErrorKind::invalid_argument, "no drive class " + *class_name));
  }
  if (create_bytes) {
    const Status status = io::create_drive_file(path, *create_bytes);
    if (!status.ok()) return answer.fail(status);
  }
  const bool created = create_bytes.has_value();
  const std::optional<store::DriveClass> wanted = class_name ? drive_class : std::nullopt;
  open_disk(
      path, false,
      [this, path, options, wanted, created, answer](Result<std::unique_ptr<Drive>> drive) mutable {
        if (!drive.ok()) {
          // The error that is answered is the first one; a file left behind is refused by name at
          // the next try.
          if (created) static_cast<void>(io::remove_drive_file(path));
          return answer.fail(drive.status());
        }
        const bool is_file = !drive.value()->disk().is_block_device();
        options.drive_class =
            wanted.value_or(is_file ? store::DriveClass::file : store::DriveClass::unknown);
        format(std::move(drive).value(), options, created, std::move(answer));
      });
}

void Engine::format(std::unique_ptr<Drive> drive, const store::FormatOptions& options, bool created,
                    Answer answer) {
  Drive& formatted = *drive;
  auto owner = std::make_shared<std::unique_ptr<Drive>>(std::move(drive));
  formatted.format(options, [this, owner, created, answer](const Status& status) {
    drives_in_transit_count_--;
    if (status.ok()) {
      answer.succeed(identity_json((*owner)->identity()));
    } else {
      if (created) static_cast<void>(io::remove_drive_file((*owner)->path()));
      answer.fail(status);
    }
    bury(std::move(*owner));
  });
}

void Engine::store_open(Params& params, Answer answer) {
  const std::string path = params.text("path");
  const auto store_id = params.uuid_if_any("storeId");
  const auto incarnation = params.id_if_any("incarnation");
  const auto number = params.number_if_any("number", 1, UINT32_MAX);
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  if (drive_at(path) != nullptr) {
    return answer.fail(Status(ErrorKind::already_exists, path + " is open"));
  }
  if (number && cluster_ == nullptr) {
    return answer.fail(Status(ErrorKind::invalid_argument, "a number, but no cluster to serve"));
  }
  store::StoreConfig config = options_.store_config;
  config.expected_store = store_id.value_or(store::Uuid{});
  config.expected_incarnation = incarnation.value_or(0);
  open_disk(path, false, [this, config, number, answer](Result<std::unique_ptr<Drive>> drive) {
    if (!drive.ok()) return answer.fail(drive.status());
    drive.value()->number = static_cast<uint32_t>(number.value_or(0));
    probe_and_serve(std::move(drive).value(), config, answer);
  });
}

void Engine::probe_and_serve(std::unique_ptr<Drive> drive, const store::StoreConfig& wanted,
                             Answer answer) {
  Drive& probed = *drive;
  auto owner = std::make_shared<std::unique_ptr<Drive>>(std::move(drive));
  // A copied drive carries the identity of one that may be open: look before anything is written.
  probed.probe([this, owner, config = wanted, answer](Status status) mutable {
    drives_in_transit_count_--;
    const store::Uuid found = (*owner)->identity().store;
    if (status.ok() && drives_.contains(found)) {
      status = Status(ErrorKind::already_exists, "store " + to_text(found) + " is open");
    }
    const uint32_t number = (*owner)->number;
    if (status.ok() && number != 0 && number_taken(number)) {
      status =
          Status(ErrorKind::already_exists, "store number " + std::to_string(number) + " is open");
    }
    if (!status.ok()) {
      answer.fail(status);
      return bury(std::move(*owner));
    }
    // From here on it is in the table, where a second opening finds it.
    config.expected_store = config.expected_store == store::Uuid{} ? found : config.expected_store;
    serve(std::move(*owner), config, std::move(answer));
  });
}

void Engine::serve(std::unique_ptr<Drive> drive, const store::StoreConfig& config, Answer answer) {
  const store::Uuid store_id = drive->identity().store;
  Drive& served = *drive;
  drives_.emplace(store_id, std::move(drive));
  const auto on_failure = [this, store_id](const Status& failure) {
    const uint32_t number = drives_.at(store_id)->number;
    if (number != 0) cluster_->fail_store(number);
    emit("store.failed", "storeId", to_text(store_id), failure);
  };
  served.serve(config, on_failure, [this, store_id, answer](const Status& status) {
    const auto found = drives_.find(store_id);
    CAIRN_ASSERT(found != drives_.end());
    if (status.ok()) {
      Drive& open = *found->second;
      if (open.number != 0) cluster_->add_store(open.number, open.store());
      answer.succeed(store_json(open));
    } else {
      answer.fail(status);
      bury(std::move(found->second));
      drives_.erase(found);
    }
    continue_stop();
  });
}

void Engine::close_drive(Drive& drive, DoneFunction done) {
  CAIRN_ASSERT(!drive.busy());
  drive.leaving = true;
  const store::Uuid store_id = drive.identity().store;
  const auto close = [this, &drive, store_id, done = std::move(done)] {
    drive.leaving = false;
    drive.close([this, store_id, done](const Status& status) {
      done(status);
      const auto found = drives_.find(store_id);
      CAIRN_ASSERT(found != drives_.end());
      bury(std::move(found->second));
      drives_.erase(found);
    });
  };
  drive.number == 0 ? close() : cluster_->remove_store(drive.number, close);
}

void Engine::store_close(Params& params, Answer answer) {
  const store::Uuid store_id = params.uuid("storeId");
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  const auto drive = usable_drive(store_id);
  if (!drive.ok()) return answer.fail(drive.status());
  const bool in_use = volumes_on(store_id) > 0 || drive.value()->drops_count > 0 ||
                      is_last_copy(drive.value()->number);
  if (in_use) {
    return answer.fail(
        Status(ErrorKind::busy, "store " + to_text(store_id) + " has volumes in use"));
  }
  close_drive(*drive.value(), [answer](const Status& status) { answer.finish(status); });
}

bool Engine::number_taken(uint32_t number) const {
  return std::ranges::any_of(drives_,
                             [&](const auto& entry) { return entry.second->number == number; });
}

void Engine::store_list(Params& params, Answer answer) {
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  json items = json::array();
  for (const auto& [store_id, drive] : drives_) {
    if (!drive->busy()) items.push_back(store_json(*drive));
  }
  answer.succeed({{"items", items}});
}

void Engine::store_stats(Params& params, Answer answer) {
  const store::Uuid store_id = params.uuid("storeId");
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  const auto drive = usable_drive(store_id);
  if (!drive.ok()) return answer.fail(drive.status());
  json result = store_json(*drive.value());
  result["counters"] = store_counters_json(drive.value()->store().stats());
  const uint32_t number = drive.value()->number;
  const auto* replica = number == 0 ? nullptr : cluster_->node().find_replica(number);
  result["replica"] = replica == nullptr ? json(nullptr) : replica_json(*replica);
  result["strayVolumeIds"] = number == 0 ? json::array() : stray_volumes(*drive.value());
  answer.succeed(result);
}

/// What the store has of volumes that the facts neither name nor call dead: they are older than it.
json Engine::stray_volumes(Drive& drive) const {
  std::vector<uint64_t> strays = drive.store().volumes();
  const replication::Facts& facts = cluster_->facts();
  std::erase_if(strays, [&](uint64_t volume) {
    return facts.volume(volume) != nullptr || facts.is_dead(volume);
  });
  std::ranges::sort(strays);
  json ids = json::array();
  for (const uint64_t volume : strays) ids.push_back(std::to_string(volume));
  return ids;
}

}  // namespace cairn::engine
