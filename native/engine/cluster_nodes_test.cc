// Three engines, each a process of its own, over TCP on loopback: volumes of two and three copies
// through the death of copies and of the writer.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/test_coordinator.h"
#include "replication/facts.h"

extern char** environ;

namespace cairn::engine {
namespace {

using nlohmann::json;
using replication::MemberState;
using replication::StoreId;

constexpr uint64_t kDriveBytes = 256 << 20;
constexpr uint64_t kVolumeBytes = 64 << 20;
constexpr uint32_t kPgsCount = 8;
constexpr const char* kClusterId = "00000000-0000-0000-0000-0000000000c3";

/// cairn-engine-host as a child: commands in, answers and events out.
class HostProcess {
 public:
  HostProcess(SharedCoordinator& coordinator, const std::string& log) : coordinator_(coordinator) {
    std::array<int, 2> input{};
    std::array<int, 2> output{};
    EXPECT_EQ(::pipe2(input.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(output.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], 0);
    posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    std::string program = CAIRN_ENGINE_HOST;
    std::string option = "--commands";
    std::array<char*, 3> words{program.data(), option.data(), nullptr};
    EXPECT_EQ(::posix_spawn(&pid_, program.c_str(), &actions, nullptr, words.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(input[0]);
    ::close(output[1]);
    input_ = input[1];
    output_ = ::fdopen(output[0], "r");
    reader_ = std::thread([this] { read(); });
  }
  ~HostProcess() { end(SIGKILL); }
  HostProcess(const HostProcess&) = delete;
  HostProcess& operator=(const HostProcess&) = delete;

  /// From here on it has the facts, and asks for changes.
  void join() {
    joined_ = coordinator_.join([this](const std::string& command) { write(command); });
  }

  json call(const char* method, const json& params) {
    const uint64_t id = next_id();
    write(json{{"id", id}, {"method", method}, {"params", params}}.dump());
    std::unique_lock lock(mutex_);
    const bool came = came_.wait_for(lock, std::chrono::seconds(60),
                                     [&] { return answers_.contains(id) || ended_; });
    if (!came || !answers_.contains(id)) return {{"ok", false}, {"error", {{"kind", "none"}}}};
    return answers_.extract(id).mapped();
  }

  void end(int signal) {
    if (pid_ == 0) return;
    if (joined_ != 0) coordinator_.leave(joined_);
    ::kill(pid_, signal);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    ::close(input_);
    reader_.join();
    std::fclose(output_);
  }

 private:
  uint64_t next_id() {
    const std::lock_guard lock(mutex_);
    return ++id_last_;
  }
  void write(const std::string& line) {
    const std::lock_guard lock(write_mutex_);
    const std::string text = line + "\n";
    // A process that was killed reads nothing any more: its pipe says so, and nobody minds.
    for (size_t at = 0; at < text.size();) {
      const ssize_t written = ::write(input_, text.data() + at, text.size() - at);
      if (written <= 0) return;
      at += static_cast<size_t>(written);
    }
  }
  void read() {
    char* line = nullptr;
    size_t room = 0;
    while (::getline(&line, &room, output_) > 0) {
      const json message = json::parse(line, nullptr, false);
      if (!message.is_object()) continue;
      if (message.contains("event")) {
        coordinator_.take_event(joined_, line);
      } else if (message.contains("id")) {
        const std::lock_guard lock(mutex_);
        answers_[message["id"].get<uint64_t>()] = message;
        came_.notify_all();
      }
    }
    std::free(line);
    const std::lock_guard lock(mutex_);
    ended_ = true;
    came_.notify_all();
  }

  SharedCoordinator& coordinator_;
  pid_t pid_ = 0;
  int input_ = -1;
  FILE* output_ = nullptr;
  std::atomic<uint64_t> joined_ = 0;
  std::mutex write_mutex_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::map<uint64_t, json> answers_;
  uint64_t id_last_ = 0;
  bool ended_ = false;
  std::thread reader_;
};

class ThreeEngines : public ::testing::TestWithParam<uint32_t> {
 protected:
  void SetUp() override {
    if (std::system("command -v qemu-io > /dev/null") != 0) {
      GTEST_SKIP() << "SKIPPED: qemu-io is not installed";
    }
    ::signal(SIGPIPE, SIG_IGN);
    char pattern[] = "/tmp/cairn-nodes-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    directory_ = pattern;
    for (uint32_t node = 1; node <= 3; ++node) start(node, true);
    put_pool();
    put(replication::volume_key(1),
        replication::encode_volume({.pool = 1, .size_bytes = kVolumeBytes, .root = 1}));
    for (uint32_t node = 1; node <= 3; ++node) open_store(node);
  }
  void TearDown() override {
    hosts_.clear();
    if (HasFailure()) {
      static_cast<void>(std::system(("tail -n 20 " + directory_ + "/*.log").c_str()));
    }
    if (!directory_.empty()) {
      ASSERT_EQ(std::system(("rm -rf " + directory_).c_str()), 0);
    }
  }

  void start(uint32_t node, bool format) {
    hosts_[node] =
        std::make_unique<HostProcess>(coordinator_, path("host" + std::to_string(node) + ".log"));
    if (format) {
      const json identity = expect_result(node, "drive.format",
                                          {{"path", drive(node)},
                                           {"clusterId", kClusterId},
                                           {"nodeId", kClusterId},
                                           {"createBytes", kDriveBytes}});
      put(replication::store_key(node), "node=" + std::to_string(node) + " incarnation=" +
                                            identity["incarnation"].get<std::string>());
    }
    const json started =
        expect_result(node, "cluster.start",
                      {{"nodeNumber", node}, {"clusterId", kClusterId}, {"listen", "127.0.0.1:0"}});
    addresses_[node] = started["address"];
    hosts_[node]->join();
    tell_peers();
  }
  void open_store(uint32_t node) {
    expect_result(node, "store.open", {{"path", drive(node)}, {"number", node}});
  }
  void kill(uint32_t node) { hosts_.erase(node); }
  void tell_peers() {
    json nodes = json::array();
    for (const auto& [node, address] : addresses_) {
      nodes.push_back({{"number", node}, {"address", address}});
    }
    for (const auto& [node, host] : hosts_)
      expect_result(node, "cluster.peers", {{"nodes", nodes}});
  }
  void put_pool() {
    std::vector<replication::PgRecord> groups;
    for (uint32_t group = 0; group < kPgsCount; ++group) {
      replication::PgRecord record{.epoch = 1, .members = {}};
      for (uint32_t copy = 0; copy < GetParam(); ++copy) {
        record.members.push_back(
            {.store = 1 + (group + copy) % 3, .state = MemberState::in_sync, .since = 1});
      }
      groups.push_back(std::move(record));
    }
    put(replication::pg_shard_key(replication::make_pg(1, 0)),
        replication::encode_pg_shard(groups));
    put(replication::pool_key(1),
        replication::encode_pool({.pgs_count = kPgsCount, .replicas = GetParam()}));
  }
  void put(const std::string& key, const std::string& value) { coordinator_.put(key, value); }
  [[nodiscard]] std::vector<replication::PgRecord> groups() const {
    const auto records = replication::decode_pg_shard(
        coordinator_.value(replication::pg_shard_key(replication::make_pg(1, 0))));
    return records.ok() ? records.value() : std::vector<replication::PgRecord>{};
  }
  /// In how many groups the store is in that state.
  [[nodiscard]] uint32_t count(StoreId store, MemberState state) const {
    uint32_t groups_count = 0;
    for (const auto& record : groups()) {
      const auto* member = record.find(store);
      groups_count += member != nullptr && member->state == state ? 1u : 0u;
    }
    return groups_count;
  }
  [[nodiscard]] bool all_in_sync() const {
    for (const auto& record : groups()) {
      if (record.count(MemberState::in_sync) != GetParam()) return false;
    }
    return true;
  }
  template <typename Holds>
  [[nodiscard]] static bool comes(Holds holds) {
    for (int i = 0; i < 3000; ++i) {
      if (holds()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  json expect_result(uint32_t node, const char* method, const json& params) {
    const json answer = hosts_.at(node)->call(method, params);
    EXPECT_TRUE(answer["ok"].get<bool>()) << "node " << node << " " << method << ": " << answer;
    return answer.value("result", json::object());
  }
  void attach(uint32_t node) {
    expect_result(node, "volume.attach",
                  {{"volumeId", "1"}, {"exportName", "v"}, {"socketPath", socket(node)}});
  }
  int qemu_io(uint32_t node, const std::string& commands) {
    const std::string command = "timeout 60 qemu-io -f raw 'nbd+unix:///v?socket=" + socket(node) +
                                "' " + commands + " > " + path("qemu-io.log") + " 2>&1";
    return std::system(command.c_str());
  }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }
  [[nodiscard]] std::string drive(uint32_t node) const {
    return path("drive" + std::to_string(node));
  }
  [[nodiscard]] std::string socket(uint32_t node) const { return path("s" + std::to_string(node)); }

  SharedCoordinator coordinator_;
  std::map<uint32_t, std::unique_ptr<HostProcess>> hosts_;

 private:
  std::string directory_;
  std::map<uint32_t, std::string> addresses_;
};

TEST_P(ThreeEngines, write_through_the_death_and_return_of_a_copy) {
  attach(1);
  EXPECT_EQ(qemu_io(1, "-c 'write -P 1 0 8M' -c 'write -P 2 8M 8M'"), 0);
  kill(2);
  // Some of these chunks have a copy on the dead node: they wait until it is evicted.
  EXPECT_EQ(qemu_io(1, "-c 'write -P 3 4M 8M' -c 'write -P 4 20M 4k'"), 0);
  EXPECT_EQ(count(2, MemberState::in_sync), 0u);
  EXPECT_EQ(expect_result(1, "volume.stats", {{"volumeId", "1"}})["copies"]["health"], "degraded");
  start(2, false);
  open_store(2);
  ASSERT_TRUE(comes([&] { return all_in_sync(); })) << "the copies did not get in sync";
  EXPECT_EQ(expect_result(1, "volume.stats", {{"volumeId", "1"}})["copies"]["health"], "healthy");
  // Every chunk has a copy elsewhere than on node 1, and half of them on the one that was away.
  kill(1);
  attach(2);
  EXPECT_EQ(qemu_io(2,
                    "-c 'read -P 1 0 4M' -c 'read -P 3 4M 8M' -c 'read -P 2 12M 4M' "
                    "-c 'read -P 4 20M 4k' -c 'read -P 0 24M 8M'"),
            0);
}

TEST_P(ThreeEngines, take_a_volume_over_from_a_writer_that_is_alive) {
  attach(1);
  EXPECT_EQ(qemu_io(1, "-c 'write -P 7 0 4M'"), 0);
  attach(3);
  EXPECT_TRUE(comes([&] {
    return hosts_.at(1)->call("volume.list", json::object())["result"]["items"].empty();
  }));
  EXPECT_EQ(qemu_io(3, "-c 'read -P 7 0 4M' -c 'write -P 8 0 1M' -c 'read -P 8 0 1M'"), 0);
  expect_result(3, "volume.detach", {{"volumeId", "1"}});
  attach(2);
  EXPECT_EQ(qemu_io(2, "-c 'read -P 8 0 1M' -c 'read -P 7 1M 3M'"), 0);
}

INSTANTIATE_TEST_SUITE_P(Copies, ThreeEngines, ::testing::Values(2u, 3u));

}  // namespace
}  // namespace cairn::engine
