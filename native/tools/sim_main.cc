// cairn-sim: lives of simulated clusters, by seed. Exit code 0 only if everything held.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "sim/cluster.h"

namespace {

using cairn::sim::ClusterFault;
using cairn::sim::ClusterReport;
using cairn::sim::kClusterFaults;

constexpr std::string_view kHelp = R"(Usage: cairn-sim [options]
Lives of simulated clusters: the real replication and stores on virtual nodes, with crashes, power
cuts, pauses, partitions, outages, failing drives, zombies. Every byte read is checked; at the end
all copies must be in sync and equal.

  --seeds N     lives (default 100); life i has seed S+i
  --from S      the first seed (default 1)
  --seed S      this one life only, told step by step on stderr
  --faults A,B  only these kinds (see the report for their names)
  --jobs J      threads, each with its own lives (default: one per processor)
  --json        one JSON object instead of text
  --help        this text

One seed replays one life: cairn-sim --seed S
Exit code: 0 everything held, 1 a violation, 2 wrong usage.
)";

struct Arguments {
  uint64_t seeds = 100;
  uint64_t from = 1;
  uint32_t jobs = std::max(1u, std::thread::hardware_concurrency());
  uint32_t faults = ~uint32_t{0};
  bool trace = false;
  bool json = false;
};

/// The seed under way, so that a failed assertion names the life that met it.
thread_local volatile uint64_t g_seed = 0;

extern "C" void name_seed(int signal) {
  std::fprintf(stderr, "cairn-sim: stopped in seed %llu\n",
               static_cast<unsigned long long>(g_seed));
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

template <typename Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse_faults(std::string_view text, uint32_t& faults) {
  faults = 0;
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), name.size() + 1));
    bool known = false;
    for (uint32_t kind = 0; kind < kClusterFaults; ++kind) {
      if (to_string(static_cast<ClusterFault>(kind)) != name) continue;
      faults |= 1u << kind;
      known = true;
    }
    if (!known && name != "none") return false;
  }
  return true;
}

bool parse_value(std::string_view word, std::string_view value, Arguments& arguments) {
  if (word == "--seeds") return parse_number(value, arguments.seeds);
  if (word == "--from") return parse_number(value, arguments.from);
  if (word == "--jobs") return parse_number(value, arguments.jobs);
  if (word == "--faults") return parse_faults(value, arguments.faults);
  if (word != "--seed") return false;
  arguments.seeds = 1;
  arguments.trace = true;
  return parse_number(value, arguments.from);
}

/// Nothing if the command line makes no sense.
std::optional<Arguments> parse(const std::vector<std::string_view>& words) {
  Arguments arguments;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--json") {
      arguments.json = true;
      continue;
    }
    if (i + 1 == words.size() || !parse_value(words[i], words[i + 1], arguments)) {
      return std::nullopt;
    }
    ++i;
  }
  if (arguments.seeds == 0 || arguments.jobs == 0 || arguments.jobs > 256) return std::nullopt;
  return arguments;
}

nlohmann::json to_json(const ClusterReport& report) {
  nlohmann::json faults;
  for (uint32_t kind = 0; kind < kClusterFaults; ++kind) {
    faults[std::string(to_string(static_cast<ClusterFault>(kind)))] = report.faults[kind];
  }
  nlohmann::json out = {{"ok", report.ok()},
                        {"lives", report.lives},
                        {"faults", faults},
                        {"opens", report.opens},
                        {"opensFailed", report.opens_failed},
                        {"chunksDecided", report.decided},
                        {"writesAcknowledged", report.writes_acknowledged},
                        {"reads", report.reads},
                        {"sectorsChecked", report.sectors_checked},
                        {"changesInDoubt", report.changes_in_doubt},
                        {"acknowledgedLate", report.acknowledged_late},
                        {"zombieRequests", report.zombie_requests},
                        {"evictions", report.evictions},
                        {"groupsJoined", report.groups_joined},
                        {"chunksCopied", report.chunks_copied},
                        {"messages", report.messages},
                        {"steps", report.steps},
                        {"simulatedSeconds", static_cast<double>(report.virtual_ns) / 1e9},
                        {"lostWrites", report.lost_writes},
                        {"wrongReads", report.wrong_reads},
                        {"zombieWrites", report.zombie_writes},
                        {"failures", report.failures}};
  if (!report.first_problem.empty()) out["firstProblem"] = report.first_problem;
  return out;
}

void print(const ClusterReport& report, bool json) {
  if (json) return fmt::print("{}\n", to_json(report).dump());
  fmt::print(
      "{} lives, {:.0f} simulated seconds, {} messages, {} acknowledged writes, {} sectors "
      "checked: "
      "{} writes lost, {} wrong reads, {} zombie writes, {} failures\n",
      report.lives, static_cast<double>(report.virtual_ns) / 1e9, report.messages,
      report.writes_acknowledged, report.sectors_checked, report.lost_writes, report.wrong_reads,
      report.zombie_writes, report.failures);
  fmt::print("faults:");
  for (uint32_t kind = 0; kind < kClusterFaults; ++kind) {
    fmt::print(" {} {}", to_string(static_cast<ClusterFault>(kind)), report.faults[kind]);
  }
  fmt::print(
      "\nopens {} (failed {}), chunks decided {}, evictions {}, groups joined {}, chunks copied "
      "{}, "
      "changes in doubt {}, acknowledged late {}, zombie requests {}\n",
      report.opens, report.opens_failed, report.decided, report.evictions, report.groups_joined,
      report.chunks_copied, report.changes_in_doubt, report.acknowledged_late,
      report.zombie_requests);
  if (!report.first_problem.empty()) fmt::print("first problem: {}\n", report.first_problem);
}

/// Shares the lives among threads. What is found does not depend on their number.
ClusterReport live(const Arguments& arguments) {
  std::atomic<uint64_t> next = 0;
  std::mutex mutex;
  ClusterReport total;
  auto told_at = std::chrono::steady_clock::now();
  const auto work = [&] {
    for (uint64_t life = next++; life < arguments.seeds; life = next++) {
      cairn::sim::ClusterOptions options;
      options.seed = arguments.from + life;
      options.faults = arguments.faults;
      options.trace = arguments.trace;
      g_seed = options.seed;
      const ClusterReport report = cairn::sim::run_cluster(options);
      const std::lock_guard lock(mutex);
      total.add(report);
      if (!report.ok()) fmt::print(stderr, "{}\n", report.first_problem);
      const auto now = std::chrono::steady_clock::now();
      if (now - told_at < std::chrono::seconds(1)) continue;
      told_at = now;
      fmt::print(stderr, "{} of {} lives\n", total.lives, arguments.seeds);
    }
  };
  std::vector<std::jthread> threads;
  for (uint32_t i = 1; i < arguments.jobs; ++i) threads.emplace_back(work);
  work();
  threads.clear();
  return total;
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string_view> words(values + 1, values + count);
  if (std::find(words.begin(), words.end(), "--help") != words.end()) {
    fmt::print("{}", kHelp);
    return 0;
  }
  const std::optional<Arguments> arguments = parse(words);
  if (!arguments) {
    fmt::print(stderr, "{}", kHelp);
    return 2;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) std::signal(signal, name_seed);
  const ClusterReport total = live(*arguments);
  print(total, arguments->json);
  return total.ok() ? 0 : 1;
}
