#include "sim/sim_coordinator.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace cairn::sim {

using replication::Barrier;
using replication::FactBatch;
using replication::NodeId;
using replication::Transaction;
using Outcome = Transaction::Outcome;

/// A request on its way. It outlives the process that sent it and whoever waits for it.
struct SimCoordinator::Journey final : io::Timer {
  SimCoordinator* owner = nullptr;
  NodeId node = 0;
  uint64_t process = 0;
  uint64_t waiter = 0;
  bool is_barrier = false;
  bool held = false;
  Transaction content;
  /// On the outside's executor: it has arrived.
  void on_timer() override { owner->arrived(*this); }
};

/// One running process: its stream, and those in it who wait for answers.
class SimCoordinator::Client final : public replication::Coordinator, private io::Timer {
 public:
  Client(SimCoordinator& owner, NodeId node, uint64_t process, replication::Facts& facts)
      : owner_(owner),
        executor_(owner.world_.node(node)),
        node_(node),
        process_(process),
        facts_(facts) {
    arm_stream();
  }
  ~Client() override {
    executor_.cancel(*this);
    for (const auto& waiter : waiters_) executor_.cancel(*waiter);
  }

  [[nodiscard]] NodeId node() const { return node_; }
  [[nodiscard]] uint64_t process() const { return process_; }

  void submit(Transaction& transaction) override {
    CAIRN_ASSERT(transaction.on_done != nullptr);
    owner_.send(*this, add_waiter(&transaction, nullptr), &transaction);
  }
  void submit(Barrier& barrier) override {
    CAIRN_ASSERT(barrier.on_done != nullptr);
    owner_.send(*this, add_waiter(nullptr, &barrier), nullptr);
  }

  /// The answer sets out. False: nobody waits for it any more.
  bool answer(uint64_t waiter_id, Outcome outcome, uint64_t revision) {
    for (const auto& waiter : waiters_) {
      if (waiter->id != waiter_id) continue;
      waiter->outcome = outcome;
      waiter->revision = revision;
      waiter->answer_at = executor_.now() + owner_.draw_delay();
      if (waiter->answer_at < waiter->deadline_at) {
        executor_.arm(*waiter, waiter->answer_at - executor_.now());
      }
      return true;
    }
    return false;
  }

  /// Lets the next changes set out, if there are any and none are on their way.
  void arm_stream() {
    const uint64_t from = facts_.revision();
    const uint64_t last = owner_.revision();
    if (armed() || from == last || !owner_.reachable(node_)) return;
    target_ = last;
    SimRandom& random = owner_.world_.random();
    if (from != 0 && random.below(2) == 0) target_ = from + 1 + random.below(last - from);
    executor_.arm(*this, owner_.draw_delay());
  }

 private:
  struct Waiter final : io::Timer {
    Client* client = nullptr;
    uint64_t id = 0;
    Transaction* transaction = nullptr;
    Barrier* barrier = nullptr;
    io::Nanoseconds deadline_at = 0;
    io::Nanoseconds answer_at = NodeExecutor::kNever;
    Outcome outcome = Outcome::unknown;
    uint64_t revision = 0;
    void on_timer() override { client->due(*this); }
  };

  uint64_t add_waiter(Transaction* transaction, Barrier* barrier) {
    waiters_.push_back(std::make_unique<Waiter>());
    Waiter& waiter = *waiters_.back();
    waiter.client = this;
    waiter.id = ++waiter_last_;
    waiter.transaction = transaction;
    waiter.barrier = barrier;
    waiter.deadline_at = executor_.now() + owner_.options_.deadline_ns;
    executor_.arm(waiter, owner_.options_.deadline_ns);
    return waiter.id;
  }

  /// The answer has come, or the deadline, or the facts for which a barrier waited.
  void due(Waiter& waiter) {
    const io::Nanoseconds now = executor_.now();
    const bool answered = waiter.answer_at < waiter.deadline_at && owner_.reachable(node_);
    const bool satisfied =
        answered && (waiter.barrier == nullptr || facts_.revision() >= waiter.revision);
    if (!satisfied && now < waiter.deadline_at) {
      return executor_.arm(waiter, waiter.deadline_at - now);
    }
    end(waiter, satisfied);
  }

  void end(Waiter& waiter, bool satisfied) {
    Transaction* transaction = waiter.transaction;
    Barrier* barrier = waiter.barrier;
    const Outcome outcome = satisfied ? waiter.outcome : Outcome::unknown;
    const uint64_t revision = waiter.revision;
    std::erase_if(waiters_, [&](const auto& each) { return each.get() == &waiter; });
    if (barrier != nullptr) {
      if (!satisfied) ++owner_.stats_.barriers_failed;
      barrier->reached = satisfied;
      return barrier->on_done(*barrier);
    }
    if (outcome == Outcome::unknown) ++owner_.stats_.unknown;
    transaction->outcome = outcome;
    transaction->revision = outcome == Outcome::committed ? revision : 0;
    transaction->on_done(*transaction);
  }

  /// Changes arrive.
  void on_timer() override {
    if (!owner_.reachable(node_)) return;  // They come when it is reachable again.
    const uint64_t from = facts_.revision();
    // Whoever starts sees the state as it is when the answer leaves.
    const FactBatch batch = from == 0 ? owner_.whole_state() : owner_.merged(from, target_);
    ++owner_.stats_.batches;
    if (from != 0 && target_ - from > 1) ++owner_.stats_.batches_merged;
    const Status applied = facts_.apply(batch);
    CAIRN_ASSERT(applied.ok());
    for (const auto& waiter : waiters_) {
      const bool reached = waiter->barrier != nullptr && waiter->answer_at <= executor_.now() &&
                           facts_.revision() >= waiter->revision;
      if (reached) executor_.arm(*waiter, 0);
    }
    arm_stream();
  }

  SimCoordinator& owner_;
  NodeExecutor& executor_;
  NodeId node_;
  uint64_t process_;
  replication::Facts& facts_;
  uint64_t target_ = 0;
  uint64_t waiter_last_ = 0;
  std::vector<std::unique_ptr<Waiter>> waiters_;
};

SimCoordinator::SimCoordinator(World& world, const SimCoordinatorOptions& options)
    : world_(world),
      options_(options),
      reachable_(world.nodes_count() + 1, true),
      clients_(world.nodes_count() + 1) {}

SimCoordinator::~SimCoordinator() {
  for (const auto& journey : journeys_) world_.outside().cancel(*journey);
}

replication::Coordinator& SimCoordinator::start(NodeId node, replication::Facts& facts) {
  CAIRN_ASSERT(clients_.at(node) == nullptr);
  CAIRN_ASSERT(facts.revision() == 0);
  clients_[node] = std::make_unique<Client>(*this, node, ++process_last_, facts);
  return *clients_[node];
}

void SimCoordinator::stop(NodeId node) { clients_.at(node).reset(); }

void SimCoordinator::set_reachable(NodeId node, bool reachable) {
  reachable_.at(node) = reachable;
  connectivity_changed();
}

void SimCoordinator::set_down(bool down) {
  down_ = down;
  connectivity_changed();
}

void SimCoordinator::connectivity_changed() {
  for (const auto& journey : journeys_) {
    if (!journey->held || !reachable(journey->node)) continue;
    journey->held = false;
    world_.outside().arm(*journey, draw_delay());
  }
  for (const auto& client : clients_) {
    if (client != nullptr) client->arm_stream();
  }
}

bool SimCoordinator::reachable(NodeId node) const { return !down_ && reachable_[node]; }

io::Nanoseconds SimCoordinator::draw_delay() {
  SimRandom& random = world_.random();
  const bool lags = random.chance_ppm(options_.lag_ppm);
  return random.between(options_.latency_ns_min,
                        lags ? options_.lag_ns_max : options_.latency_ns_max);
}

void SimCoordinator::send(const Client& client, uint64_t waiter, const Transaction* transaction) {
  journeys_.push_back(std::make_unique<Journey>());
  Journey& journey = *journeys_.back();
  journey.owner = this;
  journey.node = client.node();
  journey.process = client.process();
  journey.waiter = waiter;
  journey.is_barrier = transaction == nullptr;
  if (transaction != nullptr) {
    journey.content.compares = transaction->compares;
    journey.content.puts = transaction->puts;
    journey.content.deletes = transaction->deletes;
  }
  world_.outside().arm(journey, draw_delay());
}

void SimCoordinator::arrived(Journey& journey) {
  const bool lost = !reachable(journey.node);
  if (lost && !journey.is_barrier && world_.random().below(2) == 0) {
    journey.held = true;  // It may happen long after everybody gave it up.
    return;
  }
  if (!lost) {
    if (journey.is_barrier) {
      ++stats_.barriers;
      answer(journey, Outcome::committed, revision());
    } else {
      const Outcome outcome = execute(journey.content);
      answer(journey, outcome, outcome == Outcome::committed ? revision() : 0);
    }
  }
  std::erase_if(journeys_, [&](const auto& each) { return each.get() == &journey; });
}

void SimCoordinator::answer(const Journey& journey, Outcome outcome, uint64_t revision) {
  Client* client = clients_[journey.node].get();
  const bool lost = world_.random().chance_ppm(options_.answer_lost_ppm);
  const bool heard = !lost && client != nullptr && client->process() == journey.process &&
                     client->answer(journey.waiter, outcome, revision);
  if (!heard && !journey.is_barrier && outcome == Outcome::committed) ++stats_.happened_unknown;
}

Outcome SimCoordinator::commit_now(const Transaction& transaction) { return execute(transaction); }

Outcome SimCoordinator::execute(const Transaction& transaction) {
  for (const Transaction::Compare& compare : transaction.compares) {
    const auto place = state_.find(compare.key);
    const uint64_t current = place == state_.end() ? 0 : place->second.revision;
    if (current == compare.revision) continue;
    ++stats_.conflicts;
    return Outcome::conflict;
  }
  FactBatch batch;
  batch.revision = revision() + 1;
  for (const Transaction::Put& put : transaction.puts) {
    state_[put.key] = {put.value, batch.revision};
    batch.puts.push_back({put.key, put.value, batch.revision});
  }
  for (const std::string& key : transaction.deletes) {
    state_.erase(key);
    batch.deletes.push_back(key);
  }
  log_.push_back(std::move(batch));
  ++stats_.committed;
  const Status applied = truth_.apply(log_.back());
  CAIRN_ASSERT(applied.ok());
  for (const auto& client : clients_) {
    if (client != nullptr) client->arm_stream();
  }
  return Outcome::committed;
}

FactBatch SimCoordinator::whole_state() const {
  FactBatch batch;
  batch.revision = revision();
  for (const auto& [key, entry] : state_) {
    batch.puts.push_back({key, entry.value, entry.revision});
  }
  return batch;
}

FactBatch SimCoordinator::merged(uint64_t from, uint64_t to) const {
  CAIRN_ASSERT(from < to);
  CAIRN_ASSERT(to <= log_.size());
  FactBatch batch = log_[from];
  for (uint64_t at = from + 1; at < to; ++at) {
    for (const replication::FactPut& put : log_[at].puts) {
      std::erase_if(batch.puts, [&](const auto& each) { return each.key == put.key; });
      std::erase(batch.deletes, put.key);
      batch.puts.push_back(put);
    }
    for (const std::string& key : log_[at].deletes) {
      std::erase_if(batch.puts, [&](const auto& each) { return each.key == key; });
      std::erase(batch.deletes, key);
      batch.deletes.push_back(key);
    }
  }
  batch.revision = to;
  return batch;
}

}  // namespace cairn::sim
