#include "engine/report.h"

#include "base/assert.h"
#include "engine/text.h"
#include "engine/volume_health.h"

namespace cairn::engine {

using nlohmann::json;

namespace {

json operation_json(const nbd::OperationStats& stats) {
  return {{"operationsCount", stats.operations_count},
          {"bytes", stats.bytes},
          {"errorsCount", stats.errors_count},
          {"latencyNsSum", stats.latency_ns_sum},
          {"latencyCounts", stats.latency_counts}};
}

json joiner_json(const replication::JoinerStats& stats) {
  return {{"joiningGroupsCount", stats.groups_joining},
          {"waitingGroupsCount", stats.groups_waiting},
          {"joinedGroupsCount", stats.groups_joined},
          {"equalChunksCount", stats.chunks_equal},
          {"copiedChunksCount", stats.chunks_copied},
          {"copiedBytes", stats.bytes_copied},
          {"failedCopiesCount", stats.copies_failed},
          {"leftChunksCount", stats.chunks_left},
          {"floatsCount", stats.floats},
          {"floatBytes", stats.float_bytes}};
}

}  // namespace

json error_json(const Status& status) {
  return {{"kind", to_string(status.kind())}, {"message", status.context()}};
}

json identity_json(const store::StoreIdentity& identity) {
  return {{"storeId", to_text(identity.store)},
          {"clusterId", to_text(identity.cluster)},
          {"nodeId", to_text(identity.node)},
          {"incarnation", std::to_string(identity.incarnation)},
          {"driveClass", to_text(identity.drive_class)},
          {"sizeBytes", identity.size_bytes},
          {"clean", identity.clean}};
}

json store_json(Drive& drive) {
  const store::StoreCapacity capacity = drive.store().capacity();
  const Status& failure = drive.store().failure();
  return {{"storeId", to_text(drive.identity().store)},
          {"path", drive.path()},
          {"identity", identity_json(drive.identity())},
          {"capacity",
           {{"totalBytes", capacity.total_bytes},
            {"allocatedBytes", capacity.allocated_bytes},
            {"releasingBytes", capacity.releasing_bytes},
            {"freeBytes", capacity.free_bytes}}},
          {"failure", failure.ok() ? json(nullptr) : error_json(failure)}};
}

json store_counters_json(const store::StoreStats& stats) {
  return {{"readsCount", stats.reads},
          {"readBytes", stats.read_bytes},
          {"smallWritesCount", stats.writes_small},
          {"bigWritesCount", stats.writes_big},
          {"writeBytes", stats.write_bytes},
          {"zeroesCount", stats.zeroes},
          {"dropsCount", stats.drops},
          {"versionGapsCount", stats.version_gaps},
          {"noSpaceCount", stats.no_space},
          {"journalGroupsCount", stats.journal_groups},
          {"journalWrittenBytes", stats.journal_bytes},
          {"journalRecordsCount", stats.journal_records},
          {"deviceReadsCount", stats.device_reads},
          {"deviceReadBytes", stats.device_read_bytes},
          {"deviceWritesCount", stats.device_writes},
          {"deviceWriteBytes", stats.device_write_bytes},
          {"deviceFlushesCount", stats.device_flushes},
          {"deviceDiscardsCount", stats.device_discards},
          {"destageRoundsCount", stats.destage_rounds},
          {"destagedChunksCount", stats.destaged_chunks},
          {"destagedSectorsCount", stats.destaged_sectors},
          {"metadataWrittenBytes", stats.metadata_bytes},
          {"segmentsCleanedCount", stats.segments_cleaned},
          {"checkpointsCount", stats.checkpoints},
          {"recordCacheHitsCount", stats.crec_hits},
          {"recordCacheMissesCount", stats.crec_misses},
          {"checksumErrorsCount", stats.checksum_errors},
          {"lostSectorsCount", stats.lost_sectors},
          {"suspectChunksCount", stats.suspect_chunks},
          {"doubleClaimsCount", stats.double_claims},
          {"throttledCount", stats.throttled},
          {"journalUsedBytes", stats.journal_used_bytes},
          {"journalCapacityBytes", stats.journal_capacity_bytes},
          {"journalDirtyBytes", stats.journal_dirty_bytes},
          {"dirtyChunksCount", stats.dirty_chunks},
          {"chunksCount", stats.chunks},
          {"volumesCount", stats.volumes},
          {"metadataLiveBytes", stats.metadata_live_bytes},
          {"metadataCapacityBytes", stats.metadata_capacity_bytes},
          {"inFlightCount", stats.in_flight},
          {"recoveredGroupsCount", stats.recovered_groups},
          {"recoveredRecordsCount", stats.recovered_records},
          {"truncatedGroupsCount", stats.truncated_groups},
          {"rottenGroupsCount", stats.rotten_groups}};
}

json volume_json(const Volume& volume) {
  const VolumeOptions& options = volume.options();
  return {{"volumeId", std::to_string(volume.id())},
          {"storeId", options.store_id ? json(to_text(*options.store_id)) : json(nullptr)},
          {"exportName", options.server.name},
          {"sizeBytes", volume.size_bytes()},
          {"volumeEpoch", options.epoch},
          {"readOnly", options.read_only},
          {"connectionsCount", volume.stats().connections_count},
          {"requestsInFlightCount", volume.stats().requests_in_flight_count}};
}

json volume_stats_json(const Volume& volume, uint64_t allocated_bytes) {
  const nbd::ExportStats& stats = volume.stats();
  json result = volume_json(volume);
  result["allocatedBytes"] = allocated_bytes;
  result["connectionsAcceptedCount"] = stats.connections_accepted_count;
  result["protocolErrorsCount"] = stats.protocol_errors_count;
  result["read"] = operation_json(stats.read);
  result["write"] = operation_json(stats.write);
  result["flush"] = operation_json(stats.flush);
  result["trim"] = operation_json(stats.trim);
  return result;
}

json copies_json(const Cluster& cluster, uint64_t volume_id) {
  const auto* fact = cluster.facts().volume(volume_id);
  const replication::OpenVolume* opened = cluster.node().find_volume(volume_id);
  CAIRN_ASSERT(opened != nullptr);
  // A store of this node that is not open answers nobody; of others the facts know.
  const auto serves = [&](replication::StoreId store) {
    const auto* known = cluster.facts().store(store);
    return known == nullptr || known->node != cluster.id() || cluster.hosts(store);
  };
  const VolumeHealth health =
      fact == nullptr ? VolumeHealth::offline : volume_health(cluster.facts(), *fact, serves);
  const replication::WriterStats stats = opened->writer().stats();
  return {{"health", to_text(health)},
          {"fenced", opened->writer().fenced()},
          {"decidedChunksCount", opened->decided()},
          {"changesCount", stats.changes},
          {"changeBytes", stats.change_bytes},
          {"readsCount", stats.reads},
          {"readBytes", stats.read_bytes},
          {"localReadsCount", stats.reads_local},
          {"hedgedReadsCount", stats.reads_hedged},
          {"repairedReadsCount", stats.reads_repaired},
          {"lostReadsCount", stats.reads_lost},
          {"resentCount", stats.resent},
          {"versionGapsCount", stats.gaps},
          {"staleCount", stats.stale},
          {"evictionsAskedCount", stats.evictions_asked},
          {"waitingForSpaceCount", stats.waiting_no_space},
          {"inFlightCount", stats.in_flight}};
}

json replica_json(const replication::Replica& replica) {
  const replication::ReplicaStats& stats = replica.stats();
  const replication::JoinerStats joiner = replica.joiner_stats();
  return {{"number", replica.id()},
          {"writesCount", stats.writes},
          {"readsCount", stats.reads},
          {"opensCount", stats.opens},
          {"decidesCount", stats.decides},
          {"listsCount", stats.lists},
          {"pullsCount", stats.pulls},
          {"repairsCount", stats.repairs},
          {"staleCount", stats.stale},
          {"versionGapsCount", stats.gaps},
          {"duplicatesCount", stats.duplicates},
          {"parkedCount", stats.parked},
          {"busyCount", stats.busy},
          {"joiner", joiner_json(joiner)}};
}

json cluster_json(const Cluster& cluster) {
  json links = json::array();
  for (const auto& link : cluster.links()) {
    links.push_back({{"node", link.node},
                     {"up", link.up},
                     {"callsCount", link.calls_count},
                     {"queuedBytes", link.queued_bytes},
                     {"connectsCount", link.connects_count},
                     {"failuresCount", link.failures_count},
                     {"lastFailure", link.last_failure}});
  }
  const replication::PeerServer* server = cluster.server();
  return {{"nodeNumber", cluster.id()},
          {"factsRevision", cluster.facts().revision()},
          {"evictionsCount", cluster.node().evictor().evictions()},
          {"servedConnectionsCount", server == nullptr ? 0 : server->connections_count()},
          {"servedRequestsCount", server == nullptr ? 0 : server->stats().requests_count},
          {"links", links}};
}

}  // namespace cairn::engine
