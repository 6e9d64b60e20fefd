/**
 * The listening sockets of volumes and of the control API: made once, kept by the supervisor over restarts.
 *
 * A kept socket goes on taking connections while no daemon runs; they wait in its backlog. So a socket is used again as long
 * as its file is still there, and given up only when its volume is detached.
 */
import { lstatSync } from 'node:fs';
import { chmod, chown, lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, StorageError, type Descriptors } from '@cairn/block-store';
import type { Logger } from '@cairn/telemetry';

export interface SocketOwner {
  readonly uid: number;
  readonly gid: number;
}

const VOLUME_NAME = /^vol-([1-9][0-9]{0,19})$/;
const MODE_OWNER_ONLY = 0o600;
const MODE_EVERYBODY = 0o666;

function isSocket(path: string): boolean {
  try {
    return lstatSync(path).isSocket();
  } catch {
    return false;
  }
}

export class KeptSockets {
  private readonly inherited: Map<string, number>;

  constructor(
    private readonly descriptors: Descriptors,
    readonly directory: string,
    private readonly log: Logger,
  ) {
    this.inherited = new Map();
    for (const { name, fd } of descriptors.inheritedFds()) {
      // A name that came twice is a leftover of a socket that was made anew: the last one counts.
      const older = this.inherited.get(name);
      if (older !== undefined) descriptors.closeFd(older);
      this.inherited.set(name, fd);
    }
  }

  /** Whether a supervisor keeps sockets for us. */
  get kept(): boolean {
    return (process.env['NOTIFY_SOCKET'] ?? '') !== '';
  }

  pathOf(volumeId: string): string {
    return join(this.directory, `${volumeId}.sock`);
  }

  /** A listening socket at `path` for the caller to own: the kept one, or a new one that is kept from now on. */
  take(name: string, path: string): number {
    const inherited = this.inherited.get(name);
    this.inherited.delete(name);
    if (inherited !== undefined) {
      if (isSocket(path)) return inherited;
      this.descriptors.closeFd(inherited);
      this.forget(name);
    }
    const fd = this.descriptors.listenUnix(path, MODE_OWNER_ONLY);
    try {
      this.descriptors.storeFd(name, fd);
    } catch (error) {
      // Without a supervisor the socket dies with the daemon; its clients then have to be restarted with it.
      if (!(error instanceof EngineError) || error.kind !== 'unsupported') {
        this.log.warn({ err: error, name }, 'the supervisor did not take a socket');
      }
    }
    return fd;
  }

  takeForVolume(volumeId: string): number {
    return this.take(`vol-${volumeId}`, this.pathOf(volumeId));
  }

  /** Lets one user in, besides ourselves; or everybody, for data that all guests may read. */
  async admit(volumeId: string, owner: SocketOwner | null, everybody: boolean): Promise<void> {
    const path = this.pathOf(volumeId);
    try {
      if (owner !== null && !everybody) await chown(path, owner.uid, owner.gid);
      await chmod(path, everybody ? MODE_EVERYBODY : MODE_OWNER_ONLY);
    } catch (cause) {
      const message = `cannot give the socket to user ${owner?.uid ?? 'everybody'}: ${String(cause)}`;
      throw new StorageError('unsupported', message, { volumeId }, { cause });
    }
  }

  /** Closes a socket that was taken and is not served after all. */
  release(fd: number): void {
    this.descriptors.closeFd(fd);
  }

  /** The volume is detached: nobody listens there any more. */
  async drop(volumeId: string): Promise<void> {
    const name = `vol-${volumeId}`;
    const inherited = this.inherited.get(name);
    if (inherited !== undefined) this.descriptors.closeFd(inherited);
    this.inherited.delete(name);
    this.forget(name);
    const path = this.pathOf(volumeId);
    const info = await lstat(path).catch(() => null);
    if (info?.isSocket() === true) await rm(path, { force: true });
  }

  /** Drops the kept sockets of all volumes but `attached`. */
  async dropAllBut(attached: ReadonlySet<string>): Promise<void> {
    for (const name of [...this.inherited.keys()]) {
      const volumeId = VOLUME_NAME.exec(name)?.[1];
      if (volumeId !== undefined && !attached.has(volumeId)) await this.drop(volumeId);
    }
  }

  private forget(name: string): void {
    try {
      this.descriptors.removeFd(name);
    } catch {
      // No supervisor, so it keeps nothing.
    }
  }
}
