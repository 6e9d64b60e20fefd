import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

describe('the include law of the native layers', () => {
  it('refuses each kind of forbidden include that is planted, and passes the code as it is', () => {
    const script = join(__dirname, '../../native/check_layers.mjs');
    const run = (...args: string[]): string =>
      execFileSync(process.execPath, [script, ...args], { encoding: 'utf8' });
    expect(() => run('--self-test')).not.toThrow();
    expect(() => run()).not.toThrow();
  });
});
