import type { NicModel, Vm } from '@cairn/contracts';
import { nicModelSchema } from '@cairn/contracts';
import { FormGroup, FormSelect, FormSelectOption } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { useSubmit } from '../../../api/useRun';
import { FormModal } from '../../../components/FormModal';
import { nicModelWords } from '../diskView';
import { NetworkSelect, networkOf } from './NetworkSelect';

/** Adds a network card; a running guest sees it at once. */
export function AddNicModal({
  vm,
  onClose,
}: {
  readonly vm: Vm;
  readonly onClose: () => void;
}): ReactElement {
  const submit = useSubmit();
  const [network, setNetwork] = useState('user');
  const [model, setModel] = useState<NicModel>('virtio-net');
  return (
    <FormModal
      title={`Add a network card to ${vm.name}`}
      submitLabel="Add"
      fault={undefined}
      onClose={onClose}
      onSubmit={() =>
        submit((gateway) =>
          gateway.call('addVmNic', {
            params: { vmId: vm.id },
            body: { model, network: networkOf(network) },
          }),
        )
      }
    >
      <NetworkSelect id="nic-network" value={network} onChange={setNetwork} />
      <FormGroup label="Model" fieldId="nic-model">
        <FormSelect
          id="nic-model"
          value={model}
          onChange={(_event, value) => setModel(nicModelSchema.parse(value))}
        >
          {nicModelSchema.options.map((each) => (
            <FormSelectOption key={each} value={each} label={nicModelWords[each]} />
          ))}
        </FormSelect>
      </FormGroup>
    </FormModal>
  );
}
