// cairn-store: formats, inspects and verifies a store offline, on a drive or a drive file that
// nothing else uses.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/drive_file.h"
#include "io/kernel_random.h"
#include "io/uring_disk.h"
#include "io/uring_reactor.h"
#include "store/store.h"
#include "store/store_impl.h"
#include "store/verify.h"

namespace {

using cairn::ErrorKind;
using cairn::Status;
namespace io = cairn::io;
namespace store = cairn::store;

constexpr std::string_view kHelp = R"(Usage: cairn-store COMMAND [options] DRIVE
Works on the store of one drive: a block device or a drive file. The drive must not be in use.

Commands:
  format DRIVE    writes an empty store; everything on the drive is lost
    --create SIZE     first makes a drive file of SIZE bytes (suffixes K, M, G, T)
    --journal SIZE    journal size (default: chosen from the drive's size)
    --force           also if the drive carries a store already
  inspect DRIVE   who the store is, its areas, journal, volumes and fill; changes nothing
  verify DRIVE    reads and checks everything; changes nothing

Options:
  --json          one JSON object instead of text
  --help          this text

Exit code: 0 done and whole; 1 damage found, or the command failed; 2 wrong usage;
           3 no store on the drive, or the drive is in use.
)";

struct Arguments {
  std::string command;
  std::string drive;
  uint64_t create_bytes = 0;
  uint64_t journal_bytes = 0;
  bool force = false;
  bool json = false;
};

bool parse_size(std::string_view text, uint64_t& bytes) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || bytes == 0) return false;
  const std::string_view suffix(end, static_cast<size_t>(text.data() + text.size() - end));
  if (suffix.empty()) return true;
  constexpr std::string_view kSuffixes = "KMGT";
  const size_t power = kSuffixes.find(suffix.front());
  if (suffix.size() != 1 || power == std::string_view::npos) return false;
  const uint64_t unit = uint64_t{1} << (10 * (power + 1));
  if (bytes > (uint64_t{1} << 62) / unit) return false;
  bytes *= unit;
  return true;
}

std::optional<Arguments> parse(const std::vector<std::string_view>& words) {
  Arguments a;
  std::vector<std::string_view> rest;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--json") {
      a.json = true;
    } else if (word == "--force") {
      a.force = true;
    } else if (word == "--create" || word == "--journal") {
      if (i + 1 == words.size()) return std::nullopt;
      uint64_t& target = word == "--create" ? a.create_bytes : a.journal_bytes;
      if (!parse_size(words[++i], target)) return std::nullopt;
    } else if (word.starts_with("-")) {
      return std::nullopt;
    } else {
      rest.push_back(word);
    }
  }
  if (rest.size() != 2) return std::nullopt;
  a.command = rest[0];
  a.drive = rest[1];
  const bool known = a.command == "format" || a.command == "inspect" || a.command == "verify";
  const bool format_only = a.force || a.create_bytes != 0 || a.journal_bytes != 0;
  if (!known || (format_only && a.command != "format")) return std::nullopt;
  return a;
}

int exit_code(const Status& status) {
  switch (status.kind()) {
    case ErrorKind::ok:
      return 0;
    case ErrorKind::not_found:
    case ErrorKind::busy:
      return 3;
    default:
      return 1;
  }
}

int complain(const Arguments& arguments, const Status& status) {
  if (arguments.json) {
    const nlohmann::json out = {
        {"ok", false},
        {"error", {{"kind", cairn::to_string(status.kind())}, {"message", status.context()}}}};
    fmt::print("{}\n", out.dump());
  } else {
    fmt::print(stderr, "cairn-store: {}: {}\n", arguments.drive, status.message());
  }
  return exit_code(status);
}

std::string uuid_text(const store::Uuid& uuid) {
  std::string text;
  for (size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text += fmt::format("{:02x}", uuid[i]);
  }
  return text;
}

/// Runs whole-store operations on a reactor of its own. One operation per session, because a
/// reactor runs once.
class Session final : private io::Task {
 public:
  Status open(const Arguments& arguments, bool read_only) {
    auto reactor = io::UringReactor::create({});
    if (!reactor.ok()) return reactor.status();
    reactor_ = std::move(reactor).value();
    auto disk = io::UringDisk::open(*reactor_, {.path = arguments.drive, .read_only = read_only});
    if (!disk.ok()) return disk.status();
    disk_ = std::move(disk).value();
    return {};
  }

  [[nodiscard]] store::Environment environment() { return {*reactor_, *disk_, random_}; }

  /// Runs the steps one after another until one fails.
  Status run(std::vector<void (*)(Session&, store::StoreOperation&)> steps) {
    steps_ = std::move(steps);
    operation_.context = this;
    operation_.on_done = [](store::StoreOperation& done) {
      static_cast<Session*>(done.context)->next();
    };
    reactor_->post(*this);
    reactor_->run();
    return std::move(operation_.status);
  }

 private:
  void run() override { next(); }
  void next() {
    if (!operation_.status.ok() || step_ == steps_.size()) return reactor_->stop();
    steps_[step_++](*this, operation_);
  }

  io::KernelRandom random_;
  std::unique_ptr<io::UringReactor> reactor_;
  std::unique_ptr<io::UringDisk> disk_;
  store::StoreOperation operation_;
  std::vector<void (*)(Session&, store::StoreOperation&)> steps_;
  size_t step_ = 0;

 public:
  // Last, so that they go first: they stand on all of the above.
  std::unique_ptr<store::Formatter> formatter;
  std::unique_ptr<store::Store> opened;
  std::unique_ptr<store::Verifier> verifier;
};

nlohmann::json identity_json(const store::StoreIdentity& identity) {
  return {{"store", uuid_text(identity.store)},
          {"cluster", uuid_text(identity.cluster)},
          {"node", uuid_text(identity.node)},
          {"incarnation", fmt::format("{:016x}", identity.incarnation)},
          {"sizeBytes", identity.size_bytes},
          {"clean", identity.clean}};
}

int format(const Arguments& arguments) {
  if (arguments.create_bytes != 0) {
    const Status made = io::create_drive_file(arguments.drive, arguments.create_bytes);
    if (!made.ok()) return complain(arguments, made);
  }
  Session session;
  if (const Status opened = session.open(arguments, false); !opened.ok()) {
    return complain(arguments, opened);
  }
  store::FormatOptions options;
  options.journal_bytes = arguments.journal_bytes;
  options.force = arguments.force;
  session.formatter = std::make_unique<store::Formatter>(session.environment(), options);
  const Status status =
      session.run({[](Session& s, store::StoreOperation& op) { s.formatter->start(op); }});
  if (!status.ok()) return complain(arguments, status);
  if (arguments.json) {
    const nlohmann::json out = {{"ok", true},
                                {"identity", identity_json(session.formatter->identity())}};
    fmt::print("{}\n", out.dump());
  } else {
    fmt::print("formatted {} as store {}\n", arguments.drive,
               uuid_text(session.formatter->identity().store));
  }
  return 0;
}

Status open_read_only(Session& session, const Arguments& arguments, bool verify) {
  CAIRN_RETURN_IF_ERROR(session.open(arguments, true));
  store::StoreConfig config;
  config.read_only = true;
  session.opened = std::make_unique<store::Store>(session.environment(), config);
  if (verify) {
    session.verifier = std::make_unique<store::Verifier>(session.environment(), *session.opened);
    return session.run({[](Session& s, store::StoreOperation& op) { s.opened->open(op); },
                        [](Session& s, store::StoreOperation& op) { s.verifier->start(op); }});
  }
  return session.run({[](Session& s, store::StoreOperation& op) { s.opened->open(op); }});
}

nlohmann::json inspection(store::Store& opened) {
  const auto& g = opened.internals().state.geometry;
  const store::StoreStats stats = opened.stats();
  const store::StoreCapacity capacity = opened.capacity();
  nlohmann::json volumes = nlohmann::json::array();
  for (const uint64_t id : opened.volumes()) {
    const store::VolumeUsage usage = opened.usage(id);
    volumes.push_back({{"volume", std::to_string(id)},
                       {"chunks", usage.chunks},
                       {"allocatedBytes", usage.allocated_bytes}});
  }
  const auto area = [](uint64_t offset, uint64_t bytes) {
    return nlohmann::json{{"offsetBytes", offset}, {"bytes", bytes}};
  };
  return {{"ok", true},
          {"identity", identity_json(opened.identity())},
          {"areas",
           {{"journal", area(g.journal_offset, g.journal_bytes)},
            {"metadata", area(g.metadata_offset, g.metadata_bytes)},
            {"checkpoints", area(g.checkpoint_offset, 2 * g.checkpoint_bytes)},
            {"pages", area(g.pages_offset, g.page_offset(g.pages_count) - g.pages_offset)}}},
          {"capacity",
           {{"totalBytes", capacity.total_bytes},
            {"allocatedBytes", capacity.allocated_bytes},
            {"freeBytes", capacity.free_bytes}}},
          {"journal",
           {{"usedBytes", stats.journal_used_bytes},
            {"dirtyBytes", stats.journal_dirty_bytes},
            {"replayedGroups", stats.recovered_groups},
            {"replayedRecords", stats.recovered_records},
            {"tornGroups", stats.truncated_groups},
            {"rottenGroups", stats.rotten_groups},
            {"lostSectors", stats.lost_sectors}}},
          {"metadata",
           {{"liveBytes", stats.metadata_live_bytes},
            {"capacityBytes", stats.metadata_capacity_bytes},
            {"chunks", stats.chunks}}},
          {"volumes", volumes}};
}

void print_inspection(const nlohmann::json& out) {
  const auto mib = [](const nlohmann::json& bytes) { return bytes.get<double>() / (1 << 20); };
  fmt::print("store {}  incarnation {}  {}\n", out["identity"]["store"].get<std::string>(),
             out["identity"]["incarnation"].get<std::string>(),
             out["identity"]["clean"].get<bool>() ? "stopped cleanly" : "in use or crashed");
  for (const auto& [name, area] : out["areas"].items()) {
    fmt::print("  {:<12} at {:>12} MiB  {:>10.1f} MiB\n", name,
               area["offsetBytes"].get<uint64_t>() >> 20, mib(area["bytes"]));
  }
  fmt::print("  allocated {:.1f} of {:.1f} MiB, {:.1f} MiB free\n",
             mib(out["capacity"]["allocatedBytes"]), mib(out["capacity"]["totalBytes"]),
             mib(out["capacity"]["freeBytes"]));
  const auto& journal = out["journal"];
  fmt::print("  journal: {} groups to replay, {} torn, {} rotten, {} sectors lost\n",
             journal["replayedGroups"].get<uint64_t>(), journal["tornGroups"].get<uint64_t>(),
             journal["rottenGroups"].get<uint64_t>(), journal["lostSectors"].get<uint64_t>());
  for (const auto& volume : out["volumes"]) {
    fmt::print("  volume {:<8} {:>8} chunks  {:>10.1f} MiB\n", volume["volume"].get<std::string>(),
               volume["chunks"].get<uint64_t>(), mib(volume["allocatedBytes"]));
  }
}

int inspect(const Arguments& arguments) {
  Session session;
  const Status status = open_read_only(session, arguments, false);
  if (!status.ok()) return complain(arguments, status);
  const nlohmann::json out = inspection(*session.opened);
  if (arguments.json) {
    fmt::print("{}\n", out.dump());
  } else {
    print_inspection(out);
  }
  return 0;
}

int verify(const Arguments& arguments) {
  Session session;
  const Status status = open_read_only(session, arguments, true);
  if (!status.ok()) return complain(arguments, status);
  const store::VerifyReport& r = session.verifier->report();
  if (arguments.json) {
    const nlohmann::json out = {{"ok", r.ok()},
                                {"volumes", r.volumes},
                                {"chunks", r.chunks},
                                {"pages", r.pages},
                                {"sectorsChecked", r.sectors_checked},
                                {"badRecords", r.bad_records},
                                {"badSectors", r.bad_sectors},
                                {"lostSectors", r.lost_sectors},
                                {"doubleOwnedPages", r.double_owned_pages},
                                {"unownedPages", r.unowned_pages},
                                {"unmarkedPages", r.unmarked_pages},
                                {"badSegments", r.bad_segments},
                                {"superblockCopiesGood", r.superblock_copies_good},
                                {"checkpointSlotsGood", r.checkpoint_slots_good},
                                {"journalGroups", r.journal_groups},
                                {"journalRottenGroups", r.journal_rotten_groups},
                                {"problems", r.problems}};
    fmt::print("{}\n", out.dump());
  } else {
    for (const std::string& problem : r.problems) fmt::print("{}\n", problem);
    fmt::print(
        "{}: {} volumes, {} chunks, {} pages, {} sectors checked; {} bad records, {} bad sectors, "
        "{} lost sectors, {} pages with two owners, {} without one; {} of 4 superblocks, {} of 2 "
        "checkpoints good\n",
        r.ok() ? "whole" : "DAMAGED", r.volumes, r.chunks, r.pages, r.sectors_checked,
        r.bad_records, r.bad_sectors, r.lost_sectors, r.double_owned_pages, r.unowned_pages,
        r.superblock_copies_good, r.checkpoint_slots_good);
  }
  return r.ok() ? 0 : 1;
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string_view> words(values + 1, values + count);
  for (const std::string_view word : words) {
    if (word != "--help" && word != "-h") continue;
    fmt::print("{}", kHelp);
    return 0;
  }
  const std::optional<Arguments> arguments = parse(words);
  if (!arguments) {
    fmt::print(stderr, "{}", kHelp);
    return 2;
  }
  if (arguments->command == "format") return format(*arguments);
  return arguments->command == "inspect" ? inspect(*arguments) : verify(*arguments);
}
