/**
 * `cairn login` and `cairn logout`.
 *
 * Log-in exchanges the password for an API token and keeps only that. The password comes from the terminal, from standard
 * input or from a file, never from the command line.
 */
import { createCairnClient, unwrap, type CairnClient } from '@cairn/api-client';
import { API_TOKEN_SECONDS_MAX, type CurrentSession } from '@cairn/contracts';
import type { Command } from 'commander';
import { z } from 'zod';
import {
  configPathOf,
  parseFingerprint,
  readConfig,
  removeConfig,
  saveConfig,
  serverUrlOf,
  type Config,
} from '../config';
import { UsageError } from '../exit';
import { ask, readInputLines, secretFromFile } from '../prompt';
import { optionsOf, outputOf } from '../session';
import { createAgent, fetchOver, probeCertificate } from '../tls';
import type { World } from '../world';
import { parseCount } from '../units';

const DAY_SECONDS = 86_400;

const loginSchema = z.object({
  user: z.string().optional(),
  fingerprint: z.string().optional(),
  passwordStdin: z.boolean().optional(),
  tokenStdin: z.boolean().optional(),
  days: z.number().default(90),
});
type LoginOptions = z.infer<typeof loginSchema>;

export function loginCommands(program: Command, world: World): void {
  program
    .command('login <server>')
    .description('log in to a node and remember it')
    .option('-u, --user <name>', 'user name (default: asked for, or admin)')
    .option(
      '--fingerprint <sha256>',
      "the certificate's SHA-256 fingerprint, instead of a question",
    )
    .option(
      '--password-stdin',
      'read the password, and on a second line a new one, from standard input',
    )
    .option('--token-stdin', 'read an API token from standard input instead of a password')
    .option('--days <count>', 'days until the log-in expires (default: 90)', parseCount)
    .addHelpText(
      'after',
      '\nWithout a terminal, CAIRN_PASSWORD_FILE (and CAIRN_NEW_PASSWORD_FILE) may name files.',
    )
    .action(async (text: string, _options: unknown, command: Command) => {
      const config = await login(world, serverUrlOf(text), optionsOf(command, loginSchema));
      const path = configPathOf(world);
      saveConfig(path, config);
      const { token: _secret, ...shown } = config;
      outputOf(world, command).done(`Logged in to ${config.server} as ${config.user}.`, shown);
    });
  program
    .command('logout')
    .description('revoke the token of this log-in and forget it')
    .action((_options: unknown, command: Command) => logout(world, command));
}

async function login(world: World, server: string, options: LoginOptions): Promise<Config> {
  const fingerprint = await trust(world, server, parseFingerprint(options.fingerprint));
  const agent = createAgent(fingerprint);
  try {
    if (options.tokenStdin === true) return await loginWithToken(world, server, fingerprint, agent);
    const userName = options.user ?? (world.stdin.isTTY === true ? await askUser(world) : 'admin');
    const passwords = await passwordsOf(world, options, userName);
    const credentials = { cookie: '', csrf: undefined as string | undefined };
    const client = createCairnClient({
      baseUrl: server,
      csrfToken: () => credentials.csrf,
      fetch: async (request, init) => {
        if (credentials.cookie !== '') request.headers.set('Cookie', credentials.cookie);
        const response = await fetchOver(agent)(request, init);
        credentials.cookie = cookieOf(response) ?? credentials.cookie;
        return response;
      },
    });
    let session = unwrap(
      await client.POST('/api/v1/sessions', { body: { userName, password: passwords.password } }),
    );
    credentials.csrf = session.csrfToken ?? undefined;
    if (session.mustChangePassword) {
      session = await changePassword(world, client, passwords);
      credentials.csrf = session.csrfToken ?? undefined;
    }
    const made = await createToken(world, client, options.days);
    await client.DELETE('/api/v1/sessions/current');
    return { ...made, schema: 1, server, fingerprint, user: session.user.name };
  } finally {
    agent.destroy();
  }
}

/** Decides whom to believe: the system's authorities, the given fingerprint, or the user's eyes. */
async function trust(world: World, server: string, expected: string | null) {
  const certificate = await probeCertificate(server);
  if (expected !== null) {
    if (certificate.fingerprint === expected) return expected;
    throw new UsageError(
      `The server shows the certificate ${certificate.fingerprint}, not the expected one.`,
    );
  }
  if (certificate.trusted) return null;
  if (readConfigOf(world)?.fingerprint === certificate.fingerprint) return certificate.fingerprint;
  if (world.stdin.isTTY !== true)
    throw new UsageError(
      `Nobody vouches for the certificate of ${server}. If it is yours, add: ` +
        `--fingerprint ${certificate.fingerprint}`,
    );
  const answer = await ask(
    world,
    `Nobody vouches for the certificate of ${server}.\nIts SHA-256 fingerprint is ` +
      `${certificate.fingerprint}\nTrust it? [y/N] `,
  );
  if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('The certificate was not trusted.');
  return certificate.fingerprint;
}

function readConfigOf(world: World): Config | undefined {
  try {
    return readConfig(configPathOf(world));
  } catch {
    return undefined;
  }
}

async function askUser(world: World): Promise<string> {
  const answer = await ask(world, 'User [admin]: ');
  return answer.trim() === '' ? 'admin' : answer.trim();
}

interface Passwords {
  readonly password: string;
  readonly newPassword: string | undefined;
}

async function passwordsOf(world: World, options: LoginOptions, user: string): Promise<Passwords> {
  if (options.passwordStdin === true) {
    const [password, newPassword] = await readInputLines(world);
    if (password === undefined) throw new UsageError('Standard input has no password.');
    return { password, newPassword };
  }
  const password = secretFromFile(world, 'CAIRN_PASSWORD_FILE');
  const newPassword = secretFromFile(world, 'CAIRN_NEW_PASSWORD_FILE');
  if (password !== undefined) return { password, newPassword };
  return { password: await ask(world, `Password of ${user}: `, true), newPassword };
}

async function changePassword(
  world: World,
  client: CairnClient,
  { password, newPassword }: Passwords,
): Promise<CurrentSession> {
  const chosen = newPassword ?? (await askNewPassword(world));
  return unwrap(
    await client.POST('/api/v1/sessions/current/actions/change-password', {
      body: { currentPassword: password, newPassword: chosen },
    }),
  );
}

async function askNewPassword(world: World): Promise<string> {
  if (world.stdin.isTTY !== true)
    throw new UsageError('The password must be changed: give a new one on a second line.');
  world.stderr.write('The password must be changed.\n');
  const first = await ask(world, 'New password: ', true);
  const second = await ask(world, 'New password again: ', true);
  if (first !== second) throw new UsageError('The two passwords differ.');
  return first;
}

async function createToken(world: World, client: CairnClient, days: number) {
  const hostName = world.hostName.replace(/[^A-Za-z0-9.-]/g, '-').slice(0, 40);
  const made = unwrap(
    await client.POST('/api/v1/api-tokens', {
      body: {
        name: `cairn CLI on ${hostName}`,
        expiresInSeconds: Math.min(days * DAY_SECONDS, API_TOKEN_SECONDS_MAX),
      },
    }),
  );
  return { token: made.secret, tokenId: made.apiToken.id };
}

async function loginWithToken(
  world: World,
  server: string,
  fingerprint: string | null,
  agent: ReturnType<typeof createAgent>,
): Promise<Config> {
  const token = (await readInputLines(world))[0]?.trim();
  if (token === undefined || token === '') throw new UsageError('Standard input has no token.');
  const client = createCairnClient({ baseUrl: server, token, fetch: fetchOver(agent) });
  const session = unwrap(await client.GET('/api/v1/sessions/current'));
  return { schema: 1, server, fingerprint, user: session.user.name, token, tokenId: null };
}

/** `name=value` of the session cookie that an answer sets. */
function cookieOf(response: Response): string | undefined {
  const cookies = response.headers.getSetCookie();
  return cookies.map((cookie) => cookie.split(';')[0] ?? '').join('; ') || undefined;
}

async function logout(world: World, command: Command): Promise<void> {
  const path = configPathOf(world);
  const config = readConfig(path);
  const out = outputOf(world, command);
  if (config === undefined) {
    out.done('Not logged in.', { server: null });
    return;
  }
  removeConfig(path);
  if (config.tokenId !== null) await revoke(config, config.tokenId, out.remark.bind(out));
  out.done(`Logged out of ${config.server}.`, { server: config.server });
}

/** A token that cannot be revoked, because the server is away, is at least forgotten here. */
async function revoke(config: Config, tokenId: string, remark: (text: string) => void) {
  const agent = createAgent(config.fingerprint);
  try {
    const client = createCairnClient({
      baseUrl: config.server,
      token: config.token,
      fetch: fetchOver(agent),
      timeoutMs: 10_000,
    });
    const params = { path: { tokenId } };
    unwrap(await client.DELETE('/api/v1/api-tokens/{tokenId}', { params }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    remark(
      `The token could not be revoked on the server and stays valid until it expires: ${reason}`,
    );
  } finally {
    agent.destroy();
  }
}
