import { FormGroup, FormSelect, FormSelectOption, TextInput } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { useNodes } from '../../../api/collections';
import { useSubmit } from '../../../api/useRun';
import { FormModal } from '../../../components/FormModal';
import { SizeField } from '../../../components/SizeField';
import { readFileDrive } from '../driveView';

/** Makes a file on a node and adds it to the pool: for trials, and for nodes without a spare disk. */
export function AddFileDriveModal({ onClose }: { readonly onClose: () => void }): ReactElement {
  const submit = useSubmit();
  const nodes = useNodes().data ?? [];
  const [chosenNode, setChosenNode] = useState('');
  const [path, setPath] = useState('/var/lib/cairn/drive0.cairn');
  const [size, setSize] = useState('20 GiB');
  const typed = readFileDrive({ path, size });
  const nodeId = chosenNode === '' ? nodes[0]?.id : chosenNode;
  return (
    <FormModal
      title="Use a file as a drive"
      description="A file is slower than a disk of its own and shares the fate of the disk below it."
      submitLabel="Make and add"
      fault={typed.kind === 'bad' ? typed.fault : undefined}
      onClose={onClose}
      onSubmit={async () => {
        if (typed.kind === 'bad') return;
        const body = {
          path: typed.path,
          createBytes: typed.createBytes,
          ...(nodeId === undefined ? {} : { nodeId }),
        };
        await submit((gateway) => gateway.call('addDrive', { body }));
      }}
    >
      {nodes.length > 1 && (
        <FormGroup label="Node" fieldId="drive-node">
          <FormSelect
            id="drive-node"
            value={nodeId ?? ''}
            onChange={(_event, value) => setChosenNode(value)}
          >
            {nodes.map((node) => (
              <FormSelectOption key={node.id} value={node.id} label={node.name} />
            ))}
          </FormSelect>
        </FormGroup>
      )}
      <FormGroup label="Path of the new file" fieldId="drive-path" isRequired>
        <TextInput
          id="drive-path"
          className="code-input"
          value={path}
          onChange={(_event, value) => setPath(value.trim())}
        />
      </FormGroup>
      <SizeField
        id="drive-size"
        label="Size"
        text={size}
        onChange={setSize}
        fault={typed.kind === 'bad' && path.startsWith('/') ? typed.fault : null}
      />
    </FormModal>
  );
}
