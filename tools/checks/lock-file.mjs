/**
 * The lock file must be installable anywhere: every optional platform package that an installed
 * package names has an entry (a hole makes `npm ci` fail on another platform or another npm), and
 * no entry names the registry it came from.
 */
import { readFileSync } from 'node:fs';

export function lockFileFindings(file) {
  const { packages } = JSON.parse(readFileSync(file, 'utf8'));
  const findings = [];
  for (const [path, entry] of Object.entries(packages)) {
    if (/^https?:/.test(entry.resolved ?? '')) {
      findings.push({ file: 'package-lock.json', message: `${path} names a registry` });
    }
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      if (!resolves(packages, path, name)) {
        const message = `${path || 'the workspace'}: no entry for the optional package ${name}`;
        findings.push({ file: 'package-lock.json', message });
      }
    }
  }
  return findings;
}

/** Node's look-up: node_modules of the package itself, then of each folder above it. */
function resolves(packages, path, name) {
  for (let folder = path; ; folder = parentOf(folder)) {
    const candidate = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[candidate] !== undefined) return true;
    if (folder === '') return false;
  }
}

function parentOf(folder) {
  const index = folder.lastIndexOf('/node_modules/');
  return index < 0 ? '' : folder.slice(0, index);
}
