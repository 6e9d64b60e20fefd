// The plans of creation, change and deletion. Pure.
import type { Plan, VmCreate, VmPatch, VmState } from '@cairn/contracts';
import { blocker, planOf } from '../platform/plans';
import type { VmRecord } from './vm-store';

export interface CreationFacts {
  readonly nodeName: string;
  readonly hasDrive: boolean;
  readonly memoryAvailableBytes: number;
  readonly copiedBytes: number;
  readonly bridges: readonly string[];
}

export function creationPlan(request: VmCreate, facts: CreationFacts): Plan {
  const resource = { kind: 'vm', id: request.id ?? '', name: request.name } as const;
  const blockers = [];
  const needsVolume = request.disks.some(
    (disk) => disk.kind === 'disk' && disk.source.kind !== 'volume',
  );
  if (needsVolume && !facts.hasDrive) {
    blockers.push(blocker('storage.noDrive', 'The pool has no usable drive.'));
  }
  const warnings = [];
  if (request.memoryBytes > facts.memoryAvailableBytes) {
    warnings.push('The node has less free memory than the VM wants.');
  }
  for (const { network } of request.nics) {
    if (network.kind === 'bridge' && !facts.bridges.includes(network.bridge)) {
      warnings.push(`${facts.nodeName} has no bridge ${network.bridge}.`);
    }
  }
  return planOf({
    steps: [
      ['place', `Place the VM on ${facts.nodeName}`],
      ...(needsVolume ? [['volumes', 'Create its volumes'] as const] : []),
      ...(facts.copiedBytes > 0 ? [['copy', 'Copy the image'] as const] : []),
      ...(request.start ? [['start', 'Start it'] as const] : []),
    ],
    effects: [
      { kind: 'create', resource, before: null, after: request.start ? 'running' : 'stopped' },
    ],
    warnings,
    blockers,
    bytes: facts.copiedBytes,
    seconds: Math.ceil(facts.copiedBytes / 100e6) + 1,
  });
}

/** Changes of hardware that a running VM takes on at its next start. */
const AT_NEXT_START: readonly (keyof VmPatch)[] = [
  'vcpus',
  'memoryBytes',
  'firmware',
  'machineType',
  'cpuModel',
  'bootOrder',
  'cloudInit',
];

export function changePlan(record: VmRecord, patch: VmPatch, isRunning: boolean): Plan {
  const { vm } = record;
  const resource = { kind: 'vm', id: vm.id, name: vm.name } as const;
  const waits = AT_NEXT_START.filter((field) => patch[field] !== undefined);
  return planOf({
    steps: [['update', `Change ${vm.name}`]],
    effects: [{ kind: 'update', resource, before: null, after: null }],
    warnings:
      isRunning && waits.length > 0
        ? [`${waits.join(', ')} take effect when the VM is started next.`]
        : [],
    seconds: 1,
  });
}

export function deletionPlan(record: VmRecord, state: VmState, keepVolumes: boolean): Plan {
  const { vm } = record;
  const resource = { kind: 'vm', id: vm.id, name: vm.name } as const;
  const volumeIds = record.disks.flatMap((disk) => disk.volumeId ?? []);
  const blockers = [];
  if (state === 'provisioning' || state === 'deleting') {
    blockers.push(blocker('vm.busy', `Another task works on ${vm.name}.`, resource));
  } else if (!['stopped', 'crashed', 'failed'].includes(state)) {
    blockers.push(blocker('vm.wrongState', `${vm.name} is ${state}; stop it first.`, resource));
  }
  if (vm.deletionProtection) {
    const message = `${vm.name} is protected; take the protection off first.`;
    blockers.push(blocker('vm.deletionProtected', message, resource));
  }
  return planOf({
    steps: [
      ['release', 'Let go of the disks'],
      ...(keepVolumes ? [] : [['volumes', `Delete ${volumeIds.length} volumes`] as const]),
      ['delete', `Delete ${vm.name}`],
    ],
    effects: [
      { kind: 'delete', resource, before: state, after: null },
      ...(keepVolumes
        ? []
        : volumeIds.map((id) => ({
            kind: 'delete' as const,
            resource: { kind: 'volume' as const, id, name: null },
            before: null,
            after: null,
          }))),
    ],
    warnings: keepVolumes ? [] : ['The data of the volumes cannot be brought back.'],
    blockers,
    seconds: 2,
  });
}
