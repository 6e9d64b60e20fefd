// `/metrics`: open to this machine, and to whoever has the scraper's token.
import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { bearerOf, Public } from '../platform/auth-guard';
import { ENVIRONMENT, type Environment } from '../platform/environment';
import { secretsEqual } from '../platform/ids';
import { isLoopbackPeer } from '../platform/peer';
import { ProblemError } from '../platform/problem';
import { NodeMetrics } from './node-metrics';

@Controller()
export class MetricsController {
  constructor(
    private readonly metrics: NodeMetrics,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {}

  @Public()
  @Get('/metrics')
  async scrape(@Req() request: Request, @Res() response: Response): Promise<void> {
    this.#requireAllowed(request);
    const { contentType, text } = await this.metrics.expose();
    const storage = await this.metrics.storageText();
    response.type(contentType).send(joined(text, storage));
  }

  #requireAllowed(request: Request): void {
    if (isLoopbackPeer(request)) return;
    const given = bearerOf(request.headers.authorization);
    const { metricsToken } = this.environment;
    if (given !== null && metricsToken !== null && secretsEqual(given, metricsToken)) return;
    throw new ProblemError('auth.required', "Metrics need the scraper's token from elsewhere.");
  }
}

/**
 * Two expositions as one: a family that both services have may be described once only, so the
 * second one's HELP and TYPE lines of known families are left out, and its samples follow.
 */
export function joined(first: string, second: string): string {
  const known = new Set([...first.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]));
  const lines = second.split('\n').filter((line) => {
    const name = /^# (?:HELP|TYPE) (\S+)/.exec(line)?.[1];
    return name === undefined || !known.has(name);
  });
  return `${first.trimEnd()}\n${lines.join('\n').trimEnd()}\n`;
}
