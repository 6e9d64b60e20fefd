// Durations of API requests, by operation rather than by path: the number of labels is fixed.
import {
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { routes } from '@cairn/contracts';
import { MetricSet } from '@cairn/telemetry';
import type { Response } from 'express';
import type { Observable } from 'rxjs';
import { operationOf } from '../platform/operation';

@Injectable()
export class RequestMetrics implements NestInterceptor {
  constructor(private readonly set: MetricSet) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const id = operationOf(context.getHandler());
    if (id === null || id === 'streamEvents') return next.handle();
    const response = context.switchToHttp().getResponse<Response>();
    const startedMs = performance.now();
    response.once('finish', () => {
      const labels = { route: id, method: routes[id].method, code: String(response.statusCode) };
      const seconds = (performance.now() - startedMs) / 1000;
      this.set.histogram('cairn_http_request_duration_seconds').observe(labels, seconds);
    });
    return next.handle();
  }
}
