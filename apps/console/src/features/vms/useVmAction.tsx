import type { Vm } from '@cairn/contracts';
import { Checkbox } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useState, type ReactElement } from 'react';

import { useGateway } from '../../api/gateway';
import { keys } from '../../api/keys';
import { useRun } from '../../api/useRun';
import { PlanModal } from '../../components/PlanModal';
import { confirmationTitle, mergePlans, type VmAction } from './actions/vmAction';

interface Asked {
  readonly action: VmAction;
  readonly vms: readonly Vm[];
}

export interface VmActionRunner {
  /** Does an act, after its plan was confirmed where it needs that. */
  readonly ask: (action: VmAction, vms: readonly Vm[]) => void;
  /** Put this on the page; it draws the confirmation. */
  readonly dialog: ReactElement | null;
}

/** Runs verbs of VMs, one or many at a time. */
export function useVmAction(onDone?: (action: VmAction) => void): VmActionRunner {
  const run = useRun();
  const [asked, setAsked] = useState<Asked | null>(null);
  const perform = useCallback(
    async ({ action, vms }: Asked, keepVolumes: boolean) => {
      setAsked(null);
      const started = await Promise.all(
        vms.map((vm) =>
          run(`${action.verb} ${vm.name}`, (gateway) => action.run(gateway, vm, { keepVolumes })),
        ),
      );
      if (started.some((task) => task !== null)) onDone?.(action);
    },
    [run, onDone],
  );
  const ask = useCallback(
    (action: VmAction, vms: readonly Vm[]) => {
      if (action.confirmation) setAsked({ action, vms });
      else void perform({ action, vms }, false);
    },
    [perform],
  );
  const dialog = asked && (
    <VmPlanModal
      asked={asked}
      onConfirm={(keepVolumes) => void perform(asked, keepVolumes)}
      onClose={() => setAsked(null)}
    />
  );
  return { ask, dialog };
}

function VmPlanModal({
  asked,
  onConfirm,
  onClose,
}: {
  readonly asked: Asked;
  readonly onConfirm: (keepVolumes: boolean) => void;
  readonly onClose: () => void;
}): ReactElement | null {
  const { action, vms } = asked;
  const gateway = useGateway();
  const [keepVolumes, setKeepVolumes] = useState(false);
  const plan = useQuery({
    queryKey: keys.plan(action.id, String(keepVolumes), ...vms.map((vm) => vm.id)),
    queryFn: async () =>
      mergePlans(await Promise.all(vms.map((vm) => action.plan(gateway, vm, { keepVolumes })))),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const { confirmation } = action;
  if (!confirmation) return null;
  const [first] = vms;
  const name = vms.length === 1 && first ? first.name : `${vms.length} VMs`;
  return (
    <PlanModal
      title={confirmationTitle(action, vms)}
      confirmLabel={confirmation.confirmLabel}
      tone={confirmation.tone === 'danger' ? 'danger' : 'warning'}
      plan={plan.data}
      planError={plan.error}
      {...(confirmation.mustTypeName ? { typeToConfirm: name } : {})}
      onConfirm={() => onConfirm(keepVolumes)}
      onClose={onClose}
    >
      {action.hasKeepVolumes && (
        <Checkbox
          id="keep-volumes"
          label="Keep the volumes of its disks"
          description="They stay in the pool for other VMs."
          isChecked={keepVolumes}
          onChange={(_event, isChecked) => setKeepVolumes(isChecked)}
        />
      )}
    </PlanModal>
  );
}
