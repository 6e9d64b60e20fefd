import { Controller } from '@nestjs/common';
import type { Cluster } from '@cairn/contracts';
import { Input, Operation, type InputOf } from '../platform/operation';
import { Context, type RequestContext } from '../platform/request-context';
import { ClusterService } from './cluster.service';

@Controller()
export class ClusterController {
  constructor(private readonly cluster: ClusterService) {}

  @Operation('getCluster')
  async get(@Input() _input: InputOf<'getCluster'>): Promise<Cluster> {
    return this.cluster.get();
  }

  @Operation('updateCluster')
  async update(
    @Input() input: InputOf<'updateCluster'>,
    @Context() context: RequestContext,
  ): Promise<Cluster> {
    return this.cluster.update(input.body, context.ifMatch);
  }
}
