/** Keeps node_modules at what package-lock.json says, without touching it when it already is. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from './run.mjs';
import { step } from './terminal.mjs';

/** Runs `npm ci` when an installed package is missing or has another version than the lock file. */
export async function ensureNodeModules(root) {
  if (isCurrent(root)) return;
  await step('installing npm packages from the lock file (npm ci)', () =>
    mustRun('npm ci', 'npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], { cwd: root }),
  );
}

function isCurrent(root) {
  const installedFile = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(installedFile);
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.includes('node_modules/')) return true;
    const there = installed[path];
    // Optional packages of other platforms are in the lock file but not on the disk.
    if (there === undefined) return entry.optional === true;
    return entry.link === true || there.version === entry.version;
  });
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}
