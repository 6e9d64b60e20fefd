import type { Vm, VmDisk } from '@cairn/contracts';
import { Checkbox } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { usePlan } from '../../../api/usePlan';
import { useRun } from '../../../api/useRun';
import { PlanModal } from '../../../components/PlanModal';
import { diskTitle } from '../diskView';

/** Takes a disk away from a VM; its volume goes too unless it is kept. */
export function RemoveDiskModal({
  vm,
  disk,
  onClose,
}: {
  readonly vm: Vm;
  readonly disk: VmDisk;
  readonly onClose: () => void;
}): ReactElement {
  const run = useRun();
  const [keepVolume, setKeepVolume] = useState(false);
  const input = {
    params: { vmId: vm.id, diskId: disk.id },
    query: keepVolume ? { keepVolume: 'true' } : {},
  };
  const plan = usePlan('removeVmDisk', input);
  const title = diskTitle(vm, disk);
  return (
    <PlanModal
      title={`Remove ${title} of ${vm.name}?`}
      confirmLabel="Remove"
      tone="danger"
      plan={plan.data}
      planError={plan.error}
      {...(disk.volumeId !== null && !keepVolume ? { typeToConfirm: vm.name } : {})}
      onConfirm={() => {
        onClose();
        void run(`remove ${title} of ${vm.name}`, (gateway) => gateway.call('removeVmDisk', input));
      }}
      onClose={onClose}
    >
      {disk.volumeId !== null && (
        <Checkbox
          id="keep-volume"
          label="Keep its volume"
          description="It stays in the pool and can be given to another VM."
          isChecked={keepVolume}
          onChange={(_event, isChecked) => setKeepVolume(isChecked)}
        />
      )}
    </PlanModal>
  );
}
