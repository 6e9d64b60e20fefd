// ChunkLoad: a volume that is changed as a replica is, chunk by chunk: chained changes, rebases to
// any version, and whole states given in several pieces, many at a time in one chunk.
//
// The model is stricter than SectorModel: the changes of a chunk are one sequence, and a store may
// only ever show the state after some first part of it, no shorter than what was acknowledged, with
// the version and the content of that same state.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "sim/power_cuts_memory.h"
#include "sim/sector_model.h"
#include "sim/sim_disk.h"
#include "sim/sim_executor.h"
#include "sim/sim_random.h"
#include "store/store.h"

namespace cairn::sim {

class ChunkLoad {
 public:
  /// Draws from a random stream of its own, so that it changes nothing of the run beside it.
  ChunkLoad(SimExecutor& executor, SimDisk& disk, uint64_t volume, uint64_t seed);

  [[nodiscard]] uint64_t volume() const { return volume_; }
  /// After a recovery.
  void attach(store::Store& store);
  /// Starts something, or not.
  void start_random();
  [[nodiscard]] bool idle() const { return busy_count_ == 0; }
  /// The power went: nothing that was on its way will end.
  void forget();
  /// With nothing on its way: compares every chunk, its map and the list of chunks with the model.
  /// Ends early, without a finding, if the power goes.
  void check();

  [[nodiscard]] uint64_t changes_acknowledged() const { return changes_acknowledged_; }
  [[nodiscard]] uint64_t rebases_acknowledged() const { return rebases_acknowledged_; }
  [[nodiscard]] uint64_t sectors_checked() const { return sectors_checked_; }
  /// Empty, or the first state found that the model does not allow.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  struct Change {
    uint64_t id = 0;
    uint64_t version = 0;
    uint32_t first = 0;
    uint32_t count = 0;
    bool zero = false;
  };
  using Content = std::array<SectorState, store::kChunkSectors>;
  struct Chunk {
    uint32_t number = 0;
    /// What was acknowledged.
    uint64_t version = 0;
    Content content;
    /// In flight or in doubt, in order of submission.
    std::deque<Change> open;
    /// The version after all of them.
    uint64_t tip = 0;
    uint32_t in_flight = 0;
    /// A change was refused: nothing more is started until the chunk is quiet.
    bool broken = false;
    bool reading = false;
  };
  struct Operation {
    store::StoreRequest request;
    Memory memory;
    ChunkLoad* load = nullptr;
    Chunk* chunk = nullptr;
    uint64_t id = 0;
    bool busy = false;
  };

  [[nodiscard]] Operation* free_operation();
  [[nodiscard]] uint64_t next_version(const Chunk& chunk);
  [[nodiscard]] uint64_t random_version(const Chunk& chunk);
  void start_single(Chunk& chunk, bool rebase);
  void start_state(Chunk& chunk);
  void start_read(Chunk& chunk);
  /// Submits a write or zero; false if no operation is free.
  bool submit(Chunk& chunk, const Change& change, bool rebase);
  void ended(Operation& operation);
  void change_ended(Operation& operation);
  void erase(Chunk& chunk, uint64_t id);
  static void apply(Content& content, const Change& change);

  bool read_whole(Chunk& chunk);
  void decide(Chunk& chunk);
  void check_map(const Chunk& chunk);
  void check_list();
  /// What the bytes of a sector are: zeroes, or the content that a change gave it; otherwise a
  /// state that never was.
  [[nodiscard]] SectorState recognise(const Chunk& chunk, uint32_t sector,
                                      const std::byte* bytes) const;
  [[nodiscard]] bool matches(const Chunk& chunk, const Content& content,
                             const std::byte* bytes) const;
  void fill(const Chunk& chunk, uint64_t id, uint32_t sector, std::byte* bytes) const;
  void note(const Chunk& chunk, const std::string& problem);

  SimExecutor& executor_;
  SimDisk& disk_;
  uint64_t volume_;
  SimRandom random_;
  SectorModel filler_;
  store::Store* store_ = nullptr;
  std::vector<Chunk> chunks_;
  std::vector<Operation> operations_;
  uint64_t busy_count_ = 0;
  uint64_t id_last_ = 0;
  uint32_t epoch_ = 0;
  /// Above the sequence numbers that rebases draw.
  uint64_t sequence_ = 1000;
  uint64_t changes_acknowledged_ = 0;
  uint64_t rebases_acknowledged_ = 0;
  uint64_t sectors_checked_ = 0;
  std::string problem_;
};

}  // namespace cairn::sim
