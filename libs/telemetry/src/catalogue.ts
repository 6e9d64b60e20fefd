/**
 * Every metric of Cairn, declared once.
 *
 * Names follow Prometheus: base units, `_total` for counters, labels of few values. A metric that is not here cannot be made
 * (MetricSet), so the catalogue is also the reference.
 */

export interface MetricDefinition {
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

function gauge<const Labels extends readonly string[]>(help: string, labels: Labels) {
  return { type: 'gauge', help, labels } as const;
}

function counter<const Labels extends readonly string[]>(help: string, labels: Labels) {
  return { type: 'counter', help, labels } as const;
}

function histogram<const Labels extends readonly string[]>(
  help: string,
  labels: Labels,
  buckets: readonly number[],
) {
  return { type: 'histogram', help, labels, buckets } as const;
}

/** 50 microseconds to 10 seconds: from a cache hit to a drive in trouble. */
const IO_SECONDS = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
  10,
];
const REQUEST_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const TASK_SECONDS = [0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200];

export const catalogue = {
  cairn_build_info: gauge('Always 1; the labels tell what runs.', ['service', 'version']),

  cairn_cluster_quorum: gauge('1 while the cluster can agree on changes.', []),
  cairn_cluster_members: gauge('Nodes that belong to the cluster.', []),
  cairn_cluster_usable_bytes: gauge('What the pool can hold.', []),
  cairn_cluster_used_bytes: gauge('What the pool holds.', []),
  cairn_cluster_committed_bytes: gauge('Sum of the sizes promised to volumes.', []),
  cairn_cluster_store_request_seconds: histogram(
    'Duration of calls to etcd, retries included.',
    ['op', 'result'],
    REQUEST_SECONDS,
  ),
  cairn_cluster_lease_remaining_seconds: gauge("What is left of the node's lease.", []),

  cairn_node_up: gauge('1 while the node serves.', ['node']),
  cairn_node_cpu_seconds_total: counter('Processor time of the node.', ['node', 'mode']),
  cairn_node_memory_bytes: gauge('Memory of the node.', ['node', 'kind']),

  cairn_vm_state: gauge('1 for the state that the VM is in.', ['vm', 'vm_id', 'state']),
  cairn_vm_cpu_seconds_total: counter('Processor time of the VM.', ['vm', 'vm_id']),
  cairn_vm_memory_bytes: gauge('Memory of the VM.', ['vm', 'vm_id', 'kind']),
  cairn_vm_network_receive_bytes_total: counter('Received by the VM.', ['vm', 'vm_id']),
  cairn_vm_network_transmit_bytes_total: counter('Sent by the VM.', ['vm', 'vm_id']),
  cairn_vm_disk_read_bytes_total: counter('Read by the VM.', ['vm', 'vm_id', 'disk']),
  cairn_vm_disk_write_bytes_total: counter('Written by the VM.', ['vm', 'vm_id', 'disk']),
  cairn_vm_disk_read_ops_total: counter('Reads by the VM.', ['vm', 'vm_id', 'disk']),
  cairn_vm_disk_write_ops_total: counter('Writes by the VM.', ['vm', 'vm_id', 'disk']),

  cairn_volume_size_bytes: gauge('Size that the volume shows.', ['volume', 'volume_id']),
  cairn_volume_used_bytes: gauge('Space that the volume takes.', ['volume', 'volume_id']),
  cairn_volume_state: gauge('1 for the state that the volume is in.', ['volume_id', 'state']),
  cairn_volume_connections: gauge('Clients connected to the volume.', ['volume_id']),
  cairn_volume_operations_total: counter('Requests served.', ['volume_id', 'op']),
  cairn_volume_bytes_total: counter('Bytes moved.', ['volume_id', 'op']),
  cairn_volume_errors_total: counter('Requests that failed.', ['volume_id', 'op']),
  cairn_storage_io_seconds: histogram(
    'Latency of requests to volumes, from arrival to answer.',
    ['op', 'tier'],
    IO_SECONDS,
  ),
  cairn_storage_start_seconds: gauge('From the start of the process until it served.', []),
  cairn_storage_sockets_kept: gauge('1 if a supervisor keeps the sockets over a restart.', []),

  cairn_drive_up: gauge('1 while the drive serves.', ['drive', 'path']),
  cairn_drive_size_bytes: gauge('Size of the drive.', ['drive']),
  cairn_drive_used_bytes: gauge('Taken on the drive.', ['drive']),
  cairn_drive_free_bytes: gauge('What new data can take on the drive.', ['drive']),
  cairn_drive_errors_total: counter('Errors by kind.', ['drive', 'kind']),
  cairn_drive_journal_used_bytes: gauge('Journal in use.', ['drive']),

  cairn_http_request_duration_seconds: histogram(
    'Duration of API requests.',
    ['route', 'method', 'code'],
    REQUEST_SECONDS,
  ),
  cairn_sse_clients: gauge('Open event streams.', []),
  cairn_sse_resyncs_total: counter('Event streams that had to begin anew.', []),
  cairn_tasks: gauge('Tasks by state.', ['state']),
  cairn_task_duration_seconds: histogram('Duration of tasks.', ['kind', 'result'], TASK_SECONDS),
  cairn_auth_failures_total: counter('Refused log-ins and credentials.', []),
  cairn_nodejs_eventloop_lag_seconds: gauge('How late the event loop runs, 99th percentile.', [
    'service',
  ]),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof catalogue;
export type MetricLabel<Name extends MetricName> = (typeof catalogue)[Name]['labels'][number];
export type MetricNameOf<Type extends MetricDefinition['type']> = {
  [Name in MetricName]: (typeof catalogue)[Name]['type'] extends Type ? Name : never;
}[MetricName];
