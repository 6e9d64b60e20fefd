import type { Vm, VmDisk } from '@cairn/contracts';
import { Button } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState, type ReactElement } from 'react';
import { Link } from 'react-router';

import { useIsos, useVolumes } from '../../../api/collections';
import { useMay } from '../../../api/session';
import { formatBytes, formatBytesPerSecond } from '../../../components/format';
import { PlusIcon } from '../../../components/icons';
import { NothingHere } from '../../../components/States';
import { AddDiskModal } from '../actions/AddDisk';
import { DiskActions } from '../actions/DiskActions';
import { busWords, diskTitle, limitText } from '../diskView';

/** The disks and optical drives of a VM. */
export function DisksTab({ vm }: { readonly vm: Vm }): ReactElement {
  const [isAdding, setAdding] = useState(false);
  const may = useMay();
  const canChange = may('vms:update');
  return (
    <>
      {canChange && (
        <div className="tab-toolbar">
          <Button icon={<PlusIcon />} variant="secondary" onClick={() => setAdding(true)}>
            Add disk
          </Button>
        </div>
      )}
      {vm.disks.length === 0 ? (
        <NothingHere isSmall title="This VM has no disk">
          It can only boot from the network.
        </NothingHere>
      ) : (
        <Table variant="compact" aria-label={`Disks of ${vm.name}`}>
          <Thead>
            <Tr>
              <Th>Disk</Th>
              <Th>Bus</Th>
              <Th className="numeric">Size</Th>
              <Th className="numeric">Stored</Th>
              <Th>Contents</Th>
              <Th>Limits</Th>
              <Th screenReaderText="Actions" />
            </Tr>
          </Thead>
          <Tbody>
            {vm.disks.map((disk) => (
              <DiskRow key={disk.id} vm={vm} disk={disk} canChange={canChange} />
            ))}
          </Tbody>
        </Table>
      )}
      {isAdding && <AddDiskModal vm={vm} onClose={() => setAdding(false)} />}
    </>
  );
}

function DiskRow({
  vm,
  disk,
  canChange,
}: {
  readonly vm: Vm;
  readonly disk: VmDisk;
  readonly canChange: boolean;
}): ReactElement {
  const volume = useVolumes().data?.find((each) => each.id === disk.volumeId);
  const used = volume?.status.usedBytes;
  return (
    <Tr>
      <Td dataLabel="Disk">
        {diskTitle(vm, disk)}
        {disk.readOnly && disk.kind === 'disk' && <span className="subtle"> read-only</span>}
      </Td>
      <Td dataLabel="Bus">{busWords[disk.bus]}</Td>
      <Td dataLabel="Size" className="numeric">
        {disk.sizeBytes === null ? '–' : formatBytes(disk.sizeBytes)}
      </Td>
      <Td dataLabel="Stored" className="numeric">
        {used === undefined || used === null ? '–' : formatBytes(used)}
      </Td>
      <Td dataLabel="Contents">
        <DiskContents disk={disk} {...(volume ? { volumeName: volume.name } : {})} />
      </Td>
      <Td dataLabel="Limits">
        {limitText(disk, formatBytesPerSecond) ?? <span className="subtle">None</span>}
      </Td>
      <Td isActionCell>{canChange && <DiskActions vm={vm} disk={disk} />}</Td>
    </Tr>
  );
}

function DiskContents({
  disk,
  volumeName,
}: {
  readonly disk: VmDisk;
  readonly volumeName?: string;
}): ReactElement {
  const isos = useIsos().data;
  if (disk.kind === 'cdrom') {
    if (disk.isoId === null) return <span className="subtle">Empty</span>;
    return <>{isos?.find((iso) => iso.id === disk.isoId)?.name ?? 'ISO'}</>;
  }
  if (disk.volumeId === null) return <span className="subtle">No volume</span>;
  const query = volumeName ? `?q=${encodeURIComponent(`"${volumeName}"`)}` : '';
  return <Link to={`/volumes${query}`}>{volumeName ?? 'Volume'}</Link>;
}
