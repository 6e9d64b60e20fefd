import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readFileSync, statSync } from 'node:fs';
import {
  configPathIn,
  json,
  logIn,
  problem,
  run,
  startHttpsFixture,
  type HttpsFixture,
} from './testing/https-fixture';
import { IMAGE_ID, TASK_ID, VM_ID } from './testing/resources';

let fixture: HttpsFixture;

beforeEach(async () => {
  fixture = await startHttpsFixture();
  logIn(fixture);
});

afterEach(async () => {
  await fixture.close();
});

const called = () => fixture.calls.map((call) => `${call.method} ${call.path}`);

describe('log-in', () => {
  const user = { id: VM_ID, name: 'admin' };
  const sessionOf = (mustChangePassword: boolean, csrfToken: string) => ({
    session: null,
    user,
    permissions: [],
    csrfToken,
    mustChangePassword,
  });

  function serveLogin(mustChange: boolean): void {
    fixture.routes.set('POST /sessions', (_, response) => {
      response.setHeader('Set-Cookie', 'cairn_session=one; HttpOnly; Secure; SameSite=Strict');
      json(response, 201, sessionOf(mustChange, 'csrf-1'));
    });
    fixture.routes.set('POST /sessions/current/actions/change-password', (_, response) => {
      response.setHeader('Set-Cookie', 'cairn_session=two; HttpOnly');
      json(response, 200, sessionOf(false, 'csrf-2'));
    });
    fixture.routes.set('POST /api-tokens', (_, response) =>
      json(response, 201, { apiToken: { id: IMAGE_ID }, secret: 'cairn_fresh' }),
    );
    fixture.routes.set('DELETE /sessions/current', (_, response) => {
      response.writeHead(204).end();
    });
  }

  const login = (stdin: string, ...words: string[]) =>
    run(fixture, ['login', fixture.server, '--password-stdin', ...words], { stdin });

  it('keeps a token and the pinned certificate, readable only by the user', async () => {
    serveLogin(false);
    const result = await login('secret\n', '--fingerprint', fixture.fingerprint);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(statSync(configPathIn(fixture)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(configPathIn(fixture), 'utf8'))).toMatchObject({
      server: fixture.server,
      fingerprint: fixture.fingerprint,
      token: 'cairn_fresh',
      tokenId: IMAGE_ID,
    });
    expect(fixture.calls[0]?.json).toEqual({ userName: 'admin', password: 'secret' });
    expect(fixture.calls[1]?.headers).toMatchObject({
      cookie: 'cairn_session=one',
      'x-csrf-token': 'csrf-1',
    });
    expect(result.stdout).not.toContain('cairn_fresh');
  });

  it('changes a one-time password to the one on the second line', async () => {
    serveLogin(true);
    const result = await login('one-time\nmy own password\n', '--fingerprint', fixture.fingerprint);
    expect(result.code).toBe(0);
    expect(fixture.calls[1]?.json).toEqual({
      currentPassword: 'one-time',
      newPassword: 'my own password',
    });
    expect(fixture.calls[2]?.headers).toMatchObject({
      cookie: 'cairn_session=two',
      'x-csrf-token': 'csrf-2',
    });
  });

  it('refuses another certificate than the expected one before it sends anything', async () => {
    const result = await login('secret\n', '--fingerprint', 'ab'.repeat(32));
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('not the expected one');
    expect(fixture.calls).toEqual([]);
  });

  it('asks for a fingerprint when there is no terminal to ask on', async () => {
    logIn(fixture, { fingerprint: null });
    const result = await login('secret\n');
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(`--fingerprint ${fixture.fingerprint}`);
  });

  it('tells a wrong password by its exit code', async () => {
    fixture.routes.set('POST /sessions', (_, response) =>
      problem(response, 'auth.invalidCredentials', 'User name or password is wrong.'),
    );
    const result = await login('wrong\n', '--fingerprint', fixture.fingerprint);
    expect(result).toMatchObject({ code: 4, stdout: '' });
    expect(result.stderr).toContain('auth.invalidCredentials');
  });

  it('is ended by log-out, which revokes the token', async () => {
    fixture.routes.set(`DELETE /api-tokens/${TASK_ID}`, (_, response) => {
      response.writeHead(204).end();
    });
    expect((await run(fixture, ['logout'])).code).toBe(0);
    expect(called()).toEqual([`DELETE /api-tokens/${TASK_ID}`]);
    expect((await run(fixture, ['vm', 'list'])).code).toBe(2);
  });
});

describe('a changed certificate', () => {
  it('stops every command before the token is sent', async () => {
    logIn(fixture, { fingerprint: `${'ab:'.repeat(31)}ab` });
    const result = await run(fixture, ['vm', 'list']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('certificate has changed');
    expect(fixture.calls).toEqual([]);
  });
});
