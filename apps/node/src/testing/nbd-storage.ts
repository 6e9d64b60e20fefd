// A storage daemon for integration tests that need real bytes: FakeStorage keeps the rules, plain
// files hold the volumes, and one qemu-nbd per attached volume serves them.
import { FakeStorage, StorageError } from '@cairn/block-store';
import type {
  StorageAttachment,
  StorageVolume,
  StorageVolumeAttachInput,
  StorageVolumeCreate,
} from '@cairn/contracts';
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, chown, mkdir, rm, truncate, writeFile, access } from 'node:fs/promises';
import { join } from 'node:path';

const START_DEADLINE_MS = 10_000;

export class NbdStorage extends FakeStorage {
  readonly #servers = new Map<string, ChildProcess>();

  constructor(private readonly directory: string) {
    super({ runDirectory: directory });
  }

  /** The file that holds a volume's bytes. */
  fileOf(engineVolumeId: string): string {
    return join(this.directory, `${engineVolumeId}.raw`);
  }

  override async createVolume(request: StorageVolumeCreate): Promise<StorageVolume> {
    const volume = await super.createVolume(request);
    await mkdir(this.directory, { recursive: true, mode: 0o711 });
    await writeFile(this.fileOf(volume.id), '');
    await truncate(this.fileOf(volume.id), request.sizeBytes);
    return volume;
  }

  override async attachVolume(
    id: string,
    request: StorageVolumeAttachInput,
  ): Promise<StorageAttachment> {
    const attachment = await super.attachVolume(id, request);
    if (!this.#servers.has(id)) {
      await this.#serve(id, attachment, request.readOnly === true);
    }
    const { socketUid, socketGid } = request;
    if (socketUid !== undefined) {
      await chown(attachment.socketPath, socketUid, socketGid ?? socketUid);
    } else if (request.readOnly === true) {
      await chmod(attachment.socketPath, 0o666);
    }
    return attachment;
  }

  override async detachVolume(id: string): Promise<void> {
    await super.detachVolume(id);
    await this.#stop(id);
  }

  override async deleteVolume(id: string): Promise<void> {
    await super.deleteVolume(id);
    await rm(this.fileOf(id), { force: true });
  }

  async close(): Promise<void> {
    for (const id of [...this.#servers.keys()]) await this.#stop(id);
  }

  async #serve(id: string, attachment: StorageAttachment, readOnly: boolean): Promise<void> {
    const { socketPath, exportName } = attachment;
    await mkdir(join(socketPath, '..'), { recursive: true, mode: 0o711 });
    const child = spawn(
      'qemu-nbd',
      ['--socket', socketPath, '--export-name', exportName, '--format', 'raw', '--persistent']
        .concat(['--shared', '8', '--discard', 'unmap', '--cache', 'writeback'])
        .concat(readOnly ? ['--read-only'] : [], [this.fileOf(id)]),
      { stdio: 'ignore' },
    );
    this.#servers.set(id, child);
    const deadline = Date.now() + START_DEADLINE_MS;
    while (!(await exists(socketPath))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new StorageError('internal', 'qemu-nbd did not start');
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #stop(id: string): Promise<void> {
    const child = this.#servers.get(id);
    if (child === undefined) return;
    this.#servers.delete(id);
    if (child.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    await ended;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
