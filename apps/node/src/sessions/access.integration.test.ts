import { startPostgres, type TestPostgres } from '@cairn/persistence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog } from '../audit/audit-log';
import {
  ADMIN_PASSWORD,
  BOOTSTRAP_PASSWORD,
  pick,
  pickString,
  TestNode,
  type Answer,
} from '../testing/test-node';

let postgres: TestPostgres;
let node: TestNode;

beforeAll(async () => {
  postgres = await startPostgres();
  node = await TestNode.start({ databaseUrl: await postgres.createDatabase() });
});

afterAll(async () => {
  await node.destroy();
  await postgres.stop();
});

interface Login {
  readonly answer: Answer;
  /** Headers that carry the session, without and with the CSRF token. */
  readonly cookie: Record<string, string>;
  readonly trusted: Record<string, string>;
}

async function logIn(userName: string, password: string): Promise<Login> {
  const anonymous = { authorization: '' };
  const answer = await node.api('POST', '/sessions', { userName, password }, anonymous);
  return withSession(answer);
}

function withSession(answer: Answer): Login {
  const cookie = {
    authorization: '',
    cookie: (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '',
  };
  const csrf = answer.status < 300 ? pickString(answer, 'csrfToken') : '';
  return { answer, cookie, trusted: { ...cookie, 'x-csrf-token': csrf } };
}

describe('the first administrator', () => {
  it('must change the one-time password before anything else', async () => {
    const first = await logIn('admin', BOOTSTRAP_PASSWORD);
    expect(first.answer.status).toBe(201);
    const cookie = first.answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    const vms = await node.api('GET', '/vms', undefined, first.cookie);
    expect(pick(vms, 'code')).toBe('auth.passwordChangeRequired');
    const path = '/sessions/current/actions/change-password';
    const change = { currentPassword: BOOTSTRAP_PASSWORD, newPassword: ADMIN_PASSWORD };
    const withoutToken = await node.api('POST', path, change, first.cookie);
    expect(pick(withoutToken, 'code')).toBe('auth.csrf');
    const changed = withSession(await node.api('POST', path, change, first.trusted));
    expect(changed.answer.status).toBe(200);
    expect((await node.api('GET', '/vms', undefined, changed.cookie)).status).toBe(200);
    expect((await node.api('GET', '/vms', undefined, first.cookie)).status).toBe(401);
  });

  it('is not made a second time', async () => {
    expect((await logIn('admin', BOOTSTRAP_PASSWORD)).answer.status).toBe(401);
  });

  it('cannot be deleted, disabled or weakened while nobody else administers', async () => {
    const id = pickString(await node.api('GET', '/users'), 'items.0.id');
    for (const change of [{ disabled: true }, { role: 'viewer' }]) {
      const answer = await node.api('PATCH', `/users/${id}`, change);
      expect(pick(answer, 'code')).toBe('user.lastAdministrator');
    }
    expect(pick(await node.api('DELETE', `/users/${id}`), 'code')).toBe('user.lastAdministrator');
  });
});

describe('log-in', () => {
  it('answers an unknown user and a wrong password alike', async () => {
    const unknown = await logIn('nobody', 'wrong wrong wrong');
    const wrong = await logIn('admin', 'wrong wrong wrong');
    expect(unknown.answer.status).toBe(401);
    expect(pick(unknown.answer, 'detail')).toBe(pick(wrong.answer, 'detail'));
  });

  it('takes alike long for both', async () => {
    const timed = async (name: string): Promise<number> => {
      const startedMs = performance.now();
      await logIn(name, 'wrong wrong wrong');
      return performance.now() - startedMs;
    };
    const unknown = await timed('nobody-2');
    const known = await timed('admin');
    expect(unknown).toBeGreaterThan(known / 5);
  });

  it('ends with the log-out', async () => {
    const session = await logIn('admin', ADMIN_PASSWORD);
    const gone = await node.api('DELETE', '/sessions/current', undefined, session.trusted);
    expect(gone.status).toBe(204);
    const after = await node.api('GET', '/sessions/current', undefined, session.cookie);
    expect(after.status).toBe(401);
  });
});

describe('roles and tokens', () => {
  it('a viewer may look and nothing else', async () => {
    const user = { name: 'vera', role: 'viewer', password: 'a viewer password' };
    expect((await node.api('POST', '/users', user)).status).toBe(201);
    const vera = await logIn('vera', 'a viewer password');
    expect((await node.api('GET', '/vms', undefined, vera.cookie)).status).toBe(200);
    const volume = { name: 'v', sizeBytes: 2 ** 20 };
    const denied = await node.api('POST', '/volumes', volume, vera.trusted);
    expect(pick(denied, 'code')).toBe('auth.forbidden');
    expect((await node.api('GET', '/users', undefined, vera.cookie)).status).toBe(403);
  });

  it('a token holds its scopes and no more than its user', async () => {
    const admin = await logIn('admin', ADMIN_PASSWORD);
    const request = { name: 'ci', scopes: ['vms:read'], expiresInSeconds: 3600 };
    const made = await node.api('POST', '/api-tokens', request, admin.trusted);
    expect(made.status).toBe(201);
    const bearer = { authorization: `Bearer ${pickString(made, 'secret')}` };
    expect((await node.api('GET', '/vms', undefined, bearer)).status).toBe(200);
    expect((await node.api('GET', '/volumes', undefined, bearer)).status).toBe(403);
    const id = pickString(made, 'apiToken.id');
    expect((await node.api('DELETE', `/api-tokens/${id}`, undefined, admin.trusted)).status).toBe(
      204,
    );
    expect((await node.api('GET', '/vms', undefined, bearer)).status).toBe(401);
    const vera = await logIn('vera', 'a viewer password');
    const stronger = { name: 'x', scopes: ['vms:delete'] };
    const refused = await node.api('POST', '/api-tokens', stronger, vera.trusted);
    expect(pick(refused, 'code')).toBe('auth.forbidden');
  });

  it('a disabled user is out at once', async () => {
    const vera = await logIn('vera', 'a viewer password');
    const id = pickString(await node.api('GET', '/users?q=name:vera'), 'items.0.id');
    expect((await node.api('PATCH', `/users/${id}`, { disabled: true })).status).toBe(200);
    expect((await node.api('GET', '/vms', undefined, vera.cookie)).status).toBe(401);
    expect((await logIn('vera', 'a viewer password')).answer.status).toBe(401);
  });

  it('a lost password is replaced by a one-time password', async () => {
    const id = pickString(await node.api('GET', '/users?q=name:admin'), 'items.0.id');
    const reset = await node.api('POST', `/users/${id}/actions/reset-password`);
    const oneTime = await logIn('admin', pickString(reset, 'oneTimePassword'));
    expect(pick(oneTime.answer, 'mustChangePassword')).toBe(true);
  });
});

describe('the record', () => {
  it('keeps a whole chain of who did what', async () => {
    const log = node.app.get(AuditLog);
    expect(await log.verify()).toBeNull();
  });

  it('throttles somebody who guesses, with the time to wait', async () => {
    const tries = Array.from({ length: 12 }, async () => logIn('mallory', 'guess guess guess'));
    const answers = await Promise.all(tries);
    const last = await logIn('mallory', 'guess guess guess');
    expect(answers.every(({ answer }) => answer.status === 401 || answer.status === 429)).toBe(
      true,
    );
    expect(last.answer.status).toBe(429);
    expect(Number(last.answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
