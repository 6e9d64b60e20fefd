import type { Volume } from '@cairn/contracts';
import { Button, PageSection } from '@patternfly/react-core';
import { useMemo, useState, type ReactElement } from 'react';
import { Link } from 'react-router';

import { useDrives, useVolumes } from '../../api/collections';
import { useMay } from '../../api/session';
import { DataView } from '../../components/DataView';
import { formatBytes, formatRatio } from '../../components/format';
import { DatabaseIcon, PlusIcon } from '../../components/icons';
import { PageHeader } from '../../components/PageHeader';
import { filterItems, type FieldsOf } from '../../components/query';
import { QueryBar } from '../../components/QueryBar';
import { RelativeTime } from '../../components/RelativeTime';
import { ResourceTable, type Column } from '../../components/ResourceTable';
import { StatusText } from '../../components/StatusLabel';
import { NothingHere } from '../../components/States';
import { UsageBar } from '../../components/UsageBar';
import { useListState } from '../../components/useListState';
import { CreateVolumeModal } from './actions/CreateVolume';
import { VolumeActions } from './VolumeActions';
import { purposeWords, volumeStatusView } from './volumeView';

const fieldsOf: FieldsOf<Volume> = (volume) => ({
  name: [volume.name],
  state: [volume.status.state, volumeStatusView(volume).label],
  purpose: [volume.purpose],
  tag: volume.tags,
  vm: [volume.status.usedBy?.name ?? ''],
});

/** What is stored in the pool. */
export function VolumesPage(): ReactElement {
  const volumes = useVolumes();
  const [isCreating, setCreating] = useState(false);
  const may = useMay();
  const create = may('volumes:create') && (
    <Button variant="secondary" icon={<PlusIcon />} onClick={() => setCreating(true)}>
      Create volume
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Volumes"
        description="What the pool stores: disks of VMs, images and ISOs."
        actions={create}
      />
      <PageSection hasBodyWrapper={false} isFilled>
        <DataView query={volumes} what="volumes">
          {(items) =>
            items.length === 0 ? (
              <NothingHere title="No volume yet" icon={DatabaseIcon} actions={create}>
                Volumes are made with a VM&apos;s disks, and when an image is imported.
              </NothingHere>
            ) : (
              <VolumeTable volumes={items} />
            )
          }
        </DataView>
      </PageSection>
      {isCreating && <CreateVolumeModal onClose={() => setCreating(false)} />}
    </>
  );
}

function VolumeTable({ volumes }: { readonly volumes: readonly Volume[] }): ReactElement {
  const list = useListState('name');
  const columns = useVolumeColumns();
  const shown = useMemo(() => filterItems(volumes, list.query, fieldsOf), [volumes, list.query]);
  return (
    <>
      <QueryBar
        what="volumes"
        query={list.query}
        onQueryChange={list.setQuery}
        hint="Search: name, purpose:disk, vm:web-1 …  ( / )"
        shortcuts={['purpose:disk', 'purpose:image', 'purpose:iso']}
        found={shown.length}
        total={volumes.length}
      />
      {shown.length === 0 ? (
        <NothingHere isSmall title="No volume matches the search" />
      ) : (
        <ResourceTable
          label="Volumes"
          items={shown}
          idOf={(volume) => volume.id}
          nameOf={(volume) => volume.name}
          columns={columns}
          list={list}
          rowActions={(volume) => <VolumeActions volume={volume} />}
        />
      )}
    </>
  );
}

function useVolumeColumns(): readonly Column<Volume>[] {
  const drives = useDrives().data;
  return useMemo(() => {
    const paths = new Map((drives ?? []).map((drive) => [drive.id, drive.path]));
    return [...leadingColumns, driveColumn(paths), ageColumn];
  }, [drives]);
}

const leadingColumns: readonly Column<Volume>[] = [
  {
    key: 'name',
    title: 'Name',
    sortValue: (volume) => volume.name,
    width: 25,
    render: (volume) => <strong className="media-name">{volume.name}</strong>,
  },
  {
    key: 'purpose',
    title: 'Purpose',
    sortValue: (volume) => volume.purpose,
    render: (volume) => purposeWords[volume.purpose],
    modifier: 'nowrap',
  },
  {
    key: 'state',
    title: 'State',
    sortValue: (volume) => volumeStatusView(volume).label,
    render: (volume) => <StatusText view={volumeStatusView(volume)} />,
    modifier: 'nowrap',
  },
  {
    key: 'used-by',
    title: 'Used by',
    sortValue: (volume) => volume.status.usedBy?.name ?? null,
    render: usedByCell,
  },
  {
    key: 'stored',
    title: 'Stored',
    sortValue: (volume) => volume.status.usedBytes,
    render: storedCell,
    modifier: 'nowrap',
  },
  {
    key: 'size',
    title: 'Size',
    sortValue: (volume) => volume.sizeBytes,
    render: (volume) => formatBytes(volume.sizeBytes),
    isNumeric: true,
    modifier: 'nowrap',
  },
];

function driveColumn(paths: ReadonlyMap<string, string>): Column<Volume> {
  return {
    key: 'drive',
    title: 'Drive',
    sortValue: (volume) => paths.get(volume.status.driveId ?? '') ?? null,
    render: (volume) => {
      const path = paths.get(volume.status.driveId ?? '');
      return path === undefined ? '–' : <code>{path.split('/').at(-1)}</code>;
    },
    modifier: 'nowrap',
  };
}

const ageColumn: Column<Volume> = {
  key: 'created',
  title: 'Created',
  sortValue: (volume) => volume.createdAt,
  render: (volume) => <RelativeTime iso={volume.createdAt} />,
  modifier: 'nowrap',
};

function usedByCell({ status: { usedBy } }: Volume): ReactElement {
  if (usedBy === null) return <span className="subtle">Nobody</span>;
  const name = usedBy.name ?? usedBy.id;
  return usedBy.kind === 'vm' ? <Link to={`/vms/${usedBy.id}/disks`}>{name}</Link> : <>{name}</>;
}

function storedCell(volume: Volume): ReactElement {
  const { usedBytes } = volume.status;
  if (usedBytes === null) return <span className="subtle">unknown</span>;
  return (
    <span className="cpu-cell">
      <UsageBar
        label={`Stored of ${volume.name}`}
        used={usedBytes}
        total={volume.sizeBytes}
        warnAt={2}
        dangerAt={2}
      />
      <span>
        {formatBytes(usedBytes)}{' '}
        <span className="subtle">{formatRatio(usedBytes / volume.sizeBytes)}</span>
      </span>
    </span>
  );
}
