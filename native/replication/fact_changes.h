// Fact changes: what a node asks etcd to change, computed from what it knows.
//
// Pure functions from Facts to Transactions. Each compares the revisions of the keys that it was
// computed from, so whatever was decided meanwhile makes it a conflict, and the caller computes it
// anew from the newer Facts. Nothing (or an empty list) means: there is nothing to do, or it is
// forbidden; the caller looks at the Facts to tell which. The callbacks are the caller's to set.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "replication/coordinator.h"
#include "replication/facts.h"

namespace cairn::replication {

/// The groups that list the store, sorted.
[[nodiscard]] std::vector<PgId> groups_of(const Facts& facts, StoreId store);

/// Takes the store out of all groups where it is in sync or joining: one epoch later it is out.
/// Never the last in-sync member of a group. One transaction for each shard key, so that they may
/// be under way together. "As long as the volume is still mine" (§4.5): they compare the guard
/// volume's key, and there are none at all if the facts show another epoch of it. Guard volume 0:
/// no guard, for a node that declares its own store lost.
[[nodiscard]] std::vector<Transaction> evict(const Facts& facts, StoreId store,
                                             uint64_t guard_volume, uint32_t guard_epoch);

/// Makes the store a joining member of the groups, all of one shard, since their new epochs: it was
/// out, not listed, or joining (a joiner that starts over). Groups where it is in sync, without
/// record, or without room are left as they are.
[[nodiscard]] std::optional<Transaction> begin_join(const Facts& facts,
                                                    std::span<const PgId> groups, StoreId store);

/// The joiner has everything: in sync, in those of the groups, all of one shard, where it is still
/// joining since the named epoch.
[[nodiscard]] std::optional<Transaction> promote(const Facts& facts,
                                                 std::span<const std::pair<PgId, uint32_t>> groups,
                                                 StoreId store);

/// Forgets a member that is out.
[[nodiscard]] std::optional<Transaction> remove_member(const Facts& facts, PgId group,
                                                       StoreId store);

/// The node becomes the volume's writer, whoever is it now: epoch + 1, not clean.
[[nodiscard]] std::optional<Transaction> open_volume(const Facts& facts, uint64_t volume,
                                                     NodeId node);
/// The writer ends, with everything acknowledged and nothing under way: clean, nobody's.
[[nodiscard]] std::optional<Transaction> close_volume(const Facts& facts, uint64_t volume,
                                                      NodeId node, uint32_t epoch);
/// As closing, but it is another node's at once, under the next epoch.
[[nodiscard]] std::optional<Transaction> hand_over(const Facts& facts, uint64_t volume, NodeId from,
                                                   uint32_t epoch, NodeId to);

/// `fact` says pool, size and root (0: itself); the rest begins as never opened. Needs the pool.
/// Its number counts as given from then on.
[[nodiscard]] std::optional<Transaction> create_volume(const Facts& facts, uint64_t volume,
                                                       const VolumeFact& fact);
/// Its writer, if any, is fenced by that.
[[nodiscard]] std::optional<Transaction> delete_volume(const Facts& facts, uint64_t volume);

/// Announces a store, or that it is another one (node, incarnation) than before.
[[nodiscard]] std::optional<Transaction> put_store(const Facts& facts, StoreId store,
                                                   const StoreFact& fact);

/// A pool whose group i begins with the in-sync members `members[i]`. The transactions are to be
/// committed in order; the pool is there with the last one, and until then it may be begun anew.
[[nodiscard]] std::vector<Transaction> put_pool(const Facts& facts, uint32_t pool,
                                                uint32_t replicas,
                                                std::span<const std::vector<StoreId>> members);

}  // namespace cairn::replication
