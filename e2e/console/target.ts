/**
 * What the browser specs run against: the shared system of a test run, or any running node named by
 * `CAIRN_URL` with the administrator's password in `CAIRN_PASSWORD`.
 */
import { ADMIN_PASSWORD } from '../harness/system';
import { system } from '../harness/shared';

export interface Target {
  readonly url: string;
  readonly userName: string;
  /** A one-time password is replaced by `ADMIN_PASSWORD` at the first log-in. */
  readonly password: string;
}

export function target(): Target {
  const url = process.env['CAIRN_URL'];
  if (url === undefined) {
    return { url: system().address.url, userName: 'admin', password: ADMIN_PASSWORD };
  }
  const password = process.env['CAIRN_PASSWORD'] ?? ADMIN_PASSWORD;
  return { url, userName: 'admin', password };
}
