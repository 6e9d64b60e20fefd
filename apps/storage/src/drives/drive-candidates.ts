/** What could become a drive on this node: free block devices, and plain files in the directory for drive files. */
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { StorageDriveCandidate } from '@cairn/contracts';
import { StorageError, type Engine } from '@cairn/block-store';
import {
  listBlockDevices,
  readHead,
  signatureOf,
  SYSTEM_PATHS,
  type BlockDevice,
  type SystemPaths,
} from './block-devices';

const FILES_MAX = 256;

export class DriveCandidates {
  constructor(
    private readonly engine: Engine,
    readonly fileDirectory: string,
    private readonly system: SystemPaths = SYSTEM_PATHS,
  ) {}

  /** Everything but the paths that are drives already. */
  async list(driven: ReadonlySet<string>): Promise<readonly StorageDriveCandidate[]> {
    const devices = await listBlockDevices(this.system);
    const free = devices.filter((device) => !driven.has(device.path));
    const candidates = await Promise.all(free.map((device) => this.ofDevice(device)));
    return [...candidates, ...(await this.files(driven))];
  }

  /** The one at `path`, or null if there is no such thing that could be a drive. */
  async at(path: string): Promise<StorageDriveCandidate | null> {
    const info = await stat(path).catch(() => null);
    if (info?.isFile() === true) return this.ofFile(path, info.size);
    if (info?.isBlockDevice() !== true) return null;
    // A stable name such as /dev/disk/by-id/... leads to a device of the same number.
    for (const device of await listBlockDevices(this.system)) {
      const other = await stat(device.path).catch(() => null);
      if (other?.rdev === info.rdev) return this.ofDevice({ ...device, path });
    }
    return null;
  }

  /** What the file system of drive files has left. */
  async fileDirectoryFreeBytes(): Promise<number> {
    const info = await statfs(this.fileDirectory).catch(() => null);
    return info === null ? 0 : info.bavail * info.bsize;
  }

  private async files(driven: ReadonlySet<string>): Promise<readonly StorageDriveCandidate[]> {
    const names = await readdir(this.fileDirectory).catch(() => []);
    const candidates: StorageDriveCandidate[] = [];
    for (const name of names.sort().slice(0, FILES_MAX)) {
      const path = join(this.fileDirectory, name);
      const info = await stat(path).catch(() => null);
      if (info?.isFile() === true && !driven.has(path)) {
        candidates.push(await this.ofFile(path, info.size));
      }
    }
    return candidates;
  }

  private async ofDevice(device: BlockDevice): Promise<StorageDriveCandidate> {
    const reason = device.inUse ?? (await this.contentOf(device.path));
    return {
      path: device.path,
      medium: 'block',
      tier: device.tier,
      model: device.model,
      serial: device.serial,
      rotational: device.rotational,
      sizeBytes: device.sizeBytes,
      usable: reason === null,
      inUse: device.inUse !== null,
      reason,
    };
  }

  private async ofFile(path: string, sizeBytes: number): Promise<StorageDriveCandidate> {
    const reason = await this.contentOf(path);
    return {
      path,
      medium: 'file',
      tier: 'unknown',
      model: null,
      serial: null,
      rotational: null,
      sizeBytes,
      usable: reason === null,
      inUse: false,
      reason,
    };
  }

  /** What is on it, or null if nothing is. */
  private async contentOf(path: string): Promise<string | null> {
    try {
      const { store } = await this.engine.call('drive.probe', { path });
      if (store !== null) return `it holds the store ${store.storeId}`;
      const signature = signatureOf(await readHead(path));
      return signature === null ? null : `it holds ${signature}`;
    } catch (error) {
      return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

/** Refuses a drive that may not be taken; `force` overwrites content, but never what is in use. */
export function assertUsable(candidate: StorageDriveCandidate, force: boolean): void {
  const context = { path: candidate.path };
  const reason = candidate.reason ?? '';
  if (candidate.inUse) {
    throw new StorageError('busy', `${candidate.path} is in use: ${reason}`, context);
  }
  if (!candidate.usable && !force) {
    const message = `${candidate.path} is not empty: ${reason}; use force to overwrite it`;
    throw new StorageError('already_exists', message, context);
  }
}
