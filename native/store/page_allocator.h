// PageAllocator: which 16 KiB pages are in use. Pure memory, no I/O.
//
// A freed page is given out again only after two more checkpoints: until then one of the two
// checkpoint slots may still lead a recovery to a chunk record that names it. `committed` is the
// part that durable chunk records name; it is what a checkpoint stores, so that pages of writes
// that never reached a chunk record are free after a crash (invariant S4).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "format/geometry.h"

namespace cairn::store {

class PageAllocator {
 public:
  void reset(uint32_t pages_count, uint32_t reserved_page);
  /// Takes over a checkpoint's bitmap: one bit per page, 64 per word.
  void load_committed(std::span<const uint64_t> words);

  /// Free pages that may be given out at once.
  [[nodiscard]] uint64_t free_pages() const { return free_; }
  /// Freed pages that wait for checkpoints.
  [[nodiscard]] uint64_t releasing_pages() const {
    return releasing_[0].size() + releasing_[1].size();
  }
  /// Pages usable for data, in use or not.
  [[nodiscard]] uint64_t usable_pages() const { return usable_; }
  [[nodiscard]] bool in_use(uint32_t page) const { return test(used_, page); }
  [[nodiscard]] bool in_use_or_beyond(uint32_t page) const {
    return page >= pages_count_ || test(used_, page);
  }
  [[nodiscard]] bool committed(uint32_t page) const { return test(committed_, page); }

  /// Takes `wanted` if it is free, otherwise a page near the cursor. The caller has made sure that
  /// one is free.
  uint32_t take(uint32_t wanted);
  /// The first page of a wholly free run of 64 for a chunk without pages, or kPageNone if there is
  /// none. Takes nothing.
  uint32_t find_free_run();
  /// Marks a page that recovery found in use. False if it was in use already.
  [[nodiscard]] bool claim(uint32_t page);
  /// Gives back a page that no durable record ever named.
  void give_back(uint32_t page);
  /// Frees a page that durable records named; reusable after two checkpoints.
  void release(uint32_t page);
  /// A chunk record that names the page became (or ceased to be) the newest of its chunk.
  void commit(uint32_t page);
  void uncommit(uint32_t page);
  [[nodiscard]] std::span<const uint64_t> committed_words() const { return committed_; }

  /// A checkpoint completed. Pages released before the previous one become free.
  void on_checkpoint();

  /// The next run of 64 pages that became wholly free, for discard; kPageNone if none. The run is
  /// taken out of use until `finish_discard`.
  uint32_t begin_discard();
  void finish_discard(uint32_t first_page);
  [[nodiscard]] bool has_discards() const { return !discards_.empty(); }
  void remember_discards(bool on) { remember_discards_ = on; }

 private:
  static bool test(const std::vector<uint64_t>& words, uint32_t page) {
    return ((words[page / 64] >> (page % 64)) & 1) != 0;
  }
  void set_used(uint32_t page);
  void clear_used(uint32_t page);
  uint32_t find_any();

  uint32_t pages_count_ = 0;
  uint64_t usable_ = 0;
  uint64_t free_ = 0;
  uint32_t cursor_word_ = 0;
  uint32_t run_cursor_word_ = 0;
  std::vector<uint64_t> used_;
  std::vector<uint64_t> committed_;
  /// One bit per word of `used_`: some page free; all pages free.
  std::vector<uint64_t> some_free_;
  std::vector<uint64_t> all_free_;
  std::vector<uint32_t> releasing_[2];
  std::vector<uint32_t> discards_;
  bool remember_discards_ = false;
};

}  // namespace cairn::store
