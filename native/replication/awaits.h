// What a Flow (store/flow.h) of this layer waits for: calls to peers, the coordinator, the store,
// time, and changes of the facts.
//
// A flow that waits for a call or for time may be destroyed; one that waits for the store or the
// coordinator may not, for they hold on to the request. Owners end their flows by asking them to
// stop and waiting until they have.
#pragma once

#include <coroutine>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "io/executor.h"
#include "replication/coordinator.h"
#include "replication/peers.h"
#include "store/chunk_service.h"
#include "store/disk_io.h"
#include "store/request.h"

namespace cairn::replication {

/// A reply that outlives the call. `answered` false: the connection was lost, or no reply came in
/// time.
struct CallResult {
  bool answered = false;
  /// Without `crcs` and `data`, which are in the members of the same name here.
  Reply reply;
  std::vector<uint32_t> crcs;
  store::AlignedBuffer data;
  size_t data_bytes = 0;
};

/// `call.to(node, request, deadline); CallResult& result = co_await call;` May be used again.
class PeerWait final : private PeerCall, private io::Timer {
 public:
  PeerWait(Peers& peers, io::Executor& executor) : peers_(peers), executor_(executor) {}
  ~PeerWait() { forget(); }
  PeerWait(const PeerWait&) = delete;
  PeerWait& operator=(const PeerWait&) = delete;

  void to(NodeId node, const Request& request, io::Nanoseconds deadline) {
    CAIRN_ASSERT(!waiting_);
    node_ = node;
    request_ = &request;
    deadline_after_ = deadline;
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    waiting_ = true;
    executor_.arm(*this, deadline_after_);
    peers_.call(node_, *request_, *this);
  }
  CallResult& await_resume() { return result_; }

 private:
  void on_reply(const Reply* reply) override {
    executor_.cancel(*this);
    waiting_ = false;
    result_.answered = reply != nullptr;
    if (reply != nullptr) keep(*reply);
    caller_.resume();
  }
  void on_timer() override {
    peers_.cancel(*this);
    waiting_ = false;
    result_.answered = false;
    caller_.resume();
  }
  void keep(const Reply& reply) {
    result_.reply = reply;
    result_.crcs.assign(reply.crcs.begin(), reply.crcs.end());
    result_.data_bytes = reply.data.size();
    if (result_.data.size() < reply.data.size()) {
      result_.data = store::AlignedBuffer(reply.data.size());
    }
    if (!reply.data.empty()) {
      std::copy(reply.data.begin(), reply.data.end(), result_.data.data());
    }
    result_.reply.crcs = {};
    result_.reply.data = {};
  }
  void forget() {
    if (!waiting_) return;
    executor_.cancel(*this);
    peers_.cancel(*this);
    waiting_ = false;
  }

  Peers& peers_;
  io::Executor& executor_;
  NodeId node_ = 0;
  const Request* request_ = nullptr;
  io::Nanoseconds deadline_after_ = 0;
  bool waiting_ = false;
  CallResult result_;
  std::coroutine_handle<> caller_;
};

/// `co_await Sleep(executor, duration);`
class Sleep final : private io::Timer {
 public:
  Sleep(io::Executor& executor, io::Nanoseconds duration)
      : executor_(executor), duration_(duration) {}
  ~Sleep() { executor_.cancel(*this); }
  Sleep(const Sleep&) = delete;
  Sleep& operator=(const Sleep&) = delete;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    executor_.arm(*this, duration_);
  }
  void await_resume() const noexcept {}

 private:
  void on_timer() override { caller_.resume(); }
  io::Executor& executor_;
  io::Nanoseconds duration_;
  std::coroutine_handle<> caller_;
};

/// `const Transaction& done = co_await Commit(coordinator, std::move(transaction));`
class Commit {
 public:
  Commit(Coordinator& coordinator, Transaction transaction)
      : coordinator_(coordinator), transaction_(std::move(transaction)) {}
  Commit(const Commit&) = delete;
  Commit& operator=(const Commit&) = delete;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    transaction_.context = this;
    transaction_.on_done = [](Transaction& done) {
      static_cast<Commit*>(done.context)->caller_.resume();
    };
    coordinator_.submit(transaction_);
  }
  const Transaction& await_resume() const { return transaction_; }

 private:
  Coordinator& coordinator_;
  Transaction transaction_;
  std::coroutine_handle<> caller_;
};

/// `bool reached = co_await Reached(coordinator);`
class Reached {
 public:
  explicit Reached(Coordinator& coordinator) : coordinator_(coordinator) {}
  Reached(const Reached&) = delete;
  Reached& operator=(const Reached&) = delete;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    barrier_.context = this;
    barrier_.on_done = [](Barrier& done) { static_cast<Reached*>(done.context)->caller_.resume(); };
    coordinator_.submit(barrier_);
  }
  bool await_resume() const { return barrier_.reached; }

 private:
  Coordinator& coordinator_;
  Barrier barrier_;
  std::coroutine_handle<> caller_;
};

/// Submits any number of changes and reads of one store at once and waits for all of them.
class StoreWait {
 public:
  explicit StoreWait(store::ChunkService& service) : service_(service) {}
  StoreWait(const StoreWait&) = delete;
  StoreWait& operator=(const StoreWait&) = delete;

  /// The request is copied; what it points to must live until the wait is over.
  void add(const store::StoreRequest& request) { requests_.push_back(request); }
  [[nodiscard]] bool empty() const { return requests_.empty(); }
  [[nodiscard]] store::StoreRequest& last() { return requests_.back(); }
  bool await_ready() const noexcept { return requests_.empty(); }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    pending_ = requests_.size();
    for (store::StoreRequest& request : requests_) {
      request.context = this;
      request.on_done = [](store::StoreRequest& done) {
        auto* self = static_cast<StoreWait*>(done.context);
        if (--self->pending_ == 0) self->caller_.resume();
      };
      service_.submit(request);
    }
  }
  /// The first failure, or ok.
  Status await_resume() {
    for (store::StoreRequest& request : requests_) {
      if (!request.status.ok()) return std::move(request.status);
    }
    return {};
  }

 private:
  store::ChunkService& service_;
  std::vector<store::StoreRequest> requests_;
  size_t pending_ = 0;
  std::coroutine_handle<> caller_;
};

/// A chunk's map with checksums.
class MapWait {
 public:
  explicit MapWait(store::ChunkService& service) : service_(service) {}
  MapWait(const MapWait&) = delete;
  MapWait& operator=(const MapWait&) = delete;
  [[nodiscard]] store::ChunkMapRequest& request() { return request_; }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    request_.context = this;
    request_.on_done = [](store::ChunkMapRequest& done) {
      static_cast<MapWait*>(done.context)->caller_.resume();
    };
    service_.submit(request_);
  }
  Status await_resume() { return std::move(request_.status); }

 private:
  store::ChunkService& service_;
  store::ChunkMapRequest request_;
  std::coroutine_handle<> caller_;
};

}  // namespace cairn::replication
