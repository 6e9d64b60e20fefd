#include "replication/node.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "replication/fact_changes.h"

namespace cairn::replication {

using store::Flow;

namespace {

constexpr io::Nanoseconds kPoll = 2'000'000;
constexpr io::Nanoseconds kRetry = 100'000'000;

}  // namespace

struct StorageNode::Hosted {
  StorageNode* node = nullptr;
  StoreId id = 0;
  store::Store* store = nullptr;
  std::unique_ptr<Replica> replica;
  store::Wakeup wakeup;
  Flow flow;
  bool removed = false;
  bool ended = false;
  std::function<void()> done;
};

struct StorageNode::Opening {
  Opening(StorageNode& opened_by, uint64_t volume_id)
      : node(opened_by),
        volume(volume_id),
        opener(node.writer_place_, node.config_.opener, volume_id) {}
  StorageNode& node;
  uint64_t volume;
  Opener opener;
  OpenResult result;
  Flow flow;
  bool ended = false;
  Status status;
  OpenedFunction done;
};

struct StorageNode::Closing {
  StorageNode* node = nullptr;
  uint64_t volume = 0;
  NodeId next = 0;
  Flow flow;
  bool ended = false;
  Status status;
  std::function<void(const Status&)> done;
};

StorageNode::StorageNode(NodeId id, io::Executor& executor, Facts& facts, Coordinator& coordinator,
                         Peers& peers, StorageNodeConfig config)
    : id_(id),
      executor_(executor),
      facts_(facts),
      coordinator_(coordinator),
      peers_(peers),
      config_(config),
      evictor_(executor, facts, coordinator),
      writer_place_{executor, facts, peers, coordinator, evictor_, id} {
  facts_.add_listener(*this);
}

StorageNode::~StorageNode() { facts_.remove_listener(*this); }

void StorageNode::post() {
  if (!std::exchange(posted_, true)) executor_.post(*this);
}

// --- Stores ---

void StorageNode::add_store(StoreId id, store::Store& store) {
  CAIRN_ASSERT(!stores_.contains(id) && !stopping_);
  Hosted& hosted = *stores_.emplace(id, std::make_unique<Hosted>()).first->second;
  hosted.node = this;
  hosted.id = id;
  hosted.store = &store;
  hosted.flow = host(hosted);
  hosted.flow.start(
      [](void* context, Status) {
        auto& ended = *static_cast<Hosted*>(context);
        ended.ended = true;
        ended.node->post();
      },
      &hosted);
}

void StorageNode::remove_store(StoreId id, std::function<void()> done) {
  Hosted& hosted = *stores_.at(id);
  CAIRN_ASSERT(!hosted.removed);
  hosted.removed = true;
  hosted.done = std::move(done);
  if (hosted.replica != nullptr) hosted.replica->stop();
  hosted.wakeup.wake();
}

Flow StorageNode::host(Hosted& hosted) {
  // What the store missed while it was away must be known before it answers anything.
  while (!hosted.removed) {
    const bool reached = co_await Reached(coordinator_);
    if (reached) break;
    co_await Sleep(executor_, kRetry);
  }
  if (hosted.removed) co_return Status();
  const ReplicaPlace place{executor_, *hosted.store, facts_, peers_, coordinator_, hosted.id};
  hosted.replica = std::make_unique<Replica>(place, config_.replica);
  hosted.replica->start();
  while (!hosted.removed) {
    const Status dropped = co_await drop_dead_volumes(hosted);
    if (hosted.removed) break;
    if (!dropped.ok()) {
      co_await Sleep(executor_, kRetry);
    } else {
      co_await hosted.wakeup;
    }
  }
  while (!hosted.replica->quiet()) co_await Sleep(executor_, kPoll);
  co_return Status();
}

/// What the facts call dead is: they are complete, and newer than the store's opening.
Flow StorageNode::drop_dead_volumes(Hosted& hosted) {
  Status result;
  for (const uint64_t volume : hosted.store->volumes()) {
    if (hosted.removed || !facts_.is_dead(volume)) continue;
    StoreWait wait(*hosted.store);
    store::StoreRequest drop;
    drop.kind = store::StoreRequest::Kind::drop_volume;
    drop.volume = volume;
    wait.add(drop);
    Status status = co_await wait;
    if (!status.ok()) result = std::move(status);
  }
  co_return result;
}

Replica* StorageNode::find_replica(StoreId id) const {
  const auto at = stores_.find(id);
  return at == stores_.end() || at->second->removed ? nullptr : at->second->replica.get();
}

void StorageNode::handle(const Request& request, Responder& responder) {
  if (Replica* replica = find_replica(request.store)) return replica->handle(request, responder);
  const auto at = stores_.find(request.store);
  const bool coming = at != stores_.end() && !at->second->removed;
  Reply reply;
  reply.answer = coming || facts_.revision() == 0 ? Answer::busy : Answer::failed;
  responder.answer(reply);
}

// --- Volumes ---

void StorageNode::open_volume(uint64_t volume, OpenedFunction done) {
  CAIRN_ASSERT(!volumes_.contains(volume) && !stopping_);
  Opening& opening = *openings_.emplace_back(std::make_unique<Opening>(*this, volume));
  opening.done = std::move(done);
  opening.flow = opening.opener.open(opening.result);
  opening.flow.start(
      [](void* context, Status status) {
        auto& ended = *static_cast<Opening*>(context);
        ended.ended = true;
        ended.status = std::move(status);
        ended.node.post();
      },
      &opening);
}

void StorageNode::finish_opening(std::unique_ptr<Opening> opening) {
  const VolumeFact* fact = facts_.volume(opening->volume);
  if (!opening->status.ok() || fact == nullptr) {
    if (opening->status.ok()) opening->status = {ErrorKind::not_found, "the volume was deleted"};
    return opening->done(opening->status, nullptr);
  }
  auto made = std::make_unique<OpenVolume>(writer_place_, config_, opening->volume, *fact,
                                           std::move(opening->result));
  OpenVolume& volume = *made;
  volumes_[opening->volume] = std::move(made);
  opening->done(Status(), &volume);
}

void StorageNode::cancel_open(uint64_t volume) {
  for (const auto& opening : openings_) {
    if (opening->volume == volume) opening->opener.stop();
  }
}

void StorageNode::abandon_volume(uint64_t volume) { volumes_.at(volume)->writer().fence(); }

OpenVolume* StorageNode::find_volume(uint64_t volume) const {
  const auto at = volumes_.find(volume);
  return at == volumes_.end() ? nullptr : at->second.get();
}

void StorageNode::close_volume(uint64_t volume, NodeId next,
                               std::function<void(const Status&)> done) {
  CAIRN_ASSERT(volumes_.contains(volume));
  Closing& closing = *closings_.emplace_back(std::make_unique<Closing>());
  closing.node = this;
  closing.volume = volume;
  closing.next = next;
  closing.done = std::move(done);
  closing.flow = close(closing);
  closing.flow.start(
      [](void* context, Status status) {
        auto& ended = *static_cast<Closing*>(context);
        ended.ended = true;
        ended.status = std::move(status);
        ended.node->post();
      },
      &closing);
}

Flow StorageNode::close(Closing& closing) {
  OpenVolume& open = *volumes_.at(closing.volume);
  const uint32_t epoch = open.writer().epoch();
  while (!open.disk().idle() || !open.writer().quiet()) co_await Sleep(executor_, kPoll);
  while (!open.writer().fenced()) {
    auto change = closing.next == 0 ? replication::close_volume(facts_, closing.volume, id_, epoch)
                                    : hand_over(facts_, closing.volume, id_, epoch, closing.next);
    if (!change.has_value()) break;
    Commit commit(coordinator_, std::move(*change));
    const Transaction& done = co_await commit;
    if (done.outcome == Transaction::Outcome::committed) co_return Status();
    // If it happened although no answer came, the facts will fence the writer.
    co_await Sleep(executor_, kRetry);
  }
  co_return Status(ErrorKind::stale_epoch, "the volume was taken before it was closed");
}

void StorageNode::finish_closing(std::unique_ptr<Closing> closing) {
  volumes_.erase(closing->volume);
  closing->done(closing->status);
}

// --- Ends ---

void StorageNode::run() {
  posted_ = false;
  const auto take_ended = [](auto& list) {
    std::remove_reference_t<decltype(list)> ended;
    for (auto& entry : list) {
      if (entry->ended) ended.push_back(std::move(entry));
    }
    std::erase_if(list, [](const auto& entry) { return entry == nullptr; });
    return ended;
  };
  for (auto& opening : take_ended(openings_)) finish_opening(std::move(opening));
  for (auto& closing : take_ended(closings_)) finish_closing(std::move(closing));
  std::vector<std::unique_ptr<Hosted>> gone;
  for (auto& [id, hosted] : stores_) {
    if (hosted->ended) gone.push_back(std::move(hosted));
  }
  std::erase_if(stores_, [](const auto& entry) { return entry.second == nullptr; });
  for (const auto& hosted : gone) {
    if (hosted->done) hosted->done();
  }
}

void StorageNode::stop() {
  stopping_ = true;
  for (const auto& opening : openings_) opening->opener.stop();
  std::vector<StoreId> ids;
  for (const auto& [id, hosted] : stores_) {
    if (!hosted->removed) ids.push_back(id);
  }
  for (const StoreId id : ids) remove_store(id, [] {});
}

bool StorageNode::quiet() const {
  return stopping_ && stores_.empty() && volumes_.empty() && openings_.empty() &&
         closings_.empty() && !posted_ && evictor_.quiet();
}

void StorageNode::on_facts(const FactChanges& changes) {
  // Replicas first: a writer's messages to this node's own stores find them up to date.
  for (const auto& [id, hosted] : stores_) {
    if (hosted->replica != nullptr) hosted->replica->on_facts(changes);
    if (!changes.volumes.empty()) hosted->wakeup.wake();
  }
  for (const auto& [id, volume] : volumes_) volume->writer().on_facts(changes);
}

void StorageNode::on_peer_restarted(NodeId node) {
  for (const auto& [id, volume] : volumes_) volume->writer().on_peer_restarted(node);
}

void StorageNode::on_peer_down(NodeId node) {
  for (const auto& [id, volume] : volumes_) volume->writer().on_peer_down(node);
}

OpenVolume::OpenVolume(const WriterPlace& place, const StorageNodeConfig& config, uint64_t volume,
                       const VolumeFact& fact, OpenResult result)
    : writer_(place, config.writer, volume, result.epoch, std::move(result.tips)),
      disk_(place.executor, writer_,
            {.volume = volume,
             .size_bytes = fact.size_bytes,
             .volume_epoch = result.epoch,
             .pieces_max = config.pieces_max}),
      decided_(result.decided) {}

}  // namespace cairn::replication
