import type { Vm, VmDisk } from '@cairn/contracts';
import { useState, type ReactElement } from 'react';

import { useSubmit } from '../../../api/useRun';
import { formatBytes } from '../../../components/format';
import { FormModal } from '../../../components/FormModal';
import { SizeField } from '../../../components/SizeField';
import { readVolumeSize } from '../../../components/volumeSize';
import { diskTitle } from '../diskView';

/** Makes a disk larger, while the VM runs too; a disk never becomes smaller. */
export function ResizeDiskModal({
  vm,
  disk,
  onClose,
}: {
  readonly vm: Vm;
  readonly disk: VmDisk;
  readonly onClose: () => void;
}): ReactElement {
  const submit = useSubmit();
  const presentBytes = disk.sizeBytes ?? 0;
  const [text, setText] = useState(formatBytes(presentBytes));
  const size = readVolumeSize(text);
  const fault =
    size.kind === 'bad'
      ? size.fault
      : size.bytes <= presentBytes
        ? `The disk has ${formatBytes(presentBytes)}; it can only become larger`
        : null;
  return (
    <FormModal
      title={`Make ${diskTitle(vm, disk)} of ${vm.name} larger`}
      submitLabel="Make larger"
      fault={fault ?? undefined}
      onClose={onClose}
      onSubmit={async () => {
        if (size.kind === 'bad') return;
        await submit((gateway) =>
          gateway.call('resizeVmDisk', {
            params: { vmId: vm.id, diskId: disk.id },
            body: { sizeBytes: size.bytes },
          }),
        );
      }}
    >
      <SizeField
        id="disk-new-size"
        label="New size"
        text={text}
        onChange={setText}
        fault={fault}
        hint="The guest then grows its partition and file system itself."
      />
    </FormModal>
  );
}
