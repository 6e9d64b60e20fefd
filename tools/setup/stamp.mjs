/** Stamps: remember the hash of what a result was made from, and make it again only when it differs. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SKIPPED = new Set(['node_modules', 'dist', 'build', '.nx', '.cairn', '.git', 'test-results']);

/** The hash over the names and bytes of the files below `paths` that `accept` takes. */
export function hashTree(root, paths, accept = () => true) {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of filesBelow(join(root, path))) {
      const name = file.slice(root.length + 1);
      if (!accept(name)) continue;
      hash.update(`${name}\0`).update(readFileSync(file)).update('\0');
    }
  }
  return hash.digest('hex');
}

/** Every file below a path in a stable order; build results and caches left out. */
export function filesBelow(path) {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) return [];
  if (info.isFile()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => !SKIPPED.has(entry.name) && !entry.name.endsWith('.tsbuildinfo'))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap((entry) => {
      const child = join(path, entry.name);
      if (entry.isDirectory()) return filesBelow(child);
      return entry.isFile() ? [child] : [];
    });
}

/** Calls `make` unless `file` holds `value`; writes `value` after it succeeded. Says if it made. */
export async function whenChanged({ file, value, make }) {
  if (readStamp(file) === value) return false;
  await make();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, value);
  return true;
}

function readStamp(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
