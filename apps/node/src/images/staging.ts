// Where bytes from outside wait until they are checked: one file per medium below the state
// directory. A file's name is our own id, never anything from a request.
import { Inject, Injectable } from '@nestjs/common';
import { createReadStream } from 'node:fs';
import {
  chmod,
  chown,
  mkdir,
  open,
  readdir,
  rm,
  stat,
  statfs,
  truncate,
  type FileHandle,
} from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { ENVIRONMENT, type Environment } from '../platform/environment';
import { ProblemError } from '../platform/problem';
import { sandboxUid } from './sandboxed-process';
import type { MediaBytes } from './media-format';

/** Left free on the file system, so that staging never fills the node's disk. */
const RESERVE_BYTES = 512 * 2 ** 20;
const SUFFIX = '.part';

@Injectable()
export class Staging {
  readonly #directory: string;

  constructor(@Inject(ENVIRONMENT) environment: Environment) {
    this.#directory = join(environment.stateDir, 'images');
  }

  pathOf(id: string): string {
    return join(this.#directory, `${id}${SUFFIX}`);
  }

  /** Throws `storage.full` when `sizeBytes` more would eat into the reserve. */
  async requireSpace(sizeBytes: number): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const facts = await statfs(this.#directory);
    const free = facts.bavail * facts.bsize - RESERVE_BYTES;
    if (sizeBytes <= free) return;
    const detail = `The node has room for uploads of ${Math.max(0, free)} bytes, not ${sizeBytes}.`;
    throw new ProblemError('storage.full', detail);
  }

  async create(id: string): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const file = await open(this.pathOf(id), 'w', 0o600);
    await file.close();
  }

  /** Bytes that have arrived; 0 when there is no file. */
  async receivedBytes(id: string): Promise<number> {
    try {
      return (await stat(this.pathOf(id))).size;
    } catch {
      return 0;
    }
  }

  async changedAfter(id: string, time: Date): Promise<boolean> {
    try {
      return (await stat(this.pathOf(id))).mtime > time;
    } catch {
      return false;
    }
  }

  /**
   * Writes `stream` at `offset`, which is the file's size, and no byte more than `lengthMax`.
   * Whatever has arrived before a failure stays; the next part continues after it.
   */
  async append(
    id: string,
    stream: Readable,
    range: { readonly offset: number; readonly lengthMax: number },
  ): Promise<number> {
    const file = await open(this.pathOf(id), 'r+');
    let written = 0;
    try {
      for await (const chunk of stream) {
        if (!Buffer.isBuffer(chunk)) throw new TypeError('the body is not bytes');
        if (written + chunk.length > range.lengthMax) {
          await file.truncate(range.offset);
          throw new ProblemError('upload.rangeInvalid', 'The part is longer than its range.');
        }
        await writeAll(file, chunk, range.offset + written);
        written += chunk.length;
      }
    } finally {
      await file.close();
    }
    return written;
  }

  async truncateTo(id: string, sizeBytes: number): Promise<void> {
    await truncate(this.pathOf(id), sizeBytes);
  }

  /** Lets the sandboxed tools read the complete file, and nobody write it. */
  async seal(id: string): Promise<void> {
    const uid = sandboxUid();
    if (uid !== null) await chown(this.pathOf(id), uid, uid);
    await chmod(this.pathOf(id), 0o400);
  }

  async checksum(id: string, options: ChecksumOptions): Promise<string> {
    const hash = createHash('sha256');
    let bytesDone = 0;
    const stream = createReadStream(this.pathOf(id), {
      highWaterMark: 1024 * 1024,
      signal: options.signal,
    });
    for await (const chunk of stream) {
      if (!Buffer.isBuffer(chunk)) continue;
      hash.update(chunk);
      bytesDone += chunk.length;
      options.onProgress(bytesDone);
    }
    return `sha256:${hash.digest('hex')}`;
  }

  /** Runs `look` on the file's bytes. */
  async inspect<T>(id: string, look: (bytes: MediaBytes) => Promise<T>): Promise<T> {
    const file = await open(this.pathOf(id), 'r');
    try {
      const { size } = await file.stat();
      return await look({
        sizeBytes: size,
        read: async (offset, length) => {
          const buffer = Buffer.alloc(length);
          const { bytesRead } = await file.read(buffer, 0, length, offset);
          return buffer.subarray(0, bytesRead);
        },
      });
    } finally {
      await file.close();
    }
  }

  async remove(id: string): Promise<void> {
    await rm(this.pathOf(id), { force: true });
  }

  /** Deletes every staged file whose medium is not in `wanted`. Returns the ids it deleted. */
  async removeOrphans(wanted: ReadonlySet<string>): Promise<string[]> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const orphans = (await readdir(this.#directory))
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => name.slice(0, -SUFFIX.length))
      .filter((id) => !wanted.has(id));
    for (const id of orphans) await this.remove(id);
    return orphans;
  }
}

export interface ChecksumOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (bytesDone: number) => void;
}

async function writeAll(file: FileHandle, chunk: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < chunk.length) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done, position + done);
    done += bytesWritten;
  }
}
