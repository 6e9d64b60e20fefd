/**
 * A node that starts with an empty storage gets one file-backed drive, so that the first VM can be
 * made at once. It is sparse; an administrator adds real drives and removes it at any time.
 */
import { closeSync, openSync, rmSync, statfsSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import {
  DRIVE_FILE_BYTES_MIN,
  storageDriveListSchema,
  type StorageDriveAddInput,
} from '@cairn/contracts';
import type { Layout } from './layout';
import { unixRequest } from './unix-http';

const GIB = 1024 ** 3;
const SIZE_BYTES_MAX = 64 * GIB;
const SIZE_BYTES_MIN = Math.max(8 * GIB, DRIVE_FILE_BYTES_MIN);
const REQUEST_TIMEOUT_MS = 60_000;

export interface DefaultDrive {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Half of the free space between 8 and 64 GiB, in whole GiB. */
export function defaultDriveSizeBytes(freeBytes: number): number {
  const half = Math.floor(freeBytes / 2 / GIB) * GIB;
  return Math.min(SIZE_BYTES_MAX, Math.max(SIZE_BYTES_MIN, half));
}

/** Makes the drive through the control API of cairn-storage; undefined when it has one already. */
export async function makeDefaultDrive(layout: Layout): Promise<DefaultDrive | undefined> {
  if (await hasDrive(layout)) return undefined;
  const { bavail, bsize } = statfsSync(layout.storageDir);
  const path = join(layout.storageDir, 'drive0.cairn');
  // What a start left that died before the drive was taken holds no data.
  rmSync(path, { force: true });
  const sizeBytes = defaultDriveSizeBytes(bavail * bsize);
  // Sparse, unlike a file that cairn-storage makes: nobody asked for this space to be set aside.
  closeSync(openSync(path, 'wx', 0o600));
  truncateSync(path, sizeBytes);
  const body: StorageDriveAddInput = { path };
  const { status, text } = await unixRequest({
    socketPath: layout.storageSocket,
    method: 'POST',
    path: '/v1/drives',
    body,
    timeoutMs: REQUEST_TIMEOUT_MS,
  });
  if (status >= 300) {
    rmSync(path, { force: true });
    throw new Error(`cairn-storage did not take the default drive: ${text}`);
  }
  return { path, sizeBytes };
}

async function hasDrive(layout: Layout): Promise<boolean> {
  const { status, text } = await unixRequest({
    socketPath: layout.storageSocket,
    method: 'GET',
    path: '/v1/drives',
    timeoutMs: REQUEST_TIMEOUT_MS,
  });
  if (status !== 200) throw new Error(`cairn-storage did not list its drives: ${text}`);
  return storageDriveListSchema.parse(JSON.parse(text)).items.length > 0;
}
