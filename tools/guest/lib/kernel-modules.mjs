// Which kernel modules a guest needs, in the order in which they can be loaded.
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Drivers of what Cairn puts into a VM; those that a kernel has built in are simply not found. */
const WANTED = [
  'virtio_pci',
  'virtio_blk',
  'virtio_scsi',
  'sd_mod',
  'sr_mod',
  'ata_piix',
  'virtio_net',
  'e1000',
  'virtio_console',
  'virtio-rng',
  'virtio_balloon',
  'pvpanic-pci',
  'button',
  'evdev',
  'isofs',
  'vfat',
  'nls_ascii',
  'nls_cp437',
  'af_packet',
];

/**
 * @param {string} modulesDirectory lib/modules/VERSION
 * @returns {Promise<{ name: string, content: Buffer }[]>} dependencies first
 */
export async function collectModules(modulesDirectory) {
  const paths = await findModules(join(modulesDirectory, 'kernel'));
  const ordered = new Map();
  const visit = async (name, trail) => {
    const key = name.replaceAll('-', '_');
    const path = paths.get(key);
    if (path === undefined || ordered.has(key)) return;
    if (trail.includes(key)) throw new Error(`modules depend on each other: ${trail.join(' ')}`);
    const content = await readFile(path);
    for (const needed of dependenciesOf(content)) await visit(needed, [...trail, key]);
    ordered.set(key, { name: basename(path), content });
  };
  for (const name of WANTED) await visit(name, []);
  return [...ordered.values()];
}

async function findModules(directory) {
  const entries = await readdir(directory, { recursive: true });
  const modules = entries.filter((entry) => entry.endsWith('.ko'));
  return new Map(
    modules.map((entry) => [basename(entry, '.ko').replaceAll('-', '_'), join(directory, entry)]),
  );
}

/** The `depends=` entry of the module's .modinfo section: names parted by commas, then a NUL. */
export function dependenciesOf(content) {
  const start = content.indexOf('\0depends=');
  if (start < 0) return [];
  const from = start + '\0depends='.length;
  const names = content.toString('latin1', from, content.indexOf(0, from));
  return names === '' ? [] : names.split(',');
}
