#include "engine/text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/params.h"

namespace cairn::engine {
namespace {

constexpr const char* kUuidText = "018f3c1e-9a2b-7c3d-8e4f-0123456789ab";

TEST(Text, writes_a_uuid_as_it_was_read) {
  const auto uuid = parse_uuid(kUuidText);
  ASSERT_TRUE(uuid.has_value());
  EXPECT_EQ((*uuid)[0], 0x01);
  EXPECT_EQ((*uuid)[15], 0xab);
  EXPECT_EQ(to_text(*uuid), kUuidText);
}

TEST(Text, refuses_what_is_no_uuid) {
  for (const char* text :
       {"", "018f3c1e", "018F3C1E-9A2B-7C3D-8E4F-0123456789AB",
        "018f3c1e-9a2b-7c3d-8e4f-0123456789a", "018f3c1e-9a2b-7c3d-8e4f-0123456789abc",
        "018f3c1e09a2b-7c3d-8e4f-0123456789ab", "018f3c1e-9a2b-7c3d-8e4f-0123456789ag"}) {
    EXPECT_FALSE(parse_uuid(text).has_value()) << text;
  }
}

TEST(Text, reads_ids_of_64_bits_and_nothing_else) {
  EXPECT_EQ(parse_id("0"), 0u);
  EXPECT_EQ(parse_id("18446744073709551615"), UINT64_MAX);
  for (const char* text :
       {"", "-1", "+1", "01", " 1", "1 ", "0x1", "18446744073709551616", "1.0"}) {
    EXPECT_FALSE(parse_id(text).has_value()) << text;
  }
}

TEST(Params, name_the_first_thing_that_is_wrong) {
  const auto json = nlohmann::json::parse(R"({"a": 5, "b": "x"})");
  Params params(json);
  EXPECT_EQ(params.text("a"), "");
  EXPECT_EQ(params.number("b", 0, 9), 0u);
  const Status status = params.finish();
  EXPECT_EQ(status.kind(), ErrorKind::invalid_argument);
  EXPECT_NE(status.context().find("parameter a is not text"), std::string::npos);
}

TEST(Params, refuse_what_nobody_asked_for) {
  const auto json = nlohmann::json::parse(R"({"a": "x", "typo": 1})");
  Params params(json);
  EXPECT_EQ(params.text("a"), "x");
  EXPECT_NE(params.finish().context().find("typo"), std::string::npos);
}

TEST(Params, hold_numbers_to_their_range) {
  const auto json = nlohmann::json::parse(R"({"low": 1, "high": 99, "part": 1.5, "negative": -1})");
  for (const char* key : {"low", "high", "part", "negative"}) {
    Params params(json);
    EXPECT_EQ(params.number(key, 2, 50), 2u);
    EXPECT_FALSE(params.finish().ok()) << key;
  }
}

TEST(Params, take_null_and_absence_for_the_same) {
  const auto json = nlohmann::json::parse(R"({"a": null})");
  Params params(json);
  EXPECT_FALSE(params.text_if_any("a").has_value());
  EXPECT_FALSE(params.flag("b"));
  EXPECT_TRUE(params.finish().ok());
}

TEST(Params, refuse_what_is_no_object) {
  const auto json = nlohmann::json::parse("[1]");
  EXPECT_FALSE(Params(json).finish().ok());
}

}  // namespace
}  // namespace cairn::engine
