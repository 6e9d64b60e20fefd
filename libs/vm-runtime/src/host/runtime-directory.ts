/**
 * The files of one VM on this node.
 *
 *   <runDir>/vms/<id>/            the service's: QEMU cannot write here
 *     spec.json                   what was started, for adoption
 *     uid                         the user QEMU runs as
 *     lock process.json exit.json qemu.pid qemu.log serial.log[.1]   see cairn-vm-launch
 *     start.json seed.iso
 *     q/                          QEMU's sockets; QEMU's own until the guest runs, then sealed
 *   <stateDir>/vms/<id>/
 *     nvram.fd                    UEFI variables, unless they are on a volume
 *
 * `q/` is sealed before the first guest instruction: from then on a QEMU that its guest has taken
 * over cannot put a link in the place of a socket that the service will connect to.
 */
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SOCKET_PATH_BYTES_MAX, vmSpecSchema, type VmSpec } from '../vm-spec';
import type { VmConsoles, VmCredentials } from '../vm-runtime';
import { parseJson } from './line-reader';
import {
  exitRecordSchema,
  processRecordSchema,
  type ExitRecord,
  type ProcessRecord,
} from './vm-launch';

/** How many users there are for guests, from the base on. */
export const UID_COUNT = 65_536;
const TAIL_BYTES = 8192;
const TAIL_LINES = 20;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const startRecordSchema = z.object({
  startedAtMs: z.number(),
  accelerator: z.enum(['kvm', 'tcg']),
});
export type StartRecord = z.output<typeof startRecordSchema>;

export class VmDirectory {
  readonly path: string;
  readonly socketDir: string;
  private readonly statePath: string;

  constructor(
    readonly id: string,
    roots: { readonly runDir: string; readonly stateDir: string },
  ) {
    if (!UUID.test(id)) throw new TypeError(`not a VM id: ${id}`);
    this.path = join(roots.runDir, 'vms', id);
    this.socketDir = join(this.path, 'q');
    this.statePath = join(roots.stateDir, 'vms', id);
    const longest = Buffer.byteLength(join(this.socketDir, 'qmp-debug.sock'));
    if (longest > SOCKET_PATH_BYTES_MAX) {
      throw new TypeError(`the runtime directory's path is too long: ${roots.runDir}`);
    }
  }

  get qmpSocket(): string {
    return join(this.socketDir, 'qmp.sock');
  }
  get agentSocket(): string {
    return join(this.socketDir, 'qga.sock');
  }
  get serialLog(): string {
    return join(this.path, 'serial.log');
  }
  get seed(): string {
    return join(this.path, 'seed.iso');
  }
  get nvram(): string {
    return join(this.statePath, 'nvram.fd');
  }
  get consoles(): VmConsoles {
    return {
      vncSocketPath: join(this.socketDir, 'vnc.sock'),
      serialSocketPath: join(this.socketDir, 'serial.sock'),
      serialLogPath: this.serialLog,
    };
  }

  /** Makes the directories as they must be before QEMU starts. */
  async prepare(credentials: VmCredentials | null): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o711 });
    await chmod(this.path, 0o711);
    await rm(this.socketDir, { recursive: true, force: true });
    await mkdir(this.socketDir, { mode: 0o700 });
    if (credentials !== null) await chown(this.socketDir, credentials.uid, credentials.gid);
    // An earlier run's console is kept as the older part of this one's.
    await rename(this.serialLog, `${this.serialLog}.1`).catch(ignoreMissing);
  }

  /** Takes `q/` from QEMU; its sockets stay. */
  async seal(credentials: VmCredentials | null): Promise<void> {
    if (credentials === null) return;
    await chown(this.socketDir, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
    await chmod(this.socketDir, 0o711);
  }

  /** A file that QEMU can write and nobody can put anything else in the place of. */
  async makeOutput(name: string, credentials: VmCredentials | null): Promise<string> {
    const path = join(this.socketDir, name);
    await rm(path, { force: true });
    await writeFile(path, '', { mode: 0o600 });
    if (credentials !== null) await chown(path, credentials.uid, credentials.gid);
    return path;
  }

  async writeSpec(spec: VmSpec): Promise<void> {
    await replaceFile(join(this.path, 'spec.json'), JSON.stringify(spec));
  }

  readSpec(): Promise<VmSpec | null> {
    return readParsed(join(this.path, 'spec.json'), vmSpecSchema);
  }
  readProcess(): Promise<ProcessRecord | null> {
    return readParsed(join(this.path, 'process.json'), processRecordSchema);
  }
  /** Whether the recorded process is there; a zombie counts. */
  async hasLiveProcess(): Promise<boolean> {
    const record = await this.readProcess();
    if (record === null || record.bootId !== (await readBootId())) return false;
    const stat = await readFile(`/proc/${record.pid}/stat`, 'latin1').catch(() => null);
    return stat !== null && startTimeOf(stat) === record.startTime;
  }

  /** Written when the guest was let run: what adoption cannot ask QEMU for. */
  async writeStart(record: StartRecord): Promise<void> {
    await replaceFile(join(this.path, 'start.json'), JSON.stringify(record));
  }
  readStart(): Promise<StartRecord | null> {
    return readParsed(join(this.path, 'start.json'), startRecordSchema);
  }
  readExit(): Promise<ExitRecord | null> {
    return readParsed(join(this.path, 'exit.json'), exitRecordSchema);
  }

  /** The variable store of a VM that starts for the first time is the firmware's template. */
  async prepareNvram(template: string): Promise<void> {
    await mkdir(this.statePath, { recursive: true, mode: 0o700 });
    const existing = await open(this.nvram, 'r').catch(ignoreMissing);
    if (existing !== undefined) {
      await existing.close();
      return;
    }
    await copyFile(template, `${this.nvram}.new`);
    await rename(`${this.nvram}.new`, this.nvram);
  }

  /** After the end of the process: what remains are the logs and the spec. */
  async clearProcess(): Promise<void> {
    for (const name of ['process.json', 'exit.json', 'start.json', 'qemu.pid', 'uid', 'seed.iso']) {
      await rm(join(this.path, name), { force: true });
    }
    await rm(this.socketDir, { recursive: true, force: true });
  }

  /** The launcher outlives its guest by a moment in which it may still write: hence the retries. */
  async remove(): Promise<void> {
    const patiently = { recursive: true, force: true, maxRetries: 20, retryDelay: 50 };
    await rm(this.path, patiently);
    await rm(this.statePath, patiently);
  }

  qemuLogTail(): Promise<readonly string[]> {
    return tail(join(this.path, 'qemu.log'));
  }
  serialTail(): Promise<readonly string[]> {
    return tail(this.serialLog);
  }
}

/** Ids of the VMs that left files in the runtime directory. */
export function listVmIds(runDir: string): readonly string[] {
  try {
    return readdirSync(join(runDir, 'vms')).filter((name) => UUID.test(name));
  } catch {
    return [];
  }
}

/** Users for QEMU processes: the lowest free one, recorded before it is used. */
export class UidPool {
  constructor(
    private readonly runDir: string,
    private readonly base: number | null,
  ) {}

  /** From the look at the others to the record it is one turn: two VMs never get the same user. */
  async acquire(id: string): Promise<VmCredentials | null> {
    if (this.base === null) return null;
    const path = join(this.runDir, 'vms', id);
    await mkdir(path, { recursive: true, mode: 0o711 });
    const own = this.recorded(id);
    if (own !== null) return { uid: own, gid: own };

    const taken = new Set(listVmIds(this.runDir).map((other) => this.recorded(other)));
    for (let uid = this.base; uid < this.base + UID_COUNT; uid += 1) {
      if (taken.has(uid)) continue;
      const file = openSync(join(path, 'uid'), 'wx', 0o600);
      writeSync(file, String(uid));
      closeSync(file);
      return { uid, gid: uid };
    }
    throw new Error('no user is left for another VM');
  }

  private recorded(id: string): number | null {
    try {
      const uid = Number(readFileSync(join(this.runDir, 'vms', id, 'uid'), 'utf8'));
      return Number.isSafeInteger(uid) && uid > 0 ? uid : null;
    } catch {
      return null;
    }
  }
}

/** The kernel's random id of this boot. */
export async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
}

/** Field 22 of /proc/PID/stat; the second field may hold anything. */
function startTimeOf(stat: string): string | undefined {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

async function readParsed<T extends z.ZodType>(
  path: string,
  schema: T,
): Promise<z.output<T> | null> {
  const text = await readFile(path, 'utf8').catch(ignoreMissing);
  if (text === undefined) return null;
  const parsed = schema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : null;
}

async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** The last lines of a log, without control characters. */
async function tail(path: string): Promise<readonly string[]> {
  const file = await open(path, 'r').catch(ignoreMissing);
  if (file === undefined) return [];
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, from);
    const lines = buffer.toString('utf8', 0, bytesRead).split(/\r*\n/);
    const clean = lines.map((line) => line.replace(/\p{Cc}/gu, '').trimEnd());
    return clean.filter((line) => line !== '').slice(-TAIL_LINES);
  } finally {
    await file.close();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
