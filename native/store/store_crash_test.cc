// Crashes at every boundary of a fixed workload, repeated recoveries, and random work against a
// reference map.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

#include "sim/store_fixture.h"
#include "store/store_impl.h"
#include "store/verify.h"

namespace cairn::store {
namespace {

using Key = std::pair<uint32_t, uint32_t>;  // chunk, sector

/// What each sector may hold: the acknowledged value, and the value of a write the power cut short.
struct Reference {
  std::map<Key, uint64_t> sure;
  std::map<Key, uint64_t> doubtful;

  void settle(uint32_t chunk, uint32_t first, uint32_t n, uint64_t value, bool acknowledged) {
    for (uint32_t i = 0; i < n; ++i) {
      const Key key{chunk, first + i};
      (acknowledged ? sure : doubtful)[key] = value;
    }
  }
};

/// The same steps every time. Returns when the power goes.
void fixed_workload(StoreFixture& f, Reference& reference) {
  struct Step {
    char what;
    uint32_t chunk, first, n;
  };
  constexpr Step kSteps[] = {{'w', 0, 0, 1},   {'w', 0, 0, 3},   {'w', 1, 16, 32}, {'z', 1, 18, 5},
                             {'w', 1, 19, 2},  {'r', 0, 0, 0},   {'w', 0, 0, 64},  {'w', 2, 7, 1},
                             {'z', 0, 0, 256}, {'w', 0, 3, 1},   {'r', 0, 0, 0},   {'w', 2, 0, 128},
                             {'w', 2, 64, 16}, {'z', 2, 0, 128}, {'w', 1, 255, 1}, {'r', 0, 0, 0},
                             {'w', 0, 8, 17}};
  uint64_t value = 100;
  for (const Step& step : kSteps) {
    ++value;
    Status status;
    if (step.what == 'w') {
      // Pieces are acknowledged one by one; a cut leaves the later ones in doubt.
      uint32_t first = step.first;
      for (uint32_t left = step.n; left > 0;) {
        const uint32_t piece = write_piece_sectors(first, left);
        status = f.write(1, step.chunk, first, piece, value);
        reference.settle(step.chunk, first, piece, value, status.ok());
        if (!status.ok()) return;
        first += piece;
        left -= piece;
      }
    } else if (step.what == 'z') {
      status = f.zero(1, step.chunk, step.first, step.n);
      reference.settle(step.chunk, step.first, step.n, 0, status.ok());
    } else {
      f.executor().run_until([&, steps = 0]() mutable { return ++steps > 200; });
    }
    if (!status.ok() || f.disk().power_lost()) return;
  }
  f.rest();
}

::testing::AssertionResult holds(StoreFixture& f, const Reference& reference) {
  std::map<Key, uint64_t> all = reference.sure;
  for (const auto& [key, value] : reference.doubtful) all.try_emplace(key, 0);
  for (const auto& [key, sure] : all) {
    const auto got = f.read(1, key.first, key.second);
    if (!got.ok()) return ::testing::AssertionFailure() << got.status().message();
    const auto doubtful = reference.doubtful.find(key);
    const bool allowed = got.value() == sure ||
                         (doubtful != reference.doubtful.end() && got.value() == doubtful->second);
    if (!allowed) {
      return ::testing::AssertionFailure() << "chunk " << key.first << " sector " << key.second
                                           << " holds " << got.value() << " instead of " << sure;
    }
  }
  return ::testing::AssertionSuccess();
}

::testing::AssertionResult whole(StoreFixture& f) {
  Verifier verifier(f.environment(), f.store());
  const Status status = f.complete([&](StoreOperation& op) { verifier.start(op); });
  if (!status.ok()) return ::testing::AssertionFailure() << status.message();
  if (verifier.report().ok()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << verifier.report().problems.front();
}

/// Cuts after `requests` device requests; false if the workload ended before.
bool cut_and_check(bool volatile_cache, uint64_t requests) {
  StoreFixture f(volatile_cache, uint64_t{4} << 20);
  EXPECT_TRUE(f.format().ok());
  Reference reference;
  f.disk().cut_power_after(requests);
  const bool opened = f.open().ok();
  if (opened) fixed_workload(f, reference);
  const bool cut = f.disk().power_lost();
  f.crash();
  const Status recovered = f.open();
  EXPECT_TRUE(recovered.ok()) << "after " << requests << ": " << recovered.message();
  EXPECT_TRUE(holds(f, reference)) << "after " << requests << " requests";
  f.crash();
  f.config().read_only = true;
  EXPECT_TRUE(f.open().ok());
  EXPECT_TRUE(whole(f)) << "after " << requests << " requests";
  return cut;
}

TEST(StoreCrash, loses_nothing_at_any_device_request_with_a_volatile_cache) {
  uint64_t requests = 0;
  while (cut_and_check(true, requests) && !::testing::Test::HasFailure()) ++requests;
  EXPECT_GT(requests, 50u);
}

TEST(StoreCrash, loses_nothing_at_any_device_request_with_write_through) {
  uint64_t requests = 0;
  while (cut_and_check(false, requests) && !::testing::Test::HasFailure()) ++requests;
  EXPECT_GT(requests, 50u);
}

TEST(StoreCrash, recovers_to_the_same_state_however_often_recovery_is_cut_short) {
  StoreFixture f;
  ASSERT_TRUE(f.format().ok());
  ASSERT_TRUE(f.open().ok());
  Reference reference;
  f.disk().cut_power_after(35);
  fixed_workload(f, reference);
  ASSERT_TRUE(f.disk().power_lost());
  f.crash();
  for (uint64_t requests = 0; requests < 40; ++requests) {
    f.disk().cut_power_after(requests);
    (void)f.open();
    f.crash();
  }
  ASSERT_TRUE(f.open().ok());
  EXPECT_TRUE(holds(f, reference));
}

TEST(StoreCrash, keeps_a_drop_that_the_power_cut_interrupted) {
  for (uint64_t requests = 0; requests < 12; ++requests) {
    StoreFixture f;
    ASSERT_TRUE(f.format().ok());
    ASSERT_TRUE(f.open().ok());
    for (uint32_t chunk = 0; chunk < 3; ++chunk) ASSERT_TRUE(f.write(1, chunk, 0, 64, 1).ok());
    f.rest();
    ASSERT_TRUE(f.write(1, 0, 0, 16, 2).ok());
    ASSERT_TRUE(f.drop(1).ok());
    f.disk().cut_power_after(requests);
    f.rest();
    f.crash();
    ASSERT_TRUE(f.open().ok());
    EXPECT_FALSE(f.store().has_volume(1));
    f.rest();
    EXPECT_EQ(f.store().capacity().allocated_bytes, 0u);
    f.crash();
    f.config().read_only = true;
    ASSERT_TRUE(f.open().ok());
    EXPECT_TRUE(whole(f));
  }
}

TEST(StoreProperty, agrees_with_a_reference_map_through_crashes_and_clean_stops) {
  rc::check([] {
    StoreFixture f(*rc::gen::arbitrary<bool>());
    RC_ASSERT(f.format().ok());
    RC_ASSERT(f.open().ok());
    Reference reference;
    uint64_t value = 0;
    const auto steps = *rc::gen::inRange(1, 60);
    for (int i = 0; i < steps; ++i) {
      const auto dice = *rc::gen::inRange(0, 20);
      const auto chunk = *rc::gen::inRange<uint32_t>(0, 3);
      const auto first = *rc::gen::inRange<uint32_t>(0, 256);
      const auto n = *rc::gen::inRange<uint32_t>(1, 257 - first);
      if (dice == 0) {
        f.crash();
        RC_ASSERT(f.open().ok());
      } else if (dice == 1) {
        RC_ASSERT(f.close().ok());
        RC_ASSERT(f.open().ok());
      } else if (dice == 2) {
        f.rest();
      } else if (dice < 7) {
        RC_ASSERT(f.zero(1, chunk, first, n).ok());
        reference.settle(chunk, first, n, 0, true);
      } else {
        RC_ASSERT(f.write(1, chunk, first, n, ++value).ok());
        reference.settle(chunk, first, n, value, true);
      }
    }
    RC_ASSERT(holds(f, reference));
    f.crash();
    f.config().read_only = true;
    RC_ASSERT(f.open().ok());
    RC_ASSERT(whole(f));
  });
}

/// Faults of the running drive: what was written may be gone or elsewhere. Never may other bytes be
/// read.
TEST(StoreFaults, lost_and_misdirected_writes_never_give_wrong_bytes) {
  uint64_t refused = 0;
  for (uint64_t round = 0; round < 30; ++round) {
    StoreFixture f(round % 2 == 0);
    ASSERT_TRUE(f.format().ok());
    ASSERT_TRUE(f.open().ok());
    std::map<uint32_t, uint64_t> values;
    sim::SimFaults faults;
    faults.lost_write_ppm = 50'000;
    faults.misdirected_write_ppm = 20'000;
    f.disk().set_faults(faults);
    for (uint32_t i = 0; i < 60; ++i) {
      const auto sector = static_cast<uint32_t>((i * 37 + round * 11) % 256);
      if (f.write(1, 0, sector, 1, 1000 + i).ok()) values[sector] = 1000 + i;
      if (i % 20 == 19) f.rest();
    }
    for (const auto& [sector, value] : values) {
      const auto got = f.read(1, 0, sector);
      if (got.ok()) {
        EXPECT_EQ(got.value(), value);
      } else {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 0u);
}

}  // namespace
}  // namespace cairn::store
