// cairn-powercuts: simulated power cuts of a store, by seed. Exit code 0 only if nothing was lost.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "sim/corruption_sweep.h"
#include "sim/power_cuts.h"

namespace {

constexpr std::string_view kHelp = R"(Usage: cairn-powercuts [options]
Lives of a store on a simulated drive, each ended by a power cut; every byte is checked after each.

  --count N            power cuts in all (default 10000)
  --seed S             seed of the first drive (default 1); drive i has seed S+i
  --cuts-per-drive K   cuts before a drive is formatted anew (default 20)
  --jobs J            threads, each with its own drives (default: one per processor)
  --no-rebases         only virtual disks; no volume that is changed as a replica is
  --lying-flush        the drive forgets flushed data: losses must be found (a test of the test)
  --corrupt            instead: spoil every sector of populated stores, one by one; wrong bytes
                       must never be read (--count: stores; half of them stopped cleanly)
  --json               one JSON object instead of text
  --help               this text

One seed replays one drive: cairn-powercuts --seed S --count K --cuts-per-drive K
Exit code: 0 nothing lost, 1 losses or failures, 2 wrong usage.
)";

struct Arguments {
  uint64_t count = 10'000;
  uint64_t seed = 1;
  uint32_t cuts_per_drive = 20;
  uint32_t jobs = std::max(1u, std::thread::hardware_concurrency());
  bool lying_flush = false;
  bool rebases = true;
  bool corrupt = false;
  bool json = false;
};

/// The seed under way, so that a failed assertion names the life that met it.
thread_local volatile uint64_t g_seed = 0;

extern "C" void name_seed(int) {
  std::fprintf(stderr, "cairn-powercuts: stopped by an assertion in seed %llu\n",
               static_cast<unsigned long long>(g_seed));
  std::signal(SIGABRT, SIG_DFL);
}

template <typename Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

/// Nothing if the command line makes no sense.
std::optional<Arguments> parse(const std::vector<std::string_view>& words) {
  Arguments arguments;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--json") {
      arguments.json = true;
    } else if (word == "--corrupt") {
      arguments.corrupt = true;
    } else if (word == "--lying-flush") {
      arguments.lying_flush = true;
    } else if (word == "--no-rebases") {
      arguments.rebases = false;
    } else if (i + 1 == words.size()) {
      return std::nullopt;
    } else if (word == "--count") {
      if (!parse_number(words[++i], arguments.count)) return std::nullopt;
    } else if (word == "--seed") {
      if (!parse_number(words[++i], arguments.seed)) return std::nullopt;
    } else if (word == "--jobs") {
      if (!parse_number(words[++i], arguments.jobs)) return std::nullopt;
    } else if (word == "--cuts-per-drive") {
      if (!parse_number(words[++i], arguments.cuts_per_drive)) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  if (arguments.count == 0 || arguments.cuts_per_drive == 0 || arguments.jobs == 0 ||
      arguments.jobs > 256) {
    return std::nullopt;
  }
  return arguments;
}

void print(const cairn::sim::PowerCutReport& report, bool json) {
  if (json) {
    nlohmann::json out = {{"ok", report.ok()},
                          {"powerCuts", report.cuts},
                          {"recoveries", report.recoveries},
                          {"checkpointsSpoiled", report.checkpoints_spoiled},
                          {"segmentsCleaned", report.segments_cleaned},
                          {"writesAcknowledged", report.writes_acknowledged},
                          {"rebasesAcknowledged", report.rebases_acknowledged},
                          {"sectorsChecked", report.sectors_checked},
                          {"lostWrites", report.lost_writes},
                          {"wrongReads", report.wrong_reads},
                          {"failures", report.failures},
                          {"simulatedSeconds", static_cast<double>(report.virtual_ns) / 1e9}};
    if (!report.first_problem.empty()) out["firstProblem"] = report.first_problem;
    fmt::print("{}\n", out.dump());
    return;
  }
  fmt::print(
      "{} power cuts, {} recoveries, {} acknowledged writes ({} rebases), {} sectors checked, "
      "{:.0f} simulated seconds: {} writes lost, {} wrong reads, {} failures\n",
      report.cuts, report.recoveries, report.writes_acknowledged, report.rebases_acknowledged,
      report.sectors_checked, static_cast<double>(report.virtual_ns) / 1e9, report.lost_writes,
      report.wrong_reads, report.failures);
  if (!report.first_problem.empty()) fmt::print("first problem: {}\n", report.first_problem);
}

/// Sweeps `count` stores; both units of corruption in turn. Returns the exit code.
int sweep(const Arguments& arguments) {
  cairn::sim::CorruptionSweepReport total;
  for (uint64_t i = 0; i < arguments.count; ++i) {
    cairn::sim::CorruptionSweepOptions options;
    options.seed = arguments.seed + i / 4;
    options.clean = i % 2 == 1;
    options.sector_bytes = i / 2 % 2 == 0 ? 4096 : 512;
    options.volatile_cache = i / 4 % 2 == 0;
    g_seed = options.seed;
    const cairn::sim::CorruptionSweepReport report = cairn::sim::run_corruption_sweep(options);
    total.sectors_spoiled += report.sectors_spoiled;
    total.opens_refused += report.opens_refused;
    total.reads_refused += report.reads_refused;
    total.unharmed += report.unharmed;
    total.last_group_losses += report.last_group_losses;
    total.wrong += report.wrong;
    if (total.first_problem.empty()) total.first_problem = report.first_problem;
  }
  if (arguments.json) {
    nlohmann::json out = {{"ok", total.ok()},
                          {"sectorsSpoiled", total.sectors_spoiled},
                          {"opensRefused", total.opens_refused},
                          {"readsRefused", total.reads_refused},
                          {"unharmed", total.unharmed},
                          {"lastGroupLosses", total.last_group_losses},
                          {"wrongReads", total.wrong}};
    if (!total.first_problem.empty()) out["firstProblem"] = total.first_problem;
    fmt::print("{}\n", out.dump());
  } else {
    fmt::print(
        "{} sectors spoiled: {} stores refused to open, {} reads refused, {} unharmed, {} losses "
        "in the last journal group (known limit), {} wrong reads\n",
        total.sectors_spoiled, total.opens_refused, total.reads_refused, total.unharmed,
        total.last_group_losses, total.wrong);
    if (!total.first_problem.empty()) fmt::print("first problem: {}\n", total.first_problem);
  }
  return total.ok() ? 0 : 1;
}

/// Shares the drives among threads. What is found does not depend on their number.
cairn::sim::PowerCutReport live(const Arguments& arguments) {
  const uint64_t drives =
      (arguments.count + arguments.cuts_per_drive - 1) / arguments.cuts_per_drive;
  std::atomic<uint64_t> next_drive = 0;
  std::mutex mutex;
  cairn::sim::PowerCutReport total;
  auto told_at = std::chrono::steady_clock::now();
  const auto work = [&] {
    for (uint64_t drive = next_drive++; drive < drives; drive = next_drive++) {
      cairn::sim::PowerCutOptions options;
      options.seed = arguments.seed + drive;
      options.cuts = arguments.cuts_per_drive;
      options.lying_flush = arguments.lying_flush;
      options.rebases = arguments.rebases;
      g_seed = options.seed;
      const cairn::sim::PowerCutReport report = cairn::sim::run_power_cuts(options);
      const std::lock_guard lock(mutex);
      total.add(report);
      const auto now = std::chrono::steady_clock::now();
      if (now - told_at < std::chrono::seconds(1)) continue;
      told_at = now;
      fmt::print(stderr, "{} of {} power cuts\n", total.cuts, arguments.count);
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
  for (const std::string_view word : words) {
    if (word != "--help") continue;
    fmt::print("{}", kHelp);
    return 0;
  }
  const std::optional<Arguments> arguments = parse(words);
  if (!arguments) {
    fmt::print(stderr, "{}", kHelp);
    return 2;
  }
  std::signal(SIGABRT, name_seed);
  if (arguments->corrupt) return sweep(*arguments);
  const cairn::sim::PowerCutReport total = live(*arguments);
  print(total, arguments->json);
  return total.ok() ? 0 : 1;
}
