import { Module } from '@nestjs/common';
import { NodesModule } from '../nodes/nodes.module';
import { VolumesModule } from '../volumes/volumes.module';
import { ClusterController } from './cluster.controller';
import { ClusterService } from './cluster.service';

@Module({
  imports: [NodesModule, VolumesModule],
  controllers: [ClusterController],
  providers: [ClusterService],
  exports: [ClusterService],
})
export class ClusterModule {}
