/**
 * The supervisor of one node; started by tools/start.mjs under a lock on the data directory, with
 * its set-up done. Environment: CAIRN_DATA, CAIRN_LISTEN, CAIRN_DATABASE_URL (optional),
 * CAIRN_LOG_LEVEL. Exit code 0 after a clean stop.
 */
import { appendFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { layoutOf } from './layout';
import { jsonReporter, textReporter, type Reporter } from './report';
import { Supervisor, type ServiceName } from './supervisor';

const ALL_SERVICES = ['etcd', 'postgresql', 'cairn-storage', 'cairn-node'] as const;

const listenSchema = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, 'must be ADDRESS:PORT')
  .transform((text) => {
    const colon = text.lastIndexOf(':');
    const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
    return { host, port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port <= 65_535, 'the port must be at most 65535');

const environmentSchema = z.object({
  CAIRN_DATA: z.string().min(1),
  CAIRN_LISTEN: listenSchema,
  CAIRN_DATABASE_URL: z.string().startsWith('postgres').optional(),
  CAIRN_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  CAIRN_SERVICES: z
    .string()
    .default(ALL_SERVICES.join(','))
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(ALL_SERVICES))),
  XDG_RUNTIME_DIR: z.string().optional(),
});

async function main(): Promise<void> {
  // The terminal may go away before we do; what is said then is in the log.
  process.stdout.on('error', () => undefined);
  const parsed = environmentSchema.safeParse(process.env);
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  const environment = parsed.data;
  const uid = process.getuid?.() ?? 0;
  const layout = layoutOf(environment.CAIRN_DATA, {
    uid,
    userRuntimeDir: environment.XDG_RUNTIME_DIR,
  });
  const report = reporter(process.argv.includes('--json'), join(layout.logDir, 'supervisor.log'));
  const supervisor = new Supervisor({
    root: resolve(__dirname, '../../..'),
    ...{ layout, uid, report },
    listen: environment.CAIRN_LISTEN,
    databaseUrl: environment.CAIRN_DATABASE_URL,
    services: new Set<ServiceName>(environment.CAIRN_SERVICES),
    logLevel: environment.CAIRN_LOG_LEVEL,
  });
  const ended = untilSignal(supervisor);
  try {
    await supervisor.start();
  } catch (error) {
    report({ event: 'failed', message: error instanceof Error ? error.message : String(error) });
    await supervisor.stop();
    process.exit(1);
  }
  process.exit((await ended) ? 0 : 1);
}

/** Resolves after a signal and the stop it asked for; a second signal makes the stop hurry. */
async function untilSignal(supervisor: Supervisor): Promise<boolean> {
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = (): void => {
      signals += 1;
      if (signals > 1) supervisor.hurry();
      else void supervisor.stop().then(resolve);
    };
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  });
}

/** Reports to the terminal and, with the time, to the supervisor's own log. */
function reporter(json: boolean, logFile: string): Reporter {
  const write = (text: string): void => void process.stdout.write(text);
  const terminal = json ? jsonReporter(write) : textReporter(write);
  return (event) => {
    terminal(event);
    const { bootstrapPassword: _secret, ...logged } =
      event.event === 'ready' ? event : { ...event, bootstrapPassword: undefined };
    try {
      const line = JSON.stringify({ time: new Date().toISOString(), ...logged });
      appendFileSync(logFile, `${line}\n`, { mode: 0o600 });
    } catch {
      // A full or missing disk must not stop the stop.
    }
  };
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
