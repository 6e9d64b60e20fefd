import { Module } from '@nestjs/common';
import { StorageFacts } from './storage-facts';
import { VolumeAttachments } from './volume-attachments';
import { VolumeStore } from './volume-store';
import { VolumeUpkeep } from './volume-upkeep';
import { VolumesController } from './volumes.controller';
import { VolumesService } from './volumes.service';

@Module({
  controllers: [VolumesController],
  providers: [StorageFacts, VolumeStore, VolumeAttachments, VolumesService, VolumeUpkeep],
  exports: [StorageFacts, VolumeStore, VolumeAttachments, VolumeUpkeep],
})
export class VolumesModule {}
