#include "store/page_allocator.h"

#include <bit>

#include "base/assert.h"

namespace cairn::store {

namespace {

constexpr uint64_t kAll = ~uint64_t{0};

void put(std::vector<uint64_t>& words, uint32_t bit, bool value) {
  const uint64_t mask = uint64_t{1} << (bit % 64);
  if (value) {
    words[bit / 64] |= mask;
  } else {
    words[bit / 64] &= ~mask;
  }
}

/// The first set bit at or after `from`, wrapping around; kPageNone if there is none.
uint32_t find_set(const std::vector<uint64_t>& words, uint32_t bits, uint32_t from) {
  if (bits == 0) return format::kPageNone;
  if (from >= bits) from = 0;
  const auto count = static_cast<uint32_t>(words.size());
  const uint32_t first = from / 64;
  for (uint32_t step = 0; step <= count; ++step) {
    const uint32_t index = (first + step) % count;
    uint64_t word = words[index];
    if (step == 0) word &= kAll << (from % 64);
    if (word != 0) return index * 64 + static_cast<uint32_t>(std::countr_zero(word));
  }
  return format::kPageNone;
}

}  // namespace

void PageAllocator::reset(uint32_t pages_count, uint32_t reserved_page) {
  pages_count_ = pages_count;
  const size_t words = (size_t{pages_count} + 63) / 64;
  used_.assign(words, 0);
  committed_.assign(words, 0);
  some_free_.assign((words + 63) / 64, 0);
  all_free_.assign((words + 63) / 64, 0);
  for (uint32_t word = 0; word < words; ++word) {
    put(some_free_, word, true);
    put(all_free_, word, true);
  }
  if (pages_count % 64 != 0) {
    used_.back() = kAll << (pages_count % 64);
    put(all_free_, static_cast<uint32_t>(words - 1), false);
  }
  free_ = pages_count;
  if (reserved_page < pages_count) set_used(reserved_page);
  usable_ = free_;
  releasing_[0].clear();
  releasing_[1].clear();
  discards_.clear();
  cursor_word_ = 0;
  run_cursor_word_ = 0;
}

void PageAllocator::load_committed(std::span<const uint64_t> words) {
  CAIRN_ASSERT(words.size() >= used_.size());
  for (size_t i = 0; i < used_.size(); ++i) {
    uint64_t bits = words[i];
    if (i + 1 == used_.size() && pages_count_ % 64 != 0) bits &= ~(kAll << (pages_count_ % 64));
    for (; bits != 0; bits &= bits - 1) {
      const auto page =
          static_cast<uint32_t>(i * 64) + static_cast<uint32_t>(std::countr_zero(bits));
      if (test(used_, page)) continue;  // The reserved page: a damaged bitmap must not count it.
      set_used(page);
      put(committed_, page, true);
    }
  }
}

void PageAllocator::set_used(uint32_t page) {
  CAIRN_ASSERT(page < pages_count_);
  CAIRN_ASSERT(!test(used_, page));
  put(used_, page, true);
  --free_;
  const uint32_t word = page / 64;
  put(all_free_, word, false);
  if (used_[word] == kAll) put(some_free_, word, false);
}

void PageAllocator::clear_used(uint32_t page) {
  CAIRN_ASSERT(page < pages_count_);
  CAIRN_ASSERT(test(used_, page));
  put(used_, page, false);
  ++free_;
  const uint32_t word = page / 64;
  put(some_free_, word, true);
  if (used_[word] == 0) {
    put(all_free_, word, true);
    if (remember_discards_) discards_.push_back(word);
  }
}

uint32_t PageAllocator::find_any() {
  const uint32_t word = find_set(some_free_, static_cast<uint32_t>(used_.size()), cursor_word_);
  CAIRN_ASSERT(word != format::kPageNone);
  cursor_word_ = word;
  return word * 64 + static_cast<uint32_t>(std::countr_one(used_[word]));
}

uint32_t PageAllocator::take(uint32_t wanted) {
  CAIRN_ASSERT(free_ > 0);
  const bool usable = wanted < pages_count_ && !test(used_, wanted);
  const uint32_t page = usable ? wanted : find_any();
  set_used(page);
  return page;
}

uint32_t PageAllocator::find_free_run() {
  const uint32_t word = find_set(all_free_, static_cast<uint32_t>(used_.size()), run_cursor_word_);
  if (word == format::kPageNone) return word;
  run_cursor_word_ = word + 1;
  return word * 64;
}

bool PageAllocator::claim(uint32_t page) {
  if (page >= pages_count_ || test(used_, page)) return false;
  set_used(page);
  return true;
}

void PageAllocator::give_back(uint32_t page) {
  CAIRN_ASSERT(!test(committed_, page));
  clear_used(page);
}

void PageAllocator::release(uint32_t page) {
  CAIRN_ASSERT(test(used_, page));
  CAIRN_ASSERT(!test(committed_, page));
  releasing_[0].push_back(page);
}

void PageAllocator::commit(uint32_t page) {
  CAIRN_ASSERT(test(used_, page));
  CAIRN_ASSERT(!test(committed_, page));
  put(committed_, page, true);
}

void PageAllocator::uncommit(uint32_t page) {
  CAIRN_ASSERT(test(committed_, page));
  put(committed_, page, false);
}

void PageAllocator::on_checkpoint() {
  for (const uint32_t page : releasing_[1]) clear_used(page);
  releasing_[1].clear();
  std::swap(releasing_[0], releasing_[1]);
}

uint32_t PageAllocator::begin_discard() {
  while (!discards_.empty()) {
    const uint32_t word = discards_.back();
    discards_.pop_back();
    if (used_[word] != 0) continue;
    used_[word] = kAll;
    free_ -= 64;
    put(all_free_, word, false);
    put(some_free_, word, false);
    return word * 64;
  }
  return format::kPageNone;
}

void PageAllocator::finish_discard(uint32_t first_page) {
  const uint32_t word = first_page / 64;
  CAIRN_ASSERT(used_[word] == kAll);
  used_[word] = 0;
  free_ += 64;
  put(all_free_, word, true);
  put(some_free_, word, true);
}

}  // namespace cairn::store
