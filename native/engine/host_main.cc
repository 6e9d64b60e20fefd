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

namespace {

using nlohmann::json;

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
  --read-only       serve it read-only
  --commands        take engine commands from standard input, one JSON object a line, and answer on standard output;
                    the end of the input stops the engine
  --help            this text

Prints one line of JSON when it serves. SIGTERM and SIGINT stop it clean; SIGKILL is what kill tests use.
Exit code: 0 after a clean stop, 1 after an error, 2 for a wrong command line.
)";

struct HostOptions {
  json drive;
  json format;
  json volume;
  bool wants_format = false;
  bool wants_volume = false;
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
  options.format = {{"clusterId", "00000000-0000-0000-0000-000000000000"},
                    {"nodeId", "00000000-0000-0000-0000-000000000000"}};
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
    } else if (name == "--commands") {
      options.commands = true;
    } else {
      usage_error("no option " + name);
    }
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

/// Formats, opens and attaches what the command line names. Gives the last answer, or the first
/// that failed.
json set_up(cairn::engine::EngineThread& engine, HostOptions& options) {
  json answer = {{"ok", true}, {"result", json::object()}};
  if (options.wants_format) {
    answer = call(engine, "drive.format", options.format);
    if (!answer["ok"].get<bool>()) return answer;
  }
  if (options.drive.is_null()) return answer;
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
    if (!line.empty()) engine.call(line, print_line);
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

  auto engine = cairn::engine::EngineThread::start({}, print_line);
  if (!engine.ok()) {
    std::fprintf(stderr, "cairn-engine-host: %s\n", engine.status().message().c_str());
    return 1;
  }
  const json answer = set_up(*engine.value(), options);
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
