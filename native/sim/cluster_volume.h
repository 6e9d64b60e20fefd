// ClusterVolume: one volume of a simulated cluster, its guests, and what it may hold.
//
// A seat is a volume that is open on a node, with the guest that uses it. There may be several:
// once another node has opened the volume, the older seat is a zombie that goes on until it finds
// out. Threading: the world's thread; guests run on their nodes' executors.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "io/block_device.h"
#include "sim/cluster.h"
#include "sim/cluster_machine.h"
#include "sim/cluster_model.h"

namespace cairn::sim {

/// How a guest behaves.
struct GuestKnobs {
  uint32_t queue_depth = 16;
  io::Nanoseconds pause_ns_max = 5'000'000;
};

class ClusterVolume {
 public:
  ClusterVolume(ClusterGround& ground, ClusterReport& report, const GuestKnobs& knobs, uint64_t id,
                uint64_t size_bytes);
  ~ClusterVolume();

  [[nodiscard]] uint64_t id() const { return id_; }
  [[nodiscard]] uint64_t size_bytes() const { return model_.sectors_count() * 4096; }

  /// Begins to open the volume on the machine, unless it is open or being opened or closed there.
  void open(Machine& machine);
  /// Stops the guest, waits for what it has under way, closes the volume and gives it to `next`
  /// (nullptr: to nobody).
  void close(Machine& machine, Machine* next);
  /// The machine's process died; what was under way there is in doubt.
  void machine_crashed(const Machine& machine);
  /// The volume was deleted: errors are expected from here on.
  void deleted() { deleted_ = true; }
  /// Guests hand in nothing new.
  void quiesce() { quiesced_ = true; }
  /// Errors of reads are expected: the only good copy may be gone by more faults than copies.
  void expect_read_errors() { read_errors_expected_ = true; }

  /// The node whose guest may write now, 0 for none.
  [[nodiscard]] replication::NodeId writer() const;
  [[nodiscard]] bool opening() const;
  [[nodiscard]] bool busy_on(replication::NodeId node) const;
  [[nodiscard]] uint32_t requests_count() const;
  /// Some copy has no room for a change.
  [[nodiscard]] bool waits_for_space() const;
  [[nodiscard]] bool has_seats() const { return !seats_.empty(); }
  /// Where the seats are and what they wait for, for people.
  [[nodiscard]] std::string condition() const;

  /// Reads everything through the current writer; the world runs meanwhile. False if that never
  /// ended.
  [[nodiscard]] bool check_all();

 private:
  struct FreeMemory {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  struct Seat;
  struct Operation {
    io::BlockRequest request;
    std::unique_ptr<std::byte, FreeMemory> memory;
    size_t memory_bytes = 0;
    Seat* seat = nullptr;
    uint64_t id = 0;
    uint64_t first = 0;
    uint64_t count = 0;
    std::vector<ClusterModel::Floor> floors;
    /// Known to the model: it was handed to the volume's writer.
    bool known = false;
  };
  /// A volume on a node.
  struct Seat final : io::Timer {
    enum class State : uint8_t { opening, open, closing, closed };
    ClusterVolume* volume = nullptr;
    Machine* machine = nullptr;
    uint64_t process = 0;
    State state = State::opening;
    replication::OpenVolume* open = nullptr;
    uint32_t epoch = 0;
    Machine* next = nullptr;
    std::vector<Operation*> operations;
    void on_timer() override { volume->guest_turn(*this); }
  };

  void opened(Seat& seat, const Status& status, replication::OpenVolume* open);
  void closed(Seat& seat, const Status& status);
  void begin_close(Seat& seat);
  void forget(Seat& seat);
  void guest_turn(Seat& seat);
  void start_random(Seat& seat);
  void start_read(Seat& seat, uint64_t first, uint64_t count);
  void start_change(Seat& seat, io::BlockRequest::Kind kind, uint64_t first, uint64_t count);
  void start(Seat& seat, Operation& operation, io::BlockRequest::Kind kind);
  [[nodiscard]] Operation& take(uint64_t first, uint64_t count);
  void ended(Operation& operation);
  void ended_well(const Seat& seat, Operation& operation);
  void ended_badly(Seat& seat, Operation& operation);
  void judge(const Operation& operation);
  [[nodiscard]] bool is_current(const Seat& seat) const;
  [[nodiscard]] Seat* current();
  [[nodiscard]] Seat* seat_on(replication::NodeId node) const;

  ClusterGround& ground_;
  ClusterReport& report_;
  GuestKnobs knobs_;
  uint64_t id_;
  ClusterModel model_;
  uint64_t change_last_ = 0;
  /// Of the newest writer that was ever open.
  uint32_t epoch_max_ = 0;
  bool deleted_ = false;
  bool quiesced_ = false;
  bool read_errors_expected_ = false;
  std::vector<std::unique_ptr<Seat>> seats_;
  std::vector<std::unique_ptr<Operation>> operations_;
  std::vector<Operation*> idle_;
};

}  // namespace cairn::sim
