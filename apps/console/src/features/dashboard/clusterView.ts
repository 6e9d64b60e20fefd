/** The health sentence and the capacity of the cluster, decided without a DOM. */
import type { Cluster, Condition, Node } from '@cairn/contracts';

import { formatBytes, formatRatio } from '../../components/format';
import type { StatusView, Tone } from '../../components/tone';

/** The state in a word. */
export function clusterStatusView(cluster: Pick<Cluster, 'status'>): StatusView {
  switch (cluster.status.state) {
    case 'healthy':
      return { label: 'Healthy', tone: 'success' };
    case 'degraded':
      return { label: 'Degraded', tone: 'warning', detail: cluster.status.summary };
    case 'critical':
      return { label: 'Critical', tone: 'danger', detail: cluster.status.summary };
  }
}

/** One thing used out of a whole, with what was promised to guests. */
export interface CapacityView {
  readonly label: string;
  readonly used: number;
  readonly total: number;
  readonly committed: number;
  /** "8 GiB of 32 GiB". */
  readonly headline: string;
  /** "6 GiB promised to VMs"; says when more was promised than there is. */
  readonly promise: string;
  readonly isOvercommitted: boolean;
}

/** CPU, memory and storage; a part whose use is not known yet is drawn as zero and says so. */
export function capacityViews(cluster: Cluster): readonly CapacityView[] {
  const { compute, capacity } = cluster;
  const cpuRatio = compute.cpuUsedRatio;
  return [
    {
      label: 'CPU',
      used: cpuRatio ?? 0,
      total: 1,
      committed: compute.threadsTotal > 0 ? compute.vcpusCommitted / compute.threadsTotal : 0,
      headline: cpuRatio === null ? 'not measured yet' : `${formatRatio(cpuRatio)} busy`,
      promise: `${compute.vcpusCommitted} vCPUs on ${compute.threadsTotal} threads`,
      isOvercommitted: false,
    },
    {
      label: 'Memory',
      used: compute.memoryUsedBytes ?? 0,
      total: compute.memoryTotalBytes,
      committed: compute.memoryCommittedBytes,
      headline:
        compute.memoryUsedBytes === null
          ? 'not measured yet'
          : `${formatBytes(compute.memoryUsedBytes)} of ${formatBytes(compute.memoryTotalBytes)}`,
      promise: promised(compute.memoryCommittedBytes, compute.memoryTotalBytes),
      isOvercommitted: compute.memoryCommittedBytes > compute.memoryTotalBytes,
    },
    {
      label: 'Storage',
      used: capacity.usedBytes,
      total: capacity.usableBytes,
      committed: capacity.committedBytes,
      headline:
        capacity.usableBytes === 0
          ? 'no drive yet'
          : `${formatBytes(capacity.usedBytes)} of ${formatBytes(capacity.usableBytes)}`,
      promise: promised(capacity.committedBytes, capacity.usableBytes),
      isOvercommitted: capacity.committedBytes > capacity.usableBytes,
    },
  ];
}

/** What an operator should look at: the cluster's conditions and those of its nodes. */
export interface Attention {
  readonly key: string;
  readonly tone: Tone;
  readonly title: string;
  readonly detail: string;
  readonly path: string;
}

/** Nodes that emulate in software, and every condition that is not as it should be. */
export function attentions(cluster: Cluster, nodes: readonly Node[]): readonly Attention[] {
  const emulating = nodes
    .filter((node) => node.status.accelerator.kind === 'tcg')
    .map((node): Attention => ({
      key: `tcg-${node.id}`,
      tone: 'warning',
      title: `${node.name} runs guests in software (TCG)`,
      detail: node.status.accelerator.reason,
      path: `/nodes/${node.id}`,
    }));
  const unprivileged = nodes
    .filter((node) => !node.status.privileged)
    .map((node): Attention => ({
      key: `unprivileged-${node.id}`,
      tone: 'info',
      title: `${node.name} runs without root`,
      detail: 'VMs use user-mode networking, and all QEMU processes share one user.',
      path: `/nodes/${node.id}`,
    }));
  return [
    ...cluster.status.conditions.filter(isTrouble).map(conditionAttention),
    ...emulating,
    ...unprivileged,
  ];
}

/** Types whose truth is bad; for all others false is bad. */
const badWhenTrue = /Pressure|Full|Degraded|Failed|Lost|Missing|Emulat|Pending|Overcommit/i;

/** Whether a condition asks for attention. */
export function isTrouble(condition: Condition): boolean {
  if (condition.status === 'unknown') return true;
  return badWhenTrue.test(condition.type) === (condition.status === 'true');
}

function conditionAttention(condition: Condition): Attention {
  return {
    key: condition.type,
    tone: 'warning',
    title: condition.type.replace(/(?<=[a-z])(?=[A-Z])/g, ' '),
    detail: condition.message,
    path: '/',
  };
}

function promised(committed: number, total: number): string {
  if (committed === 0) return 'Nothing is promised to VMs yet';
  const text = `${formatBytes(committed)} promised to VMs`;
  return committed > total && total > 0 ? `${text}, more than there is` : text;
}
