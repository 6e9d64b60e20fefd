/** Words and decisions about drives. Pure. */
import {
  absolutePathSchema,
  DRIVE_FILE_BYTES_MAX,
  DRIVE_FILE_BYTES_MIN,
  type Drive,
  type DriveCandidate,
} from '@cairn/contracts';

import { formatBytes } from '../../components/format';
import { allowed, refused, type Permission, type StatusView } from '../../components/tone';
import { readVolumeSize } from '../../components/volumeSize';

/** State and health in one word: the worse of the two. */
export function driveStatusView(drive: Pick<Drive, 'status'>): StatusView {
  const { state, health } = drive.status;
  const message = drive.status.conditions.find((each) => each.message !== '')?.message;
  const explained = (view: StatusView): StatusView =>
    message === undefined ? view : { ...view, detail: message };
  switch (state) {
    case 'failed':
      return explained({ label: 'Failed', tone: 'danger' });
    case 'missing':
      return explained({ label: 'Missing', tone: 'danger' });
    case 'evacuating':
      return explained({ label: 'Evacuating', tone: 'progress' });
    case 'out':
      return explained({ label: 'Out', tone: 'neutral' });
    case 'in':
      return explained(healthViews[health]);
  }
}

const healthViews: Readonly<Record<Drive['status']['health'], StatusView>> = {
  good: { label: 'Good', tone: 'success' },
  warning: { label: 'Warning', tone: 'warning' },
  bad: { label: 'Bad', tone: 'danger' },
  unknown: { label: 'In use', tone: 'success', detail: 'The drive reports no health of its own.' },
};

const tierWords = { nvme: 'NVMe', ssd: 'SSD', hdd: 'Hard disk', unknown: 'Drive' } as const;

/** "SSD EXAMPLE 860", "File". */
export function driveKindText(drive: Pick<Drive, 'medium' | 'tier' | 'model'>): string {
  if (drive.medium === 'file') return 'File';
  return drive.model === null ? tierWords[drive.tier] : `${tierWords[drive.tier]}, ${drive.model}`;
}

/** Whether a drive may be taken out of the pool. */
export function mayRemoveDrive(drive: Pick<Drive, 'status'>): Permission {
  const { volumes } = drive.status;
  if (volumes === 0) return allowed;
  return refused(
    volumes === 1
      ? 'A volume lives on it; delete or move it first'
      : `${volumes} volumes live on it; delete or move them first`,
  );
}

/** Sums over the drives that are part of the pool. */
export function poolOf(drives: readonly Drive[]): {
  readonly sizeBytes: number;
  readonly usedBytes: number;
  readonly volumes: number;
} {
  return drives.reduce(
    (pool, drive) => ({
      sizeBytes: pool.sizeBytes + drive.sizeBytes,
      usedBytes: pool.usedBytes + (drive.status.usedBytes ?? 0),
      volumes: pool.volumes + drive.status.volumes,
    }),
    { sizeBytes: 0, usedBytes: 0, volumes: 0 },
  );
}

/** What adding a candidate destroys; null when it is empty. */
export function lossOf(candidate: DriveCandidate): string | null {
  return candidate.usable ? null : candidate.reason;
}

/** The form that makes a file into a drive. */
export interface FileDriveForm {
  readonly path: string;
  readonly size: string;
}

export type TypedFileDrive =
  | { readonly kind: 'good'; readonly path: string; readonly createBytes: number }
  | { readonly kind: 'bad'; readonly fault: string };

/** Reads the form; the size is rounded up to whole MiB. */
export function readFileDrive(form: FileDriveForm): TypedFileDrive {
  if (!absolutePathSchema.safeParse(form.path).success) {
    return { kind: 'bad', fault: 'An absolute path such as /var/lib/cairn/drive0.cairn' };
  }
  const size = readVolumeSize(form.size, DRIVE_FILE_BYTES_MIN);
  if (size.kind === 'bad') return size;
  if (size.bytes > DRIVE_FILE_BYTES_MAX) {
    return { kind: 'bad', fault: `At most ${formatBytes(DRIVE_FILE_BYTES_MAX)}` };
  }
  return { kind: 'good', path: form.path, createBytes: size.bytes };
}
