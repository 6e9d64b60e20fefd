/**
 * What a VM looks like and what may be done with it: pure decisions, drawn by the pages. The table
 * of verbs mirrors the life cycle of the VM runtime; the server decides again.
 */
import type { Vm, VmPowerVerb, VmState } from '@cairn/contracts';

import { formatBytes, pluralize } from '../../components/format';
import { allowed, refused, type Permission, type StatusView } from '../../components/tone';

/** The state in a word, its colour and, where it needs one, an explanation. */
export function vmStatusView(vm: Pick<Vm, 'status'>): StatusView {
  const view = stateViews[vm.status.state];
  const detail = vm.status.lastError ?? view.detail;
  return detail === undefined ? view : { ...view, detail };
}

const stateViews: Readonly<Record<VmState, StatusView>> = {
  provisioning: { label: 'Provisioning', tone: 'progress', detail: 'Its disks are being made.' },
  stopped: { label: 'Stopped', tone: 'neutral' },
  starting: { label: 'Starting', tone: 'progress' },
  running: { label: 'Running', tone: 'success' },
  paused: {
    label: 'Paused',
    tone: 'warning',
    detail: 'The guest does not run until it is resumed.',
  },
  ioSuspended: {
    label: 'Waiting for storage',
    tone: 'danger',
    detail: 'A disk did not answer. The guest goes on by itself when its storage is back.',
  },
  stopping: { label: 'Stopping', tone: 'progress' },
  crashed: { label: 'Crashed', tone: 'danger', detail: 'The guest or its process died.' },
  migratingOut: { label: 'Migrating', tone: 'progress' },
  migratingIn: { label: 'Migrating', tone: 'progress' },
  deleting: { label: 'Deleting', tone: 'progress' },
  failed: { label: 'Failed', tone: 'danger', detail: 'It could not be made.' },
  unknown: {
    label: 'Unknown',
    tone: 'warning',
    detail: 'Its node can not say what the guest does. Nothing is started or stopped until it can.',
  },
};

interface VerbRule {
  readonly from: readonly VmState[];
  /** The end of "… needs a VM that is …". */
  readonly needs: string;
}

const verbRules: Readonly<Record<VmPowerVerb, VerbRule>> = {
  start: { from: ['stopped', 'crashed'], needs: 'stopped' },
  shutdown: { from: ['running'], needs: 'running' },
  stop: {
    from: ['starting', 'running', 'paused', 'ioSuspended', 'stopping'],
    needs: 'running or paused',
  },
  reboot: { from: ['running'], needs: 'running' },
  reset: { from: ['running', 'paused', 'ioSuspended'], needs: 'running or paused' },
  pause: { from: ['running'], needs: 'running' },
  resume: { from: ['paused'], needs: 'paused' },
};

/** Whether a verb may be asked for, judged by the state alone. */
export function mayUseVerb(vm: Pick<Vm, 'status'>, verb: VmPowerVerb): Permission {
  const rule = verbRules[verb];
  if (rule.from.includes(vm.status.state)) return allowed;
  return refused(`The VM is ${stateWord(vm.status.state)}; this needs a VM that is ${rule.needs}`);
}

/** Whether the VM may be deleted. */
export function mayDelete(vm: Pick<Vm, 'status' | 'deletionProtection'>): Permission {
  if (vm.deletionProtection) {
    return refused('The VM is protected from deletion; change that in its settings');
  }
  const { state } = vm.status;
  if (state === 'stopped' || state === 'crashed' || state === 'failed') return allowed;
  if (state === 'deleting') return refused('The VM is being deleted');
  return refused(`The VM is ${stateWord(state)}; stop it first`);
}

/** Whether its hardware may be changed in the way that needs a guest that is off. */
export function mayChangeOffline(vm: Pick<Vm, 'status'>): Permission {
  const { state } = vm.status;
  if (state === 'stopped' || state === 'crashed') return allowed;
  return refused('Stop the VM to change this');
}

/** Whether there is a screen and a serial port to connect to. */
export function mayOpenConsole(vm: Pick<Vm, 'status'>): Permission {
  if (isPoweredOn(vm.status.state)) return allowed;
  return refused(`The VM is ${stateWord(vm.status.state)}; a console needs a running VM`);
}

/** The states in which a guest has a process. */
export function isPoweredOn(state: VmState): boolean {
  switch (state) {
    case 'running':
    case 'paused':
    case 'ioSuspended':
    case 'stopping':
    case 'migratingOut':
      return true;
    case 'provisioning':
    case 'stopped':
    case 'starting':
    case 'crashed':
    case 'migratingIn':
    case 'deleting':
    case 'failed':
    case 'unknown':
      return false;
  }
}

/** "2 vCPUs · 4 GiB · 20 GiB disk". */
export function vmSizeLine(vm: Pick<Vm, 'vcpus' | 'memoryBytes' | 'disks'>): string {
  const diskBytes = totalDiskBytes(vm);
  const parts = [pluralize(vm.vcpus, 'vCPU'), formatBytes(vm.memoryBytes)];
  if (diskBytes > 0) parts.push(`${formatBytes(diskBytes)} disk`);
  return parts.join(' · ');
}

/** The sizes of all disks together; optical drives do not count. */
export function totalDiskBytes(vm: Pick<Vm, 'disks'>): number {
  return vm.disks
    .filter((disk) => disk.kind === 'disk')
    .reduce((sum, disk) => sum + (disk.sizeBytes ?? 0), 0);
}

/** All addresses the guest reports, IPv4 first, without link-local ones. */
export function vmAddresses(vm: Pick<Vm, 'nics'>): readonly string[] {
  const all = vm.nics.flatMap((nic) => nic.ips).filter((ip) => !ip.startsWith('fe80:'));
  return [...all.filter((ip) => !ip.includes(':')), ...all.filter((ip) => ip.includes(':'))];
}

/** How the guest's instructions run, for the overview; null while it does not run. */
export function acceleratorLabel(vm: Pick<Vm, 'status'>): string | null {
  switch (vm.status.accelerator) {
    case 'kvm':
      return 'KVM (hardware virtualisation)';
    case 'tcg':
      return 'TCG (software emulation, slow)';
    case null:
      return null;
  }
}

const stateWords: Partial<Readonly<Record<VmState, string>>> = {
  ioSuspended: 'waiting for storage',
  migratingOut: 'migrating',
  migratingIn: 'migrating',
  failed: 'incomplete',
  unknown: 'in an unknown state',
};

function stateWord(state: VmState): string {
  return stateWords[state] ?? state;
}
