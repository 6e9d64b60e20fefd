/**
 * What tests with real guests need: the demo guest's image, NBD servers for it, a runtime in
 * temporary directories. Everything it starts it ends again, by pid.
 *
 * Prerequisites are checked, and what is missing is named in `missing`: tests then skip loudly.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { accessSync, chmodSync, constants, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { poll } from '../host/waiting';
import { createQemuVmRuntime, type QemuVmRuntimeOptions } from '../qemu/qemu-vm-runtime';
import type { VmRuntime } from '../vm-runtime';
import { parseVmSpec, type NbdSource, type VmSpec, type VmSpecInput } from '../vm-spec';

const run = promisify(execFile);
const root = resolve(__dirname, '../../../..');

export const programsDir =
  process.env['CAIRN_PROGRAMS_DIR'] ?? join(root, 'native/build/release/host');

/** What keeps these tests from running here; empty when nothing does. */
export function missingPrerequisites(): readonly string[] {
  const programs = ['cairn-vm-launch', 'cairn-vm-watch', 'cairn-net', 'cairn-kvm-probe'];
  const system = ['qemu-system-x86_64', 'qemu-nbd', 'nbdkit', 'genisoimage', 'mformat', 'gcc'];
  return [
    ...programs.filter((name) => !runnable(join(programsDir, name))),
    ...system.filter((name) => !runnable(join('/usr/bin', name))),
  ];
}

function runnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export class GuestLab {
  readonly image: string;
  /** The guest's program, which verifies disks on the host. */
  readonly guestProgram: string;
  private readonly children: ChildProcess[] = [];
  private readonly runtimes: VmRuntime[] = [];
  private counter = 0;

  private constructor(readonly dir: string) {
    this.image = join(dir, 'demo.raw');
    this.guestProgram = join(dir, 'cairn-guest');
  }

  static async open(): Promise<GuestLab> {
    const dir = await mkdtemp(join(tmpdir(), 'cairn-lab-'));
    chmodSync(dir, 0o711);
    const lab = new GuestLab(dir);
    const builder = join(root, 'tools/guest/build-demo-guest.mjs');
    const output = ['--out', lab.image, '--program', lab.guestProgram];
    await run(process.execPath, [builder, ...output]);
    return lab;
  }

  get runtimeOptions(): QemuVmRuntimeOptions {
    return {
      runDir: join(this.dir, 'run'),
      stateDir: join(this.dir, 'state'),
      programsDir,
      uidBase: process.getuid?.() === 0 ? 200_000 : null,
      acceleration: {
        verdict: 'unusable',
        accelerator: 'tcg',
        reason: 'tests use software emulation',
        rateMillionPerSecond: null,
        elapsedMs: 0,
      },
    };
  }

  async runtime(): Promise<VmRuntime> {
    const runtime = await createQemuVmRuntime(this.runtimeOptions);
    this.runtimes.push(runtime);
    return runtime;
  }

  /** A spec with one boot disk; `more` replaces fields. */
  spec(boot: NbdSource, more: Partial<VmSpecInput> = {}): VmSpec {
    return parseVmSpec({
      id: randomUUID(),
      name: `lab ${(this.counter += 1)}`,
      generationId: randomUUID(),
      vcpus: 1,
      memoryBytes: 160 * 2 ** 20,
      firmware: 'bios',
      bootOrder: ['boot'],
      disks: [{ id: 'boot', role: 'disk', bus: 'virtio-blk', source: boot }],
      nics: [],
      ...more,
    });
  }

  /** Serves a copy of the demo image. */
  async bootDisk(): Promise<NbdSource> {
    const copy = join(this.dir, `boot${(this.counter += 1)}.raw`);
    await run('cp', ['--sparse=always', '--reflink=auto', this.image, copy]);
    return (await this.serve(copy)).source;
  }

  async emptyDisk(bytes: number): Promise<string> {
    const path = join(this.dir, `disk${(this.counter += 1)}.raw`);
    await run('truncate', ['-s', String(bytes), path]);
    return path;
  }

  /** An NBD server for the file that can be killed and started again on the same socket. */
  async serve(path: string): Promise<NbdServer> {
    const socketPath = join(this.dir, `nbd${(this.counter += 1)}.sock`);
    const server = new NbdServer(this, path, socketPath);
    await server.start();
    return server;
  }

  /** nbdkit with an error filter: requests fail while `triggerPath` exists. */
  async serveWithFaults(path: string, triggerPath: string): Promise<NbdSource> {
    const socketPath = join(this.dir, `nbd${(this.counter += 1)}.sock`);
    const faults = ['error=EIO', 'error-rate=100%', `error-file=${triggerPath}`];
    const options = ['-f', '-U', socketPath, '-e', 'disk', '--filter=error', 'file', path];
    this.spawn('nbdkit', [...options, ...faults]);
    await openSocketToGuests(socketPath);
    return { kind: 'nbd', socketPath, exportName: 'disk' };
  }

  spawn(program: string, parameters: readonly string[]): ChildProcess {
    const child = spawn(program, parameters, { stdio: 'ignore' });
    this.children.push(child);
    return child;
  }

  /** Waits for text on the guest's serial console, from `from` on; the whole text so far. */
  async serialText(
    runtime: VmRuntime,
    id: string,
    pattern: RegExp,
    deadlineMs = 90_000,
  ): Promise<string> {
    const path = runtime.consoles(id).serialLogPath;
    const found = await poll(() => textWith(path, pattern), { everyMs: 20, deadlineMs });
    if (found !== undefined) return found;
    throw new Error(`the guest never printed ${String(pattern)}: ${textWith(path, /^/) ?? ''}`);
  }

  async booted(runtime: VmRuntime, spec: VmSpec): Promise<void> {
    await this.serialText(runtime, spec.id, /cairn-guest: ready/);
  }

  async close(): Promise<void> {
    for (const runtime of this.runtimes) {
      for (const vm of runtime.list()) await runtime.stop(vm.id).catch(() => undefined);
      await runtime.dispose();
    }
    for (const child of this.children) child.kill('SIGKILL');
    // Launchers outlive their guests by a moment, in which they still write their last words here.
    await rm(this.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

export class NbdServer {
  readonly source: NbdSource;
  private child: ChildProcess | null = null;

  constructor(
    private readonly lab: GuestLab,
    private readonly path: string,
    private readonly socketPath: string,
  ) {
    this.source = { kind: 'nbd', socketPath, exportName: 'disk' };
  }

  async start(): Promise<void> {
    await rm(this.socketPath, { force: true });
    const options = ['-k', this.socketPath, '-f', 'raw', '-t', '-e', '4', '-x', 'disk'];
    const cache = ['--cache=none', '--discard=unmap'];
    this.child = this.lab.spawn('qemu-nbd', [...options, ...cache, this.path]);
    await openSocketToGuests(this.socketPath);
  }

  kill(): void {
    this.child?.kill('SIGKILL');
  }
}

/** As the storage does for the VM's own user; here one socket serves whichever VM comes. */
async function openSocketToGuests(path: string): Promise<void> {
  const there = await poll(
    () =>
      stat(path).then(
        () => true,
        () => undefined,
      ),
    { everyMs: 5, deadlineMs: 5000 },
  );
  if (there === undefined) throw new Error(`no NBD server on ${path}`);
  chmodSync(path, 0o666);
}

function textWith(path: string, pattern: RegExp): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    return pattern.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
