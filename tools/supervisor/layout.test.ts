import { lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { layoutOf, makeDirectories } from './layout';

describe('the layout of a node', () => {
  let directory: string | undefined;
  let runBase: string | undefined;

  afterEach(() => {
    for (const path of [directory, runBase]) {
      if (path !== undefined) rmSync(path, { recursive: true, force: true });
    }
  });

  it('names the runtime directory after the data directory, so that two nodes never meet', () => {
    const root = { uid: 0, userRuntimeDir: undefined };
    const first = layoutOf('/srv/a', root);
    const second = layoutOf('/srv/b', root);
    expect(first.runDir).toMatch(/^\/run\/cairn\/[0-9a-f]{8}\/n1$/);
    expect(second.runDir).not.toBe(first.runDir);
    expect(layoutOf('/srv/a/', root).runDir).toBe(first.runDir);
  });

  it("uses the user's runtime directory without root", () => {
    const layout = layoutOf('/srv/a', { uid: 1000, userRuntimeDir: '/run/user/1000' });
    expect(layout.runDir).toMatch(/^\/run\/user\/1000\/cairn-1000-[0-9a-f]{8}\/n1$/);
  });

  it('keeps secrets and logs closed to everybody else', () => {
    directory = mkdtempSync(join(tmpdir(), 'cairn-layout-'));
    const uid = process.getuid?.() ?? 0;
    const layout = layoutOf(directory, { uid, userRuntimeDir: directory });
    runBase = join(layout.runDir, '..');
    makeDirectories(layout, uid);
    expect(lstatSync(layout.secretsDir).mode & 0o777).toBe(0o700);
    expect(lstatSync(layout.logDir).mode & 0o777).toBe(0o700);
  });

  it('refuses a runtime directory whose sockets would have too long a path', () => {
    directory = mkdtempSync(join(tmpdir(), 'cairn-layout-'));
    const uid = 1000;
    const layout = layoutOf(directory, { uid, userRuntimeDir: join(directory, 'x'.repeat(90)) });
    expect(() => {
      makeDirectories(layout, uid);
    }).toThrow(/too long for unix sockets|belongs to another user/);
  });
});
