/** cairn-engine-host as a child process: started until it serves, killed or stopped. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

export const ENGINE_HOST = resolve(
  __dirname,
  '../../native/build/release/engine/cairn-engine-host',
);

export interface EngineHostOptions {
  readonly drive: string;
  /** Makes the drive file of this size first. */
  readonly createBytes?: number;
  readonly volumeBytes: number;
  readonly socketPath: string;
  /** Must grow with every start on the same drive. */
  readonly epoch: number;
  /** Words before the program's name, such as `chrt -f 10`. */
  readonly launcher?: readonly string[];
}

export class EngineHost {
  private constructor(private readonly child: ChildProcess) {}

  /** Starts it; resolves when it serves, which includes recovery. */
  static async start(options: EngineHostOptions): Promise<EngineHost> {
    if (!existsSync(ENGINE_HOST))
      throw new Error(`${ENGINE_HOST} is missing: build cairn_programs`);
    const args = ['--drive', options.drive, '--volume', '1'];
    args.push('--size', String(options.volumeBytes), '--socket', options.socketPath);
    // As cairn-storage serves a volume today: one copy, from its store itself.
    args.push('--epoch', String(options.epoch), '--direct');
    if (options.createBytes !== undefined) args.push('--create', String(options.createBytes));
    const [program = ENGINE_HOST, ...words] = [...(options.launcher ?? []), ENGINE_HOST, ...args];
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk) => (errors += String(chunk)));
    const [line] = (await Promise.race([
      once(createInterface(child.stdout), 'line'),
      once(child, 'exit').then(() => ['the host ended']),
    ])) as [string];
    if (!line.startsWith('{"ok":true')) throw new Error(`cairn-engine-host: ${line} ${errors}`);
    return new EngineHost(child);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Ends it as a crash does; resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Ends it clean; the exit code. */
  async stop(): Promise<number | null> {
    return this.end('SIGTERM');
  }

  private async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill(signal);
      await ended;
    }
    return this.child.exitCode;
  }
}
