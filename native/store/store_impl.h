// StoreImpl: the parts of a Store and its life cycle. For the store's own files and for
// verification (verify.h).
#pragma once

#include "store/changes.h"
#include "store/flow.h"
#include "store/maintenance.h"
#include "store/reader.h"
#include "store/store_state.h"

namespace cairn::store {

class StoreImpl {
 public:
  enum class Phase : uint8_t { created, opening, open, closing, closed };

  StoreImpl(Environment environment, StoreConfig config);

  /// Reports finished operations and advances a close, in a turn of its own.
  void run();
  void post();
  /// True while the executor holds a task of one of the parts: the store may not be destroyed yet.
  [[nodiscard]] bool has_posted_tasks() const;
  void start_flow(Flow next);
  Flow recover();
  Flow finish_close();
  /// Destroys what an earlier life may have left, torn, where the next group can go. Otherwise a
  /// torn write of the next group could complete it: both have the same predecessor, and often the
  /// same content after the first 512 bytes. The pattern is not zero, for zeroes could complete it
  /// too.
  Flow scrub_journal_head();

  /// The executor's handle on this object.
  struct Turn final : io::Task {
    explicit Turn(StoreImpl& owner) : impl(owner) {}
    void run() override {
      impl.posted = false;
      if (std::exchange(impl.finish_after_maintenance, false)) {
        impl.start_flow(impl.finish_close());
        return;
      }
      impl.run();
    }
    StoreImpl& impl;
  };

  // Members are destroyed from the last to the first: flows before what they use.
  StoreState state;
  Changes changes;
  Reader reader;
  Maintenance maintenance;
  Turn turn{*this};
  Phase phase = Phase::created;
  bool posted = false;
  bool stopping = false;
  bool maintenance_running = false;
  bool finish_after_maintenance = false;
  StoreOperation* operation = nullptr;
  StoreOperation* completed = nullptr;
  Flow flow;

 private:
  void on_flow_done(Status status);
};

}  // namespace cairn::store
