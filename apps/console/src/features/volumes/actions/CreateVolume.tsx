import { nameSchema } from '@cairn/contracts';
import { FormGroup, TextInput } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { useSubmit } from '../../../api/useRun';
import { FormModal } from '../../../components/FormModal';
import { SizeField } from '../../../components/SizeField';
import { readVolumeSize } from '../../../components/volumeSize';

/** Makes an empty volume to be attached to a VM later. */
export function CreateVolumeModal({ onClose }: { readonly onClose: () => void }): ReactElement {
  const submit = useSubmit();
  const [name, setName] = useState('');
  const [sizeText, setSizeText] = useState('20 GiB');
  const size = readVolumeSize(sizeText);
  return (
    <FormModal
      title="Create a volume"
      description="An empty volume for a later disk. Disks of new VMs are made with the VM."
      submitLabel="Create"
      fault={faultOf(name, size.kind === 'bad' ? size.fault : null)}
      onClose={onClose}
      onSubmit={async () => {
        if (size.kind === 'bad') return;
        await submit((gateway) =>
          gateway.call('createVolume', { body: { name, sizeBytes: size.bytes } }),
        );
      }}
    >
      <FormGroup label="Name" fieldId="volume-name" isRequired>
        <TextInput
          id="volume-name"
          value={name}
          onChange={(_event, value) => setName(value)}
          autoFocus
        />
      </FormGroup>
      <SizeField
        id="volume-size"
        label="Size"
        text={sizeText}
        onChange={setSizeText}
        fault={size.kind === 'bad' ? size.fault : null}
      />
    </FormModal>
  );
}

function faultOf(name: string, sizeFault: string | null): string | undefined {
  if (!nameSchema.safeParse(name).success) {
    return 'A name of letters, digits, spaces and . _ + ( ) @ -';
  }
  return sizeFault ?? undefined;
}
