/**
 * How Cairn runs an etcd member: the arguments of the `etcd` program, for version 3.4 and later.
 *
 * Timing is for a local network: a dead leader is replaced in about 0.6 s. Pre-vote keeps a member that was cut off from
 * disturbing the others when it comes back (3.4 has it off by default). Members, clients and nodes all prove who they are
 * by certificates of the cluster's authority; certificate and key are read anew for every connection, so a renewal needs no
 * restart.
 */
export const ETCD_HEARTBEAT_MS = 50;
export const ETCD_ELECTION_MS = 500;
export const ETCD_QUOTA_BYTES = 256 * 1024 * 1024;
/** Comparisons, and operations, that one transaction may hold. */
export const ETCD_TRANSACTION_OPERATIONS_MAX = 512;

export interface EtcdMemberConfig {
  /** The node's id: how the planner recognises a member. */
  readonly name: string;
  readonly dataDirectory: string;
  /** Keeps members of different clusters apart. */
  readonly clusterId: string;
  readonly clientUrls: readonly string[];
  readonly peerUrl: string;
  /** Every member of the cluster at the time of the first start, this one included. */
  readonly initialCluster: readonly { readonly name: string; readonly peerUrl: string }[];
  /** new: this is the cluster's first member; existing: it was added to a running cluster. */
  readonly state: 'new' | 'existing';
  /** Paths of PEM files; null: clear text, on loopback only. */
  readonly tls: {
    readonly authority: string;
    readonly certificate: string;
    readonly key: string;
  } | null;
}

export function etcdArguments(config: EtcdMemberConfig): readonly string[] {
  const { name, dataDirectory, clusterId, clientUrls, peerUrl, tls } = config;
  const members = config.initialCluster.map((member) => `${member.name}=${member.peerUrl}`);
  return [
    ...['--name', name, '--data-dir', dataDirectory],
    ...['--listen-client-urls', clientUrls.join(',')],
    ...['--advertise-client-urls', clientUrls.join(',')],
    ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
    ...['--initial-cluster', members.join(','), '--initial-cluster-token', clusterId],
    ...['--initial-cluster-state', config.state],
    ...['--heartbeat-interval', String(ETCD_HEARTBEAT_MS)],
    ...['--election-timeout', String(ETCD_ELECTION_MS), '--pre-vote=true'],
    ...['--auto-compaction-mode', 'periodic', '--auto-compaction-retention', '1h'],
    ...['--quota-backend-bytes', String(ETCD_QUOTA_BYTES)],
    ...['--max-txn-ops', String(ETCD_TRANSACTION_OPERATIONS_MAX)],
    ...['--logger', 'zap', '--log-outputs', 'stderr', '--log-level', 'warn'],
    ...(tls === null ? [] : tlsArguments(tls)),
  ];
}

function tlsArguments(tls: NonNullable<EtcdMemberConfig['tls']>): readonly string[] {
  return [
    ...['--client-cert-auth=true', '--trusted-ca-file', tls.authority],
    ...['--cert-file', tls.certificate, '--key-file', tls.key],
    ...['--peer-client-cert-auth=true', '--peer-trusted-ca-file', tls.authority],
    ...['--peer-cert-file', tls.certificate, '--peer-key-file', tls.key],
  ];
}
