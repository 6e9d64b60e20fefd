// The memory of graphs, for all that samples or shows. `/metrics` itself is ObservabilityModule.
import { Module } from '@nestjs/common';
import { VmHistory } from './vm-history';

@Module({ providers: [VmHistory], exports: [VmHistory] })
export class MetricsModule {}
