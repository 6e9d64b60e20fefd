#include "sim/cluster_volume.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace cairn::sim {

namespace {

using Kind = io::BlockRequest::Kind;

constexpr uint64_t kSectorBytes = 4096;
constexpr uint64_t kOperationSectorsMax = 96;
constexpr uint64_t kCheckSectors = 64;
constexpr io::Nanoseconds kSecond = 1'000'000'000;

}  // namespace

ClusterVolume::ClusterVolume(ClusterGround& ground, ClusterReport& report, const GuestKnobs& knobs,
                             uint64_t id, uint64_t size_bytes)
    : ground_(ground),
      report_(report),
      knobs_(knobs),
      id_(id),
      model_(id, size_bytes / kSectorBytes) {}

ClusterVolume::~ClusterVolume() {
  for (const auto& seat : seats_) seat->machine->executor().cancel(*seat);
}

// --- Seats ---

void ClusterVolume::open(Machine& machine) {
  if (!machine.up() || machine.paused() || seat_on(machine.id()) != nullptr) return;
  Seat& seat = *seats_.emplace_back(std::make_unique<Seat>());
  seat.volume = this;
  seat.machine = &machine;
  seat.process = machine.process();
  ground_.trace(fmt::format("volume {} is to be opened on node {}", id_, machine.id()));
  machine.node().open_volume(id_,
                             [this, &seat](const Status& status, replication::OpenVolume* open) {
                               opened(seat, status, open);
                             });
}

void ClusterVolume::opened(Seat& seat, const Status& status, replication::OpenVolume* open) {
  ground_.trace(fmt::format("volume {} on node {}: open ended with {}", id_, seat.machine->id(),
                            status.message()));
  if (!status.ok()) {
    ++report_.opens_failed;
    const bool expected = status.kind() == ErrorKind::stale_epoch ||
                          status.kind() == ErrorKind::cancelled ||
                          (deleted_ && status.kind() == ErrorKind::not_found);
    if (!expected) ground_.fail(fmt::format("volume {}: open: {}", id_, status.message()));
    return forget(seat);
  }
  ++report_.opens;
  report_.decided += open->decided();
  seat.open = open;
  seat.state = Seat::State::open;
  seat.epoch = open->writer().epoch();
  if (seat.epoch > epoch_max_) {
    epoch_max_ = seat.epoch;
    // What older writers have under way was decided: it is there or not.
    for (const auto& other : seats_) {
      for (const Operation* operation : other->operations) {
        const bool change = operation->request.kind != Kind::read;
        if (!change || !operation->known) continue;
        ++report_.changes_in_doubt;
        model_.doubted(operation->id, operation->first, operation->count);
      }
    }
  }
  seat.machine->executor().arm(seat, 0);
}

void ClusterVolume::close(Machine& machine, Machine* next) {
  Seat* seat = seat_on(machine.id());
  if (seat == nullptr || seat->state != Seat::State::open || machine.paused()) return;
  seat->state = Seat::State::closing;
  seat->next = next;
  ground_.trace(fmt::format("volume {} is to be closed on node {}", id_, machine.id()));
  if (seat->operations.empty()) begin_close(*seat);
}

void ClusterVolume::begin_close(Seat& seat) {
  seat.machine->executor().cancel(seat);
  const replication::NodeId next = seat.next == nullptr ? 0 : seat.next->id();
  seat.machine->node().close_volume(id_, next,
                                    [this, &seat](const Status& status) { closed(seat, status); });
}

void ClusterVolume::closed(Seat& seat, const Status& status) {
  ground_.trace(fmt::format("volume {} on node {}: close ended with {}", id_, seat.machine->id(),
                            status.message()));
  if (!status.ok() && status.kind() != ErrorKind::stale_epoch) {
    ground_.fail(fmt::format("volume {}: close: {}", id_, status.message()));
  }
  Machine* next = seat.next;
  forget(seat);
  if (status.ok() && next != nullptr) open(*next);
}

void ClusterVolume::machine_crashed(const Machine& machine) {
  Seat* seat = seat_on(machine.id());
  if (seat == nullptr) return;
  for (Operation* operation : seat->operations) {
    idle_.push_back(operation);
    if (operation->request.kind == Kind::read || !operation->known) continue;
    ++report_.changes_in_doubt;
    model_.doubted(operation->id, operation->first, operation->count);
  }
  seat->operations.clear();
  forget(*seat);
}

void ClusterVolume::forget(Seat& seat) {
  CAIRN_ASSERT(seat.operations.empty());
  seat.machine->executor().cancel(seat);
  std::erase_if(seats_, [&](const auto& each) { return each.get() == &seat; });
}

ClusterVolume::Seat* ClusterVolume::seat_on(replication::NodeId node) const {
  for (const auto& seat : seats_) {
    if (seat->machine->id() == node) return seat.get();
  }
  return nullptr;
}

bool ClusterVolume::is_current(const Seat& seat) const { return seat.epoch == epoch_max_; }

ClusterVolume::Seat* ClusterVolume::current() {
  for (const auto& seat : seats_) {
    if (seat->state == Seat::State::open && is_current(*seat)) return seat.get();
  }
  return nullptr;
}

replication::NodeId ClusterVolume::writer() const {
  const Seat* seat = const_cast<ClusterVolume*>(this)->current();
  return seat == nullptr ? 0 : seat->machine->id();
}

bool ClusterVolume::opening() const {
  return std::any_of(seats_.begin(), seats_.end(),
                     [](const auto& seat) { return seat->state == Seat::State::opening; });
}

bool ClusterVolume::busy_on(replication::NodeId node) const { return seat_on(node) != nullptr; }

uint32_t ClusterVolume::requests_count() const {
  return static_cast<uint32_t>(operations_.size() - idle_.size());
}

bool ClusterVolume::waits_for_space() const {
  return std::any_of(seats_.begin(), seats_.end(), [](const auto& seat) {
    return seat->open != nullptr && seat->open->writer().stats().waiting_no_space > 0;
  });
}

std::string ClusterVolume::condition() const {
  std::string text = fmt::format("volume {} (epoch {}):", id_, epoch_max_);
  for (const auto& seat : seats_) {
    text += fmt::format(" node {} {} epoch {} requests {}", seat->machine->id(),
                        seat->state == Seat::State::opening   ? "opening"
                        : seat->state == Seat::State::open    ? "open"
                        : seat->state == Seat::State::closing ? "closing"
                                                              : "closed",
                        seat->epoch, seat->operations.size());
    if (seat->open == nullptr) continue;
    const replication::WriterStats stats = seat->open->writer().stats();
    text += fmt::format(" (in flight {}, no space {}, fenced {})", stats.in_flight,
                        stats.waiting_no_space, seat->open->writer().fenced());
  }
  return text;
}

// --- The guest ---

void ClusterVolume::guest_turn(Seat& seat) {
  if (seat.state != Seat::State::open || quiesced_) return;
  SimRandom& random = ground_.world.random();
  for (uint64_t burst = 1 + random.below(4); burst > 0; --burst) {
    if (seat.operations.size() < knobs_.queue_depth) start_random(seat);
  }
  seat.machine->executor().arm(seat, random.below(knobs_.pause_ns_max));
}

void ClusterVolume::start_random(Seat& seat) {
  SimRandom& random = ground_.world.random();
  const uint64_t sectors = model_.sectors_count();
  const uint64_t dice = random.below(100);
  uint64_t count = 1 + random.below(dice % 10 < 8 ? 6 : kOperationSectorsMax);
  uint64_t first = random.below(sectors);
  if (random.below(4) == 0) first = first / 16 * 16;  // Whole pages, so that the big path is met.
  if (random.below(4) == 0) first %= 8;               // A hot spot.
  count = std::min(count, sectors - first);
  if (dice < 30) return start_read(seat, first, count);
  const Kind kind = dice < 38   ? Kind::trim
                    : dice < 41 ? Kind::write_zeroes
                    : dice < 43 ? Kind::flush
                                : Kind::write;
  start_change(seat, kind, first, count);
}

ClusterVolume::Operation& ClusterVolume::take(uint64_t first, uint64_t count) {
  if (idle_.empty()) {
    idle_.push_back(operations_.emplace_back(std::make_unique<Operation>()).get());
  }
  Operation& operation = *idle_.back();
  idle_.pop_back();
  const size_t bytes = count * kSectorBytes;
  if (operation.memory_bytes < bytes) {
    operation.memory.reset(static_cast<std::byte*>(std::aligned_alloc(kSectorBytes, bytes)));
    operation.memory_bytes = bytes;
  }
  operation.first = first;
  operation.count = count;
  operation.id = 0;
  return operation;
}

void ClusterVolume::start_read(Seat& seat, uint64_t first, uint64_t count) {
  Operation& operation = take(first, count);
  operation.floors.clear();
  for (uint64_t at = first; at < first + count; ++at) {
    operation.floors.push_back(model_.floor(at));
  }
  start(seat, operation, Kind::read);
}

void ClusterVolume::start_change(Seat& seat, Kind kind, uint64_t first, uint64_t count) {
  Operation& operation = take(first, count);
  operation.id = ++change_last_;
  if (kind == Kind::write) {
    for (uint64_t at = 0; at < count; ++at) {
      model_.fill(operation.id, first + at,
                  {operation.memory.get() + at * kSectorBytes, kSectorBytes});
    }
  }
  if (kind != Kind::flush && is_current(seat)) {
    model_.submitted(operation.id, first, count, kind != Kind::write);
  }
  start(seat, operation, kind);
}

void ClusterVolume::start(Seat& seat, Operation& operation, Kind kind) {
  operation.seat = &seat;
  operation.known = is_current(seat) && kind != Kind::flush;
  if (!is_current(seat)) ++report_.zombie_requests;
  seat.operations.push_back(&operation);
  io::BlockRequest& request = operation.request;
  request = {};
  request.kind = kind;
  request.offset_bytes = operation.first * kSectorBytes;
  request.length_bytes = kind == Kind::flush ? 0 : operation.count * kSectorBytes;
  request.data = operation.memory.get();
  request.context = &operation;
  request.on_done = [](io::BlockRequest& done) {
    auto& ended = *static_cast<Operation*>(done.context);
    ended.seat->volume->ended(ended);
  };
  if (ground_.tracing) {
    ground_.trace(fmt::format("guest on node {}: kind {} of volume {} sectors {}+{} change {}",
                              seat.machine->id(), static_cast<int>(kind), id_, operation.first,
                              operation.count, operation.id));
  }
  seat.open->device().submit(request);
}

void ClusterVolume::ended(Operation& operation) {
  Seat& seat = *operation.seat;
  std::erase(seat.operations, &operation);
  if (ground_.tracing) {
    ground_.trace(fmt::format("guest on node {}: sectors {}+{} change {} ended: {}",
                              seat.machine->id(), operation.first, operation.count, operation.id,
                              operation.request.status.message()));
  }
  if (operation.request.status.ok()) {
    ended_well(seat, operation);
  } else {
    ended_badly(seat, operation);
  }
  idle_.push_back(&operation);
  if (seat.state == Seat::State::closing && seat.operations.empty()) begin_close(seat);
}

void ClusterVolume::ended_well(const Seat& seat, Operation& operation) {
  switch (operation.request.kind) {
    case Kind::read:
      ++report_.reads;
      // A writer that was replaced may read what was there before.
      if (operation.known && is_current(seat)) judge(operation);
      return;
    case Kind::flush:
      return;
    default:
      break;
  }
  if (!operation.known) {
    ++report_.zombie_writes;
    return ground_.fail(
        fmt::format("volume {}: node {} acknowledged change {} under epoch {}, "
                    "which it got after epoch {} was open",
                    id_, seat.machine->id(), operation.id, seat.epoch, epoch_max_));
  }
  ++report_.writes_acknowledged;
  if (!is_current(seat)) ++report_.acknowledged_late;
  if (model_.acknowledged(operation.id, operation.first, operation.count)) return;
  ++report_.zombie_writes;
  ground_.fail(
      fmt::format("volume {}: node {} acknowledged change {} of sectors {}+{}, which was "
                  "seen not to have happened",
                  id_, seat.machine->id(), operation.id, operation.first, operation.count));
}

void ClusterVolume::ended_badly(Seat& seat, Operation& operation) {
  const Status& status = operation.request.status;
  const bool change = operation.request.kind != Kind::read;
  if (change && operation.known) {
    ++report_.changes_in_doubt;
    model_.doubted(operation.id, operation.first, operation.count);
  }
  if (status.kind() == ErrorKind::stale_epoch) {
    // Found out. The guest ends.
    if (seat.state == Seat::State::open) seat.state = Seat::State::closing;
    return;
  }
  const bool expected =
      !change && read_errors_expected_ &&
      (status.kind() == ErrorKind::checksum_mismatch || status.kind() == ErrorKind::corrupt);
  if (!expected) {
    ground_.fail(fmt::format("volume {}: request failed: {}", id_, status.message()));
  }
}

void ClusterVolume::judge(const Operation& operation) {
  for (uint64_t at = 0; at < operation.count; ++at) {
    const uint64_t sector = operation.first + at;
    const std::span<const std::byte> bytes(operation.memory.get() + at * kSectorBytes,
                                           kSectorBytes);
    const SectorState base = model_.base(sector);
    const Verdict verdict = model_.read(sector, operation.floors[at], bytes);
    ++report_.sectors_checked;
    if (verdict == Verdict::allowed) continue;
    ++(verdict == Verdict::lost ? report_.lost_writes : report_.wrong_reads);
    uint64_t found = 0;
    std::memcpy(&found, bytes.data(), sizeof found);
    ground_.fail(fmt::format(
        "volume {} sector {}: {} (found change {}, acknowledged {}{}) read on "
        "node {}",
        id_, sector, verdict == Verdict::lost ? "acknowledged write lost" : "wrong bytes", found,
        base.id, base.zero ? " zeroes" : "", operation.seat->machine->id()));
    return;
  }
}

bool ClusterVolume::check_all() {
  Seat* seat = current();
  if (seat == nullptr) return false;
  const uint64_t sectors = model_.sectors_count();
  for (uint64_t first = 0; first < sectors; first += kCheckSectors) {
    start_read(*seat, first, std::min(kCheckSectors, sectors - first));
    if (!ground_.world.run_until([&] { return requests_count() == 0; }, 30 * kSecond)) return false;
    if (seat != current()) return false;
  }
  return true;
}

}  // namespace cairn::sim
