#include "sim/world.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace cairn::sim {
namespace {

struct Note final : io::Task, io::Timer {
  explicit Note(std::function<void()> action) : act(std::move(action)) {}
  void run() override { act(); }
  void on_timer() override { act(); }
  std::function<void()> act;
};

/// What three nodes with three tasks each do first, by seed.
std::string order_of(uint64_t seed) {
  SimRandom random(seed);
  World world(random, 3);
  std::string order;
  std::vector<std::unique_ptr<Note>> notes;
  for (uint32_t node = 1; node <= 3; ++node) {
    for (int i = 0; i < 3; ++i) {
      notes.push_back(std::make_unique<Note>([&order, node] { order += std::to_string(node); }));
      world.node(node).post(*notes.back());
    }
  }
  while (world.step()) {
  }
  return order;
}

TEST(World, interleaves_nodes_by_seed) {
  EXPECT_EQ(order_of(1), order_of(1));
  std::vector<std::string> orders;
  for (uint64_t seed = 1; seed <= 20; ++seed) orders.push_back(order_of(seed));
  std::sort(orders.begin(), orders.end());
  orders.erase(std::unique(orders.begin(), orders.end()), orders.end());
  EXPECT_GT(orders.size(), 10u);
}

TEST(World, lets_time_pass_only_when_nobody_is_ready) {
  SimRandom random(1);
  World world(random, 2);
  std::vector<io::Nanoseconds> times;
  Note late([&] { times.push_back(world.now()); });
  Note early([&] { times.push_back(world.now()); });
  Note task([&] { times.push_back(world.now()); });
  world.node(1).arm(late, 500);
  world.node(2).arm(early, 100);
  world.node(1).post(task);
  world.run_for(1000);
  EXPECT_EQ(times, (std::vector<io::Nanoseconds>{1, 101, 501}));
  EXPECT_EQ(world.now(), 1001u);
  EXPECT_FALSE(world.step());
}

TEST(World, fires_a_paused_nodes_timers_late) {
  SimRandom random(1);
  World world(random, 1);
  io::Nanoseconds fired_at = 0;
  Note timer([&] { fired_at = world.now(); });
  world.node(1).arm(timer, 100);
  world.node(1).set_paused(true);
  world.run_for(1000);
  EXPECT_EQ(fired_at, 0u);
  world.node(1).set_paused(false);
  world.run_for(1000);
  EXPECT_EQ(fired_at, 1001u);
}

TEST(World, forgets_what_a_dead_process_had_to_do) {
  SimRandom random(1);
  World world(random, 2);
  int ran = 0;
  {
    Note task([&] { ++ran; });
    Note timer([&] { ++ran; });
    world.node(1).post(task);
    world.node(1).arm(timer, 100);
    world.node(1).drop_all();
  }
  Note other([&] { ran += 10; });
  world.node(2).arm(other, 200);
  world.run_for(1000);
  EXPECT_EQ(ran, 10);
}

TEST(World, says_when_what_was_waited_for_never_comes) {
  SimRandom random(1);
  World world(random, 1);
  Note timer([] {});
  world.node(1).arm(timer, 100);
  EXPECT_FALSE(world.run_until([] { return false; }, 1000));
  EXPECT_EQ(world.now(), 1001u);
}

}  // namespace
}  // namespace cairn::sim
