#include "sim/cluster_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <utility>

#include "base/assert.h"
#include "replication/fact_changes.h"

namespace cairn::sim {

namespace {

constexpr io::Nanoseconds kMillisecond = 1'000'000;
constexpr io::Nanoseconds kSecond = 1000 * kMillisecond;
constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint32_t kPool = 1;
constexpr uint32_t kNodesMin = 3;
constexpr uint32_t kNodesMax = 7;
constexpr uint32_t kVolumesMax = 3;

}  // namespace

ClusterRun::ClusterRun(const ClusterOptions& options)
    : options_(options),
      random_(options.seed),
      nodes_count_(static_cast<uint32_t>(
          kNodesMin + random_.below(random_.below(2) == 0 ? 1 : kNodesMax - kNodesMin + 1))),
      world_(random_, nodes_count_),
      coordinator_(world_, draw_coordinator()),
      network_(world_, draw_network()),
      ground_{world_,
              coordinator_,
              network_,
              [this](const std::string& problem) { fail(problem); },
              [this](const std::string& event) { trace(event); },
              options.trace},
      knobs_(draw_knobs(random_)) {
  guest_.queue_depth = static_cast<uint32_t>(1 + random_.below(16));
  guest_.pause_ns_max = kMillisecond * (5 + random_.below(40));
  draw_faults();
  if (!options_.trace) return;
  coordinator_.add_observer(*this);
  network_.set_trace([this](const std::string& event) { trace(event); });
}

ClusterRun::~ClusterRun() {
  for (const auto& machine : machines_) {
    if (machine->up()) crash(*machine, Machine::Crash::power);
  }
}

SimCoordinatorOptions ClusterRun::draw_coordinator() {
  SimCoordinatorOptions options;
  options.latency_ns_max = kMillisecond * (1 + random_.below(20));
  options.lag_ppm = random_.below(2) == 0 ? 0 : 100'000;
  options.lag_ns_max = kMillisecond * (20 + random_.below(900));
  options.answer_lost_ppm = random_.below(3) == 0 ? 50'000 : 0;
  return options;
}

SimNetworkOptions ClusterRun::draw_network() {
  SimNetworkOptions options;
  options.latency_ns_max = 1000 * (50 + random_.below(1000));
  options.slow_ppm = random_.below(2) == 0 ? 1'000 : 30'000;
  options.slow_ns_max = kMillisecond * (5 + random_.below(200));
  if (random_.below(4) == 0) {
    options.duplicate_ppm = 20'000;
    options.reorder_ppm = 20'000;
  }
  options.silence_ns = kMillisecond * (1000 + random_.below(4000));
  return options;
}

/// Each life has its own selection: what hides one bug does not hide it everywhere.
void ClusterRun::draw_faults() {
  const auto bit_of = [](ClusterFault fault) { return 1u << static_cast<uint32_t>(fault); };
  // Rot is repaired from another copy: whoever takes copies away as well takes the last one.
  const uint32_t beside_rot = bit_of(ClusterFault::bit_rot) |
                              bit_of(ClusterFault::connection_break) |
                              bit_of(ClusterFault::handover) | bit_of(ClusterFault::close) |
                              bit_of(ClusterFault::failover) | bit_of(ClusterFault::delete_volume);
  const bool rots = random_.below(8) == 0 && (options_.faults & bit_of(ClusterFault::bit_rot)) != 0;
  for (uint32_t bit = 0; bit < kClusterFaults; ++bit) {
    if (random_.below(2) == 0) faults_ |= 1u << bit;
  }
  faults_ &= options_.faults;
  if (rots) {
    faults_ = (faults_ & beside_rot) | bit_of(ClusterFault::bit_rot);
  } else {
    faults_ &= ~bit_of(ClusterFault::bit_rot);
  }
  tight_ = (faults_ & bit_of(ClusterFault::drive_full)) != 0 && random_.below(2) == 0;
  if (tight_) knobs_.disk.size_bytes = (9 + random_.below(6)) * kMiB / 2;
}

void ClusterRun::build() {
  replicas_ = static_cast<uint32_t>(2 + random_.below(2));
  pgs_count_ = uint32_t{1} << (1 + random_.below(4));
  for (uint32_t id = 1; id <= nodes_count_; ++id) {
    machines_.push_back(std::make_unique<Machine>(ground_, knobs_, id));
    for (uint64_t i = 1 + random_.below(2); i > 0; --i) {
      Machine::Drive& drive = machines_.back()->add_drive(++store_last_);
      machines_.back()->format(drive);
      const auto change =
          replication::put_store(coordinator_.truth(), drive.id, {id, drive.incarnation});
      commit(change.value());
    }
  }
  make_pool();
  for (uint64_t i = 1 + random_.below(kVolumesMax); i > 0; --i) add_volume();
  for (const auto& machine : machines_) machine->start();
}

void ClusterRun::make_pool() {
  std::vector<std::vector<replication::StoreId>> members(pgs_count_);
  for (auto& stores : members) {
    // One drive of each of some nodes.
    std::vector<uint32_t> order;
    for (uint32_t i = 0; i < nodes_count_; ++i) {
      order.insert(order.begin() + static_cast<std::ptrdiff_t>(random_.below(order.size() + 1)), i);
    }
    for (uint32_t i = 0; i < replicas_; ++i) {
      const auto& drives = machines_[order[i]]->drives();
      stores.push_back(drives[random_.below(drives.size())]->id);
    }
  }
  for (const auto& step : replication::put_pool(coordinator_.truth(), kPool, replicas_, members)) {
    commit(step);
  }
}

void ClusterRun::add_volume() {
  const uint64_t id = ++volume_last_;
  // Not whole chunks, so that the last one is partial.
  const uint64_t size = (kMiB / 4096 * random_.below(3) + 16 + random_.below(240)) * 4096;
  commit(replication::create_volume(coordinator_.truth(), id, {.pool = kPool, .size_bytes = size})
             .value());
  volumes_.push_back(std::make_unique<ClusterVolume>(ground_, report_, guest_, id, size));
  trace(fmt::format("volume {} is created, {} sectors", id, size / 4096));
}

ClusterReport ClusterRun::run() {
  report_.lives = 1;
  build();
  live();
  if (going()) heal();
  if (going()) check_contents();
  if (going()) check_copies();
  if (going()) check_space();
  for (const auto& machine : machines_) {
    if (machine->up()) crash(*machine, Machine::Crash::power);
    report_.evictions += machine->counts().evictions;
    report_.groups_joined += machine->counts().groups_joined;
    report_.chunks_copied += machine->counts().chunks_copied;
  }
  report_.messages = network_.stats().requests + network_.stats().replies;
  report_.steps = world_.steps();
  report_.virtual_ns = world_.now();
  return report_;
}

// --- Life ---

void ClusterRun::live() {
  const io::Nanoseconds end = world_.now() + kSecond * (2 + random_.below(8));
  const io::Nanoseconds pace = kMillisecond * (30 + random_.below(600));
  while (world_.now() < end && going()) {
    pass(1 + random_.below(2 * pace));
    inject();
  }
}

/// Lets the world run, looking after it now and then.
void ClusterRun::pass(io::Nanoseconds duration) {
  const io::Nanoseconds end = world_.now() + duration;
  while (world_.now() < end && going()) {
    run_due();
    tend();
    world_.run_for(std::min(end - world_.now(), kMillisecond * 20));
  }
}

void ClusterRun::tend() {
  for (const auto& machine : machines_) {
    if (!machine->up() || machine->paused()) continue;
    for (const auto& drive : machine->drives()) {
      if (drive->failed && (healing_ || random_.below(20) == 0)) machine->open(*drive);
    }
  }
  for (const auto& volume : volumes_) tend_volume(*volume);
  if (tight_) tend_space();
  std::erase_if(deleted_, [](const auto& volume) { return !volume->has_seats(); });
}

/// Somebody wants to use the volume, always.
void ClusterRun::tend_volume(ClusterVolume& volume) {
  if (volume.writer() != 0) return;
  // Another node is asked when the one that was asked does not get there.
  if (volume.opening() && random_.below(healing_ ? 1000 : 200) != 0) return;
  if (Machine* machine = random_machine(true); machine != nullptr) volume.open(*machine);
}

void ClusterRun::tend_space() {
  const bool full = std::any_of(volumes_.begin(), volumes_.end(),
                                [](const auto& volume) { return volume->waits_for_space(); });
  if (full && !was_full_) {
    was_full_ = true;
    ++report_.faults[static_cast<size_t>(ClusterFault::drive_full)];
  }
  // Copies need space as well.
  if (!healing_ || volumes_.size() < 2 || world_.now() < relieved_at_ + 20 * kSecond) return;
  if (std::exchange(relieved_at_, world_.now()) == 0) return;
  // Neither is a volume open before its copies are equal, which may take space.
  const bool opening =
      std::ranges::any_of(volumes_, [](const auto& volume) { return volume->opening(); });
  if (full || opening || !all_in_sync()) remove_volume(*volumes_.front());
}

void ClusterRun::later(io::Nanoseconds delay, std::function<void()> act) {
  pending_.push_back({world_.now() + delay, std::move(act)});
}

void ClusterRun::run_due() {
  for (size_t i = 0; i < pending_.size();) {
    if (pending_[i].at > world_.now()) {
      ++i;
      continue;
    }
    const std::function<void()> act = std::move(pending_[i].act);
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
    act();
  }
}

void ClusterRun::fail(const std::string& problem) {
  ++report_.failures;
  trace("PROBLEM: " + problem);
  if (!report_.first_problem.empty()) return;
  report_.first_problem = fmt::format("seed {}, at {:.6f} s: {}", options_.seed,
                                      static_cast<double>(world_.now()) / 1e9, problem);
}

void ClusterRun::trace(const std::string& event) const {
  if (!options_.trace) return;
  fmt::print(stderr, "{:12.6f} {}\n", static_cast<double>(world_.now()) / 1e9, event);
}

void ClusterRun::on_facts(const replication::FactChanges& changes) {
  const replication::Facts& truth = coordinator_.truth();
  for (const replication::PgId group : changes.pgs) {
    const replication::PgRecord* record = truth.pg(group);
    trace(fmt::format("decided: group {} is {}", replication::group_of(group),
                      record == nullptr ? "gone" : replication::encode_pg_shard({*record})));
  }
  for (const uint64_t volume : changes.volumes) {
    const replication::VolumeFact* fact = truth.volume(volume);
    trace(fmt::format("decided: volume {} is {}", volume,
                      fact == nullptr ? "gone" : replication::encode_volume(*fact)));
  }
}

Machine* ClusterRun::random_machine(bool up) {
  std::vector<Machine*> candidates;
  for (const auto& machine : machines_) {
    if (machine->up() == up && !machine->paused()) candidates.push_back(machine.get());
  }
  return candidates.empty() ? nullptr : candidates[random_.below(candidates.size())];
}

ClusterVolume* ClusterRun::random_volume() {
  return volumes_.empty() ? nullptr : volumes_[random_.below(volumes_.size())].get();
}

Machine::Drive* ClusterRun::find_drive(replication::StoreId store) const {
  for (const auto& machine : machines_) {
    for (const auto& drive : machine->drives()) {
      if (drive->id == store) return drive.get();
    }
  }
  return nullptr;
}

void ClusterRun::commit(const replication::Transaction& transaction) {
  const auto outcome = coordinator_.commit_now(transaction);
  CAIRN_ASSERT(outcome == replication::Transaction::Outcome::committed);
}

}  // namespace cairn::sim
