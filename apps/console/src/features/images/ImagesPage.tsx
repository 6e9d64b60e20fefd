import { Button, PageSection, ToggleGroup, ToggleGroupItem } from '@patternfly/react-core';
import { useMemo, useState, type ReactElement } from 'react';
import { useSearchParams } from 'react-router';

import { useImages, useIsos } from '../../api/collections';
import { useMay } from '../../api/session';
import { DataView } from '../../components/DataView';
import { CloudDownloadAltIcon, CompactDiscIcon, UploadIcon } from '../../components/icons';
import { PageHeader } from '../../components/PageHeader';
import { filterItems } from '../../components/query';
import { QueryBar } from '../../components/QueryBar';
import { ResourceTable } from '../../components/ResourceTable';
import { NothingHere } from '../../components/States';
import { useListState } from '../../components/useListState';
import { BuildDemoButton } from './actions/BuildDemoButton';
import { ImportUrlModal } from './actions/ImportUrl';
import { UploadModal } from './actions/UploadFile';
import { DropZone } from './DropZone';
import { MediaActions } from './MediaActions';
import { fieldsOfMedia, useMediaColumns } from './mediaColumns';
import type { Media, MediaKind } from './mediaView';
import { UploadList } from './UploadList';

/** Images to make VMs from, and ISOs to install from. */
export function ImagesPage(): ReactElement {
  const [params, setParams] = useSearchParams();
  const kind: MediaKind = params.get('kind') === 'isos' ? 'iso' : 'image';
  const [files, setFiles] = useState<readonly File[] | null>(
    params.get('add') === 'upload' ? [] : null,
  );
  const [isImporting, setImporting] = useState(false);
  const may = useMay();
  const canAdd = may(kind === 'image' ? 'images:create' : 'isos:create');
  const actions = canAdd && (
    <>
      <Button icon={<UploadIcon />} onClick={() => setFiles([])}>
        Upload
      </Button>
      <Button
        variant="secondary"
        icon={<CloudDownloadAltIcon />}
        onClick={() => setImporting(true)}
      >
        Download by URL
      </Button>
      {kind === 'image' && <BuildDemoButton />}
    </>
  );
  return (
    <>
      <PageHeader
        title="Images and ISOs"
        description="Drop files anywhere on this page to upload them."
        actions={actions}
      />
      <PageSection hasBodyWrapper={false} isFilled>
        <DropZone isEnabled={canAdd} onFiles={setFiles}>
          <UploadList />
          <ToggleGroup aria-label="Kind" className="kind-toggle">
            {(['image', 'iso'] as const).map((each) => (
              <ToggleGroupItem
                key={each}
                text={each === 'image' ? 'Images' : 'ISOs'}
                buttonId={`kind-${each}`}
                isSelected={each === kind}
                onChange={() =>
                  setParams(each === 'iso' ? { kind: 'isos' } : {}, { replace: true })
                }
              />
            ))}
          </ToggleGroup>
          {kind === 'image' ? <ImageList actions={actions} /> : <IsoList actions={actions} />}
        </DropZone>
      </PageSection>
      {files !== null && (
        <UploadModal files={files} initialKind={kind} onClose={() => setFiles(null)} />
      )}
      {isImporting && <ImportUrlModal kind={kind} onClose={() => setImporting(false)} />}
    </>
  );
}

function ImageList({ actions }: { readonly actions: React.ReactNode }): ReactElement {
  const images = useImages();
  return (
    <DataView query={images} what="images">
      {(items) => (
        <MediaTable
          kind="image"
          media={items.map((item) => ({ kind: 'image' as const, item }))}
          actions={actions}
        />
      )}
    </DataView>
  );
}

function IsoList({ actions }: { readonly actions: React.ReactNode }): ReactElement {
  const isos = useIsos();
  return (
    <DataView query={isos} what="ISOs">
      {(items) => (
        <MediaTable
          kind="iso"
          media={items.map((item) => ({ kind: 'iso' as const, item }))}
          actions={actions}
        />
      )}
    </DataView>
  );
}

const emptyTitles = { image: 'No image yet', iso: 'No ISO yet' } as const;
const emptyTexts = {
  image:
    'An image is a disk to make VMs from: raw, qcow2, vmdk or vhdx. Without one at hand, build the demo image from packages of the node; it takes seconds.',
  iso: 'An ISO is a disc to install a guest from.',
} as const;

function MediaTable({
  kind,
  media,
  actions,
}: {
  readonly kind: MediaKind;
  readonly media: readonly Media[];
  readonly actions: React.ReactNode;
}): ReactElement {
  const list = useListState('name');
  const columns = useMediaColumns(kind);
  const shown = useMemo(() => filterItems(media, list.query, fieldsOfMedia), [media, list.query]);
  if (media.length === 0) {
    return (
      <NothingHere title={emptyTitles[kind]} icon={CompactDiscIcon} actions={actions}>
        {emptyTexts[kind]}
      </NothingHere>
    );
  }
  return (
    <>
      <QueryBar
        what={kind === 'image' ? 'images' : 'ISOs'}
        query={list.query}
        onQueryChange={list.setQuery}
        hint="Search: name, state:ready …  ( / )"
        found={shown.length}
        total={media.length}
      />
      {shown.length === 0 ? (
        <NothingHere isSmall title="Nothing matches the search" />
      ) : (
        <ResourceTable
          label={kind === 'image' ? 'Images' : 'ISOs'}
          items={shown}
          idOf={({ item }) => item.id}
          nameOf={({ item }) => item.name}
          columns={columns}
          list={list}
          rowActions={(each) => <MediaActions media={each} />}
        />
      )}
    </>
  );
}
