import type { Vm, VmDisk } from '@cairn/contracts';
import { FormGroup, FormSelect, FormSelectOption } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { useIsos } from '../../../api/collections';
import { useSubmit } from '../../../api/useRun';
import { FormModal } from '../../../components/FormModal';
import { diskTitle } from '../diskView';

/** Puts an ISO into an optical drive. */
export function InsertMediaModal({
  vm,
  disk,
  onClose,
}: {
  readonly vm: Vm;
  readonly disk: VmDisk;
  readonly onClose: () => void;
}): ReactElement {
  const submit = useSubmit();
  const ready = (useIsos().data ?? []).filter((iso) => iso.status.state === 'ready');
  const [isoId, setIsoId] = useState(disk.isoId ?? '');
  return (
    <FormModal
      title={`Insert an ISO into ${diskTitle(vm, disk)} of ${vm.name}`}
      submitLabel="Insert"
      fault={isoId === '' ? 'Choose an ISO' : undefined}
      onClose={onClose}
      onSubmit={() =>
        submit((gateway) =>
          gateway.call('insertMedia', {
            params: { vmId: vm.id, diskId: disk.id },
            body: { isoId },
          }),
        )
      }
    >
      <FormGroup label="ISO" fieldId="media-iso">
        <FormSelect id="media-iso" value={isoId} onChange={(_event, value) => setIsoId(value)}>
          <FormSelectOption value="" label={ready.length === 0 ? 'No ISO is ready' : 'Choose …'} />
          {ready.map((iso) => (
            <FormSelectOption key={iso.id} value={iso.id} label={iso.name} />
          ))}
        </FormSelect>
      </FormGroup>
    </FormModal>
  );
}
