/**
 * A service in a process of its own, for tests that kill it: starts the VM of the spec in the file
 * named first, with the runtime options in the file named second, says so, and stays.
 */
import { readFileSync } from 'node:fs';
import { createQemuVmRuntime, type QemuVmRuntimeOptions } from '../qemu/qemu-vm-runtime';
import { parseVmSpec } from '../vm-spec';

async function main(): Promise<void> {
  const [specPath = '', optionsPath = ''] = process.argv.slice(2);
  const spec = parseVmSpec(JSON.parse(readFileSync(specPath, 'utf8')));
  const options = JSON.parse(readFileSync(optionsPath, 'utf8')) as QemuVmRuntimeOptions;
  const runtime = await createQemuVmRuntime(options);
  const status = await runtime.start(spec);
  process.stdout.write(`${JSON.stringify({ pid: status.pid })}\n`);
  setInterval(() => undefined, 60_000);
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
