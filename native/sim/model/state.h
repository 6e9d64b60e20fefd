// State: one moment of the modelled world. One placement group of three stores, one volume, up to
// three writers that open it one after another (an earlier one may live on as a zombie), up to two
// chunks, up to two writes of each writer.
//
// A state is plain bytes without padding: two states are the same when their bytes are, once
// canonical() has cleared what no later step can see.
#pragma once

#include <cstdint>
#include <type_traits>

#include "sim/model/array.h"
#include "sim/model/log.h"
#include "sim/model/members.h"
#include "sim/model/rules.h"

namespace cairn::sim::model {

constexpr int kWriters = 3;
constexpr int kWritesPerWriter = 2;
constexpr int kChunks = 2;
/// Write ids are 1 to kWrites; 0 is none.
constexpr int kWrites = kWriters * kWritesPerWriter;
constexpr int kEpochs = 16;

/// The writer that issues write `id`, and its first id.
constexpr int owner_of(int id) { return (id - 1) / kWritesPerWriter; }
constexpr int first_write_of(int writer) { return writer * kWritesPerWriter + 1; }

/// The two epochs that a message carries; zero is no message.
class Stamp {
 public:
  constexpr Stamp() = default;
  constexpr Stamp(int epoch, int vol_epoch)
      : packed_(static_cast<uint8_t>(epoch * 4 + vol_epoch)) {}
  [[nodiscard]] constexpr bool empty() const { return packed_ == 0; }
  [[nodiscard]] constexpr int epoch() const { return packed_ >> 2; }
  [[nodiscard]] constexpr int vol_epoch() const { return packed_ & 3; }
  constexpr bool operator==(const Stamp&) const = default;

 private:
  uint8_t packed_ = 0;
};

/// One store's copy of the group.
struct Store {
  /// The group's epoch and the volume's epoch as this store knows them (re and fence).
  uint8_t epoch = 0;
  uint8_t fence = 0;
  /// Bit c: chunk c has its base, so that `log` is readable.
  uint8_t base = 0;
  /// The process was started after the store last joined: it serves nobody.
  uint8_t restarted = 0;
  Array<Log, kChunks> log;
  /// Writes of a joiner above a base it does not have yet.
  Array<Log, kChunks> floating;
  /// A base without this write is refused (0: none); set by DECIDE.
  Array<uint8_t, kChunks> floor{};
  Array<uint8_t, 2> padding{};

  [[nodiscard]] bool has_base(int chunk) const { return ((base >> chunk) & 1) != 0; }
};

enum class Phase : uint8_t { kUnborn, kOpening, kActive, kGone };

/// One writer of the volume; writer k has vol_epoch k + 1.
struct Writer {
  Phase phase = Phase::kUnborn;
  /// Its view of the record: epoch, S and J.
  uint8_t epoch = 0;
  Members in_sync;
  Members joining;
  /// Per store, the epoch at which it joined, in this view.
  Array<uint8_t, kStores> since{};
  uint8_t issued = 0;
  /// Per chunk, the newest version it has issued or found.
  Array<uint8_t, kChunks> tip{};
  /// Writes that wait for acknowledgements, oldest first; 0 is none.
  Array<uint8_t, 2> pending{};
  /// Stores that answered OPEN, and that confirmed DECIDE.
  Members opened;
  Members decided;
  /// The versions to decide are chosen.
  uint8_t chosen = 0;
  /// Stores it forgets without asking the record (only with rule 1 removed).
  Members dropped;
  /// Per chunk, what it has decided or acknowledged: what a read must return.
  Array<Log, kChunks> expected;
  /// It opened the volume after a clean close.
  uint8_t clean = 0;
  /// Bit c: the lists of chunk c differ, so that it must be decided.
  uint8_t differing = 0;
  Array<uint8_t, 2> padding{};
  /// Answers to OPEN: per chunk the versions, of what floats where there is no base.
  Array<Array<Log, kChunks>, kStores> replied;

  [[nodiscard]] bool alive() const { return phase == Phase::kOpening || phase == Phase::kActive; }
  [[nodiscard]] Members view() const { return in_sync | joining; }
};

/// A base copy on its way from a source to the joiner, with the source's epoch when it was read.
struct Transfer {
  uint8_t valid = 0;
  uint8_t chunk = 0;
  uint8_t epoch = 0;
  uint8_t padding = 0;
  Log log;
};

/// The group's record as it was at one epoch, and the vol_epoch at that revision.
struct Revision {
  Members in_sync;
  Members joining;
  uint8_t vol_epoch = 0;
  /// 1 + the store that this revision put into J, 0 for none.
  uint8_t joined = 0;
};

struct State {
  // The records in etcd.
  uint8_t epoch = 0;
  uint8_t vol_epoch = 0;
  Members in_sync;
  Members joining;
  Array<uint8_t, kStores> since{};
  uint8_t clean = 0;
  /// Every revision that somebody who follows the ordered watch has still to see, by epoch.
  Array<Revision, kEpochs> history{};

  // How much of the bounds is used up, and the writes acknowledged to the guest (bit id).
  uint8_t evictions = 0;
  uint8_t joins = 0;
  uint8_t restarts = 0;
  uint8_t acknowledged = 0;

  // Per write: its chunk, the version below it, and per store the request on its way and the epoch
  // under which the store acknowledged it (0: it did not).
  Array<uint8_t, kWrites + 1> chunk{};
  Array<uint8_t, kWrites + 1> previous{};
  Array<Array<Stamp, kStores>, kWrites + 1> messages{};
  Array<Array<uint8_t, kStores>, kWrites + 1> acks{};

  Array<Store, kStores> stores{};
  Array<Writer, kWriters> writers{};
  Transfer transfer;

  [[nodiscard]] bool is_acknowledged(int id) const { return ((acknowledged >> id) & 1) != 0; }
  [[nodiscard]] Members members() const { return in_sync | joining; }
  /// Members of S whose process has not been restarted since they joined.
  [[nodiscard]] Members serving() const;
};

static_assert(std::is_trivially_copyable_v<State>);
static_assert(sizeof(State) % 8 == 0);

/// Every in-sync member is complete, writer 0 is active, nothing has been written.
[[nodiscard]] State initial_state(const Rules& rules);

/// Clears what no later step and no property can see, so that equal situations have equal bytes.
void canonicalise(const Rules& rules, State& state);

}  // namespace cairn::sim::model
