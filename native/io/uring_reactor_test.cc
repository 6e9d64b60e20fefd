#include "io/uring_reactor.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "io/kernel_random.h"
#include "io/reactor_thread.h"

namespace cairn::io {
namespace {

struct FunctionTask final : Task {
  void run() override { function(); }
  std::function<void()> function;
};

struct FunctionTimer final : Timer {
  void on_timer() override { function(); }
  std::function<void()> function;
};

std::unique_ptr<UringReactor> make_reactor() {
  auto reactor = UringReactor::create({});
  EXPECT_TRUE(reactor.ok()) << reactor.status().message();
  return std::move(reactor).value();
}

TEST(UringReactor, runs_tasks_in_posting_order_and_never_inside_post) {
  auto reactor = make_reactor();
  std::vector<int> order;
  FunctionTask first, second, third;
  first.function = [&] {
    reactor->post(third);
    order.push_back(1);
  };
  second.function = [&] { order.push_back(2); };
  third.function = [&] {
    order.push_back(3);
    reactor->stop();
  };
  reactor->post(first);
  reactor->post(second);
  reactor->run();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(UringReactor, fires_timers_at_or_after_their_deadline_in_deadline_order) {
  auto reactor = make_reactor();
  std::vector<int> order;
  FunctionTimer late, early, cancelled;
  const Nanoseconds start = reactor->now();
  Nanoseconds fired_at = 0;
  late.function = [&] {
    order.push_back(2);
    fired_at = reactor->now();
    reactor->stop();
  };
  early.function = [&] { order.push_back(1); };
  cancelled.function = [&] { order.push_back(9); };
  reactor->arm(late, 20'000'000);
  reactor->arm(early, 5'000'000);
  reactor->arm(cancelled, 1'000'000);
  reactor->cancel(cancelled);
  reactor->run();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_GE(fired_at - start, 20'000'000u);
}

TEST(UringReactor, lets_a_timer_arm_itself_again) {
  auto reactor = make_reactor();
  FunctionTimer timer;
  int count = 0;
  timer.function = [&] {
    if (++count == 3) return reactor->stop();
    reactor->arm(timer, 1000);
  };
  reactor->arm(timer, 1000);
  reactor->run();
  EXPECT_EQ(count, 3);
}

TEST(UringReactor, delivers_letters_of_many_threads_each_sender_in_order) {
  auto reactor = make_reactor();
  constexpr int kThreads = 4;
  constexpr int kLetters = 500;
  std::vector<int> last(kThreads, -1);
  int received = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int letter = 0; letter < kLetters; ++letter) {
        EXPECT_TRUE(reactor->mailbox().post([&, thread, letter] {
          EXPECT_EQ(last[static_cast<size_t>(thread)], letter - 1);
          last[static_cast<size_t>(thread)] = letter;
          if (++received == kThreads * kLetters) reactor->stop();
        }));
      }
    });
  }
  reactor->run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(received, kThreads * kLetters);
}

TEST(UringReactor, runs_every_accepted_letter_and_refuses_later_ones) {
  auto reactor = make_reactor();
  std::atomic<int> accepted = 0;
  int ran = 0;
  std::thread sender([&] {
    while (reactor->mailbox().post([&] { ++ran; })) ++accepted;
  });
  std::thread stopper([&] { EXPECT_TRUE(reactor->mailbox().post([&] { reactor->stop(); })); });
  reactor->run();
  sender.join();
  stopper.join();
  EXPECT_EQ(ran, accepted.load());
  EXPECT_FALSE(reactor->mailbox().post([] {}));
}

TEST(UringReactor, is_made_by_one_thread_and_run_by_another) {
  auto reactor = make_reactor();
  std::thread runner([&] { reactor->run(); });
  EXPECT_TRUE(reactor->mailbox().post([&] { reactor->stop(); }));
  runner.join();
}

TEST(UringReactor, uses_no_processor_time_while_idle) {
  auto reactor = make_reactor();
  double used_seconds = 1;
  std::thread runner([&] {
    reactor->run();
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    used_seconds = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                   static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_TRUE(reactor->mailbox().post([&] { reactor->stop(); }));
  runner.join();
  EXPECT_LT(used_seconds, 0.05);
}

TEST(UringReactor, stops_although_a_timer_is_armed_far_ahead) {
  auto reactor = make_reactor();
  FunctionTimer timer;
  FunctionTask task;
  task.function = [&] { reactor->stop(); };
  reactor->arm(timer, 3'600'000'000'000);
  reactor->post(task);
  reactor->run();
  reactor->cancel(timer);
}

TEST(ReactorThread, sets_up_runs_and_tears_down_on_its_own_thread) {
  std::thread::id set_up_on, ran_on, torn_down_on;
  UringReactor* reactor = nullptr;
  auto thread = ReactorThread::start(
      {.name = "test",
       .reactor = {},
       .set_up =
           [&](UringReactor& made) {
             reactor = &made;
             set_up_on = std::this_thread::get_id();
           },
       .tear_down = [&](UringReactor&) { torn_down_on = std::this_thread::get_id(); }});
  ASSERT_TRUE(thread.ok());
  EXPECT_TRUE(thread.value()->mailbox().post([&] {
    ran_on = std::this_thread::get_id();
    reactor->stop();
  }));
  thread.value()->join();
  EXPECT_NE(set_up_on, std::this_thread::get_id());
  EXPECT_EQ(set_up_on, ran_on);
  EXPECT_EQ(set_up_on, torn_down_on);
}

TEST(KernelRandom, gives_different_numbers) {
  KernelRandom random;
  EXPECT_NE(random.next(), random.next());
}

}  // namespace
}  // namespace cairn::io
