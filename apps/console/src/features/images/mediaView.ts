/** Words and decisions about images and ISOs, which share nearly everything. Pure. */
import { mediaNameSchema, type Image, type Iso, type MediaState } from '@cairn/contracts';

import { formatBytes, formatDurationSeconds } from '../../components/format';
import { allowed, refused, type Permission, type StatusView } from '../../components/tone';

export type MediaKind = 'image' | 'iso';

/** An image or an ISO, marked. */
export type Media =
  { readonly kind: 'image'; readonly item: Image } | { readonly kind: 'iso'; readonly item: Iso };

const stateViews: Readonly<Record<MediaState, StatusView>> = {
  awaitingUpload: {
    label: 'Upload incomplete',
    tone: 'warning',
    detail: 'The rest of the file must still be sent.',
  },
  downloading: { label: 'Downloading', tone: 'progress' },
  building: { label: 'Building', tone: 'progress' },
  importing: {
    label: 'Importing',
    tone: 'progress',
    detail: 'It is checked and written to its volume.',
  },
  ready: { label: 'Ready', tone: 'success' },
  failed: { label: 'Failed', tone: 'danger' },
  deleting: { label: 'Deleting', tone: 'progress' },
};

/** The state in a word, with the error as its explanation. */
export function mediaStatusView({ item }: Media): StatusView {
  const view = stateViews[item.status.state];
  return item.status.error ? { ...view, detail: item.status.error.message } : view;
}

/** What a file most likely is, by its name. */
export function guessKind(fileName: string): MediaKind {
  return /\.iso$/i.test(fileName) ? 'iso' : 'image';
}

/** A name that the API accepts, made from a file's name: without a path, its ending and odd signs. */
export function nameFromFile(fileName: string): string {
  const base = fileName.split(/[/\\]/).at(-1) ?? '';
  const stem = base.replace(/\.(qcow2|img|raw|vmdk|vhdx|iso)$/i, '');
  const clean = stem
    .replace(/[^A-Za-z0-9 ._+()@-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 128)
    .replace(/[ -]+$/, '');
  return mediaNameSchema.safeParse(clean).success ? clean : 'uploaded-file';
}

/** Whether it may be deleted now. */
export function mayDeleteMedia({ kind, item }: Media): Permission {
  if (item.status.state === 'deleting') return refused('It is being deleted');
  if (kind === 'iso' && item.status.usedByVms > 0) {
    return refused('A VM has it in an optical drive; eject it first');
  }
  return allowed;
}

/** "qcow2, 2 GiB disk"; what is known of the contents. */
export function contentsText({ kind, item }: Media): string {
  if (kind === 'iso') return item.fileSizeBytes === null ? '–' : formatBytes(item.fileSizeBytes);
  const { format, virtualSizeBytes } = item.status;
  const parts = [
    ...(format === null ? [] : [format]),
    ...(virtualSizeBytes === null ? [] : [`${formatBytes(virtualSizeBytes)} disk`]),
  ];
  return parts.length === 0 ? '–' : parts.join(', ');
}

/** "Uploaded", "Downloaded from example.org", "Built here". */
export function sourceText(item: Pick<Image, 'source'>): string {
  switch (item.source.kind) {
    case 'upload':
      return 'Uploaded';
    case 'demo':
      return 'Built here';
    case 'url':
      return `Downloaded from ${hostOf(item.source.url)}`;
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

/** "42 % · 1.2 GiB of 2 GiB · 40 MiB/s · 20 s left". */
export function uploadLine(progress: {
  readonly receivedBytes: number;
  readonly sizeBytes: number;
  readonly bytesPerSecond: number | null;
}): string {
  const { receivedBytes, sizeBytes, bytesPerSecond } = progress;
  const percent = sizeBytes > 0 ? Math.floor((receivedBytes / sizeBytes) * 100) : 0;
  const parts = [`${percent} %`, `${formatBytes(receivedBytes)} of ${formatBytes(sizeBytes)}`];
  if (bytesPerSecond !== null && bytesPerSecond > 0) {
    parts.push(`${formatBytes(bytesPerSecond)}/s`);
    parts.push(`${formatDurationSeconds((sizeBytes - receivedBytes) / bytesPerSecond)} left`);
  }
  return parts.join(' · ');
}
