/** Builds the native programs and the TypeScript projects when their sources changed. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from './run.mjs';
import { hashTree, whenChanged } from './stamp.mjs';
import { step } from './terminal.mjs';

/** Nx without a daemon, a cloud or a terminal interface. */
export const NX_ENVIRONMENT = {
  ...{ NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false' },
  VITE_CONFIG_NATIVE_IGNORE_WARNING: 'true',
  ...(process.stderr.isTTY ? {} : { NO_COLOR: '1' }),
};

const isNativeSource = (name) =>
  /\.(cc|h|txt|json)$/.test(name) && !name.endsWith('_test.cc') && !name.includes('/fuzz/');
const isTestSource = (name) => /\.(test|spec)\.tsx?$/.test(name);

/** The programs and the addon that run in production, optimised, with assertions on. */
export async function ensureNativeBuild(root) {
  const value = hashTree(root, ['native'], isNativeSource);
  await whenChanged({
    file: join(root, 'native/build/release/.cairn-stamp'),
    value,
    make: () => step('building the native programs (release)', () => buildNative(root)),
  });
}

async function buildNative(root) {
  await configure(root, 'release');
  await buildTargets(root, 'release', ['cairn_programs']);
}

/** Configures a preset of native/CMakePresets.json. */
export async function configure(root, preset) {
  await mustRun(`configuring native (${preset})`, 'cmake', ['--preset', preset], {
    cwd: join(root, 'native'),
  });
}

/** Builds targets of a configured preset; no targets means everything. */
export async function buildTargets(root, preset, targets = [], jobs = 2) {
  const selection = targets.length > 0 ? ['--target', ...targets] : [];
  const args = ['--build', '--preset', preset, '-j', String(jobs), ...selection];
  await mustRun(`building native (${preset})`, 'cmake', args, { cwd: join(root, 'native') });
}

/** The services, the console, the CLI and the supervisor. */
export async function ensureTypeScriptBuild(root) {
  const sources = ['apps', 'libs', 'tools', 'tsconfig.base.json', 'package-lock.json', 'nx.json'];
  const value = hashTree(root, sources, (name) => !isTestSource(name));
  const results = ['tools/dist', 'apps/node/dist', 'apps/storage/dist', 'apps/console/dist'];
  const stamp = join(root, 'node_modules/.cache/cairn/typescript-stamp');
  if (results.some((path) => !existsSync(join(root, path)))) rmSync(stamp, { force: true });
  await whenChanged({
    file: stamp,
    value,
    make: () => step('building the services and the console', () => buildTypeScript(root)),
  });
}

async function buildTypeScript(root) {
  const nx = join(root, 'node_modules/.bin/nx');
  const args = ['run-many', '-t', 'build', '--exclude', '@cairn/e2e', '--output-style=static'];
  await mustRun('the TypeScript build', nx, args, { cwd: root, env: NX_ENVIRONMENT });
}
