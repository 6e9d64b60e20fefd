// The demo guest's whole userland: busybox, one static program, drivers and a few scripts.
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { CpioArchive } from './cpio.mjs';
import { collectModules } from './kernel-modules.mjs';

const run = promisify(execFile);
const GUEST_SOURCES = ['main.c', 'workload.c', 'agent.c'];

/** Compiles the guest's program; it also runs on the host, where tests verify disks with it. */
export async function compileGuestProgram({ sources, output }) {
  const files = GUEST_SOURCES.map((name) => join(sources, name));
  const flags = ['-std=gnu11', '-O2', '-static', '-s', '-Wall', '-Wextra', '-Werror'];
  await run('gcc', [...flags, '-o', output, ...files]);
}

/**
 * @param {{ packages: string, kernelVersion: string, guestProgram: string, tree: string }} options
 * @returns {Promise<Buffer>} the compressed archive
 */
export async function buildInitramfs({ packages, kernelVersion, guestProgram, tree }) {
  const archive = new CpioArchive();
  for (const path of ['bin', 'dev', 'etc', 'lib', 'lib/modules', 'proc', 'sys', 'usr']) {
    archive.directory(path);
  }
  archive.characterDevice('dev/console', 5, 1);
  archive.characterDevice('dev/null', 1, 3, 0o666);
  archive.file('bin/busybox', await readFile(join(packages, 'bin/busybox')), 0o755);
  archive.symlink('bin/sh', 'busybox');
  archive.file('bin/cairn-guest', await readFile(guestProgram), 0o755);
  await addTree(archive, tree, '');
  const modules = await collectModules(join(packages, 'lib/modules', kernelVersion));
  for (const module of modules) archive.file(`lib/modules/${module.name}`, module.content);
  archive.file('lib/modules/order', `${modules.map((module) => module.name).join('\n')}\n`);
  return gzipSync(archive.finish(), { level: 6 });
}

async function addTree(archive, root, prefix) {
  const entries = await readdir(join(root, prefix), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) {
      archive.directory(path);
      await addTree(archive, root, path);
    } else {
      const { mode } = await stat(join(root, path));
      archive.file(path, await readFile(join(root, path)), mode & 0o111 ? 0o755 : 0o644);
    }
  }
}
