/** The whole set-up of a checkout: quick when nothing is missing, a few minutes the first time. */
import { readFileSync } from 'node:fs';
import { ensureNativeBuild, ensureTypeScriptBuild } from './build.mjs';
import { ensureNodeModules } from './node-modules.mjs';
import { ensurePackages } from './packages.mjs';
import { PlainError, say } from './terminal.mjs';

const NODE_MAJOR = 20;
const NODE_MINOR_MIN = 19;

/** Makes the checkout runnable for the package groups ('run', 'build', 'test'). */
export async function prepare(root, groups) {
  checkNode();
  checkSystem();
  await ensurePackages(root, groups);
  await ensureNodeModules(root);
  await ensureNativeBuild(root);
  await ensureTypeScriptBuild(root);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major === NODE_MAJOR && minor >= NODE_MINOR_MIN) return;
  throw new PlainError(
    `Cairn needs Node.js ${NODE_MAJOR}.${NODE_MINOR_MIN} or a later ${NODE_MAJOR}.x; ` +
      `this is ${process.versions.node}.`,
  );
}

function checkSystem() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new PlainError(
      `Cairn runs on x86-64 Linux; this is ${process.platform} ${process.arch}.`,
    );
  }
  const release = readFileSync('/etc/os-release', 'utf8');
  if (!/^(ID|ID_LIKE)=.*debian/m.test(release)) {
    throw new PlainError('Cairn needs Debian 12 (its packages come from there).');
  }
  if (!/^VERSION_ID="?12/m.test(release)) {
    say('Cairn is tested on Debian 12; this is another release, and packages may be missing.');
  }
}
