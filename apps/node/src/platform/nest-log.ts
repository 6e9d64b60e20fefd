// Nest's own messages in our log: its start-up chatter is detail, its warnings are not.
import type { LoggerService } from '@nestjs/common';
import type { Logger } from '@cairn/telemetry';

export class NestLog implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.logger.debug({ nest: rest }, String(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.logger.error({ nest: rest }, String(message));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn({ nest: rest }, String(message));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.logger.trace({ nest: rest }, String(message));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.logger.trace({ nest: rest }, String(message));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.logger.fatal({ nest: rest }, String(message));
  }
}
