/**
 * What the supervisor says. People get short lines; with `--json` each event is one JSON line on
 * stdout, so that a harness can wait for `ready` and read the address from it.
 */

export type SupervisorEvent =
  | { readonly event: 'starting'; readonly dataDir: string; readonly runDir: string }
  | { readonly event: 'leftovers'; readonly names: readonly string[] }
  | { readonly event: 'healthy'; readonly service: string; readonly milliseconds: number }
  | {
      readonly event: 'restarting';
      readonly service: string;
      readonly reason: string;
      readonly pauseMs: number;
    }
  | { readonly event: 'recovered'; readonly service: string }
  | { readonly event: 'defaultDrive'; readonly path: string; readonly sizeBytes: number }
  | ReadyEvent
  | { readonly event: 'stopping'; readonly service: string; readonly detail: string }
  | { readonly event: 'stopped'; readonly clean: boolean }
  | { readonly event: 'failed'; readonly message: string };

export interface ReadyEvent {
  readonly event: 'ready';
  readonly url: string;
  readonly fingerprint: string;
  readonly dataDir: string;
  readonly runDir: string;
  readonly logDir: string;
  readonly secretsDir: string;
  readonly etcdEndpoint: string;
  readonly pids: Readonly<Record<string, number>>;
  readonly firstStart: boolean;
  readonly bootstrapPassword: string | undefined;
  readonly acceleration: string;
  readonly limits: readonly string[];
}

export type Reporter = (event: SupervisorEvent) => void;

/** One JSON line per event. */
export function jsonReporter(write: (text: string) => void): Reporter {
  return (event) => write(`${JSON.stringify(event)}\n`);
}

/** Lines for a person. */
export function textReporter(write: (text: string) => void): Reporter {
  return (event) => {
    const text = describeEvent(event);
    if (text !== undefined) write(`${text}\n`);
  };
}

/** The text of an event, or undefined where a person wants no line. */
export function describeEvent(event: SupervisorEvent): string | undefined {
  switch (event.event) {
    case 'starting':
      return `Starting Cairn with its data in ${event.dataDir}`;
    case 'leftovers':
      return `  stopped what an earlier start had left running: ${event.names.join(', ')}`;
    case 'healthy':
      return `  ${event.service} is up (${(event.milliseconds / 1000).toFixed(1)} s)`;
    case 'restarting':
      return `  ${event.service}: ${event.reason}; starting it again in ${event.pauseMs / 1000} s`;
    case 'recovered':
      return `  ${event.service} is up again`;
    case 'defaultDrive': {
      const gib = Math.round(event.sizeBytes / 1024 ** 3);
      return `  made a first drive of ${gib} GiB (sparse): ${event.path}`;
    }
    case 'ready':
      return describeReady(event);
    case 'stopping':
      return `  stopping ${event.service}${event.detail === '' ? '' : ` (${event.detail})`}`;
    case 'stopped':
      return event.clean ? 'Cairn has stopped.' : 'Cairn has stopped, not all of it cleanly.';
    case 'failed':
      return event.message;
  }
}

function describeReady(event: ReadyEvent): string {
  const lines = [
    '',
    'Cairn is running.',
    '',
    `  Console       ${event.url}`,
    `  Certificate   SHA-256 ${event.fingerprint}`,
    `                (self-signed: compare it when the browser asks)`,
  ];
  if (event.bootstrapPassword !== undefined) {
    lines.push(
      `  Log in        user admin, one-time password ${event.bootstrapPassword}`,
      `                (kept in ${event.secretsDir}/bootstrap-password until it is changed)`,
    );
  }
  lines.push(`  Guests        ${event.acceleration}`);
  lines.push(`  Logs          ${event.logDir}`);
  if (event.limits.length > 0) {
    lines.push('', 'Not running as root, so these are not possible:');
    lines.push(...event.limits.map((limit) => `  - ${limit}`));
  }
  lines.push('', 'Ctrl-C shuts the guests down and stops everything.');
  return lines.join('\n');
}
