#include "store/segment_table.h"

#include <gtest/gtest.h>

namespace cairn::store {
namespace {

constexpr uint32_t kSegmentBytes = 16384;

TEST(SegmentTable, keeps_a_segment_whose_records_are_committed_after_it_was_closed) {
  SegmentTable table;
  table.reset(8, kSegmentBytes);
  table.use(8192);
  table.roll();
  table.add_live(0, 200);
  table.settle();
  for (int i = 0; i < 4; ++i) table.on_checkpoint();
  EXPECT_EQ(table[0].state, SegmentTable::State::closed);
  EXPECT_EQ(table[0].live_bytes, 200u);
}

TEST(SegmentTable, gives_an_empty_segment_out_again_after_two_checkpoints) {
  SegmentTable table;
  table.reset(8, kSegmentBytes);
  table.use(8192);
  table.add_live(0, 200);
  table.roll();
  table.remove_live(0, 200);
  table.settle();
  EXPECT_EQ(table.free_segments(), 6u);
  table.on_checkpoint();
  EXPECT_EQ(table.free_segments(), 6u);
  table.on_checkpoint();
  EXPECT_EQ(table.free_segments(), 7u);
}

TEST(SegmentTable, cleans_the_segment_with_the_least_live_records_first) {
  SegmentTable table;
  table.reset(8, kSegmentBytes);
  table.add_live(0, 900);
  table.roll();
  table.add_live(kSegmentBytes, 300);
  table.roll();
  table.settle();
  EXPECT_EQ(table.cleaning_victim(), 1u);
  table.mark_damaged(1);
  EXPECT_EQ(table.cleaning_victim(), 0u);
}

}  // namespace
}  // namespace cairn::store
