/**
 * A log file that rotates by size: name.log, name.log.1 … Writes are appended synchronously, so that
 * the last words of a dying service are on the disk; a service that writes faster than a disk is a
 * defect this file bounds by rotation, not by memory.
 */
import { appendFileSync, closeSync, fstatSync, openSync, renameSync } from 'node:fs';

const SIZE_BYTES_MAX = 16 * 1024 * 1024;
const OLD_FILES = 4;
const TAIL_LINES = 30;

export class LogFile {
  private descriptor: number;
  private sizeBytes: number;
  private readonly lastLines: string[] = [];
  private unfinished = '';
  private linesLost = false;

  constructor(
    private readonly path: string,
    private readonly sizeBytesMax = SIZE_BYTES_MAX,
  ) {
    this.descriptor = openSync(path, 'a', 0o600);
    this.sizeBytes = fstatSync(this.descriptor).size;
  }

  /** Never throws: a full disk costs log lines, not the services that write them. */
  write(chunk: string): void {
    this.remember(chunk);
    try {
      if (this.sizeBytes > this.sizeBytesMax) this.rotate();
      appendFileSync(this.descriptor, chunk);
      this.sizeBytes += Buffer.byteLength(chunk);
    } catch {
      this.linesLost = true;
    }
  }

  /** True when the disk refused a line. */
  get incomplete(): boolean {
    return this.linesLost;
  }

  /** The last lines written since the service started, newest last. */
  tail(): readonly string[] {
    return this.unfinished === '' ? this.lastLines : [...this.lastLines, this.unfinished];
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private rotate(): void {
    closeSync(this.descriptor);
    for (let index = OLD_FILES - 1; index >= 0; index -= 1) {
      const from = index === 0 ? this.path : `${this.path}.${index}`;
      try {
        renameSync(from, `${this.path}.${index + 1}`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    this.descriptor = openSync(this.path, 'a', 0o600);
    this.sizeBytes = 0;
  }

  private remember(chunk: string): void {
    const lines = `${this.unfinished}${chunk}`.split('\n');
    this.unfinished = (lines.pop() ?? '').slice(-2000);
    this.lastLines.push(...lines.filter((line) => line !== ''));
    this.lastLines.splice(0, Math.max(0, this.lastLines.length - TAIL_LINES));
  }
}
