// cairn-model: runs cases of the replication model and prints one line of JSON for each.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "sim/model/cases.h"

namespace {

using namespace cairn::sim::model;

constexpr std::string_view kHelp = R"(Usage: cairn-model [options]
Explores the model of the replication protocol; prints one line of JSON per case.

  --list            the cases, without running them
  --quick           only the cases that take seconds
  --case NAME       only this case (may be repeated)
  --writers N, --writes N, --chunks N, --evictions N, --joins N, --restarts N
                    larger bounds (writers to 3, writes to 2, chunks to 2); a case never gets
                    smaller bounds than its own
  --states-max N    give up at this many states (default 100000000, about 5 GB)
  --help            this text

Exit code: 0 everything is as expected, 1 it is not, 2 wrong usage.
)";

struct Arguments {
  bool list = false;
  bool quick = false;
  std::vector<std::string> cases;
  Bounds bounds{0, 0, 0, 0, 0, 0};
  int states_max = 100'000'000;
};

/// The numeric option `name` and its greatest value; nullptr when there is none of that name.
struct Number {
  int* value = nullptr;
  int max = 0;
};

Number number_option(Arguments& arguments, std::string_view name) {
  Bounds& bounds = arguments.bounds;
  if (name == "--writers") return {&bounds.writers, kWriters};
  if (name == "--writes") return {&bounds.writes, kWritesPerWriter};
  if (name == "--chunks") return {&bounds.chunks, kChunks};
  if (name == "--evictions") return {&bounds.evictions, 4};
  if (name == "--joins") return {&bounds.joins, 2};
  if (name == "--restarts") return {&bounds.restarts, 2};
  if (name == "--states-max") return {&arguments.states_max, 1'000'000'000};
  return {};
}

bool parse_number(std::string_view text, const Number& number) {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, *number.value);
  return error == std::errc{} && rest == end && *number.value >= 0 && *number.value <= number.max;
}

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int index = 1; index < argc; ++index) {
    const std::string_view name = argv[index];
    if (name == "--list" || name == "--quick") {
      (name == "--list" ? arguments.list : arguments.quick) = true;
      continue;
    }
    if (index + 1 == argc) return std::nullopt;
    const std::string_view value = argv[++index];
    if (name == "--case") {
      arguments.cases.emplace_back(value);
      continue;
    }
    const Number number = number_option(arguments, name);
    if (number.value == nullptr || !parse_number(value, number)) return std::nullopt;
  }
  return arguments;
}

nlohmann::ordered_json describe_case(const Case& one, const Rules& rules) {
  const Bounds& bounds = rules.bounds;
  nlohmann::ordered_json line;
  line["name"] = one.name;
  line["group"] = name_of(one.group);
  line["about"] = one.about;
  line["bounds"] = {{"writers", bounds.writers}, {"writes", bounds.writes},
                    {"chunks", bounds.chunks},   {"evictions", bounds.evictions},
                    {"joins", bounds.joins},     {"restarts", bounds.restarts}};
  line["expected"] = name_of(one.expected);
  if (!one.because.empty()) line["because"] = one.because;
  return line;
}

/// Runs one case; returns whether it came out as expected.
bool run(const Case& one, const Rules& rules, uint64_t states_max) {
  const std::clock_t started = std::clock();
  const Exploration found = explore(rules, states_max);
  // Of the processor, so that a busy machine shows the same.
  const double seconds = static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC;
  const bool ok = found.outcome == one.expected;
  nlohmann::ordered_json line = describe_case(one, rules);
  line["outcome"] = name_of(found.outcome);
  line["ok"] = ok;
  line["states"] = found.states;
  line["depth"] = found.depth;
  line["seconds"] = seconds;
  if (!found.violation.empty()) line["violation"] = found.violation;
  for (const Action action : found.trace) line["trace"].push_back(describe(action));
  fmt::print("{}\n", line.dump());
  std::fflush(stdout);
  return ok;
}

bool is_selected(const Arguments& arguments, const Case& one) {
  if (arguments.quick && !one.quick) return false;
  if (arguments.cases.empty()) return true;
  for (const std::string& name : arguments.cases) {
    if (name == one.name) return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    fmt::print("{}", kHelp);
    return 0;
  }
  const std::optional<Arguments> arguments = parse(argc, argv);
  if (!arguments) {
    fmt::print(stderr, "cairn-model: wrong usage; try --help\n");
    return 2;
  }
  bool ok = true;
  int selected = 0;
  for (const Case& one : all_cases()) {
    if (!is_selected(*arguments, one)) continue;
    ++selected;
    const Rules rules = at_least(one.rules, arguments->bounds);
    if (arguments->list) {
      fmt::print("{}\n", describe_case(one, rules).dump());
    } else if (!run(one, rules, static_cast<uint64_t>(arguments->states_max))) {
      ok = false;
    }
  }
  if (selected == 0) {
    fmt::print(stderr, "cairn-model: no such case\n");
    return 2;
  }
  return ok ? 0 : 1;
}
