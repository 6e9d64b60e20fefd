/** The NoCloud seed: an ISO 9660 file system labelled `cidata` with cloud-init's files. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { VmRuntimeError } from '../vm-runtime';
import type { CloudInit } from '../vm-spec';

const run = promisify(execFile);
const DEADLINE_MS = 10_000;

/** Writes the seed to `path`, whole or not at all. Secrets may be in it: only the owner reads. */
export async function writeSeed(path: string, content: CloudInit): Promise<void> {
  const scratch = await mkdtemp(join(dirname(path), 'seed-'));
  try {
    const files = seedFiles(content).map(({ name, text }) => ({ path: join(scratch, name), text }));
    for (const file of files) await writeFile(file.path, file.text, { mode: 0o600 });
    const image = join(scratch, 'seed.iso');
    const paths = files.map((file) => file.path);
    const options = ['-quiet', '-output', image, '-volid', 'cidata', '-joliet', '-rock'];
    await run('genisoimage', [...options, ...paths], { timeout: DEADLINE_MS });
    await chmod(image, 0o600);
    await rename(image, path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new VmRuntimeError('start-failed', `the cloud-init seed cannot be made: ${why}`, {
      cause: error,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function seedFiles(
  content: CloudInit,
): readonly { readonly name: string; readonly text: string }[] {
  const { userData, metaData, networkConfig } = content;
  return [
    { name: 'user-data', text: userData },
    { name: 'meta-data', text: metaData },
    ...(networkConfig === null ? [] : [{ name: 'network-config', text: networkConfig }]),
  ];
}
