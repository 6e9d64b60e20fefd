/**
 * The Debian packages Cairn needs (tools/packages.txt). Missing ones are installed with apt-get as
 * root or through password-less sudo; otherwise the exact command is printed.
 *
 * Side effects that are avoided: Debian's postgresql-15 would create and start a cluster of its own,
 * etcd-server would start a member. Services are held back while packages are installed, no cluster
 * is created, and units that this installation brought are disabled.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun, run } from './run.mjs';
import { PlainError, step } from './terminal.mjs';

const POLICY = '/usr/sbin/policy-rc.d';
const NO_CLUSTER = '/etc/postgresql-common/createcluster.d/cairn-no-system-cluster.conf';
const UNITS = { 'etcd-server': 'etcd.service', 'postgresql-15': 'postgresql.service' };

/** The packages of some groups of the list file, in order. */
export function readPackageList(root, groups) {
  const wanted = new Set(groups);
  let group = '';
  const names = [];
  for (const raw of readFileSync(join(root, 'tools/packages.txt'), 'utf8').split('\n')) {
    const line = raw.replace(/#.*/, '').trim();
    const heading = /^\[(\w+)\]$/.exec(line);
    if (heading) group = heading[1];
    else if (line !== '' && wanted.has(group)) names.push(line);
  }
  return names;
}

/** Which of `names` dpkg does not have installed. */
export async function missingPackages(names) {
  const format = '${Package}\t${db:Status-Status}\n';
  const { stdout } = await run('dpkg-query', ['-W', '-f', format, ...names]);
  const installed = new Set(
    stdout
      .split('\n')
      .filter((line) => line.endsWith('\tinstalled'))
      .map((line) => line.split('\t')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/** Installs what is missing of the groups, or explains how to. */
export async function ensurePackages(root, groups) {
  const missing = await missingPackages(readPackageList(root, groups));
  if (missing.length === 0) return;
  const prefix = await rootPrefix();
  if (prefix === undefined) {
    const command = `sudo apt-get install --no-install-recommends ${missing.join(' ')}`;
    throw new PlainError(
      `These Debian packages are missing; please install them:\n\n  ${command}\n`,
    );
  }
  const title = `installing ${missing.length} Debian packages (${missing.slice(0, 4).join(', ')}…)`;
  await step(title, () => withServicesHeldBack(prefix, missing, () => install(prefix, missing)));
}

/** How to run a command as root: [] when we are, sudo when it asks no password, else undefined. */
async function rootPrefix() {
  if (process.getuid() === 0) return [];
  const sudo = await run('sudo', ['-n', 'true']).catch(() => ({ code: 1 }));
  return sudo.code === 0 ? ['sudo', '-n'] : undefined;
}

async function install(prefix, missing) {
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-y'];
  await asRoot(prefix, 'apt-get update', [...apt, 'update']);
  const options = ['--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'];
  await asRoot(prefix, 'apt-get install', [...apt, 'install', ...options, ...missing]);
}

async function withServicesHeldBack(prefix, missing, work) {
  const held = !existsSync(POLICY);
  if (held) await writeAsRoot(prefix, POLICY, '#!/bin/sh\nexit 101\n', '0755');
  if (missing.includes('postgresql-15')) {
    await writeAsRoot(prefix, NO_CLUSTER, 'create_main_cluster = false\n', '0644');
  }
  try {
    await work();
    await disableUnits(prefix, missing);
  } finally {
    if (held) await asRoot(prefix, 'removing the service hold', ['rm', '-f', POLICY]);
  }
}

async function disableUnits(prefix, missing) {
  if (!existsSync('/run/systemd/system')) return;
  const units = Object.entries(UNITS).filter(([name]) => missing.includes(name));
  for (const [, unit] of units) {
    const [command, ...args] = [...prefix, 'systemctl', 'disable', '--quiet', unit];
    await run(command, args);
  }
}

async function asRoot(prefix, what, words) {
  const [command, ...args] = [...prefix, ...words];
  await mustRun(what, command, args);
}

async function writeAsRoot(prefix, path, text, mode) {
  const directory = path.slice(0, path.lastIndexOf('/'));
  if (prefix.length === 0) {
    mkdirSync(directory, { recursive: true });
    rmSync(path, { force: true });
    writeFileSync(path, text, { mode: Number.parseInt(mode, 8) });
    return;
  }
  await asRoot(prefix, `creating ${directory}`, ['mkdir', '-p', directory]);
  await mustRun(`writing ${path}`, 'sudo', ['-n', 'tee', path], { input: text });
  await asRoot(prefix, `setting the mode of ${path}`, ['chmod', mode, path]);
}
