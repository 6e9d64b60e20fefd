import type { Vm, VmDisk } from '@cairn/contracts';
import { FormGroup, TextInput } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { useSubmit } from '../../../api/useRun';
import { FormModal } from '../../../components/FormModal';
import { diskTitle } from '../diskView';
import { readLimits } from './limits';

/** Bounds what a disk may ask of the storage; takes effect at once. */
export function DiskLimitsModal({
  vm,
  disk,
  onClose,
}: {
  readonly vm: Vm;
  readonly disk: VmDisk;
  readonly onClose: () => void;
}): ReactElement {
  const submit = useSubmit();
  const [iopsText, setIopsText] = useState(String(disk.iopsLimit ?? ''));
  const [rateText, setRateText] = useState(
    disk.bytesPerSecondLimit === null ? '' : String(disk.bytesPerSecondLimit / 2 ** 20),
  );
  const limits = readLimits({ iopsText, rateText });
  return (
    <FormModal
      title={`Limits of ${diskTitle(vm, disk)} of ${vm.name}`}
      description="Reads and writes together. An empty field is without limit."
      submitLabel="Save"
      fault={limits.kind === 'bad' ? limits.fault : undefined}
      onClose={onClose}
      onSubmit={async () => {
        if (limits.kind === 'bad') return;
        const { iopsLimit, bytesPerSecondLimit } = limits;
        await submit((gateway) =>
          gateway.call('updateVmDisk', {
            params: { vmId: vm.id, diskId: disk.id },
            body: { iopsLimit, bytesPerSecondLimit },
          }),
        );
      }}
    >
      <FormGroup label="Operations a second" fieldId="disk-iops">
        <TextInput
          id="disk-iops"
          inputMode="numeric"
          value={iopsText}
          onChange={(_event, value) => setIopsText(value)}
        />
      </FormGroup>
      <FormGroup label="MiB a second" fieldId="disk-rate">
        <TextInput
          id="disk-rate"
          inputMode="decimal"
          value={rateText}
          onChange={(_event, value) => setRateText(value)}
        />
      </FormGroup>
    </FormModal>
  );
}
