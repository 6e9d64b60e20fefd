import type { Volume } from '@cairn/contracts';
import { useState, type ReactElement } from 'react';

import { useSubmit } from '../../../api/useRun';
import { formatBytes } from '../../../components/format';
import { FormModal } from '../../../components/FormModal';
import { SizeField } from '../../../components/SizeField';
import { readVolumeSize } from '../../../components/volumeSize';

/** Makes a volume larger that no VM uses. */
export function ResizeVolumeModal({
  volume,
  onClose,
}: {
  readonly volume: Volume;
  readonly onClose: () => void;
}): ReactElement {
  const submit = useSubmit();
  const [text, setText] = useState(formatBytes(volume.sizeBytes));
  const size = readVolumeSize(text);
  const fault =
    size.kind === 'bad'
      ? size.fault
      : size.bytes <= volume.sizeBytes
        ? `It has ${formatBytes(volume.sizeBytes)} and can only become larger`
        : null;
  return (
    <FormModal
      title={`Make ${volume.name} larger`}
      submitLabel="Make larger"
      fault={fault ?? undefined}
      onClose={onClose}
      onSubmit={async () => {
        if (size.kind === 'bad') return;
        await submit((gateway) =>
          gateway.call('resizeVolume', {
            params: { volumeId: volume.id },
            body: { sizeBytes: size.bytes },
          }),
        );
      }}
    >
      <SizeField
        id="volume-new-size"
        label="New size"
        text={text}
        onChange={setText}
        fault={fault}
      />
    </FormModal>
  );
}
