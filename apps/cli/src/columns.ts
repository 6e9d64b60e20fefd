/** How each resource looks in a table. */
import type { components } from '@cairn/api-client';
import type { Column } from './output';
import { stepOf } from './progress';
import { formatAge, formatRatio, formatSeconds, formatSize } from './units';

type Schemas = components['schemas'];
type Vm = Schemas['Vm'];

const NONE = '-';
const listed = (values: readonly string[]) => (values.length === 0 ? NONE : values.join(', '));
const yesNo = (value: boolean) => (value ? 'yes' : 'no');

export const vmColumns: readonly Column<Vm>[] = [
  { title: 'ID', value: (vm) => vm.id },
  { title: 'NAME', value: (vm) => vm.name },
  { title: 'STATE', value: (vm) => vm.status.state },
  { title: 'VCPUS', value: (vm) => String(vm.vcpus), align: 'right' },
  { title: 'MEMORY', value: (vm) => formatSize(vm.memoryBytes), align: 'right' },
  { title: 'CPU', value: (vm) => formatRatio(vm.status.cpuRatio), align: 'right' },
  { title: 'DISKS', value: (vm) => String(vm.disks.length), align: 'right' },
  { title: 'ADDRESSES', value: (vm) => listed(vm.nics.flatMap((nic) => nic.ips)) },
  { title: 'FIRMWARE', value: (vm) => vm.firmware, wide: true },
  { title: 'MACHINE', value: (vm) => vm.status.machineType ?? vm.machineType, wide: true },
  { title: 'ACCELERATOR', value: (vm) => vm.status.accelerator ?? NONE, wide: true },
  { title: 'TAGS', value: (vm) => listed(vm.tags), wide: true },
];

export const vmDetails: readonly Column<Vm>[] = [
  ...vmColumns.filter(({ title }) => title !== 'DISKS'),
  { title: 'DESIRED', value: (vm) => vm.desiredPowerState },
  { title: 'BOOT ORDER', value: (vm) => listed(vm.bootOrder) },
  { title: 'PROTECTED', value: (vm) => yesNo(vm.deletionProtection) },
  { title: 'PENDING', value: (vm) => (vm.status.restartPending ? 'needs a power cycle' : NONE) },
  { title: 'DISKS', value: (vm) => listed(vm.disks.map(diskText)) },
  { title: 'NICS', value: (vm) => listed(vm.nics.map(nicText)) },
  { title: 'DESCRIPTION', value: (vm) => vm.description },
  { title: 'LAST ERROR', value: (vm) => vm.status.lastError ?? NONE },
  { title: 'CREATED', value: (vm) => vm.createdAt },
];

function diskText(disk: Schemas['VmDisk']): string {
  const size = disk.sizeBytes === null ? 'empty' : formatSize(disk.sizeBytes);
  return `${disk.slot}: ${disk.kind} ${size} (${disk.bus})`;
}

function nicText(nic: Schemas['VmNic']): string {
  return `${nic.slot}: ${networkText(nic.network)} ${nic.mac} (${nic.model})`;
}

function networkText(network: Schemas['VmNic']['network']): string {
  return network.kind === 'bridge' ? `bridge ${network.bridge}` : 'user';
}

export const diskColumns: readonly Column<Schemas['VmDisk']>[] = [
  { title: 'SLOT', value: (disk) => String(disk.slot), align: 'right' },
  { title: 'ID', value: (disk) => disk.id },
  { title: 'KIND', value: (disk) => disk.kind },
  { title: 'BUS', value: (disk) => disk.bus },
  { title: 'SIZE', value: (disk) => formatSize(disk.sizeBytes), align: 'right' },
  { title: 'CONTENT', value: (disk) => disk.volumeId ?? disk.isoId ?? 'empty' },
  { title: 'READ ONLY', value: (disk) => yesNo(disk.readOnly), wide: true },
  { title: 'IOPS LIMIT', value: (disk) => String(disk.iopsLimit ?? NONE), wide: true },
  { title: 'BYTES/S LIMIT', value: (disk) => formatSize(disk.bytesPerSecondLimit), wide: true },
];

export const nicColumns: readonly Column<Schemas['VmNic']>[] = [
  { title: 'SLOT', value: (nic) => String(nic.slot), align: 'right' },
  { title: 'ID', value: (nic) => nic.id },
  { title: 'NETWORK', value: (nic) => networkText(nic.network) },
  { title: 'MAC', value: (nic) => nic.mac },
  { title: 'MODEL', value: (nic) => nic.model },
  { title: 'CONNECTED', value: (nic) => yesNo(nic.connected) },
  { title: 'ADDRESSES', value: (nic) => listed(nic.ips) },
];

export const volumeColumns: readonly Column<Schemas['Volume']>[] = [
  { title: 'ID', value: (volume) => volume.id },
  { title: 'NAME', value: (volume) => volume.name },
  { title: 'PURPOSE', value: (volume) => volume.purpose },
  { title: 'STATE', value: (volume) => volume.status.state },
  { title: 'HEALTH', value: (volume) => volume.status.health },
  { title: 'SIZE', value: (volume) => formatSize(volume.sizeBytes), align: 'right' },
  { title: 'USED', value: (volume) => formatSize(volume.status.usedBytes), align: 'right' },
  { title: 'USED BY', value: (volume) => usedBy(volume.status.usedBy) },
  { title: 'DRIVE', value: (volume) => volume.status.driveId ?? NONE, wide: true },
  { title: 'TAGS', value: (volume) => listed(volume.tags), wide: true },
];

function usedBy(resource: Schemas['ResourceRef'] | null): string {
  return resource === null ? NONE : `${resource.kind} ${resource.name ?? resource.id}`;
}

type Media = Schemas['Image'] | Schemas['Iso'];

export const mediaColumns: readonly Column<Media>[] = [
  { title: 'ID', value: (media) => media.id },
  { title: 'NAME', value: (media) => media.name },
  { title: 'STATE', value: (media) => media.status.state },
  { title: 'FILE SIZE', value: (media) => formatSize(media.fileSizeBytes), align: 'right' },
  { title: 'SOURCE', value: (media) => media.source.kind, wide: true },
  { title: 'CHECKSUM', value: (media) => media.checksum ?? NONE, wide: true },
  { title: 'ERROR', value: (media) => media.status.error?.message ?? NONE },
];

export const imageColumns: readonly Column<Schemas['Image']>[] = [
  ...mediaColumns.slice(0, 4),
  { title: 'FORMAT', value: (image) => image.status.format ?? NONE },
  {
    title: 'DISK SIZE',
    value: (image) => formatSize(image.status.virtualSizeBytes),
    align: 'right',
  },
  ...mediaColumns.slice(4),
];

export function taskColumns(now: Date): readonly Column<Schemas['Task']>[] {
  return [
    { title: 'ID', value: (task) => task.id },
    { title: 'KIND', value: (task) => task.kind },
    { title: 'STATE', value: (task) => task.state },
    { title: 'PROGRESS', value: (task) => percentText(task.progress.percent), align: 'right' },
    { title: 'STEP', value: stepOf },
    { title: 'RESOURCE', value: (task) => usedBy(task.resource) },
    { title: 'AGE', value: (task) => formatAge(task.createdAt, now), align: 'right' },
    { title: 'BY', value: (task) => task.actor.name, wide: true },
    { title: 'ERROR', value: (task) => task.error?.message ?? NONE },
  ];
}

function percentText(percent: number | null): string {
  return percent === null ? NONE : `${Math.floor(percent)}%`;
}

export const nodeColumns: readonly Column<Schemas['Node']>[] = [
  { title: 'ID', value: (node) => node.id },
  { title: 'NAME', value: (node) => node.name },
  { title: 'STATE', value: (node) => node.status.state },
  { title: 'ADDRESS', value: (node) => node.address },
  { title: 'THREADS', value: (node) => String(node.cpu.threadsTotal), align: 'right' },
  { title: 'CPU', value: (node) => formatRatio(node.status.cpuUsedRatio), align: 'right' },
  { title: 'MEMORY', value: (node) => formatSize(node.memoryTotalBytes), align: 'right' },
  { title: 'USED', value: (node) => formatSize(node.status.memoryUsedBytes), align: 'right' },
  { title: 'VMS', value: (node) => String(node.status.vmsRunning), align: 'right' },
  { title: 'ACCELERATOR', value: (node) => node.status.accelerator.kind },
  { title: 'VERSION', value: (node) => node.version, wide: true },
  { title: 'QEMU', value: (node) => node.status.qemuVersion ?? NONE, wide: true },
  { title: 'KERNEL', value: (node) => node.status.kernelVersion, wide: true },
];

export const nodeDetails: readonly Column<Schemas['Node']>[] = [
  ...nodeColumns,
  { title: 'CPU MODEL', value: (node) => node.cpu.model },
  { title: 'KVM', value: (node) => node.status.accelerator.kvm },
  { title: 'WHY', value: (node) => node.status.accelerator.reason },
  { title: 'PRIVILEGED', value: (node) => yesNo(node.status.privileged) },
  { title: 'UEFI', value: (node) => yesNo(node.status.uefi) },
  { title: 'BRIDGES', value: (node) => listed(node.status.bridges) },
  { title: 'UPTIME', value: (node) => uptimeText(node.status.uptimeSeconds) },
];

function uptimeText(seconds: number | null): string {
  return seconds === null ? NONE : formatSeconds(seconds);
}

export const driveColumns: readonly Column<Schemas['Drive']>[] = [
  { title: 'ID', value: (drive) => drive.id },
  { title: 'PATH', value: (drive) => drive.path },
  { title: 'STATE', value: (drive) => drive.status.state },
  { title: 'HEALTH', value: (drive) => drive.status.health },
  { title: 'TIER', value: (drive) => drive.tier },
  { title: 'SIZE', value: (drive) => formatSize(drive.sizeBytes), align: 'right' },
  { title: 'USED', value: (drive) => formatSize(drive.status.usedBytes), align: 'right' },
  { title: 'VOLUMES', value: (drive) => String(drive.status.volumes), align: 'right' },
  { title: 'MODEL', value: (drive) => drive.model ?? NONE, wide: true },
  { title: 'SERIAL', value: (drive) => drive.serial ?? NONE, wide: true },
  { title: 'NODE', value: (drive) => drive.nodeId, wide: true },
];

export const candidateColumns: readonly Column<Schemas['DriveCandidate']>[] = [
  { title: 'PATH', value: (drive) => drive.path },
  { title: 'TIER', value: (drive) => drive.tier },
  { title: 'SIZE', value: (drive) => formatSize(drive.sizeBytes), align: 'right' },
  { title: 'MODEL', value: (drive) => drive.model ?? NONE },
  { title: 'USABLE', value: (drive) => yesNo(drive.usable) },
  { title: 'REASON', value: (drive) => drive.reason ?? NONE },
];

export const clusterDetails: readonly Column<Schemas['Cluster']>[] = [
  { title: 'NAME', value: (cluster) => cluster.name },
  { title: 'ID', value: (cluster) => cluster.id },
  { title: 'STATE', value: (cluster) => cluster.status.state },
  { title: 'SUMMARY', value: (cluster) => cluster.status.summary },
  { title: 'VERSION', value: (cluster) => cluster.version },
  { title: 'NODES', value: (cluster) => `${cluster.nodesOnline} of ${cluster.nodesTotal} online` },
  { title: 'QUORUM', value: (cluster) => yesNo(cluster.quorum) },
  { title: 'SURVIVES', value: (cluster) => budgetText(cluster.failureBudget) },
  { title: 'STORAGE', value: (cluster) => storageText(cluster.capacity) },
  { title: 'COMMITTED', value: (cluster) => formatSize(cluster.capacity.committedBytes) },
  { title: 'CPU', value: (cluster) => formatRatio(cluster.compute.cpuUsedRatio) },
  { title: 'MEMORY', value: (cluster) => memoryText(cluster.compute) },
  { title: 'VMS', value: (cluster) => `${cluster.vmsRunning} of ${cluster.vmsTotal} running` },
];

function budgetText(budget: Schemas['FailureBudget']): string {
  return `${budget.nodes} nodes, ${budget.drives} drives: ${budget.limitingFactor}`;
}

function storageText(capacity: Schemas['Cluster']['capacity']): string {
  return `${formatSize(capacity.usedBytes)} of ${formatSize(capacity.usableBytes)} used`;
}

function memoryText(compute: Schemas['Cluster']['compute']): string {
  return `${formatSize(compute.memoryUsedBytes)} of ${formatSize(compute.memoryTotalBytes)} used`;
}

export const userColumns: readonly Column<Schemas['User']>[] = [
  { title: 'ID', value: (user) => user.id },
  { title: 'NAME', value: (user) => user.name },
  { title: 'ROLE', value: (user) => user.role },
  { title: 'DISABLED', value: (user) => yesNo(user.disabled) },
  { title: 'DISPLAY NAME', value: (user) => user.displayName },
  { title: 'LAST LOG-IN', value: (user) => user.lastLoginAt ?? 'never' },
];

export const tokenColumns: readonly Column<Schemas['ApiToken']>[] = [
  { title: 'ID', value: (token) => token.id },
  { title: 'NAME', value: (token) => token.name },
  { title: 'EXPIRES', value: (token) => token.expiresAt },
  { title: 'LAST USED', value: (token) => token.lastUsedAt ?? 'never' },
  { title: 'SCOPES', value: (token) => (token.scopes === null ? 'all' : listed(token.scopes)) },
];

export const planColumns: readonly Column<Schemas['Plan']>[] = [
  { title: 'STEPS', value: (plan) => listed(plan.steps.map((step) => step.description)) },
  { title: 'EFFECTS', value: (plan) => listed(plan.effects.map(effectText)) },
  { title: 'WARNINGS', value: (plan) => listed(plan.warnings) },
  { title: 'BLOCKERS', value: (plan) => listed(plan.blockers.map((blocker) => blocker.message)) },
  { title: 'SECONDS', value: (plan) => String(plan.estimate.seconds ?? NONE) },
  { title: 'BYTES', value: (plan) => formatSize(plan.estimate.bytes) },
];

function effectText(effect: Schemas['Plan']['effects'][number]): string {
  const change =
    effect.before === null && effect.after === null
      ? ''
      : ` (${effect.before ?? NONE} → ${effect.after ?? NONE})`;
  return `${effect.kind} ${usedBy(effect.resource)}${change}`;
}
