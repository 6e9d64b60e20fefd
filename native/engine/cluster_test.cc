// An engine that is a cluster by itself: pools of one copy, by commands and events.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/engine_thread.h"
#include "engine/test_coordinator.h"
#include "io/unix_socket.h"
#include "replication/facts.h"

namespace cairn::engine {
namespace {

using nlohmann::json;

constexpr uint64_t kDriveBytes = 256 << 20;
constexpr uint64_t kVolumeBytes = 64 << 20;
constexpr const char* kClusterId = "00000000-0000-0000-0000-0000000000c1";

#define REQUIRE_QEMU_IO()                                   \
  if (std::system("command -v qemu-io > /dev/null") != 0) { \
    GTEST_SKIP() << "SKIPPED: qemu-io is not installed";    \
  }

class ClusterOfOne : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/cairn-cluster-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    directory_ = pattern;
    start();
    const json identity = expect_result("drive.format", {{"path", path("drive")},
                                                         {"clusterId", kClusterId},
                                                         {"nodeId", kClusterId},
                                                         {"createBytes", kDriveBytes}});
    incarnation_ = identity["incarnation"];
    put(replication::store_key(1), "node=1 incarnation=" + incarnation_);
    put(replication::pg_shard_key(replication::make_pg(1, 0)),
        "1 1:in-sync:1\n1 1:in-sync:1\n1 1:in-sync:1\n1 1:in-sync:1");
    put(replication::pool_key(1), replication::encode_pool({.pgs_count = 4, .replicas = 1}));
    put(std::string(replication::kNextVolumeKey), replication::encode_next_volume(5));
    for (const uint64_t volume : {1u, 2u, 3u}) put_volume(volume);
  }
  void TearDown() override {
    stop();
    ASSERT_EQ(std::system(("rm -rf " + directory_).c_str()), 0);
  }

  void start() {
    auto engine = EngineThread::start({}, [this](const std::string& event) {
      if (answers_ && coordinator_.take_event(joined_, event)) return;
      const std::lock_guard lock(events_mutex_);
      events_.push_back(json::parse(event));
    });
    ASSERT_TRUE(engine.ok()) << engine.status().message();
    engine_ = std::move(engine).value();
    expect_result("cluster.start", {{"nodeNumber", 1}, {"clusterId", kClusterId}});
    joined_ = coordinator_.join(
        [this](const std::string& command) { engine_->call(command, [](const std::string&) {}); });
  }
  void stop() {
    if (engine_ == nullptr) return;
    call("engine.stop", json::object());
    coordinator_.leave(joined_);
    engine_.reset();
  }

  json call(const char* method, const json& params) { return start_call(method, params).get(); }
  std::future<json> start_call(const char* method, const json& params) {
    auto answer = std::make_shared<std::promise<json>>();
    engine_->call(json{{"method", method}, {"params", params}}.dump(),
                  [answer](const std::string& line) { answer->set_value(json::parse(line)); });
    return answer->get_future();
  }
  json expect_result(const char* method, const json& params) {
    const json answer = call(method, params);
    EXPECT_TRUE(answer["ok"].get<bool>()) << method << ": " << answer.dump();
    return answer.value("result", json::object());
  }
  void expect_error(const char* kind, const char* method, const json& params) {
    const json answer = call(method, params);
    ASSERT_FALSE(answer["ok"].get<bool>()) << method << ": " << answer.dump();
    EXPECT_EQ(answer["error"]["kind"], kind) << answer.dump();
  }

  void put(const std::string& key, const std::string& value) { coordinator_.put(key, value); }
  void put_volume(uint64_t volume) {
    put(replication::volume_key(volume),
        replication::encode_volume({.pool = 1, .size_bytes = kVolumeBytes, .root = volume}));
  }
  [[nodiscard]] replication::VolumeFact volume_fact(uint64_t volume) const {
    const auto fact =
        replication::decode_volume(coordinator_.value(replication::volume_key(volume)));
    EXPECT_TRUE(fact.ok());
    return fact.ok() ? fact.value() : replication::VolumeFact{};
  }
  /// Waits for something that comes by itself.
  template <typename Holds>
  [[nodiscard]] static bool comes(Holds holds) {
    for (int i = 0; i < 2000; ++i) {
      if (holds()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  [[nodiscard]] bool has_event(const char* name) {
    const std::lock_guard lock(events_mutex_);
    for (const json& event : events_) {
      if (event["event"] == name) return true;
    }
    return false;
  }

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::string open_store() {
    return expect_result("store.open", {{"path", path("drive")}, {"number", 1}})["storeId"];
  }
  json attach_params(const std::string& volume) {
    return {{"volumeId", volume}, {"exportName", "v" + volume}, {"socketPath", path("s" + volume)}};
  }
  int qemu_io(const std::string& volume, const std::string& commands) {
    const std::string command = "qemu-io -f raw 'nbd+unix:///v" + volume +
                                "?socket=" + path("s" + volume) + "' " + commands + " > " +
                                path("log") + " 2>&1";
    return std::system(command.c_str());
  }

  SharedCoordinator coordinator_;
  std::unique_ptr<EngineThread> engine_;
  uint64_t joined_ = 0;
  std::atomic<bool> answers_ = true;
  std::string incarnation_;

 private:
  std::string directory_;
  std::mutex events_mutex_;
  std::vector<json> events_;
};

TEST_F(ClusterOfOne, serves_a_volume_whose_bytes_outlive_a_restart) {
  REQUIRE_QEMU_IO()
  open_store();
  const json first = expect_result("volume.attach", attach_params("1"));
  EXPECT_EQ(first["volumeEpoch"], 1);
  EXPECT_EQ(first["sizeBytes"], kVolumeBytes);
  EXPECT_EQ(volume_fact(1).owner, 1u);
  EXPECT_EQ(qemu_io("1", "-c 'write -P 0x5a 0 1M' -c 'write -P 0x17 9M 4k' -c 'write -z 64k 64k'"),
            0);
  const json stats = expect_result("volume.stats", {{"volumeId", "1"}});
  EXPECT_EQ(stats["copies"]["health"], "healthy");
  EXPECT_GE(stats["copies"]["changesCount"].get<uint64_t>(), 3u);
  stop();
  EXPECT_EQ(volume_fact(1).owner, 0u);
  EXPECT_TRUE(volume_fact(1).clean);
  start();
  const std::string store_id = open_store();
  EXPECT_EQ(expect_result("volume.attach", attach_params("1"))["volumeEpoch"], 2);
  EXPECT_EQ(qemu_io("1",
                    "-c 'read -P 0x5a 0 64k' -c 'read -P 0 64k 64k' -c 'read -P 0x5a 128k 896k' "
                    "-c 'read -P 0x17 9M 4k' -c 'read -P 0 32M 1M'"),
            0);
  expect_error("busy", "store.close", {{"storeId", store_id}});
  expect_result("volume.detach", {{"volumeId", "1"}});
  const json store = expect_result("store.stats", {{"storeId", store_id}});
  EXPECT_EQ(store["replica"]["number"], 1);
  expect_result("store.close", {{"storeId", store_id}});
}

TEST_F(ClusterOfOne, drops_a_deleted_volume_and_none_that_was_not_given_yet) {
  REQUIRE_QEMU_IO()
  const std::string store_id = open_store();
  put_volume(7);
  for (const char* volume : {"1", "2", "7"}) {
    expect_result("volume.attach", attach_params(volume));
    EXPECT_EQ(qemu_io(volume, "-c 'write -P 1 0 1M'"), 0);
    expect_result("volume.detach", {{"volumeId", volume}});
  }
  const auto volumes = [&] {
    return expect_result("store.stats", {{"storeId", store_id}})["counters"]["volumesCount"]
        .get<int>();
  };
  EXPECT_EQ(volumes(), 3);
  // Number 7 is above the next volume's, as after a restore of etcd from an older backup.
  for (const uint64_t volume : {1u, 7u}) {
    coordinator_.remove(replication::volume_key(volume));
  }
  EXPECT_TRUE(comes([&] { return volumes() == 2; }));
  expect_result("volume.attach", attach_params("2"));
  EXPECT_EQ(qemu_io("2", "-c 'read -P 1 0 1M'"), 0);
  expect_error("not_found", "volume.attach", attach_params("1"));
}

TEST_F(ClusterOfOne, serves_no_volume_that_has_a_newer_writer) {
  open_store();
  expect_result("volume.attach", attach_params("1"));
  replication::VolumeFact fact = volume_fact(1);
  fact.epoch++;
  fact.owner = 2;
  put(replication::volume_key(1), replication::encode_volume(fact));
  EXPECT_TRUE(comes([&] { return has_event("volume.fenced"); }));
  EXPECT_TRUE(
      comes([&] { return call("volume.list", json::object())["result"]["items"].empty(); }));
  // It is the other node's until this one takes it back.
  EXPECT_EQ(volume_fact(1), fact);
  EXPECT_TRUE(comes([&] { return call("volume.attach", attach_params("1"))["ok"].get<bool>(); }));
  EXPECT_EQ(volume_fact(1).epoch, fact.epoch + 1);
}

TEST_F(ClusterOfOne, marks_a_read_only_volume_so_and_takes_no_writes) {
  REQUIRE_QEMU_IO()
  open_store();
  json params = attach_params("1");
  params["readOnly"] = true;
  expect_result("volume.attach", params);
  EXPECT_EQ(qemu_io("1", "-r -c 'read -P 0 0 1M'"), 0);
  EXPECT_NE(qemu_io("1", "-c 'write -P 1 0 4k'"), 0);
}

TEST_F(ClusterOfOne, gives_an_attachment_up_that_waits_for_a_copy) {
  auto attached = start_call("volume.attach", attach_params("1"));
  EXPECT_TRUE(comes([&] { return volume_fact(1).owner == 1; }));
  expect_error("busy", "volume.attach", attach_params("1"));
  expect_result("volume.detach", {{"volumeId", "1"}});
  EXPECT_EQ(attached.get()["error"]["kind"], "cancelled");
  open_store();
  expect_result("volume.attach", attach_params("1"));
}

TEST_F(ClusterOfOne, stops_although_nobody_answers_for_etcd) {
  REQUIRE_QEMU_IO()
  open_store();
  expect_result("volume.attach", attach_params("1"));
  EXPECT_EQ(qemu_io("1", "-c 'write -P 0x33 0 1M'"), 0);
  answers_ = false;
  expect_result("engine.stop", {{"alone", true}});
  coordinator_.leave(joined_);
  engine_.reset();
  answers_ = true;
  start();
  open_store();
  expect_result("volume.attach", attach_params("1"));
  EXPECT_EQ(qemu_io("1", "-c 'read -P 0x33 0 1M'"), 0);
}

TEST_F(ClusterOfOne, refuses_what_makes_no_sense) {
  expect_error("already_exists", "cluster.start", {{"nodeNumber", 1}, {"clusterId", kClusterId}});
  expect_error("invalid_argument", "coordinator.done", {{"id", 1}, {"outcome", "perhaps"}});
  expect_error("invalid_argument", "coordinator.done", {{"id", 1}, {"outcome", "committed"}});
  expect_error("invalid_argument", "facts.apply",
               {{"revision", 1}, {"puts", {{{"key", "k"}}}}, {"deletes", json::array()}});
  expect_error("corrupt", "facts.apply",
               {{"revision", 1000},
                {"puts", {{{"key", "/cairn/storage/flavour"}, {"value", "x"}, {"revision", 1000}}}},
                {"deletes", json::array()}});
  // Answers that nobody waits for any more.
  expect_result("coordinator.done", {{"id", 99}, {"outcome", "unknown"}});
  expect_result("coordinator.reached", {{"id", 99}, {"reached", true}});
  open_store();
  expect_error("not_found", "volume.attach", attach_params("9"));
  EXPECT_GT(expect_result("cluster.stats", json::object())["factsRevision"].get<uint64_t>(), 1u);
}

}  // namespace
}  // namespace cairn::engine
