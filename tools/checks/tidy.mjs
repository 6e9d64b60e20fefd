/**
 * What no other tool checks: file length, open ends, machine paths and registry hosts in sources,
 * the completeness of the lock file, the include layers and the format of the native code.
 *
 * Usage: node tools/checks/tidy.mjs [--json]; exit code 0 only when nothing was found.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../setup/run.mjs';
import { fail, parseArguments, PlainError, say } from '../setup/terminal.mjs';
import { lockFileFindings } from './lock-file.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MAX_LINES = 500;

// Spelt in pieces, so that this file does not find itself.
const OPEN_ENDS = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`);
const MACHINE = new RegExp(
  ['/wo' + 'rk/', '/fa' + 'rm/', 'https?://(deb|regis' + 'try|proxy)[.]'].join('|'),
);
const SOURCE = /\.(ts|tsx|mjs|js|cc|h|sh|py|css)$/;
const TEXT = /\.(ts|tsx|mjs|js|cc|h|sh|py|css|md|json|ya?ml|txt|cmake|html|service|rules)$/;

/** Everything found, as {file, line?, message}. */
export async function tidyFindings() {
  const files = await trackedFiles();
  return [
    ...files.flatMap(textFindings),
    ...lockFileFindings(join(root, 'package-lock.json')),
    ...(await layerFindings()),
    ...(await nativeFormatFindings(files)),
  ];
}

async function trackedFiles() {
  const { code, stdout } = await run('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: root,
  });
  if (code !== 0) throw new PlainError('The tidy check needs a git checkout.');
  return stdout.split('\n').filter((name) => name !== '' && existsSync(join(root, name)));
}

function textFindings(file) {
  if (!TEXT.test(file) || file === 'package-lock.json' || file.startsWith('docs/images/'))
    return [];
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  const findings = [];
  if (SOURCE.test(file) && lines.length > MAX_LINES + 1 && !file.includes('/generated/')) {
    findings.push({ file, message: `${lines.length - 1} lines; the limit is ${MAX_LINES}` });
  }
  lines.forEach((text, index) => {
    const place = { file, line: index + 1 };
    if (OPEN_ENDS.test(text) && SOURCE.test(file)) {
      findings.push({ ...place, message: 'an open end without an issue' });
    }
    if (MACHINE.test(text)) {
      findings.push({ ...place, message: 'a path of one machine or a package host' });
    }
  });
  return findings;
}

async function layerFindings() {
  const script = ['check_layers.mjs', 'check_layers.py', 'check_layers.sh']
    .map((name) => join(root, 'native', name))
    .find((path) => existsSync(path));
  if (script === undefined)
    return [{ file: 'native', message: 'the include-layer check is missing' }];
  const interpreter = { mjs: process.execPath, py: 'python3', sh: 'bash' }[script.split('.').pop()];
  const { code, stdout, stderr } = await run(interpreter, [script], { cwd: root });
  if (code === 0) return [];
  return `${stdout}${stderr}`
    .trim()
    .split('\n')
    .map((message) => ({ file: 'native', message }));
}

async function nativeFormatFindings(files) {
  const sources = files.filter((name) => /^native\/.*\.(cc|h)$/.test(name));
  const args = ['--dry-run', '--Werror', '--ferror-limit=1', ...sources];
  const result = await run('clang-format-19', args, { cwd: root }).catch(() => undefined);
  if (result === undefined)
    return [{ file: 'native', message: 'clang-format-19 is not installed' }];
  const bad = result.stderr.split('\n').filter((line) => line.includes('code should be'));
  return bad.map((line) => ({
    file: line.split(':')[0],
    message: 'not formatted (clang-format-19)',
  }));
}

async function main() {
  const { json } = parseArguments(process.argv.slice(2), { json: 'flag' });
  const findings = await tidyFindings();
  if (json) process.stdout.write(`${JSON.stringify({ findings })}\n`);
  for (const { file, line, message } of findings) {
    say(`${file}${line === undefined ? '' : `:${line}`}: ${message}`);
  }
  process.exitCode = findings.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main().catch(fail);
