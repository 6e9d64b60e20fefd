// Debian packages as a source of files: downloaded by apt into a cache and unpacked, not installed.
import { execFile } from 'node:child_process';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Unpacks Debian packages below `cache`; what is there already is not fetched again.
 * @param {{ packages: readonly string[], cache: string }} options
 * @returns {Promise<string>} the directory with the files of all of them
 */
export async function unpackPackages({ packages, cache }) {
  const names = await resolveNames(packages);
  await mkdir(cache, { recursive: true });
  const root = join(cache, 'root');
  for (const name of names) {
    const marker = join(cache, `${name}.unpacked`);
    if (await exists(marker)) continue;
    const archive = await download(name, cache);
    await run('dpkg', ['-x', archive, root]);
    await rename(archive, marker);
  }
  return root;
}

/** A meta package such as linux-image-cloud-amd64 stands for the one it depends on. */
async function resolveNames(packages) {
  const names = [];
  for (const name of packages) {
    if (!name.startsWith('linux-image-')) {
      names.push(name);
      continue;
    }
    const { stdout } = await run('apt-cache', ['depends', '--important', name]);
    const real = /Depends: (linux-image-[0-9][^\s]*)/.exec(stdout)?.[1];
    names.push(real ?? name);
  }
  return names;
}

async function download(name, cache) {
  const scratch = join(cache, `download-${name}`);
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  try {
    await run('apt-get', ['download', '-q', name], { cwd: scratch, timeout: 300_000 });
  } catch (error) {
    throw new Error(`cannot download the Debian package ${name}: ${error.message}`, {
      cause: error,
    });
  }
  const [file] = await readdir(scratch);
  if (file === undefined) throw new Error(`apt-get download gave no file for ${name}`);
  const archive = join(cache, `${name}.deb`);
  await rename(join(scratch, file), archive);
  await rm(scratch, { recursive: true, force: true });
  return archive;
}

async function exists(path) {
  return stat(path).then(
    () => true,
    () => false,
  );
}
