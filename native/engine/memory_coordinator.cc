#include "engine/memory_coordinator.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace cairn::engine {

using nlohmann::json;
using replication::Transaction;
using Outcome = Transaction::Outcome;

namespace {

std::string command(const char* method, const json& params) {
  return json{{"method", method}, {"params", params}}.dump();
}

Transaction transaction_of(const json& event) {
  Transaction transaction;
  for (const json& compare : event["compares"]) {
    transaction.compares.push_back({compare["key"], compare["revision"]});
  }
  for (const json& put : event["puts"]) transaction.puts.push_back({put["key"], put["value"]});
  transaction.deletes = event["deletes"].get<std::vector<std::string>>();
  return transaction;
}

}  // namespace

uint64_t MemoryCoordinator::join(SendFunction send) {
  send(whole_state());
  engines_[++engine_last_] = std::move(send);
  return engine_last_;
}

void MemoryCoordinator::leave(uint64_t engine) { engines_.erase(engine); }

bool MemoryCoordinator::take_event(uint64_t engine, std::string_view line) {
  const json event = json::parse(line, nullptr, false);
  if (!event.is_object()) return false;
  const std::string name = event.value("event", "");
  const auto found = engines_.find(engine);
  if (name == "coordinator.barrier") {
    // Every change was sent before: the engine has it when it reads this.
    if (found != engines_.end()) {
      found->second(command("coordinator.reached", {{"id", event["id"]}, {"reached", true}}));
    }
    return true;
  }
  if (name != "coordinator.transact") return false;
  const Outcome outcome = commit(transaction_of(event));
  if (found == engines_.end()) return true;
  json answer{{"id", event["id"]}, {"outcome", "conflict"}};
  if (outcome == Outcome::committed) {
    answer["outcome"] = "committed";
    answer["revision"] = revision_;
  }
  found->second(command("coordinator.done", answer));
  return true;
}

void MemoryCoordinator::put(const std::string& key, const std::string& value) {
  Transaction transaction;
  transaction.puts.push_back({key, value});
  static_cast<void>(commit(transaction));
}

void MemoryCoordinator::remove(const std::string& key) {
  Transaction transaction;
  transaction.deletes.push_back(key);
  static_cast<void>(commit(transaction));
}

std::string MemoryCoordinator::value(const std::string& key) const {
  const auto found = state_.find(key);
  return found == state_.end() ? "" : found->second.value;
}

Outcome MemoryCoordinator::commit(const Transaction& transaction) {
  for (const auto& compare : transaction.compares) {
    const auto found = state_.find(compare.key);
    if ((found == state_.end() ? 0 : found->second.revision) != compare.revision) {
      return Outcome::conflict;
    }
  }
  ++revision_;
  json puts = json::array();
  for (const auto& put : transaction.puts) {
    state_[put.key] = {put.value, revision_};
    puts.push_back({{"key", put.key}, {"value", put.value}, {"revision", revision_}});
  }
  for (const std::string& key : transaction.deletes) state_.erase(key);
  const std::string batch = command(
      "facts.apply", {{"revision", revision_}, {"puts", puts}, {"deletes", transaction.deletes}});
  for (const auto& [number, send] : engines_) send(batch);
  return Outcome::committed;
}

std::string MemoryCoordinator::whole_state() const {
  json puts = json::array();
  for (const auto& [key, entry] : state_) {
    puts.push_back({{"key", key}, {"value", entry.value}, {"revision", entry.revision}});
  }
  return command("facts.apply",
                 {{"revision", revision_}, {"puts", puts}, {"deletes", json::array()}});
}

}  // namespace cairn::engine
