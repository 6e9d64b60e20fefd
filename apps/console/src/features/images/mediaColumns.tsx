import { useMemo, type ReactElement } from 'react';

import { useTasks } from '../../api/collections';
import { formatBytes } from '../../components/format';
import type { FieldsOf } from '../../components/query';
import { RelativeTime } from '../../components/RelativeTime';
import type { Column } from '../../components/ResourceTable';
import { StatusText } from '../../components/StatusLabel';
import { TaskProgressBar } from '../tasks/TaskRow';
import { contentsText, mediaStatusView, sourceText, type Media, type MediaKind } from './mediaView';

/** What the query bar of images and ISOs knows. */
export const fieldsOfMedia: FieldsOf<Media> = (media) => ({
  name: [media.item.name],
  state: [media.item.status.state, mediaStatusView(media).label],
  tag: media.item.tags,
  source: [media.item.source.kind],
  ...(media.kind === 'image' ? { format: [media.item.status.format ?? ''] } : {}),
});

/** The columns of the list of images or ISOs. */
export function useMediaColumns(kind: MediaKind): readonly Column<Media>[] {
  return useMemo(
    () => [
      {
        key: 'name',
        title: 'Name',
        sortValue: ({ item }) => item.name,
        width: 25,
        render: ({ item }) => <strong className="media-name">{item.name}</strong>,
      },
      {
        key: 'state',
        title: 'State',
        sortValue: (media) => mediaStatusView(media).label,
        width: 25,
        render: (media) => <MediaState media={media} />,
      },
      ...(kind === 'image' ? [contentsColumn] : []),
      {
        key: 'file',
        title: 'File',
        sortValue: ({ item }) => item.fileSizeBytes,
        render: ({ item }) => (item.fileSizeBytes === null ? '–' : formatBytes(item.fileSizeBytes)),
        isNumeric: true,
        modifier: 'nowrap',
      },
      {
        key: 'source',
        title: 'Source',
        sortValue: ({ item }) => sourceText(item),
        render: ({ item }) => sourceText(item),
      },
      {
        key: 'used',
        title: kind === 'image' ? 'VMs made' : 'Inserted in',
        sortValue: ({ item }) => item.status.usedByVms,
        render: ({ item }) => item.status.usedByVms,
        isNumeric: true,
        modifier: 'nowrap',
      },
      {
        key: 'created',
        title: 'Added',
        sortValue: ({ item }) => item.createdAt,
        render: ({ item }) => <RelativeTime iso={item.createdAt} />,
        modifier: 'nowrap',
      },
    ],
    [kind],
  );
}

const contentsColumn: Column<Media> = {
  key: 'contents',
  title: 'Contents',
  render: contentsText,
  modifier: 'nowrap',
};

/** The state and, while a task works on it, its progress; a failure with its reason in full. */
function MediaState({ media }: { readonly media: Media }): ReactElement {
  const { status } = media.item;
  const task = useTasks().data?.find((each) => each.id === status.taskId);
  const isWorking = task?.state === 'running' && status.state !== 'ready';
  return (
    <span className="media-state">
      <StatusText view={mediaStatusView(media)} />
      {isWorking && <TaskProgressBar task={task} />}
      {status.error && <span className="subtle">{status.error.message}</span>}
    </span>
  );
}
