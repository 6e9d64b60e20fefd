import type { Vm, VmNic } from '@cairn/contracts';
import type { ReactElement } from 'react';

import { useSubmit } from '../../../api/useRun';
import { FormModal } from '../../../components/FormModal';
import { networkText } from '../diskView';

/** Takes a network card away from a VM. */
export function RemoveNicModal({
  vm,
  nic,
  title,
  onClose,
}: {
  readonly vm: Vm;
  readonly nic: VmNic;
  readonly title: string;
  readonly onClose: () => void;
}): ReactElement {
  const submit = useSubmit();
  return (
    <FormModal
      title={`Remove ${title} of ${vm.name}?`}
      submitLabel="Remove"
      tone="danger"
      fault={undefined}
      onClose={onClose}
      onSubmit={() =>
        submit((gateway) => gateway.call('removeVmNic', { params: { vmId: vm.id, nicId: nic.id } }))
      }
    >
      <p>
        The guest loses its connection through {networkText(nic.network)} with the hardware address{' '}
        <code>{nic.mac}</code>.
      </p>
    </FormModal>
  );
}
