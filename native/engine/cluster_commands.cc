// The engine's commands on the cluster: its facts, the answers of etcd, the peers.
#include <nlohmann/json.hpp>
#include <utility>

#include "base/assert.h"
#include "engine/engine.h"
#include "engine/report.h"
#include "engine/volume_health.h"
#include "io/tcp_connector.h"
#include "io/tcp_socket.h"
#include "io/uring_stream.h"

namespace cairn::engine {

using nlohmann::json;
using replication::Transaction;

namespace {

constexpr uint64_t kRevisionMax = uint64_t{1} << 53;

Status no_cluster() { return {ErrorKind::not_found, "the engine is in no cluster yet"}; }

std::optional<Transaction::Outcome> parse_outcome(const std::string& text) {
  if (text == "committed") return Transaction::Outcome::committed;
  if (text == "conflict") return Transaction::Outcome::conflict;
  if (text == "unknown") return Transaction::Outcome::unknown;
  return std::nullopt;
}

}  // namespace

void Engine::cluster_start(Params& params, Answer answer) {
  ClusterOptions options;
  options.node = static_cast<replication::NodeId>(params.number("nodeNumber", 1, UINT32_MAX));
  options.cluster = params.uuid("clusterId");
  options.node_config = options_.node_config;
  const auto listen = params.text_if_any("listen");
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  if (cluster_ != nullptr) {
    return answer.fail(Status(ErrorKind::already_exists, "the engine is in a cluster already"));
  }
  std::unique_ptr<io::Listener> listener;
  json address = nullptr;
  if (listen) {
    const auto socket = io::listen_tcp(*listen);
    if (!socket.ok()) return answer.fail(socket.status());
    address = socket.value().address;
    listener = std::make_unique<io::UringListener>(reactor_, socket.value().fd);
  }
  ClusterOwner& owner = *this;
  cluster_ =
      std::make_unique<Cluster>(reactor_, buffers_, random_, owner, std::move(options),
                                std::make_unique<io::TcpConnector>(reactor_), std::move(listener));
  answer.succeed({{"address", address}});
}

void Engine::cluster_peers(Params& params, Answer answer) {
  std::map<replication::NodeId, replication::PeerEndpoint> peers;
  Status bad_entry;
  for (const json* entry : params.objects("nodes")) {
    Params node(*entry);
    const uint64_t number = node.number("number", 1, UINT32_MAX);
    peers[static_cast<replication::NodeId>(number)] = {
        .address = node.text("address"), .name = node.text_if_any("name").value_or("")};
    if (Status status = node.finish(); !status.ok() && bad_entry.ok()) bad_entry = status;
  }
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  if (!bad_entry.ok()) return answer.fail(bad_entry);
  if (cluster_ == nullptr) return answer.fail(no_cluster());
  peers.erase(cluster_->id());
  cluster_->set_peers(std::move(peers));
  answer.succeed(json::object());
}

void Engine::facts_apply(Params& params, Answer answer) {
  replication::FactBatch batch;
  batch.revision = params.number("revision", 1, kRevisionMax);
  Status bad_entry;
  for (const json* entry : params.objects("puts")) {
    Params put(*entry);
    batch.puts.push_back({.key = put.text("key"),
                          .value = put.text("value"),
                          .revision = put.number("revision", 1, kRevisionMax)});
    if (Status status = put.finish(); !status.ok() && bad_entry.ok()) bad_entry = status;
  }
  batch.deletes = params.texts("deletes");
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  if (!bad_entry.ok()) return answer.fail(bad_entry);
  if (cluster_ == nullptr) return answer.fail(no_cluster());
  // What could be understood was applied; the rest is the host's to report.
  answer.finish(cluster_->facts().apply(batch));
}

void Engine::coordinator_done(Params& params, Answer answer) {
  const uint64_t id = params.number("id", 1, kRevisionMax);
  const auto outcome = parse_outcome(params.text("outcome"));
  const uint64_t revision = params.number_if_any("revision", 1, kRevisionMax).value_or(0);
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  const bool complete = outcome && (*outcome != Transaction::Outcome::committed || revision != 0);
  if (!complete) {
    return answer.fail(Status(ErrorKind::invalid_argument,
                              "outcome is none of committed (with a revision), conflict, unknown"));
  }
  if (cluster_ == nullptr) return answer.fail(no_cluster());
  cluster_->coordinator().on_transacted(id, *outcome, revision);
  answer.succeed(json::object());
}

void Engine::coordinator_reached(Params& params, Answer answer) {
  const uint64_t id = params.number("id", 1, kRevisionMax);
  const bool reached = params.flag("reached");
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  if (cluster_ == nullptr) return answer.fail(no_cluster());
  cluster_->coordinator().on_barrier(id, reached);
  answer.succeed(json::object());
}

void Engine::cluster_stats(Params& params, Answer answer) {
  if (const Status status = params.finish(); !status.ok()) return answer.fail(status);
  if (cluster_ == nullptr) return answer.fail(no_cluster());
  answer.succeed(cluster_json(*cluster_));
}

void Engine::on_cluster_event(const json& event) { on_event_(to_line(event)); }

void Engine::on_volume_fenced(uint64_t volume_id) {
  emit("volume.fenced", "volumeId", std::to_string(volume_id),
       Status(ErrorKind::stale_epoch, "the volume has a newer writer, or was deleted"));
  const auto found = volumes_.find(volume_id);
  if (found != volumes_.end()) found->second->stop();
}

bool Engine::is_last_copy(replication::StoreId number) const {
  if (cluster_ == nullptr || number == 0) return false;
  const replication::Facts& facts = cluster_->facts();
  bool last = false;
  for (const auto& [volume_id, volume] : volumes_) {
    const auto* fact = volume->options().store_id ? nullptr : facts.volume(volume_id);
    if (fact == nullptr) continue;
    for_each_group(facts, *fact, [&](replication::PgId group) {
      const auto* record = facts.pg(group);
      if (record == nullptr) return;
      const auto* member = record->find(number);
      const bool in_sync = member != nullptr && member->state == replication::MemberState::in_sync;
      last = last || (in_sync && record->count(replication::MemberState::in_sync) == 1);
    });
  }
  return last;
}

}  // namespace cairn::engine
