// Which power verb is allowed in which state, as a table, and what each one does. Pure.
import type { DesiredPowerState, Plan, VmPowerVerb, VmState } from '@cairn/contracts';
import type { VmRow } from '@cairn/persistence';
import { blocker, planOf } from '../platform/plans';

interface VerbRule {
  readonly allowed: readonly VmState[];
  readonly effect: Plan['effects'][number]['kind'];
  /** What the administrator wants from now on; null leaves it as it is. */
  readonly desired: DesiredPowerState | null;
  readonly description: string;
  readonly warnings: readonly string[];
  readonly seconds: number;
}

const UNCLEAN = 'The guest is not asked; what it has not written to its disks is lost.';

export const powerRules: Readonly<Record<VmPowerVerb, VerbRule>> = {
  start: {
    allowed: ['stopped', 'crashed'],
    effect: 'start',
    desired: 'running',
    description: 'Attach the disks and start the guest',
    warnings: [],
    seconds: 1,
  },
  shutdown: {
    allowed: ['running'],
    effect: 'stop',
    desired: 'stopped',
    description: 'Ask the guest to shut down and wait for it',
    warnings: [],
    seconds: 30,
  },
  stop: {
    // A crashed guest is restarted with back-off; to stop it is to end that.
    allowed: ['starting', 'running', 'paused', 'ioSuspended', 'stopping', 'unknown', 'crashed'],
    effect: 'stop',
    desired: 'stopped',
    description: 'End the guest at once',
    warnings: [UNCLEAN],
    seconds: 1,
  },
  reboot: {
    allowed: ['running'],
    effect: 'restart',
    desired: 'running',
    description: 'Ask the guest to reboot',
    warnings: [],
    seconds: 60,
  },
  reset: {
    allowed: ['running', 'paused'],
    effect: 'restart',
    desired: null,
    description: 'Reset the guest at once',
    warnings: [UNCLEAN],
    seconds: 1,
  },
  pause: {
    allowed: ['running'],
    effect: 'pause',
    desired: 'paused',
    description: 'Stop the vCPUs; memory and disks stay',
    warnings: ['The guest does not notice; its clock stands still.'],
    seconds: 1,
  },
  resume: {
    allowed: ['paused'],
    effect: 'resume',
    desired: 'running',
    description: 'Let the vCPUs go on',
    warnings: [],
    seconds: 1,
  },
};

const BUSY: ReadonlySet<VmState> = new Set(['provisioning', 'deleting']);

/** The plan of a power verb on a VM that is in `state`. */
export function powerPlan(verb: VmPowerVerb, vm: VmRow, state: VmState): Plan {
  const rule = powerRules[verb];
  const resource = { kind: 'vm', id: vm.id, name: vm.name } as const;
  const reason = BUSY.has(state)
    ? blocker('vm.busy', `Another task works on ${vm.name}.`, resource)
    : blocker(
        'vm.wrongState',
        `${vm.name} is ${state}; this needs ${anyOf(rule.allowed)}.`,
        resource,
      );
  return planOf({
    steps: [[verb, rule.description]],
    effects: [{ kind: rule.effect, resource, before: state, after: rule.desired ?? state }],
    warnings: rule.warnings,
    blockers: rule.allowed.includes(state) ? [] : [reason],
    seconds: rule.seconds,
  });
}

function anyOf(states: readonly VmState[]): string {
  return states.length === 1 ? (states[0] ?? '') : `one of ${states.join(', ')}`;
}
