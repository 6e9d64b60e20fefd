/**
 * The one way to log: JSON lines on standard output, few, at decisions.
 *
 * Field names that carry secrets are blanked wherever they occur in the first levels of a line; the rule is a net, not a
 * licence to log them.
 */
import { pino, stdSerializers, type DestinationStream, type Logger as PinoLogger } from 'pino';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export type Logger = PinoLogger;

const SECRET_FIELDS = [
  'password',
  'newPassword',
  'currentPassword',
  'passwordHash',
  'secret',
  'token',
  'csrfToken',
  'authorization',
  'cookie',
  'ticket',
  'privateKey',
  'databaseUrl',
];

/** pino's wildcard matches one level. */
const SECRET_PATHS = SECRET_FIELDS.flatMap((field) => [
  field,
  `*.${field}`,
  `*.*.${field}`,
  `*["set-cookie"]`,
  `*.*["set-cookie"]`,
]);

export interface LoggerOptions {
  /** Who speaks, for example `cairn-storage`. */
  readonly name: string;
  readonly level: LogLevel;
  /** Standard output, written at once, if it is left out. */
  readonly destination?: DestinationStream;
}

export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    name: options.name,
    level: options.level,
    base: { name: options.name, pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: stdSerializers.err, error: stdSerializers.err },
    redact: { paths: [...new Set(SECRET_PATHS)], censor: '[secret]' },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}
