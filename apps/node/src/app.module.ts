// The service: one module per resource, and the four things that every request passes: the guard,
// the interceptors (metrics, answer, audit, idempotency) and the problem filter.
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { AuditInterceptor } from './audit/audit-interceptor';
import { AuditLog } from './audit/audit-log';
import { ClusterModule } from './cluster/cluster.module';
import { ConsoleModule } from './console/console.module';
import { DrivesModule } from './drives/drives.module';
import { EventsModule } from './events/events.module';
import { HealthController } from './health/health.controller';
import { ImagesModule } from './images/images.module';
import { Lifecycle } from './lifecycle';
import { MetricsController } from './metrics/metrics.controller';
import { NodeMetrics } from './metrics/node-metrics';
import { RequestMetrics } from './metrics/request-metrics';
import { NodesModule } from './nodes/nodes.module';
import { AuthGuard } from './platform/auth-guard';
import { IdempotencyInterceptor } from './platform/idempotency';
import { OpenApiController } from './platform/openapi.controller';
import { PlatformModule, type World } from './platform/platform.module';
import { ProblemFilter } from './platform/problem-filter';
import { ReplyInterceptor } from './platform/reply';
import { TasksModule } from './tasks/tasks.module';
import { AccessModule } from './users/access.module';
import { VmsModule } from './vms/vms.module';
import { VolumesModule } from './volumes/volumes.module';

@Module({})
export class AppModule {
  static with(world: World): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.with(world),
        EventsModule,
        TasksModule,
        AccessModule,
        ClusterModule,
        NodesModule,
        DrivesModule,
        VolumesModule,
        ImagesModule,
        VmsModule,
        ConsoleModule,
      ],
      controllers: [HealthController, MetricsController, OpenApiController],
      providers: [
        AuditLog,
        NodeMetrics,
        Lifecycle,
        IdempotencyInterceptor,
        ProblemFilter,
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_INTERCEPTOR, useClass: RequestMetrics },
        { provide: APP_INTERCEPTOR, useClass: ReplyInterceptor },
        { provide: APP_INTERCEPTOR, useClass: AuditInterceptor },
        { provide: APP_INTERCEPTOR, useExisting: IdempotencyInterceptor },
        { provide: APP_FILTER, useExisting: ProblemFilter },
      ],
    };
  }
}
