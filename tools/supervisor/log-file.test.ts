import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFile } from './log-file';

describe('a log file', () => {
  let directory: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cairn-log-'));
    path = join(directory, 'service.log');
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('rotates by size and keeps a bounded number of old files', () => {
    const log = new LogFile(path, 100);
    for (let line = 0; line < 100; line += 1) log.write(`line ${line} ${'x'.repeat(40)}\n`);
    log.close();
    expect(readFileSync(path, 'utf8').length).toBeLessThan(200);
    expect(existsSync(`${path}.4`)).toBe(true);
    expect(existsSync(`${path}.5`)).toBe(false);
  });

  it('remembers the last lines, also one without an end', () => {
    const log = new LogFile(path);
    log.write('first\nsec');
    log.write('ond\nlast words');
    expect(log.tail()).toEqual(['first', 'second', 'last words']);
    log.close();
  });

  it('loses lines instead of failing when the disk is full', () => {
    const log = new LogFile('/dev/full');
    log.write('nobody keeps this\n');
    expect(log.incomplete).toBe(true);
    expect(log.tail()).toEqual(['nobody keeps this']);
    log.close();
  });

  it('appends to what an earlier run wrote', () => {
    for (const text of ['one\n', 'two\n']) {
      const log = new LogFile(path);
      log.write(text);
      log.close();
    }
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
  });
});
