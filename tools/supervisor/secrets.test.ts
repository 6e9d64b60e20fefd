import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { certificateNames, ensureCertificate, loadSecret, readablePassword } from './secrets';

describe('the secrets of a node', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cairn-secrets-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('makes a secret once, readable only by its owner', () => {
    const path = join(directory, 'password');
    const first = loadSecret(path, readablePassword);
    expect(loadSecret(path, readablePassword)).toBe(first);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('makes one-time passwords without letters that look alike', () => {
    expect(readablePassword()).toMatch(/^([a-hjkmnp-z2-9]{5}-){3}[a-hjkmnp-z2-9]{5}$/);
    expect(readablePassword()).not.toBe(readablePassword());
  });

  it('makes one certificate for every address of the host and keeps it', async () => {
    const first = await ensureCertificate(directory, '192.0.2.7');
    const second = await ensureCertificate(directory, '192.0.2.7');
    expect(first.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    expect(second.fingerprint).toBe(first.fingerprint);
    expect(statSync(first.keyFile).mode & 0o777).toBe(0o600);
  });

  it('never puts a wildcard address into the certificate', () => {
    const names = certificateNames('0.0.0.0');
    expect(names).toContain('IP:127.0.0.1');
    expect(names).not.toContain('IP:0.0.0.0');
  });
});
