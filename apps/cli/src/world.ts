/** What a command sees of the world. The process provides the real one, tests their own. */
import type { Readable, Writable } from 'node:stream';

export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & {
    readonly isTTY?: boolean;
    readonly setRawMode?: (raw: boolean) => unknown;
  };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly homeDir: string;
  readonly hostName: string;
  readonly now: () => Date;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export function printLine(stream: Writable, line: string): void {
  stream.write(`${line}\n`);
}
