#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string_view>

namespace cairn {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST(Crc32c, gives_the_check_value_of_rfc_3720) {
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xe3069283u);
}

TEST(Crc32c, continues_where_another_call_stopped) {
  EXPECT_EQ(crc32c_extend(crc32c(bytes_of("1234")), bytes_of("56789")), 0xe3069283u);
}

}  // namespace
}  // namespace cairn
