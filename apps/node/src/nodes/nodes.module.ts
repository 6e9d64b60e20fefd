import { Module } from '@nestjs/common';
import { VolumesModule } from '../volumes/volumes.module';
import { ClusterPlane } from './cluster-plane';
import { NodeFacts } from './node-facts';
import { NodesController } from './nodes.controller';
import { NodesService } from './nodes.service';

@Module({
  imports: [VolumesModule],
  controllers: [NodesController],
  providers: [NodeFacts, ClusterPlane, NodesService],
  exports: [NodeFacts, ClusterPlane, NodesService],
})
export class NodesModule {}
