// The engine on real files and sockets, by its commands.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine_thread.h"
#include "io/unix_socket.h"

namespace cairn::engine {
namespace {

using nlohmann::json;

constexpr uint64_t kDriveBytes = 256 << 20;
constexpr uint64_t kVolumeBytes = 64 << 20;
constexpr const char* kCluster = "00000000-0000-0000-0000-0000000000c1";

class EngineCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/cairn-engine-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    directory_ = pattern;
    start();
  }
  void TearDown() override {
    engine_.reset();
    ASSERT_EQ(std::system(("rm -rf " + directory_).c_str()), 0);
  }

  void start() {
    auto engine = EngineThread::start({}, [](const std::string& event) {
      ADD_FAILURE() << "nothing is expected to fail: " << event;
    });
    ASSERT_TRUE(engine.ok()) << engine.status().message();
    engine_ = std::move(engine).value();
  }
  void stop() { engine_.reset(); }

  json raw_call(const std::string& request) {
    std::promise<std::string> answer;
    engine_->call(request, [&](std::string line) { answer.set_value(std::move(line)); });
    return json::parse(answer.get_future().get());
  }
  json call(const char* method, const json& params) {
    return raw_call(json{{"method", method}, {"params", params}}.dump());
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

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }
  json format_params() {
    return {{"path", path("drive")},
            {"clusterId", kCluster},
            {"nodeId", kCluster},
            {"createBytes", kDriveBytes}};
  }
  /// A formatted, open store; its id.
  std::string open_store() {
    expect_result("drive.format", format_params());
    return expect_result("store.open", {{"path", path("drive")}})["storeId"];
  }
  json attach_params(const std::string& store_id, const std::string& volume_id, int epoch = 1) {
    return {{"volumeId", volume_id},         {"storeId", store_id},
            {"sizeBytes", kVolumeBytes},     {"volumeEpoch", epoch},
            {"exportName", "v" + volume_id}, {"socketPath", path("s" + volume_id)}};
  }
  /// Runs qemu-io against a volume's socket; its exit code.
  int qemu_io(const std::string& volume_id, const std::string& commands) {
    const std::string command = "qemu-io -f raw 'nbd+unix:///v" + volume_id +
                                "?socket=" + path("s" + volume_id) + "' " + commands + " > " +
                                path("log") + " 2>&1";
    return std::system(command.c_str());
  }

  std::unique_ptr<EngineThread> engine_;

 private:
  std::string directory_;
};

#define REQUIRE_QEMU_IO()                                   \
  if (std::system("command -v qemu-io > /dev/null") != 0) { \
    GTEST_SKIP() << "SKIPPED: qemu-io is not installed";    \
  }

TEST_F(EngineCommands, refuse_what_they_cannot_read) {
  for (const char* request :
       {"", "{", "[]", "5", "{}", R"({"method": 5})", R"({"method": "no.such"})",
        R"({"method": "store.list", "params": []})",
        R"({"method": "store.list", "params": {"x": 1}})"}) {
    const json answer = raw_call(request);
    EXPECT_FALSE(answer["ok"].get<bool>()) << request;
    EXPECT_EQ(answer["error"]["kind"], "invalid_argument") << request;
  }
}

TEST_F(EngineCommands, serve_a_volume_whose_bytes_outlive_a_restart) {
  REQUIRE_QEMU_IO()
  const std::string store_id = open_store();
  expect_result("volume.attach", attach_params(store_id, "1"));
  EXPECT_EQ(qemu_io("1", "-c 'write -P 0x5a 0 1M' -c 'write -P 0x17 9M 4k' -c 'write -z 64k 64k'"),
            0);
  const json before = expect_result("volume.stats", {{"volumeId", "1"}});
  EXPECT_GE(before["write"]["operationsCount"].get<uint64_t>(), 2u);
  stop();
  start();
  const json state = expect_result("store.open", {{"path", path("drive")}, {"storeId", store_id}});
  EXPECT_EQ(state["storeId"], store_id);
  expect_result("volume.attach", attach_params(store_id, "1", 2));
  // A clean stop moved everything to its place; before, small writes are in the journal only.
  const json after = expect_result("volume.stats", {{"volumeId", "1"}});
  EXPECT_GE(after["allocatedBytes"].get<uint64_t>(), (1u << 20) - (64u << 10));
  EXPECT_EQ(qemu_io("1",
                    "-c 'read -P 0x5a 0 64k' -c 'read -P 0 64k 64k' -c 'read -P 0x5a 128k 896k' "
                    "-c 'read -P 0x17 9M 4k' -c 'read -P 0 32M 1M'"),
            0);
}

TEST_F(EngineCommands, keep_volumes_of_one_store_apart_and_forget_a_deleted_one) {
  REQUIRE_QEMU_IO()
  const std::string store_id = open_store();
  expect_result("volume.attach", attach_params(store_id, "1"));
  expect_result("volume.attach", attach_params(store_id, "2"));
  EXPECT_EQ(qemu_io("1", "-c 'write -P 1 0 1M'"), 0);
  EXPECT_EQ(qemu_io("2", "-c 'write -P 2 0 1M'"), 0);
  EXPECT_EQ(qemu_io("1", "-c 'read -P 1 0 1M'"), 0);
  expect_error("busy", "volume.delete", {{"storeId", store_id}, {"volumeId", "1"}});
  expect_result("volume.detach", {{"volumeId", "1"}});
  const json collected = expect_result(
      "volume.gc",
      {{"storeId", store_id}, {"liveVolumeIds", json::array({"2"})}, {"nextVolumeId", "3"}});
  EXPECT_EQ(collected["droppedVolumeIds"], json::array({"1"}));
  EXPECT_EQ(qemu_io("2", "-c 'read -P 2 0 1M'"), 0);
  expect_result("volume.attach", attach_params(store_id, "3"));
  EXPECT_EQ(qemu_io("3", "-c 'read -P 0 0 1M'"), 0);
}

TEST_F(EngineCommands, delete_no_volume_that_is_newer_than_the_records) {
  REQUIRE_QEMU_IO()
  const std::string store_id = open_store();
  for (const char* id : {"4", "7"}) {
    expect_result("volume.attach", attach_params(store_id, id));
    EXPECT_EQ(qemu_io(id, "-c 'write -P 1 0 1M'"), 0);
    expect_result("volume.detach", {{"volumeId", id}});
  }
  const json collected = expect_result(
      "volume.gc",
      {{"storeId", store_id}, {"liveVolumeIds", json::array()}, {"nextVolumeId", "5"}});
  EXPECT_EQ(collected["droppedVolumeIds"], json::array({"4"}));
  EXPECT_EQ(collected["aheadVolumeIds"], json::array({"7"}));
}

TEST_F(EngineCommands, survive_the_same_command_many_times_at_once) {
  const std::string store_id = open_store();
  for (int round = 1; round <= 3; round++) {
    std::vector<std::pair<const char*, json>> commands;
    for (int i = 0; i < 8; i++) {
      commands.emplace_back("volume.attach", attach_params(store_id, "1", round));
      commands.emplace_back("volume.detach", json{{"volumeId", "1"}});
      commands.emplace_back("volume.delete", json{{"storeId", store_id}, {"volumeId", "1"}});
    }
    std::vector<std::promise<std::string>> answers(commands.size());
    for (size_t i = 0; i < commands.size(); i++) {
      const json request{{"method", commands[i].first}, {"params", commands[i].second}};
      engine_->call(request.dump(),
                    [&answers, i](std::string line) { answers[i].set_value(std::move(line)); });
    }
    for (auto& answer : answers) {
      const json reply = json::parse(answer.get_future().get());
      if (reply["ok"].get<bool>()) continue;
      const std::string kind = reply["error"]["kind"];
      EXPECT_TRUE(kind == "busy" || kind == "not_found" || kind == "already_exists") << kind;
    }
    if (call("volume.list", json::object())["result"]["items"].empty()) continue;
    expect_result("volume.detach", {{"volumeId", "1"}});
  }
}

TEST_F(EngineCommands, serve_a_socket_that_was_handed_in) {
  const std::string store_id = open_store();
  const auto fd = io::listen_unix(path("s1"), 0600);
  ASSERT_TRUE(fd.ok());
  json params = attach_params(store_id, "1");
  params.erase("socketPath");
  params["listenFd"] = fd.value();
  expect_result("volume.attach", params);
  const auto client = io::connect_unix(path("s1"));
  ASSERT_TRUE(client.ok());
  std::array<char, 8> greeting{};
  EXPECT_EQ(::read(client.value(), greeting.data(), greeting.size()), 8);
  EXPECT_EQ(std::string(greeting.data(), 8), "NBDMAGIC");
  ::close(client.value());
  expect_result("volume.detach", {{"volumeId", "1"}});
}

TEST_F(EngineCommands, refuse_a_descriptor_that_is_no_listening_socket_and_leave_it_open) {
  const std::string store_id = open_store();
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(::pipe(pipe_ends.data()), 0);
  json params = attach_params(store_id, "1");
  params.erase("socketPath");
  params["listenFd"] = pipe_ends[0];
  expect_error("invalid_argument", "volume.attach", params);
  EXPECT_EQ(::close(pipe_ends[0]), 0);
  EXPECT_EQ(::close(pipe_ends[1]), 0);
}

TEST_F(EngineCommands, detach_while_a_client_is_connected) {
  const std::string store_id = open_store();
  expect_result("volume.attach", attach_params(store_id, "1"));
  const auto client = io::connect_unix(path("s1"));
  ASSERT_TRUE(client.ok());
  expect_result("volume.detach", {{"volumeId", "1"}});
  expect_error("not_found", "volume.detach", {{"volumeId", "1"}});
  ::close(client.value());
}

TEST_F(EngineCommands, grow_a_volume_under_its_client) {
  REQUIRE_QEMU_IO()
  const std::string store_id = open_store();
  expect_result("volume.attach", attach_params(store_id, "1"));
  EXPECT_NE(qemu_io("1", "-c 'write -P 1 64M 4k'"), 0);
  expect_result("volume.resize", {{"volumeId", "1"}, {"sizeBytes", 2 * kVolumeBytes}});
  EXPECT_EQ(qemu_io("1", "-c 'write -P 1 64M 4k' -c 'read -P 1 64M 4k'"), 0);
  expect_error("invalid_argument", "volume.resize",
               {{"volumeId", "1"}, {"sizeBytes", kVolumeBytes}});
}

TEST_F(EngineCommands, lock_a_drive_against_a_second_engine) {
  open_store();
  auto other = EngineThread::start({}, [](const std::string&) {});
  ASSERT_TRUE(other.ok());
  std::promise<std::string> answer;
  other.value()->call(json{{"method", "store.open"}, {"params", {{"path", path("drive")}}}}.dump(),
                      [&](std::string line) { answer.set_value(std::move(line)); });
  EXPECT_EQ(json::parse(answer.get_future().get())["error"]["kind"], "busy");
}

TEST_F(EngineCommands, stop_in_the_middle_of_everything) {
  const std::string store_id = open_store();
  expect_result("volume.attach", attach_params(store_id, "1"));
  std::promise<std::string> formatted;
  json params = format_params();
  params["path"] = path("second");
  engine_->call(json{{"method", "drive.format"}, {"params", params}}.dump(),
                [&](std::string line) { formatted.set_value(std::move(line)); });
  expect_result("engine.stop", json::object());
  EXPECT_TRUE(json::parse(formatted.get_future().get())["ok"].get<bool>());
  expect_error("cancelled", "engine.stats", json::object());
}

}  // namespace
}  // namespace cairn::engine
