import type { Vm, VmDiskCreateInput } from '@cairn/contracts';
import { FormGroup, FormSelect, FormSelectOption, Radio } from '@patternfly/react-core';
import { useState, type ReactElement } from 'react';

import { useImages, useIsos, useVolumes } from '../../../api/collections';
import { useSubmit } from '../../../api/useRun';
import { FormModal } from '../../../components/FormModal';
import { SizeField } from '../../../components/SizeField';
import { readVolumeSize } from '../../../components/volumeSize';

type Source = 'blank' | 'image' | 'volume' | 'cdrom';

const sources: readonly (readonly [Source, string, string])[] = [
  ['blank', 'Empty disk', 'A new volume; space is used as the guest writes.'],
  ['image', 'Copy of an image', 'A new volume with the contents of an image.'],
  ['volume', 'Existing volume', 'A volume that no VM uses.'],
  ['cdrom', 'Optical drive', 'Empty, or with an ISO in it.'],
];

/** Adds a disk or an optical drive to a VM; a running guest sees it at once. */
export function AddDiskModal({
  vm,
  onClose,
}: {
  readonly vm: Vm;
  readonly onClose: () => void;
}): ReactElement {
  const submit = useSubmit();
  const [source, setSource] = useState<Source>('blank');
  const [sizeText, setSizeText] = useState('20 GiB');
  const [pickedId, setPickedId] = useState('');
  const choices = useChoices(source);
  const size = readVolumeSize(sizeText);
  const body = bodyOf({ source, size, pickedId });
  return (
    <FormModal
      title={`Add a disk to ${vm.name}`}
      submitLabel="Add"
      fault={body === null ? faultOf(source) : undefined}
      onClose={onClose}
      onSubmit={async () => {
        if (body === null) return;
        await submit((gateway) => gateway.call('addVmDisk', { params: { vmId: vm.id }, body }));
      }}
    >
      <FormGroup role="radiogroup" label="What" isStack>
        {sources.map(([key, label, description]) => (
          <Radio
            key={key}
            id={`disk-source-${key}`}
            name="disk-source"
            label={label}
            description={description}
            isChecked={source === key}
            onChange={() => {
              setSource(key);
              setPickedId('');
            }}
          />
        ))}
      </FormGroup>
      {source === 'blank' && (
        <SizeField
          id="disk-size"
          label="Size"
          text={sizeText}
          onChange={setSizeText}
          fault={size.kind === 'bad' ? size.fault : null}
        />
      )}
      {source !== 'blank' && (
        <FormGroup label={pickLabels[source]} fieldId="disk-pick">
          <FormSelect
            id="disk-pick"
            value={pickedId}
            onChange={(_event, value) => setPickedId(value)}
          >
            <FormSelectOption
              value=""
              label={
                source === 'cdrom'
                  ? 'Empty drive'
                  : choices.length === 0
                    ? 'None is ready'
                    : 'Choose …'
              }
            />
            {choices.map((choice) => (
              <FormSelectOption key={choice.id} value={choice.id} label={choice.name} />
            ))}
          </FormSelect>
        </FormGroup>
      )}
    </FormModal>
  );
}

const pickLabels = { image: 'Image', volume: 'Volume', cdrom: 'ISO' } as const;

interface Choice {
  readonly id: string;
  readonly name: string;
}

function useChoices(source: Source): readonly Choice[] {
  const images = useImages().data ?? [];
  const isos = useIsos().data ?? [];
  const volumes = useVolumes().data ?? [];
  switch (source) {
    case 'blank':
      return [];
    case 'image':
      return images.filter((image) => image.status.state === 'ready');
    case 'cdrom':
      return isos.filter((iso) => iso.status.state === 'ready');
    case 'volume':
      return volumes.filter((volume) => volume.purpose === 'disk' && volume.status.usedBy === null);
  }
}

function bodyOf({
  source,
  size,
  pickedId,
}: {
  readonly source: Source;
  readonly size: ReturnType<typeof readVolumeSize>;
  readonly pickedId: string;
}): VmDiskCreateInput | null {
  switch (source) {
    case 'blank':
      if (size.kind === 'bad') return null;
      return { kind: 'disk', source: { kind: 'blank', sizeBytes: size.bytes } };
    case 'image':
      return pickedId === ''
        ? null
        : { kind: 'disk', source: { kind: 'image', imageId: pickedId } };
    case 'volume':
      return pickedId === ''
        ? null
        : { kind: 'disk', source: { kind: 'volume', volumeId: pickedId } };
    case 'cdrom':
      return { kind: 'cdrom', isoId: pickedId === '' ? null : pickedId };
  }
}

function faultOf(source: Source): string {
  return source === 'blank' ? 'The size is not usable' : `Choose ${pickWords[source]}`;
}

const pickWords = { image: 'an image', volume: 'a volume', cdrom: 'an ISO' } as const;
