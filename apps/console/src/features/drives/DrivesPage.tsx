import type { Drive, DriveCandidate } from '@cairn/contracts';
import { Button, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState, type ReactElement } from 'react';

import { useCluster, useDriveCandidates, useDrives, useNodes } from '../../api/collections';
import { useMay } from '../../api/session';
import { DataView } from '../../components/DataView';
import { formatBytes, formatRatio, pluralize } from '../../components/format';
import { GuardedButton } from '../../components/GuardedButton';
import { HddIcon, PlusIcon, SyncIcon, TrashIcon } from '../../components/icons';
import { PageHeader } from '../../components/PageHeader';
import { NothingHere } from '../../components/States';
import { StatusText } from '../../components/StatusLabel';
import { refusalReason } from '../../components/tone';
import { UsageBar } from '../../components/UsageBar';
import { TitledCard } from '../../components/TitledCard';
import { AddDriveModal } from './actions/AddDrive';
import { AddFileDriveModal } from './actions/AddFileDrive';
import { RemoveDriveModal } from './actions/RemoveDrive';
import { driveKindText, driveStatusView, lossOf, mayRemoveDrive, poolOf } from './driveView';

/** The pool, its drives, and what could join it. */
export function DrivesPage(): ReactElement {
  const drives = useDrives();
  const [isAddingFile, setAddingFile] = useState(false);
  const canAdd = useMay()('drives:add');
  return (
    <>
      <PageHeader
        title="Drives and pool"
        description="All drives of all nodes form one pool. Volumes live in it, thinly: space is used as guests write."
        actions={
          canAdd && (
            <Button variant="secondary" icon={<PlusIcon />} onClick={() => setAddingFile(true)}>
              Use a file as a drive
            </Button>
          )
        }
      />
      <PageSection hasBodyWrapper={false} isFilled className="stack">
        <DataView query={drives} what="the drives">
          {(items) => (
            <>
              {items.length > 0 && <PoolCard drives={items} />}
              <TitledCard title="Drives in the pool">
                <DriveTable drives={items} />
              </TitledCard>
            </>
          )}
        </DataView>
        <CandidatesCard canAdd={canAdd} />
      </PageSection>
      {isAddingFile && <AddFileDriveModal onClose={() => setAddingFile(false)} />}
    </>
  );
}

function PoolCard({ drives }: { readonly drives: readonly Drive[] }): ReactElement {
  const capacity = useCluster().data?.capacity;
  const pool = poolOf(drives);
  const usableBytes = capacity?.usableBytes ?? pool.sizeBytes;
  const usedBytes = capacity?.usedBytes ?? pool.usedBytes;
  const committed = capacity?.committedBytes;
  return (
    <TitledCard title="Pool">
      <p className="capacity-headline">
        {formatBytes(usedBytes)} of {formatBytes(usableBytes)} used
        <span className="subtle">
          {' '}
          {pluralize(drives.length, 'drive')}, {pluralize(pool.volumes, 'volume')}
        </span>
      </p>
      <UsageBar label="Pool" used={usedBytes} total={usableBytes} committed={committed} />
      {committed !== undefined && (
        <p className={committed > usableBytes ? 'tone-warning' : 'subtle'}>
          {formatBytes(committed)} promised to volumes
          {committed > usableBytes && ', more than there is: watch the use'}
        </p>
      )}
    </TitledCard>
  );
}

function DriveTable({ drives }: { readonly drives: readonly Drive[] }): ReactElement {
  const nodes = useNodes().data ?? [];
  if (drives.length === 0) {
    return (
      <NothingHere isSmall title="The pool has no drive yet" icon={HddIcon}>
        Add one of the devices below, or use a file as a drive. Without a drive there is nowhere to
        keep an image or a disk.
      </NothingHere>
    );
  }
  return (
    <Table variant="compact" aria-label="Drives in the pool" borders>
      <Thead>
        <Tr>
          <Th>Device</Th>
          <Th>Kind</Th>
          <Th>Node</Th>
          <Th>Health</Th>
          <Th>Used</Th>
          <Th className="numeric">Size</Th>
          <Th className="numeric">Volumes</Th>
          <Th className="numeric" modifier="nowrap">
            Temperature
          </Th>
          <Th screenReaderText="Actions" />
        </Tr>
      </Thead>
      <Tbody>
        {drives.map((drive) => (
          <DriveRow
            key={drive.id}
            drive={drive}
            nodeName={nodes.find((node) => node.id === drive.nodeId)?.name ?? '–'}
          />
        ))}
      </Tbody>
    </Table>
  );
}

function DriveRow({
  drive,
  nodeName,
}: {
  readonly drive: Drive;
  readonly nodeName: string;
}): ReactElement {
  const [isRemoving, setRemoving] = useState(false);
  const may = useMay();
  const { usedBytes, temperatureCelsius, volumes } = drive.status;
  return (
    <Tr>
      <Td dataLabel="Device">
        <code>{drive.path}</code>
      </Td>
      <Td dataLabel="Kind">{driveKindText(drive)}</Td>
      <Td dataLabel="Node">{nodeName}</Td>
      <Td dataLabel="Health">
        <StatusText view={driveStatusView(drive)} />
      </Td>
      <Td dataLabel="Used">
        <span className="cpu-cell">
          <UsageBar label={`Use of ${drive.path}`} used={usedBytes ?? 0} total={drive.sizeBytes} />
          <span>{usedBytes === null ? 'unknown' : formatRatio(usedBytes / drive.sizeBytes)}</span>
        </span>
      </Td>
      <Td dataLabel="Size" className="numeric">
        {formatBytes(drive.sizeBytes)}
      </Td>
      <Td dataLabel="Volumes" className="numeric">
        {volumes}
      </Td>
      <Td dataLabel="Temperature" className="numeric">
        {temperatureCelsius === null ? '–' : `${temperatureCelsius} °C`}
      </Td>
      <Td isActionCell>
        {may('drives:remove') && (
          <GuardedButton
            variant="plain"
            size="sm"
            icon={<TrashIcon />}
            aria-label={`Remove ${drive.path}`}
            disabledReason={refusalReason(mayRemoveDrive(drive))}
            onClick={() => setRemoving(true)}
          />
        )}
        {isRemoving && <RemoveDriveModal drive={drive} onClose={() => setRemoving(false)} />}
      </Td>
    </Tr>
  );
}

function CandidatesCard({ canAdd }: { readonly canAdd: boolean }): ReactElement {
  const candidates = useDriveCandidates();
  return (
    <TitledCard
      title="Devices outside the pool"
      link={
        <Button
          variant="link"
          size="sm"
          icon={<SyncIcon />}
          isLoading={candidates.isFetching}
          onClick={() => void candidates.refetch()}
        >
          Look again
        </Button>
      }
    >
      <DataView query={candidates} what="devices">
        {(items) =>
          items.length === 0 ? (
            <p className="subtle">
              The nodes have no other block devices. A file can serve as a drive for a trial.
            </p>
          ) : (
            <Table variant="compact" aria-label="Devices outside the pool">
              <Thead>
                <Tr>
                  <Th>Device</Th>
                  <Th>Kind</Th>
                  <Th className="numeric">Size</Th>
                  <Th>State</Th>
                  <Th screenReaderText="Actions" />
                </Tr>
              </Thead>
              <Tbody>
                {items.map((candidate) => (
                  <CandidateRow key={candidate.path} candidate={candidate} canAdd={canAdd} />
                ))}
              </Tbody>
            </Table>
          )
        }
      </DataView>
    </TitledCard>
  );
}

function CandidateRow({
  candidate,
  canAdd,
}: {
  readonly candidate: DriveCandidate;
  readonly canAdd: boolean;
}): ReactElement {
  const [isAdding, setAdding] = useState(false);
  const loss = lossOf(candidate);
  return (
    <Tr>
      <Td dataLabel="Device">
        <code>{candidate.path}</code>
      </Td>
      <Td dataLabel="Kind">{driveKindText(candidate)}</Td>
      <Td dataLabel="Size" className="numeric">
        {formatBytes(candidate.sizeBytes)}
      </Td>
      <Td dataLabel="State">
        {loss === null ? 'Empty' : <span className="tone-warning">{loss}</span>}
      </Td>
      <Td isActionCell>
        {canAdd && (
          <Button
            variant={loss === null ? 'secondary' : 'link'}
            size="sm"
            isDanger={loss !== null}
            aria-label={`Add ${candidate.path}`}
            onClick={() => setAdding(true)}
          >
            Add …
          </Button>
        )}
        {isAdding && <AddDriveModal candidate={candidate} onClose={() => setAdding(false)} />}
      </Td>
    </Tr>
  );
}
