import { Module } from '@nestjs/common';
import { StorageFacts } from './storage-facts';
import { VolumeAttachments } from './volume-attachments';
import { VolumeStore } from './volume-store';
import { VolumesController } from './volumes.controller';
import { VolumesService } from './volumes.service';

@Module({
  controllers: [VolumesController],
  providers: [StorageFacts, VolumeStore, VolumeAttachments, VolumesService],
  exports: [StorageFacts, VolumeStore, VolumeAttachments],
})
export class VolumesModule {}
