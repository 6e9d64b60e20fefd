/** What every verb of a VM has in common; the verbs stand beside this file, one each. */
import type { Permission as RolePermission, Plan, Task, Vm } from '@cairn/contracts';
import type { ComponentType } from 'react';

import type { Gateway } from '../../../api/gateway';
import type { Permission } from '../../../components/tone';

/** How an act is confirmed before it is done. */
export interface Confirmation {
  readonly tone: 'danger' | 'warning';
  /** The button: "Power off". */
  readonly confirmLabel: string;
  /** The object's name must be typed. */
  readonly mustTypeName: boolean;
}

/** Choices in the confirmation that change the act. */
export interface VmActionChoices {
  readonly keepVolumes: boolean;
}

/** One verb of a VM. */
export interface VmAction {
  readonly id: string;
  /** The menu entry: "Power off". */
  readonly label: string;
  /** The verb in "Could not … web-1". */
  readonly verb: string;
  readonly icon: ComponentType;
  readonly permission: RolePermission;
  /** Judged by the state of the VM. */
  readonly check: (vm: Vm) => Permission;
  /** Null: done at once, because it can be taken back. */
  readonly confirmation: Confirmation | null;
  readonly isDanger: boolean;
  /** Offers to keep the volumes. */
  readonly hasKeepVolumes: boolean;
  readonly plan: (gateway: Gateway, vm: Vm, choices: VmActionChoices) => Promise<Plan>;
  readonly run: (gateway: Gateway, vm: Vm, choices: VmActionChoices) => Promise<Task>;
}

/** The question of a confirmation: "Delete web-1?", "Delete 3 VMs?". */
export function confirmationTitle(action: VmAction, vms: readonly Vm[]): string {
  const [first] = vms;
  return vms.length === 1 && first
    ? `${action.label} ${first.name}?`
    : `${action.label} ${vms.length} VMs?`;
}

/** Several plans as one, for a bulk action. */
export function mergePlans(plans: readonly Plan[]): Plan {
  return {
    dryRun: true,
    steps: plans.length === 1 ? (plans[0]?.steps ?? []) : [],
    effects: plans.flatMap((plan) => plan.effects),
    warnings: [...new Set(plans.flatMap((plan) => plan.warnings))],
    blockers: plans.flatMap((plan) => plan.blockers),
    estimate: {
      bytes: sumOrNull(plans.map((plan) => plan.estimate.bytes)),
      seconds: sumOrNull(plans.map((plan) => plan.estimate.seconds)),
    },
  };
}

/** The VMs of a selection for which a verb makes sense now. */
export function applicable(action: VmAction, vms: readonly Vm[]): readonly Vm[] {
  return vms.filter((vm) => action.check(vm).kind === 'allowed');
}

function sumOrNull(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>((sum, value) => {
    return value === null ? sum : (sum ?? 0) + value;
  }, null);
}
