// cairn-engine-host: the engine without Node.js. Serves volumes of drive files for benchmarks and
// kill tests, and takes the engine's commands as lines of JSON.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine_thread.h"
#include "engine/memory_coordinator.h"
#include "replication/facts.h"

namespace {

using nlohmann::json;
namespace replication = cairn::replication;

constexpr std::string_view kUsage =
    R"(cairn-engine-host: serve one volume of a drive over NBD, without the daemon

  cairn-engine-host --drive PATH [--format [--create BYTES] [--force]] [--volume ID --size BYTES --socket PATH] [options]

  --drive PATH      block device or plain file that carries (or gets) the store
  --format          write an empty store first
  --create BYTES    make the drive file first, with all its space (implies --format)
  --force           format although there is a store
  --volume ID       volume to serve: a number above 0
  --size BYTES      its size, a multiple of 4096
  --socket PATH     where its NBD server listens
  --epoch N         volume epoch, 1 to 16777215; must grow with every attachment (default 1)
  --direct          serve it from the store itself, without replication, for comparisons
  --read-only       serve it read-only
  --commands        take engine commands from standard input, one JSON object a line, and answer on standard output;
                    the end of the input stops the engine; its events come on standard output too, and an "id" in a
                    command comes back in its answer
  --help            this text

Without --commands the host is a cluster of one node, one store and one copy, whose facts are in its memory; no volume
of the drive but the named one is ever dropped or touched.

Prints one line of JSON when it serves. SIGTERM and SIGINT stop it clean; SIGKILL is what kill tests use.
Exit code: 0 after a clean stop, 1 after an error, 2 for a wrong command line.
)";

constexpr const char* kNoCluster = "00000000-0000-0000-0000-000000000000";

struct HostOptions {
  json drive;
  json format;
  json volume;
  bool wants_format = false;
  bool wants_volume = false;
  bool direct = false;
  bool commands = false;
};

[[noreturn]] void usage_error(const std::string& what) {
  std::fprintf(stderr, "cairn-engine-host: %s (see --help)\n", what.c_str());
  std::exit(2);
}

uint64_t parse_number(const char* option, const std::string& text) {
  char* end = nullptr;
  errno = 0;
  const unsigned long long value = std::strtoull(text.c_str(), &end, 10);
  if (text.empty() || text[0] == '-' || *end != '\0' || errno != 0) {
    usage_error(std::string(option) + " wants a number");
  }
  return value;
}

HostOptions parse_arguments(int count, char** values) {
  HostOptions options;
  options.format = {{"clusterId", kNoCluster}, {"nodeId", kNoCluster}};
  options.volume = {{"volumeEpoch", 1}};
  for (int i = 1; i < count; i++) {
    const std::string name = values[i];
    const auto value = [&] {
      if (i + 1 >= count) usage_error(name + " wants a value");
      return std::string(values[++i]);
    };
    if (name == "--help") {
      std::cout << kUsage;
      std::exit(0);
    } else if (name == "--drive") {
      options.drive["path"] = options.format["path"] = value();
    } else if (name == "--format") {
      options.wants_format = true;
    } else if (name == "--create") {
      options.wants_format = true;
      options.format["createBytes"] = parse_number("--create", value());
    } else if (name == "--force") {
      options.format["force"] = true;
    } else if (name == "--volume") {
      options.wants_volume = true;
      const std::string id = value();
      options.volume["volumeId"] = id;
      options.volume["exportName"] = "volume-" + id;
    } else if (name == "--size") {
      options.volume["sizeBytes"] = parse_number("--size", value());
    } else if (name == "--socket") {
      options.volume["socketPath"] = value();
    } else if (name == "--epoch") {
      options.volume["volumeEpoch"] = parse_number("--epoch", value());
    } else if (name == "--read-only") {
      options.volume["readOnly"] = true;
    } else if (name == "--direct") {
      options.direct = true;
    } else if (name == "--commands") {
      options.commands = true;
    } else {
      usage_error("no option " + name);
    }
  }
  if (options.commands && options.wants_volume && !options.direct) {
    usage_error("--commands with --volume needs --direct: whoever gives commands has the facts");
  }
  if (options.drive.is_null() && (options.wants_format || options.wants_volume)) {
    usage_error("--drive is missing");
  }
  return options;
}

/// Runs one command and waits for it.
json call(cairn::engine::EngineThread& engine, const char* method, const json& params) {
  std::promise<std::string> answer;
  engine.call(json{{"method", method}, {"params", params}}.dump(),
              [&](std::string line) { answer.set_value(std::move(line)); });
  return json::parse(answer.get_future().get());
}

/// The number that the coordinator gives the only engine.
constexpr uint64_t kAlone = 1;
constexpr uint32_t kNode = 1;
constexpr uint32_t kPool = 1;
constexpr uint32_t kStore = 1;
/// Enough for chunks to be spread as in a pool of one store.
constexpr uint32_t kPgsCount = 64;

/// The facts of a node by itself, with the volume as the last host left it: one epoch before ours.
replication::Transaction facts_of(const HostOptions& options, const json& identity) {
  replication::Transaction facts;
  const auto put = [&](std::string key, std::string value) {
    facts.puts.push_back({std::move(key), std::move(value)});
  };
  put(replication::store_key(kStore),
      replication::encode_store(
          {.node = kNode, .incarnation = std::stoull(identity["incarnation"].get<std::string>())}));
  const replication::PgRecord group{
      .epoch = 1,
      .members = {{.store = kStore, .state = replication::MemberState::in_sync, .since = 1}}};
  const uint64_t volume = std::stoull(options.volume["volumeId"].get<std::string>());
  put(replication::pg_shard_key(replication::make_pg(kPool, 0)),
      replication::encode_pg_shard(std::vector<replication::PgRecord>(kPgsCount, group)));
  put(replication::pool_key(kPool),
      replication::encode_pool({.pgs_count = kPgsCount, .replicas = 1}));
  put(replication::volume_key(volume),
      replication::encode_volume({.epoch = options.volume["volumeEpoch"].get<uint32_t>() - 1,
                                  .pool = kPool,
                                  .size_bytes = options.volume["sizeBytes"].get<uint64_t>(),
                                  .root = volume}));
  return facts;
}

/// The engine becomes a cluster of one, and serves the volume.
json serve_alone(cairn::engine::EngineThread& engine, cairn::engine::MemoryCoordinator& coordinator,
                 HostOptions& options) {
  json answer = call(engine, "cluster.start", {{"nodeNumber", kNode}, {"clusterId", kNoCluster}});
  if (!answer["ok"].get<bool>()) return answer;
  coordinator.join(
      [&engine](const std::string& command) { engine.call(command, [](const std::string&) {}); });
  answer = call(engine, "drive.probe", options.drive);
  if (!answer["ok"].get<bool>()) return answer;
  const json identity = answer["result"]["store"];
  if (!identity.is_null()) static_cast<void>(coordinator.commit(facts_of(options, identity)));
  options.drive["number"] = kStore;
  answer = call(engine, "store.open", options.drive);
  if (!answer["ok"].get<bool>()) return answer;
  options.volume.erase("sizeBytes");
  options.volume.erase("volumeEpoch");
  return call(engine, "volume.attach", options.volume);
}

/// Formats, opens and attaches what the command line names. Gives the last answer, or the first
/// that failed.
json set_up(cairn::engine::EngineThread& engine, cairn::engine::MemoryCoordinator& coordinator,
            HostOptions& options) {
  json answer = {{"ok", true}, {"result", json::object()}};
  if (options.wants_format) {
    answer = call(engine, "drive.format", options.format);
    if (!answer["ok"].get<bool>()) return answer;
  }
  if (options.drive.is_null()) return answer;
  if (options.wants_volume && !options.direct) return serve_alone(engine, coordinator, options);
  answer = call(engine, "store.open", options.drive);
  if (!answer["ok"].get<bool>() || !options.wants_volume) return answer;
  options.volume["storeId"] = answer["result"]["storeId"];
  return call(engine, "volume.attach", options.volume);
}

void print_line(const std::string& line) {
  // One write a line: answers come from the engine's thread, the first line from this one.
  std::fprintf(stdout, "%s\n", line.c_str());
  std::fflush(stdout);
}

void serve_commands(cairn::engine::EngineThread& engine) {
  for (std::string line; std::getline(std::cin, line);) {
    if (line.empty()) continue;
    // Answers come in any order; one to a command with an "id" carries it.
    const json command = json::parse(line, nullptr, false);
    const json id = command.is_object() ? command.value("id", json(nullptr)) : json(nullptr);
    engine.call(line, [id](const std::string& answer) {
      print_line(id.is_null() ? answer : R"({"id":)" + id.dump() + "," + answer.substr(1));
    });
  }
}

}  // namespace

int main(int count, char** values) {
  HostOptions options = parse_arguments(count, values);
  // Blocked before any thread starts, so that only the wait below takes them.
  sigset_t signals;
  sigemptyset(&signals);
  if (!options.commands) {
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
  }
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  // Before the engine, whose thread uses it to the end: it asks nothing before its store is open,
  // by when this thread has told the coordinator everything.
  cairn::engine::MemoryCoordinator coordinator;
  const bool alone = options.wants_volume && !options.direct && !options.commands;
  auto engine = cairn::engine::EngineThread::start({}, [&](const std::string& event) {
    if (!alone || !coordinator.take_event(kAlone, event)) print_line(event);
  });
  if (!engine.ok()) {
    std::fprintf(stderr, "cairn-engine-host: %s\n", engine.status().message().c_str());
    return 1;
  }
  const json answer = set_up(*engine.value(), coordinator, options);
  print_line(answer.dump());
  bool failed = !answer["ok"].get<bool>();
  if (!failed) {
    if (options.commands) {
      serve_commands(*engine.value());
    } else {
      sigdelset(&signals, SIGPIPE);
      int signal = 0;
      sigwait(&signals, &signal);
    }
  }
  const json stop = call(*engine.value(), "engine.stop", json::object());
  // A command may have stopped the engine already.
  const bool was_stopped = !stop["ok"].get<bool>() && stop["error"]["kind"] == "cancelled";
  if (!stop["ok"].get<bool>() && !was_stopped) {
    std::fprintf(stderr, "cairn-engine-host: %s\n", stop["error"].dump().c_str());
    failed = true;
  }
  return failed ? 1 : 0;
}
