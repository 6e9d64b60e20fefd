// Volumes and images as rows. The engine knows a volume by its own u64 (`engineVolumeId`).
import {
  entity,
  bytesColumn,
  idColumn,
  nullableBytesColumn,
  revisionColumn,
  timeColumn,
} from '../columns';

/** A volume: what it is for and which engine volume carries its bytes. */
export interface VolumeRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: string[];
  readonly purpose: 'disk' | 'image' | 'iso' | 'firmware';
  readonly phase: 'creating' | 'ready' | 'deleting' | 'failed';
  readonly sizeBytes: number;
  /** Decimal u64; null until the engine has made it. */
  readonly engineVolumeId: string | null;
  readonly driveId: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly revision: number;
}

export const VolumeEntity = entity<VolumeRow>({
  name: 'Volume',
  tableName: 'volumes',
  columns: {
    id: idColumn,
    name: { type: 'text' },
    description: { type: 'text', default: '' },
    tags: { type: 'text', array: true },
    purpose: { type: 'text' },
    phase: { type: 'text' },
    sizeBytes: bytesColumn,
    engineVolumeId: { type: 'text', nullable: true },
    driveId: { type: 'text', nullable: true },
    createdAt: timeColumn,
    updatedAt: timeColumn,
    revision: revisionColumn,
  },
  uniques: [{ columns: ['name'] }, { columns: ['engineVolumeId'] }],
});

export type MediaRowState =
  'awaitingUpload' | 'downloading' | 'building' | 'importing' | 'ready' | 'failed' | 'deleting';

/** A disk image or an ISO: metadata of the volume that holds its bytes. */
export interface MediaRow {
  readonly id: string;
  readonly kind: 'image' | 'iso';
  readonly name: string;
  readonly description: string;
  readonly tags: string[];
  readonly state: MediaRowState;
  readonly source: 'upload' | 'url' | 'demo';
  readonly sourceUrl: string | null;
  readonly format: string | null;
  /** Bytes of the file as it is sent to us. */
  readonly fileBytes: number | null;
  /** Bytes of the disk as a guest sees it. */
  readonly virtualSizeBytes: number | null;
  readonly checksum: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly nodeId: string;
  /** The task that imports, downloads or builds it. */
  readonly taskId: string | null;
  readonly volumeId: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly revision: number;
}

export const MediaEntity = entity<MediaRow>({
  name: 'Media',
  tableName: 'media',
  columns: {
    id: idColumn,
    kind: { type: 'text' },
    name: { type: 'text' },
    description: { type: 'text', default: '' },
    tags: { type: 'text', array: true },
    state: { type: 'text' },
    source: { type: 'text' },
    sourceUrl: { type: 'text', nullable: true },
    format: { type: 'text', nullable: true },
    fileBytes: nullableBytesColumn,
    virtualSizeBytes: nullableBytesColumn,
    checksum: { type: 'text', nullable: true },
    error: { type: 'jsonb', nullable: true },
    nodeId: { type: 'uuid' },
    taskId: { type: 'uuid', nullable: true },
    volumeId: { type: 'uuid', nullable: true },
    createdAt: timeColumn,
    updatedAt: timeColumn,
    revision: revisionColumn,
  },
  uniques: [{ columns: ['kind', 'name'] }, { columns: ['volumeId'] }],
  foreignKeys: [{ target: 'Volume', columnNames: ['volumeId'], referencedColumnNames: ['id'] }],
});
